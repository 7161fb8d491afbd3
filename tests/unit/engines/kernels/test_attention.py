"""Our attention against a plain one in numpy, on every level of processor that this machine can run."""

import numpy as np
import pytest
from tests.support.attention import ROOM, Case, Kernels, attention_graph
from tests.support.kernels import LEVELS, library_for

from pressroom.engines.base import EngineUnavailable
from pressroom.engines.sessions import open_session


@pytest.fixture(scope="module", params=[(level, form) for level in LEVELS for form in ("half", "coded")])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    level, form = request.param
    return Kernels(library_for(level, tmp_path_factory), coded=form == "coded")


@pytest.mark.parametrize(
    ("heads", "kv_heads", "width"),
    [(9, 3, 64), (4, 2, 32), (8, 1, 64), (5, 1, 128), (6, 6, 96), (4, 2, 256)],
)
@pytest.mark.parametrize(
    ("steps", "last"),
    [(1, [0, 63, 64, 200]), (3, [2, 100, 64, 319]), (5, [4, 100, 64, 319]), (70, [69, 69, 200, 319])],
)
def test_it_is_attention(
    library: Kernels, heads: int, kv_heads: int, width: int, steps: int, last: list[int]
) -> None:
    case = Case.of(library, 4, heads, kv_heads, width)
    qkv = case.new(steps)
    (out, *caches), (expected, *wanted) = case.run(qkv, last), case.expected(qkv, last)
    for got, cache in zip(caches, wanted, strict=True):
        off = np.abs(library.read(got) - library.read(cache))
        # What lies in the middle between two codes may be rounded to either.
        assert np.quantile(off, 0.999) < 2e-3
        assert off.max() < (0.06 if library.coded else 4e-3)
    np.testing.assert_allclose(out, expected, atol=2e-3, rtol=2e-3)
    assert np.linalg.norm(out - expected) < 2e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("window", [1, 7, 64, 65, 100, 320])
@pytest.mark.parametrize(
    ("steps", "last"), [(1, [0, 63, 64, 200]), (3, [2, 100, 64, 319]), (70, [69, 99, 200, 319])]
)
def test_a_window_hides_what_lies_before_it(
    library: Kernels, window: int, steps: int, last: list[int]
) -> None:
    case = Case.of(library, 4, 9, 3, 64, window=window)
    qkv = case.new(steps)
    out, expected = case.run(qkv, last)[0], case.expected(qkv, last)[0]
    assert np.linalg.norm(out - expected) < 2e-4 * np.linalg.norm(expected)


def test_what_lies_before_the_window_of_all_has_no_part_in_it(library: Kernels) -> None:
    case = Case.of(library, 2, 9, 3, 64, window=30)
    for steps in (1, 40):
        qkv, last = case.new(steps), [100, 170]
        before = case.run(qkv, last)[0]
        for row, at in enumerate(last):
            hidden = at + 1 - steps - 29
            library.spoil(case.keys[row, :, :hidden])
            library.spoil(case.values[row, :, :hidden])
        np.testing.assert_array_equal(case.run(qkv, last)[0], before)


def test_a_negative_window_is_refused(library: Kernels) -> None:
    with pytest.raises(EngineUnavailable, match="window cannot be negative"):
        open_session(attention_graph(9, 3, 64, -1), "cpu", operators=library.path)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 30.0])
def test_sharp_and_flat_weights(library: Kernels, scale: float) -> None:
    """Products of thousands, where all but one weight vanish, and of nothing, where all are alike."""
    case = Case.of(library, 2, 9, 3, 64)
    for steps in (1, 40):
        qkv = case.new(steps, scale=scale)
        out, expected = case.run(qkv, [200, 64])[0], case.expected(qkv, [200, 64])[0]
        assert np.isfinite(out).all()
        assert np.linalg.norm(out - expected) <= 2e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_a_row_is_the_same_to_the_last_bit_in_any_company_and_on_any_number_of_threads(
    library: Kernels, steps: int
) -> None:
    case = Case.of(library, 6, 9, 3, 64)
    qkv, last = case.new(steps), [300, 39, 64, 128, 200, 63]
    together = case.run(qkv, last)
    for threads in (1, 4):
        again = Case.of(library, 6, 9, 3, 64, threads=threads).run(qkv, last)
        for one, other in zip(together, again, strict=True):
            np.testing.assert_array_equal(one, other)
    for row in range(6):
        alone = Case.of(library, 6, 9, 3, 64)
        alone.keys, alone.values = alone.keys[row : row + 1], alone.values[row : row + 1]
        for one, whole in zip(alone.run(qkv[row : row + 1], last[row : row + 1]), together, strict=True):
            np.testing.assert_array_equal(one[0], whole[row])


def test_what_lies_behind_a_row_has_no_part_in_it(library: Kernels) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    for steps in (1, 40):
        qkv, last = case.new(steps), [100, 70]
        before = case.run(qkv, last)[0]
        for row, at in enumerate(last):
            library.spoil(case.keys[row, :, at + 1 :])
            library.spoil(case.values[row, :, at + 1 :])
        np.testing.assert_array_equal(case.run(qkv, last)[0], before)


@pytest.mark.parametrize(
    ("last", "steps"), [([-1, 5], 1), ([5, ROOM], 1), ([3, 40], 6), ([5, 2**31 - 1], 1), ([-(2**31), 5], 1)]
)
def test_a_position_outside_the_cache_is_refused(library: Kernels, last: list[int], steps: int) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    with pytest.raises(Exception, match="A position is outside"):
        case.run(case.new(steps), last)


@pytest.mark.parametrize("what", ["qkv", "keys", "values", "last", "cos", "sin", "width"])
def test_sizes_that_do_not_fit_are_refused(library: Kernels, what: str) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    qkv, last = case.new(1), [5, 6]
    match what:
        case "qkv":
            qkv = qkv[:, :, :-64]
        case "last":
            last = [5]
        case "width":
            case.keys, case.values = case.keys[..., :40], case.values[..., :40]
        case "keys":
            case.keys = case.keys[:1]
        case "values":
            case.values = case.values[:, :, :-1]
        case "cos":
            case.cos = case.cos[:, :-1]
        case _:
            case.sin = case.sin[:-1]
    with pytest.raises(Exception, match=r"do not fit together|width is not offered"):
        case.run(qkv, last)


@pytest.mark.parametrize(("heads", "kv_heads"), [(9, 2), (0, 3), (3, 0)])
def test_heads_that_cannot_be_shared_out_are_refused(library: Kernels, heads: int, kv_heads: int) -> None:
    with pytest.raises(EngineUnavailable, match="heads must be a multiple"):
        open_session(attention_graph(heads, kv_heads, 64), "cpu", operators=library.path)


def test_no_rows_are_no_work(library: Kernels) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    case.keys, case.values = case.keys[:0], case.values[:0]
    assert case.run(case.new(1)[:0], [])[0].shape == (0, 1, 9 * 64)


def test_a_code_is_within_half_of_what_it_counts_in(library: Kernels) -> None:
    """Whatever the size of the numbers: also nothing at all, and one that is much larger than the others."""
    library = Kernels(library.path, coded=True)
    case = Case.of(library, 1, 1, 1, 64)
    for size in (0.0, 1e-20, 1.0, 1e20):
        qkv = case.new(1, scale=size)
        qkv[..., -1] *= 50
        stored = library.read(case.run(qkv, [0])[2])[0, 0, 0]
        wanted = qkv[0, 0, -64:].astype(np.float64)
        assert np.abs(stored - wanted).max() <= np.abs(wanted).max() / 127 * 0.5001
