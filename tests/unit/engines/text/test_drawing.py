"""A token out of a row of logits: one suite for all that draw, against slow and obvious definitions."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.support.kernels import LEVELS, library_for

from pressroom.engines.text.adjusting import Adjustment
from pressroom.engines.text.drawing import Draw, Drawer, Drawn, Way, bits
from pressroom.engines.text.drawing_kernels import KernelDrawer, drawer
from pressroom.engines.text.drawing_plain import PlainDrawer, uniform

Logits = NDArray[np.float32]
SIZES = (1, 2, 15, 64, 65, 1000, 1024, 1025, 20_000)


class Drawers:
    """The same kind of drawer for any vocabulary."""

    def __init__(self, kind: str, folders: pytest.TempPathFactory) -> None:
        self._library = None if kind == "plain" else library_for(kind, folders)
        self._made: dict[tuple[int, int], Drawer] = {}

    def of(self, vocab: int, threads: int = 1) -> Drawer:
        if (vocab, threads) not in self._made:
            self._made[vocab, threads] = drawer(self._library, vocab, threads)
        return self._made[vocab, threads]

    def close(self) -> None:
        for each in self._made.values():
            each.close()


@pytest.fixture(scope="module", params=["plain", *LEVELS])
def drawers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drawers]:
    made = Drawers(request.param, tmp_path_factory)
    yield made
    made.close()


def _logits(seed: int, size: int) -> Logits:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32) * 3


def _drawn(drawers: Drawers, logits: Logits, way: Way, position: int = 0, **more: object) -> Drawn | None:
    (found,) = drawers.of(len(logits)).draw([Draw(way, position, logits.copy(), **more)])  # type: ignore[arg-type]
    return found


def _token(drawers: Drawers, logits: Logits, way: Way, position: int = 0, **more: object) -> int:
    found = _drawn(drawers, logits, way, position, **more)
    assert found is not None
    return found.token


# ---- which token ----------------------------------------------------------------------------------------------------


def _kept(logits: Logits, weights: NDArray[np.float64], way: Way, slack: float) -> NDArray[np.int64]:
    """Which tokens may be drawn, by a sort of everything."""
    order = np.argsort(-logits.astype(np.float64), kind="stable")[: way.top_k or None]
    if way.top_p < 1:
        mass = np.cumsum(weights[order])
        order = order[: int((mass < (way.top_p + slack) * mass[-1]).sum()) + 1]
    return np.sort(order[weights[order] >= min(1.0, way.min_p * (1 - slack))])


def _may_be_drawn(logits: Logits, way: Way, number: float, near: float = 1e-5) -> set[int]:
    """The tokens in whose part of [0, 1) the number lies; more than one where rounding may decide."""
    weights = np.exp((logits.astype(np.float64) - float(logits.max())) / way.temperature)
    found: set[int] = set()
    for slack in (-1e-5, 0.0, 1e-5):
        kept = _kept(logits, weights, way, slack)
        ends = np.cumsum(weights[kept]) / weights[kept].sum()
        first, last = np.searchsorted(ends, [number - near, number + near], side="right").clip(
            0, len(kept) - 1
        )
        found.update(kept[first : last + 1].tolist())
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(0, 99),
    st.sampled_from(SIZES),
    st.sampled_from([0, 0, 1, 2, 7, 40, 63, 500, 999, 19_999, 30_000]),
    st.sampled_from([1.0, 1.0, 0.999, 0.92, 0.5, 0.05]),
    st.sampled_from([0.0, 0.0, 0.001, 0.1, 1.0]),
    st.sampled_from([0.01, 0.3, 0.7, 1.0, 2.0, 8.0]),
)
def test_the_token_where_the_number_lies(
    drawers: Drawers, seed: int, size: int, top_k: int, top_p: float, min_p: float, heat: float
) -> None:
    logits, way = _logits(seed, size), Way(heat, top_k, top_p, min_p, seed, 3)
    for position in range(4):
        assert _token(drawers, logits, way, position) in _may_be_drawn(
            logits, way, uniform(seed, 3, position)
        )


@pytest.mark.parametrize("size", SIZES)
def test_without_heat_it_is_the_likeliest_and_the_first_of_equals(drawers: Drawers, size: int) -> None:
    for seed in range(5):
        assert _token(drawers, _logits(seed, size), Way(0.0, 40, 0.9)) == int(_logits(seed, size).argmax())
    assert _token(drawers, np.full(size, -3.5, np.float32), Way(0.0)) == 0


@pytest.mark.parametrize(
    "way", [Way(1, 1), Way(1, 0, 1e-6), Way(1, 0, 1.0, 1.0), Way(1e-45), Way(1e-6, 0, 0.9)]
)
def test_ways_that_leave_only_the_likeliest(drawers: Drawers, way: Way) -> None:
    for seed in range(20):
        assert _token(drawers, _logits(seed, 1000), way) == int(_logits(seed, 1000).argmax())


def test_equal_ones_share_the_numbers_by_their_ids(drawers: Drawers) -> None:
    flat = np.zeros(1000, np.float32)
    for position in range(200):
        number = uniform(2**53 - 1, 7, position)
        for way, some in (
            (Way(0.7), 1000),
            (Way(0.7, 30), 30),
            (Way(0.7, 999), 999),
            (Way(0.7, 0, 0.25), 250),
        ):
            keyed = Way(way.temperature, way.top_k, way.top_p, seed=2**53 - 1, output=7)
            assert _token(drawers, flat, keyed, position) == int(number * some)


def test_zeros_of_both_signs_are_equal(drawers: Drawers) -> None:
    zeros = np.array([-1.0, -0.0, 0.0, -0.0, -1.0], np.float32)
    assert {_token(drawers, zeros, Way(1, 1), position) for position in range(20)} == {1}
    assert {_token(drawers, zeros, Way(1, 2), position) for position in range(40)} == {1, 2}


def test_the_same_key_repeats_and_others_differ(drawers: Drawers) -> None:
    def tokens(seed: int, output: int) -> list[int]:
        way = Way(1.5, seed=seed, output=output)
        return [_token(drawers, _logits(1, 1000), way, position) for position in range(30)]

    assert tokens(5, 0) == tokens(5, 0)
    assert len({tuple(tokens(*key)) for key in [(5, 0), (6, 0), (5, 1), (2**53 - 1, 0)]}) == 4
    assert len(set(tokens(5, 0))) > 5


@pytest.mark.parametrize(
    "way", [Way(1, seed=4), Way(1, 3, seed=4), Way(1, 0, 0.999, seed=4), Way(1, min_p=0.01, seed=4)]
)
def test_shares_follow_the_chances(drawers: Drawers, way: Way) -> None:
    logits = np.log(np.array([0.5, 0.0001, 0.3, 0.1999], np.float32))
    found = Counter(_token(drawers, logits, way, position) for position in range(3000))
    for token, chance in ((0, 0.5), (2, 0.3), (3, 0.2)):
        assert abs(found[token] / 3000 - chance) < 0.03


def test_a_wide_vocabulary_that_is_nearly_flat(drawers: Drawers) -> None:
    logits = np.divide(_logits(3, 151_936), 100, dtype=np.float32)
    for way in (Way(2.0, 0, 0.95, seed=9), Way(2.0, 1000, seed=9), Way(2.0, 0, 1.0, 0.99, seed=9), Way(2.0)):
        for position in range(3):
            number = uniform(way.seed, way.output, position)
            assert _token(drawers, logits, way, position) in _may_be_drawn(logits, way, number, 1e-4)


# ---- what is done before --------------------------------------------------------------------------------------------


def _ids(*tokens: int) -> NDArray[np.int64]:
    return np.array(tokens, np.int64)


def test_logits_are_adjusted_in_their_order(drawers: Drawers) -> None:
    logits = np.array([2.0, -2.0, 1.0, 0.5, 0.0, 7.0, 3.0], np.float32)
    by = Adjustment(
        bias_ids=_ids(2, 4),
        bias=np.array([-3.0, 1.0], np.float32),
        seen_ids=_ids(0, 1, 2, 4),
        repetition=2.0,
        said_ids=_ids(0, 3),
        times=np.array([1.0, 3.0], np.float32),
        presence=0.25,
        frequency=0.5,
        barred_ids=_ids(5),
    )
    changed = logits.copy()
    (found,) = drawers.of(7).draw([Draw(Way(0), 0, changed, by)])
    np.testing.assert_allclose(changed, [0.25, -4.0, -4.0, -1.25, 0.5, -np.inf, 3.0])
    assert found == Drawn(6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.integers(0, 999), min_size=1, max_size=40), st.integers(0, 50))
def test_only_what_is_allowed_is_drawn(drawers: Drawers, tokens: set[int], seed: int) -> None:
    logits = _logits(seed, 1000)
    for way in (
        Way(0),
        Way(5.0, seed=1),
        Way(5.0, 40, 0.9, seed=1),
        Way(5.0, 0, 0.9, seed=1),
        Way(5.0, 0, 1, 1e-6),
    ):
        changed = logits.copy()
        (found,) = drawers.of(1000).draw([Draw(way, seed, changed, allowed=bits(tokens, 1000))])
        assert found is not None
        assert found.token in tokens
        assert set(np.flatnonzero(np.isfinite(changed))) == tokens


@pytest.mark.parametrize("size", SIZES)
def test_the_last_token_may_be_the_only_one(drawers: Drawers, size: int) -> None:
    assert _token(drawers, _logits(0, size), Way(1), allowed=bits([size - 1], size)) == size - 1


# ---- what is told of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("told", [0, 1, 5, 20])
def test_what_is_told_is_the_model_s_own(drawers: Drawers, size: int, told: int) -> None:
    logits = _logits(7, size)
    wide = logits.astype(np.float64) - float(logits.max())
    expected = wide - np.log(np.exp(wide).sum())
    order = sorted(range(size), key=lambda token: (-logits[token], token))[:told]
    everyone = _ids(*range(size))
    changed = Adjustment(
        everyone, _logits(9, size), everyone, 1.7, everyone, np.ones(size, np.float32), 0.5, 0.5
    )
    barred = Adjustment(barred_ids=_ids(order[0])) if told and size > 1 else Adjustment()
    for more in ({}, {"adjustment": changed}, {"adjustment": barred}, {"allowed": bits([size - 1], size)}):
        found = _drawn(drawers, logits, Way(1.3, seed=2), told=told, **more)
        assert found is not None
        assert found.likeliest == order
        np.testing.assert_allclose(found.logprobs, expected[[found.token, *order]], rtol=1e-5, atol=1e-6)
        assert max(found.logprobs) <= 0


def test_equal_ones_are_told_by_their_ids(drawers: Drawers) -> None:
    logits = np.log(np.array([0.1, 0.3, 0.1, 0.4, 0.1], np.float32))
    found = _drawn(drawers, logits, Way(0), told=5)
    assert found is not None
    assert found.likeliest == [3, 1, 0, 2, 4]


def test_a_chance_of_one_is_not_told_as_more(drawers: Drawers) -> None:
    for seed in range(50):
        logits = _logits(seed, 3000)
        logits[5] = 80 + seed / 7
        found = _drawn(drawers, logits, Way(1), told=2)
        assert found is not None
        assert found.logprobs[0] <= 0
        assert found.logprobs[0] == pytest.approx(0, abs=1e-6)


def test_asking_changes_no_token(drawers: Drawers) -> None:
    for position in range(30):
        way = Way(1.5, 40, 0.9, seed=position)
        asked = _drawn(drawers, _logits(position, 1000), way, position, told=3)
        assert asked is not None
        assert asked.token == _token(drawers, _logits(position, 1000), way, position)


# ---- company, and what is broken ------------------------------------------------------------------------------------


def _mixed(count: int) -> list[Draw]:
    ways = [Way(0), Way(0.7, 40, 0.92), Way(1.2, 0, 0.95), Way(1, 0, 1, 0.05), Way(1.5)]
    return [
        Draw(
            Way(way.temperature, way.top_k, way.top_p, way.min_p, seed=number, output=number % 3),
            number,
            _logits(number, 1000),
            Adjustment(seen_ids=_ids(*range(number)), repetition=1.2) if number % 2 else Adjustment(),
            bits(range(0, 1000, 3), 1000) if number % 5 == 4 else None,
            number % 7 if number % 4 == 3 else None,
        )
        for number, way in ((number, ways[number % len(ways)]) for number in range(count))
    ]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 17, 32, 33])
def test_what_is_drawn_beside_makes_no_difference(drawers: Drawers, count: int, threads: int) -> None:
    together = drawers.of(1000, threads).draw(_mixed(count))
    assert together == [found for each in _mixed(count) for found in drawers.of(1000).draw([each])]
    assert [found is not None and len(found.logprobs) for found in together] == [
        1 + draw.told if draw.told is not None else 0 for draw in _mixed(count)
    ]


_BROKEN: Sequence[tuple[str, list[float]]] = [
    ("one is not a number", [1.0, float("nan"), 2.0]),
    ("one is infinite", [1.0, float("inf"), 2.0]),
    ("none is finite", [float("-inf")] * 3),
]


@pytest.mark.parametrize(("why", "values"), _BROKEN)
@pytest.mark.parametrize("way", [Way(0), Way(1), Way(1, 2, 0.9), Way(1, 0, 0.9), Way(1, 0, 1, 0.1)])
@pytest.mark.parametrize("size", [3, 2000])
def test_from_broken_logits_nothing_is_drawn(
    drawers: Drawers, why: str, values: list[float], way: Way, size: int
) -> None:
    logits = np.full(size, -np.inf, np.float32)
    logits[-3:] = values
    whole = Draw(Way(0), 0, _logits(1, size))
    for more in (
        {},
        {"told": 2},
        {"allowed": bits([size - 1, size - 3], size)},  # which leaves numbers only
        {"adjustment": Adjustment(barred_ids=_ids(size - 2))},
    ):
        broken = Draw(way, 0, logits.copy(), **more)
        first, middle, last = drawers.of(size).draw([whole, broken, whole])
        assert middle is None, why
        assert first == last == Drawn(int(whole.logits.argmax()))


def test_where_nothing_is_left_nothing_is_drawn(drawers: Drawers) -> None:
    assert _drawn(drawers, _logits(0, 100), Way(1), allowed=bits([], 100)) is None
    assert _drawn(drawers, _logits(0, 2), Way(1), adjustment=Adjustment(barred_ids=_ids(0, 1))) is None


# ---- the kernels alone ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelDrawer]:
    made = KernelDrawer(library_for(LEVELS[-1], tmp_path_factory), 1000)
    yield made
    made.close()


@pytest.mark.parametrize(
    "draw",
    [
        Draw(Way(0), 0, np.zeros(999, np.float32)),
        Draw(Way(0), 0, np.zeros((1, 1000), np.float32)),
        Draw(Way(0), 0, np.zeros(1000, np.float64)),
        Draw(Way(0), 0, np.zeros(2000, np.float32)[::2]),
        Draw(Way(0), 0, np.zeros(1000, np.float32), allowed=np.zeros(31, np.uint32)),
        Draw(Way(0), 0, np.zeros(1000, np.float32), allowed=np.zeros(32, np.int64)),
        Draw(Way(0), 0, np.zeros(1000, np.float32), Adjustment(seen_ids=_ids(*range(10))[::2])),
        Draw(Way(0), 0, np.zeros(1000, np.float32), Adjustment(seen_ids=_ids(*range(1001)))),
    ],
)
def test_what_is_not_the_row_s_memory_is_not_read(by_kernels: KernelDrawer, draw: Draw) -> None:
    with pytest.raises(ValueError, match=r"logits must be|a bit is wanted|contiguous|more ids"):
        by_kernels.draw([draw])


def test_ids_outside_of_the_vocabulary_are_nobody_s(by_kernels: KernelDrawer) -> None:
    outside, ones = _ids(-1, 1000, 2**40), np.ones(3, np.float32)
    by = Adjustment(outside, ones, outside, 2.0, outside, ones, 1.0, 1.0, outside)
    row = np.zeros(3000, np.float32)
    by_kernels.draw([Draw(Way(0), 0, row[1000:2000], by)])
    assert not row.any()


def test_without_kernels_it_is_done_in_numpy() -> None:
    assert isinstance(drawer(None, 10), PlainDrawer)
