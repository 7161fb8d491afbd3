"""Deliveries are taken once at a time, come back if nobody says what came of them, and end for good."""

from dataclasses import replace

import pytest
from tests.contract.webhook_store.conftest import Hooks
from tests.support.jobs import success

from pressroom.domain.errors import DeliveryUnknown, EndpointUnknown, TooManyEndpoints
from pressroom.domain.webhooks import OPENS_AFTER, Attempt, Delivery, DeliveryState, SealedSecret
from pressroom.jobs.webhook_ports import Outcome, Taken

HIDDEN_MS = 30_000
DAY_MS = 24 * 3_600_000


def tried(status: int | None = None, error: str | None = None) -> Attempt:
    return Attempt(at=1, ms=5, status=status, error=error)


DELIVERED = Outcome(tried(200), delivered=True)
AGAIN = Outcome(tried(500), delivered=False, retry_in_ms=5_000)
LAST = Outcome(tried(None, "timed_out"), delivered=False)


def ended_job(hooks: Hooks, tenant: str = "acme", webhook: object = None) -> None:
    claim = hooks.desk.running(tenant=tenant, webhook=webhook)
    assert hooks.desk.store.complete(claim.held, success())


def take(hooks: Hooks, route: str, most: int = 1) -> tuple[Taken, ...]:
    return hooks.store.take({route: most}, HIDDEN_MS)


def the(hooks: Hooks, delivery: Delivery) -> Delivery:
    return hooks.store.delivery(delivery.tenant, delivery.id)


def test_a_delivery_is_taken_with_what_is_needed_to_send_it(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id, 5)
    assert taken.delivery.url == endpoint.url
    assert taken.secrets == endpoint.secrets
    assert taken.delivery.body == hooks.all()[0].body


def test_own_urls_are_signed_with_the_tenants_secret(hooks: Hooks) -> None:
    first = SealedSecret("own-1", 1)
    assert hooks.store.own_secrets("acme", first) == (first,)
    assert hooks.store.own_secrets("acme", SealedSecret("own-2", 2)) == (first,)
    ended_job(hooks, webhook={"url": "https://own.example/", "events": None})
    (route,) = hooks.store.routes()
    (taken,) = take(hooks, route.name)
    assert taken.secrets == (first,)
    assert route.tenant == "acme"


def test_what_is_taken_is_not_taken_again_until_its_time_is_over(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (first,) = take(hooks, endpoint.id, 5)
    assert take(hooks, endpoint.id, 5) == ()
    assert not hooks.store.routes()[0].due
    hooks.clock.pass_ms(HIDDEN_MS)
    (second,) = take(hooks, endpoint.id, 5)
    assert (second.delivery.id, second.delivery.body) == (first.delivery.id, first.delivery.body)


def test_the_longest_due_goes_first_and_no_more_than_asked_for(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    for _ in range(3):
        ended_job(hooks)
        hooks.clock.pass_ms(10)
    order = [delivery.id for delivery in hooks.all()]
    assert [taken.delivery.id for taken in take(hooks, endpoint.id, 2)] == order[:2]
    assert [taken.delivery.id for taken in take(hooks, endpoint.id, 2)] == order[2:]


def test_routes_are_those_with_something_waiting(hooks: Hooks) -> None:
    one, other = hooks.endpoint(), hooks.endpoint("globex")
    hooks.endpoint("initech")
    assert hooks.store.routes() == ()
    ended_job(hooks)
    ended_job(hooks)
    ended_job(hooks, "globex")
    assert {(route.name, route.tenant, route.due) for route in hooks.store.routes()} == {
        (one.id, "acme", True),
        (other.id, "globex", True),
    }


def test_delivered_is_the_end(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, DELIVERED)
    found = the(hooks, taken.delivery)
    assert (found.state, found.attempts, found.last_status) == (DeliveryState.DELIVERED, 1, 200)
    assert found.finished_at == hooks.clock.wall
    assert found.log == (tried(200),)
    hooks.clock.pass_ms(DAY_MS)
    assert take(hooks, endpoint.id) == ()


def test_a_failure_is_tried_again_with_the_same_id_and_body(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, AGAIN)
    assert take(hooks, endpoint.id) == ()
    hooks.clock.pass_ms(5_000)
    (again,) = take(hooks, endpoint.id)
    assert again.delivery.id == taken.delivery.id
    assert again.delivery.body == taken.delivery.body
    assert again.delivery.attempts == 1
    hooks.store.settle(again, LAST)
    found = the(hooks, taken.delivery)
    assert (found.state, found.attempts, found.last_error) == (DeliveryState.FAILED, 2, "timed_out")
    assert [attempt.status for attempt in found.log] == [500, None]


def test_a_late_word_of_one_who_lost_it_fails_nothing(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (late,) = take(hooks, endpoint.id)
    hooks.clock.pass_ms(HIDDEN_MS)
    (current,) = take(hooks, endpoint.id)
    hooks.store.settle(late, LAST)
    assert the(hooks, late.delivery).state is DeliveryState.PENDING
    hooks.store.settle(current, DELIVERED)
    hooks.store.settle(late, LAST)
    found = the(hooks, late.delivery)
    assert found.state is DeliveryState.DELIVERED
    assert len(found.log) == 3, "each try is in the log"


def test_a_late_word_that_it_was_delivered_counts(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (late,) = take(hooks, endpoint.id)
    hooks.clock.pass_ms(HIDDEN_MS)
    take(hooks, endpoint.id)
    hooks.store.settle(late, DELIVERED)
    assert the(hooks, late.delivery).state is DeliveryState.DELIVERED


def test_failures_in_a_row_open_the_breaker_and_a_delivery_closes_it(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    for turn in range(OPENS_AFTER):
        assert not hooks.store.routes()[0].tripped, turn
        (taken,) = take(hooks, endpoint.id)
        hooks.store.settle(taken, replace(AGAIN, retry_in_ms=0))
    (route,) = hooks.store.routes()
    assert (route.due, route.resting, route.tripped) == (True, True, True)
    hooks.clock.pass_ms(60_000)
    (route,) = hooks.store.routes()
    assert (route.resting, route.tripped) == (False, True)
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, DELIVERED)
    (route,) = hooks.store.routes()
    assert (route.resting, route.tripped) == (False, False)
    assert hooks.store.endpoint("acme", endpoint.id).failures == 0


def test_a_retry_after_rests_the_whole_endpoint(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, replace(AGAIN, retry_after_s=90.0))
    assert hooks.store.endpoint("acme", endpoint.id).rests_until == hooks.clock.wall + 90_000


def test_gone_disables_the_endpoint_and_holds_what_waits(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    ended_job(hooks)
    taken = take(hooks, endpoint.id)[0]
    hooks.store.settle(taken, Outcome(tried(410), delivered=False, gone=True))
    found = hooks.store.endpoint("acme", endpoint.id)
    assert (found.active, found.disabled_reason) == (False, "gone")
    assert the(hooks, taken.delivery).state is DeliveryState.FAILED
    (route,) = hooks.store.routes()
    assert (route.closed, route.removed) == (True, False)
    hooks.store.change("acme", endpoint.id, {"active": True})
    found = hooks.store.endpoint("acme", endpoint.id)
    assert (found.active, found.disabled_reason) == (True, None)
    assert not hooks.store.routes()[0].closed


def test_a_new_url_takes_over_what_waits(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    changed = hooks.store.change("acme", endpoint.id, {"url": "https://new.example/"})
    assert changed.url == "https://new.example/"
    (taken,) = take(hooks, endpoint.id)
    assert taken.delivery.url == "https://new.example/"


def test_a_removed_endpoint_leaves_its_log_until_that_is_forgotten(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    hooks.store.remove("acme", endpoint.id)
    with pytest.raises(EndpointUnknown):
        hooks.store.endpoint("acme", endpoint.id)
    assert hooks.store.endpoints("acme") == ()
    (route,) = hooks.store.routes()
    assert route.removed
    assert hooks.store.drop([route.name], "endpoint_removed") == 1
    (delivery,) = hooks.all()
    assert (delivery.state, delivery.last_error) == (DeliveryState.FAILED, "endpoint_removed")
    with pytest.raises(EndpointUnknown):
        hooks.store.replay("acme", delivery.id)
    assert hooks.store.forget(DAY_MS) == 0
    hooks.clock.pass_ms(DAY_MS)
    assert hooks.store.forget(DAY_MS) == 2
    assert hooks.all() == ()


def test_forgetting_takes_what_ended_and_fails_what_waited_too_long(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, DELIVERED)
    hooks.clock.pass_ms(DAY_MS)
    assert hooks.store.forget(DAY_MS) == 2
    (left,) = hooks.all()
    assert (left.state, left.last_error) == (DeliveryState.FAILED, "waited_too_long")
    assert hooks.store.endpoint("acme", endpoint.id).id == endpoint.id


def test_a_replay_starts_over_with_the_same_message(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (taken,) = take(hooks, endpoint.id)
    hooks.store.settle(taken, LAST)
    replayed = hooks.store.replay("acme", taken.delivery.id)
    assert (replayed.state, replayed.attempts, replayed.finished_at) == (DeliveryState.PENDING, 0, None)
    (again,) = take(hooks, endpoint.id)
    assert (again.delivery.id, again.delivery.body) == (taken.delivery.id, taken.delivery.body)
    hooks.store.settle(again, DELIVERED)
    assert len(the(hooks, taken.delivery).log) == 2


def test_rotation_keeps_the_old_secret_for_a_while(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    now = hooks.clock.wall
    second = SealedSecret("sealed-2", now)
    changed = hooks.store.rotate("acme", endpoint.id, second, now + DAY_MS)
    assert changed.secrets == (second, replace(endpoint.secrets[0], until=now + DAY_MS))
    hooks.clock.pass_ms(DAY_MS)
    third = SealedSecret("sealed-3", now + DAY_MS)
    changed = hooks.store.rotate("acme", endpoint.id, third, now + 2 * DAY_MS)
    assert changed.secrets == (third, replace(second, until=now + 2 * DAY_MS))
    own = hooks.store.own_secrets("acme", SealedSecret("own-1", now))
    assert hooks.store.rotate_own("acme", second, now + 3 * DAY_MS) == (
        second,
        replace(own[0], until=now + 3 * DAY_MS),
    )


def test_a_tenant_sees_its_own_alone(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    ended_job(hooks)
    (delivery,) = hooks.all()
    for tenant, endpoint_id in (("globex", endpoint.id), ("", endpoint.id), ("acme", endpoint.id + "\x00")):
        with pytest.raises(EndpointUnknown):
            hooks.store.endpoint(tenant, endpoint_id)
    with pytest.raises(EndpointUnknown):
        hooks.store.change("globex", endpoint.id, {"active": False})
    with pytest.raises(EndpointUnknown):
        hooks.store.remove("globex", endpoint.id)
    with pytest.raises(EndpointUnknown):
        hooks.store.rotate("globex", endpoint.id, SealedSecret("x", 1), 2)
    with pytest.raises(DeliveryUnknown):
        hooks.store.delivery("globex", delivery.id)
    with pytest.raises(DeliveryUnknown):
        hooks.store.replay("globex", delivery.id)
    assert hooks.store.deliveries("globex", endpoint.id, cursor=None, limit=10).items == ()


def test_pages_of_deliveries(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    other = hooks.endpoint()
    for _ in range(3):
        ended_job(hooks)
    seen: list[str] = []
    cursor = None
    while True:
        page = hooks.store.deliveries("acme", endpoint.id, cursor=cursor, limit=2)
        seen += [delivery.id for delivery in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 3
    assert seen == sorted(seen, reverse=True)
    assert {delivery.endpoint_id for delivery in hooks.all()} == {endpoint.id, other.id}


def test_endpoints_have_a_bound(hooks: Hooks) -> None:
    endpoint = hooks.endpoint()
    second = replace(endpoint, id="whe_" + "1" * 32)
    with pytest.raises(TooManyEndpoints):
        hooks.store.add(second, 1)
    hooks.store.add(replace(second, tenant="globex"), 1)
    hooks.store.remove("acme", endpoint.id)
    hooks.store.add(replace(endpoint, id="whe_" + "2" * 32), 1)
