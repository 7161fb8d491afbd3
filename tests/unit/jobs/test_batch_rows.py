"""What a row of a batch says, and what it leaves to others to say."""

from collections.abc import Mapping

import pytest

from pressroom.contract.jobs import JobRequest
from pressroom.jobs.batch_rows import given_row

ROW = {"model": "writer", "input": {"prompt": "a mug"}}


def request(row: Mapping[str, object], defaults: Mapping[str, object]) -> JobRequest:
    made = given_row(1, 10, row, defaults).request
    assert isinstance(made, JobRequest)
    return made


@pytest.mark.parametrize("name", sorted(JobRequest.model_fields.keys() - {"model", "input"}))
def test_a_field_is_said_where_the_row_or_the_batch_says_it_and_nowhere_else(name: str) -> None:
    """By that a tenant's policy and a key's priority are known from what was asked for."""
    value = JobRequest.model_fields[name].get_default(call_default_factory=True)
    assert name not in request(ROW, {}).model_fields_set
    assert name in request({**ROW, name: value}, {}).model_fields_set
    assert name in request(ROW, {name: value}).model_fields_set


def test_a_row_is_the_request_that_a_single_job_would_be() -> None:
    assert request(ROW, {"priority": 7}) == JobRequest.model_validate({**ROW, "priority": 7})
