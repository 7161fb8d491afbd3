"""Lack of memory is known by its words, and Breadth halves, and grows slowly."""

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort

from pressroom.engines.memory import Breadth, is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ort.RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Exception: bad allocation"),
        ort.RuntimeException("Non-zero status code returned while running MatMul node: std::bad_alloc"),
        ort.RuntimeException("bfc_arena.cc:376 Failed to allocate memory for requested buffer of size 9216"),
        ort.Fail("BFC Arena: Available memory of 0 is smaller than requested bytes of 4096"),
        ort.Fail("CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);"),
        ort.Fail("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0"),
    ],
)
def test_lack_of_memory_is_known(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("the device is gone"), ort.InvalidArgument("Invalid rank for input: tokens")]
)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_halves_what_was_served_and_never_ends_at_none() -> None:
    breadth = Breadth(16)
    seen = []
    for served in (16, 5, 2, 1, 1):
        breadth.narrow(served)
        seen.append(breadth.now)
    assert seen == [8, 2, 1, 1, 1]


def test_it_grows_by_one_after_a_while_of_going_well() -> None:
    clock = Clock()
    breadth = Breadth(3, grow_s=10, clock=clock)
    breadth.narrow(3)
    for now, expected in ((19, 1), (20, 2), (39, 2), (40, 3), (99, 3)):
        clock.now = now
        breadth.went_well()
        assert breadth.now == expected, now


def test_the_more_often_it_fails_the_longer_it_waits_up_to_a_bound_and_all_well_forgets_it() -> None:
    clock = Clock()
    breadth = Breadth(2, grow_s=10, clock=clock)
    waits = []
    for _ in range(8):
        breadth.narrow(2)
        began = clock.now
        while breadth.now < 2:
            clock.now += 10
            breadth.went_well()
        waits.append(clock.now - began)
    assert waits == [20.0] * 8, "it was whole again in between"
    for _ in range(9):
        breadth.narrow(2)
    clock.now += 599
    breadth.went_well()
    assert breadth.now == 1
    clock.now += 1
    breadth.went_well()
    assert breadth.now == 2
