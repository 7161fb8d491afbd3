"""Who is told that a batch has ended: in memory, on SQLite and on PostgreSQL alike."""

import json
from typing import Any

import pytest
from tests.support.batches import MAC, Post, bad, good, new_batch
from tests.support.jobs import Timepiece, failure, partial

from pressroom.domain.ids import new_id
from pressroom.domain.messages import Form
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.domain.webhooks import Delivery, Endpoint, SealedSecret

DAY_MS = 24 * 3_600 * 1_000


def endpoint(
    post: Post, form: Form = Form.JOB, events: tuple[str, ...] | None = None, tenant: str = "acme"
) -> Endpoint:
    made = Endpoint(
        id=new_id("whe"),
        tenant=tenant,
        url="https://hooks.example/in",
        description="",
        events=events,
        secrets=(SealedSecret("sealed", 1),),
        active=True,
        created_at=1,
        changed_at=1,
        form=form,
    )
    assert post.webhooks is not None
    post.webhooks.add(made, 20)
    return made


def told(post: Post, tenant: str = "acme") -> list[Delivery]:
    """What is said of batches, the oldest first."""
    assert post.webhooks is not None
    found = post.webhooks.deliveries(tenant, None, cursor=None, limit=100).items[::-1]
    return [each for each in found if each.event.startswith("batch.")]


def ended(post: Post, *, cancel: bool = False, **metadata: str) -> str:
    """A batch of two rows that has come to its end."""
    new = new_batch(**metadata)
    post.batches.open(new)
    post.batches.add(new.id, [good(1), good(2)])
    post.batches.seal(new.id, 600, MAC)
    if cancel:
        post.batches.cancel("acme", new.id)
    else:
        post.release(new.id)
        post.work()
    assert post.batches.settle(new.id)
    return new.id


def test_the_end_of_a_batch_is_told_once_to_each_endpoint_that_wants_it(post: Post) -> None:
    every = endpoint(post)
    only = endpoint(post, events=("batch.finished",))
    endpoint(post, events=("batch.canceled", "job.succeeded"))
    endpoint(post, tenant="globex")
    batch_id = ended(post)
    assert not post.batches.settle(batch_id)
    found = told(post)
    assert {each.endpoint_id for each in found} == {every.id, only.id}
    for each in found:
        body: dict[str, Any] = json.loads(each.body)
        assert (each.event, each.job_id) == ("batch.finished", None)
        assert body["type"] == "batch.finished"
        assert body["data"] == {
            "id": batch_id,
            "status": "finished",
            "rows": 2,
            "links": {"self": f"/v1/batches/{batch_id}", "results": f"/v1/batches/{batch_id}/results"},
        }
    assert told(post, "globex") == []


def test_a_canceled_one_is_told_as_that(post: Post) -> None:
    endpoint(post)
    ended(post, cancel=True)
    (found,) = told(post)
    assert (found.event, json.loads(found.body)["data"]["status"]) == ("batch.canceled", "canceled")


def test_one_whose_rows_were_all_refused_is_told_at_once(post: Post) -> None:
    endpoint(post)
    post.receive([bad(1), bad(2)])
    (found,) = told(post)
    assert found.event == "batch.finished"


def test_one_that_is_retried_is_told_again_at_its_next_end(post: Post) -> None:
    endpoint(post)
    batch_id = post.receive([good(1)])
    post.release(batch_id)
    (claim,) = post.desk.claim()
    assert post.jobs.release(claim.held, failure(), partial(), RetryPolicy(errors_limit=1)) is State.FAILED
    post.batches.settle(batch_id)
    assert post.batches.retry("acme", batch_id) == 1
    post.release(batch_id)
    post.work()
    assert post.batches.settle(batch_id)
    assert len({each.id for each in told(post)}) == 2


@pytest.mark.parametrize(("late", "status"), [(False, "batch.cancelled"), (True, "batch.expired")])
def test_openais_clients_hear_of_their_own_batches_in_their_words(
    post: Post, clock: Timepiece, *, late: bool, status: str
) -> None:
    endpoint(post, Form.RESPONSE)
    endpoint(post, Form.PREDICTION)
    ended(post)
    assert told(post) == []
    first = ended(post, dialect="openai")
    (found,) = told(post)
    body = json.loads(found.body)
    assert (body["object"], body["type"], body["data"]) == ("event", "batch.completed", {"id": first})
    new = new_batch(dialect="openai")
    post.batches.open(new)
    post.batches.add(new.id, [good(1)])
    post.batches.seal(new.id, 600, MAC)
    clock.pass_ms(DAY_MS if late else 1_000)
    post.batches.cancel("acme", new.id)
    post.batches.settle(new.id)
    body = json.loads(told(post)[-1].body)
    assert (body["type"], body["data"]) == (status, {"id": new.id})
