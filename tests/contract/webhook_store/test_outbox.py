"""However a job ends, who wants to know is told, in the same transaction; and nobody else is."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.webhook_store.conftest import Hooks
from tests.support.jobs import LEASE_MS, failure, partial, success

from pressroom.domain.job import Completion, Usage
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State

POLICY = RetryPolicy()
OWN: dict[str, Any] = {"url": "https://own.example/me", "events": None}


def succeed(hooks: Hooks, **changes: Any) -> str:
    claim = hooks.desk.running(**changes)
    assert hooks.desk.store.complete(claim.held, success())
    return claim.job.id


def fail(hooks: Hooks, **changes: Any) -> str:
    claim = hooks.desk.running(**changes)
    ended = hooks.desk.store.release(claim.held, failure(FailureKind.PERMANENT), partial(), POLICY)
    assert ended is State.FAILED
    return claim.job.id


def cancel_queued(hooks: Hooks, **changes: Any) -> str:
    job = hooks.desk.submit(**changes)
    hooks.desk.store.cancel(job.tenant, job.id)
    return job.id


def cancel_running(hooks: Hooks, **changes: Any) -> str:
    claim = hooks.desk.running(**changes)
    hooks.desk.store.cancel(claim.job.tenant, claim.job.id)
    done = Completion(State.CANCELED, "canceled", (), Usage())
    assert hooks.desk.store.complete(claim.held, done)
    return claim.job.id


def expire(hooks: Hooks, **changes: Any) -> str:
    job = hooks.desk.submit(deadline_s=1, **changes)
    hooks.clock.pass_ms(2_000)
    assert hooks.desk.store.reap(POLICY).expired == (job.id,)
    return job.id


def reap_failed(hooks: Hooks, **changes: Any) -> str:
    claim = hooks.desk.running(deadline_s=1, **changes)
    hooks.clock.pass_ms(2 * LEASE_MS)
    hooks.desk.store.reap(POLICY)
    hooks.clock.pass_ms(2 * LEASE_MS)
    hooks.desk.store.reap(POLICY)
    assert hooks.desk.store.job(claim.job.tenant, claim.job.id).state is State.FAILED
    return claim.job.id


def erase_queued(hooks: Hooks, **changes: Any) -> str:
    job = hooks.desk.submit(**changes)
    hooks.desk.store.erase(job.tenant, job.id)
    return job.id


def erase_running(hooks: Hooks, **changes: Any) -> str:
    claim = hooks.desk.running(**changes)
    hooks.desk.store.erase(claim.job.tenant, claim.job.id)
    return claim.job.id


ENDS: list[tuple[Callable[..., str], str]] = [
    (succeed, "succeeded"),
    (fail, "failed"),
    (reap_failed, "failed"),
    (cancel_queued, "canceled"),
    (cancel_running, "canceled"),
    (erase_queued, "canceled"),
    (erase_running, "canceled"),
    (expire, "expired"),
]


@pytest.mark.parametrize(("end", "status"), ENDS, ids=lambda value: getattr(value, "__name__", value))
def test_every_end_is_told(hooks: Hooks, end: Callable[..., str], status: str) -> None:
    one, two = hooks.endpoint(), hooks.endpoint()
    hooks.endpoint("globex")
    job_id = end(hooks, webhook=OWN)
    made = hooks.all()
    assert {delivery.endpoint_id for delivery in made} == {one.id, two.id, None}
    assert len(made) == len({delivery.id for delivery in made}) == 3
    assert hooks.all("globex") == ()
    for delivery in made:
        assert delivery.id.startswith("msg_")
        assert (delivery.job_id, delivery.event) == (job_id, f"job.{status}")
        body = json.loads(delivery.body)
        assert (body["type"], body["data"]["id"], body["data"]["status"]) == (
            f"job.{status}",
            job_id,
            status,
        )
        assert body["data"]["links"]["self"] == f"/v1/jobs/{job_id}"
        assert "mug" not in delivery.body, "no prompt, no output, no metadata"
    assert {delivery.url for delivery in made if delivery.endpoint_id is None} == {OWN["url"]}


@pytest.mark.parametrize("end", [end for end, _ in ENDS], ids=lambda end: end.__name__)
def test_whom_nobody_calls_for_is_not_told(hooks: Hooks, end: Callable[..., str]) -> None:
    hooks.endpoint("globex")
    end(hooks)
    assert hooks.all() == ()
    assert hooks.all("globex") == ()


def test_what_does_not_end_is_not_told(hooks: Hooks) -> None:
    hooks.endpoint()
    claim = hooks.desk.running(webhook=OWN)
    assert hooks.desk.store.release(claim.held, failure(), partial(), POLICY) is State.QUEUED
    running = hooks.desk.running(webhook=OWN)
    hooks.desk.store.cancel("acme", running.job.id)
    assert hooks.all() == ()


def test_an_end_is_told_once(hooks: Hooks) -> None:
    hooks.endpoint()
    claim = hooks.desk.running()
    assert hooks.desk.store.complete(claim.held, success())
    assert not hooks.desk.store.complete(claim.held, success())
    hooks.desk.store.cancel("acme", claim.job.id)
    hooks.desk.store.erase("acme", claim.job.id)
    assert len(hooks.all()) == 1


def test_only_the_events_that_are_wanted(hooks: Hooks) -> None:
    wants = hooks.endpoint(events=("job.failed", "job.expired"))
    every = hooks.endpoint()
    succeed(hooks, webhook={**OWN, "events": ["job.canceled"]})
    fail(hooks, webhook={**OWN, "events": ["job.failed"]})
    told = {(delivery.event, delivery.endpoint_id) for delivery in hooks.all()}
    assert told == {
        ("job.succeeded", every.id),
        ("job.failed", every.id),
        ("job.failed", wants.id),
        ("job.failed", None),
    }


def test_an_endpoint_that_is_not_active_or_removed_is_not_told(hooks: Hooks) -> None:
    asleep, gone = hooks.endpoint(), hooks.endpoint()
    hooks.store.change("acme", asleep.id, {"active": False})
    hooks.store.remove("acme", gone.id)
    succeed(hooks)
    assert hooks.all() == ()
