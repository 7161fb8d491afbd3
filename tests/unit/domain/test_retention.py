"""Policies: bounds, and what a request gets of its wish."""

import pytest

from pressroom.domain.errors import InputInvalid
from pressroom.domain.retention import BOUNDS, Retention


@pytest.mark.parametrize("field", sorted(BOUNDS))
def test_what_is_out_of_bounds_is_refused(field: str) -> None:
    least, most = BOUNDS[field]
    for good in (least, most):
        assert getattr(Retention(**{field: good}), field) == good
    for bad in (least - 1, most + 1):
        with pytest.raises(InputInvalid, match=f"{least} to {most}") as told:
            Retention(**{field: bad})
        assert told.value.field == field


@pytest.mark.parametrize(
    ("policy", "asked", "said", "gets"),
    [
        (None, 86_400, False, 86_400),
        (None, 60, True, 60),
        (3_600, 86_400, False, 3_600),
        (172_800, 86_400, False, 172_800),
        (3_600, 60, True, 60),
        (3_600, 86_400, True, 3_600),
    ],
)
def test_a_result_is_kept_as_asked_within_the_policy(
    policy: int | None, asked: int, said: bool, gets: int
) -> None:
    assert Retention(results_s=policy).result_ttl_s(asked, said=said) == gets
