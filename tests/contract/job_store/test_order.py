"""The exact order of claims: one tenant's 20,000 jobs beside another's 50, by weight.

Each job is charged the same, so the order can be said beforehand: the lane furthest behind is next, a
tie goes to the tenant whose name comes first, and a newcomer starts level with the others.
"""

import pytest
from tests.support.backlog import fill
from tests.support.desk import Desk
from tests.support.jobs import Timepiece

HOG, MINE = 20_000, 50

# (weight of acme, weight of hog): acme's 50 jobs and those of the hog that are served before its last.
ORDERS = {
    (1, 1): "ah" * 49 + "a",
    (3, 1): "ah" + "aaah" * 16 + "a",
    (1, 3): "ahhh" * 49 + "a",
}


@pytest.mark.parametrize(("weights", "size"), [((1, 1), 8), ((1, 1), 1), ((3, 1), 8), ((1, 3), 8)], ids=str)
def test_twenty_thousand_do_not_delay_fifty(
    desk: Desk, clock: Timepiece, weights: tuple[int, int], size: int
) -> None:
    for tenant, weight in zip(("acme", "hog"), weights, strict=True):
        desk.store.weigh("text", tenant, weight)
    hogs = fill(desk.store, "hog", HOG)
    early = [claim.job.id for claim in desk.claim(16)]
    assert early == hogs[:16]
    clock.pass_ms(1)
    mine = fill(desk.store, "acme", MINE)
    wanted = ORDERS[weights]
    served: list[str] = []
    worker = 0
    while len(served) < len(wanted):
        worker = 1 - worker
        served += [claim.job.id for claim in desk.claim(size, worker=f"worker-{worker}")]
    expected_hogs, expected_mine = iter(hogs[16:]), iter(mine)
    expected = [next(expected_mine if who == "a" else expected_hogs) for who in wanted]
    assert served[: len(wanted)] == expected
    assert wanted.count("a") == MINE


def test_a_weight_given_later_counts_from_then_on(desk: Desk) -> None:
    fill(desk.store, "acme", 40)
    fill(desk.store, "hog", 40)
    before = "".join(claim.job.tenant[0] for claim in desk.claim(8))
    desk.store.weigh("text", "hog", 2)
    after = "".join(claim.job.tenant[0] for claim in desk.claim(9))
    assert (before, after) == ("ahahahah", "ahhahhahh")


def test_a_weight_is_for_one_pool(desk: Desk) -> None:
    desk.store.weigh("image", "hog", 100)
    fill(desk.store, "acme", 4)
    fill(desk.store, "hog", 4)
    assert "".join(claim.job.tenant[0] for claim in desk.claim(8)) == "ahahahah"


@pytest.mark.parametrize("weight", [0, -1, float("inf"), float("nan")])
def test_what_is_no_weight_is_refused(desk: Desk, weight: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        desk.store.weigh("text", "acme", weight)
