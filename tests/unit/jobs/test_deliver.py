"""Which deliveries are next, and what follows from each answer."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.support.jobs import Timepiece, picture

from pressroom.adapters.memory.webhooks import MemoryWebhookStore
from pressroom.adapters.sealing import SecretSeal
from pressroom.domain.errors import ArtifactsUnavailable, DatabaseUnavailable, JobErased, OutputUnknown
from pressroom.domain.job import Output
from pressroom.domain.messages import message
from pressroom.domain.outgoing import AddressNotPublic, Reply, TimedOut
from pressroom.domain.signature import written
from pressroom.domain.webhooks import (
    DELAYS_MS,
    Delivery,
    DeliveryState,
    Endpoint,
    SealedSecret,
    next_delay_ms,
    rest_ms,
)
from pressroom.jobs.deliver import HIDDEN_MS, Deliverer, Shares, plan, retry_after_s
from pressroom.jobs.webhook_ports import Outcome, Route, Taken

DAY_MS = 24 * 3_600_000
SEAL = SecretSeal(b"server secret")
SHARES = Shares(threads=8, tenant=4, route=2)


# -- which ones next -------------------------------------------------------------------------
def route(name: str, tenant: str = "acme", **changes: Any) -> Route:
    return replace(Route(name, tenant, due=True), **changes)


def test_each_route_gets_its_share() -> None:
    routes = [route("a"), route("b"), route("c", "globex")]
    assert plan(routes, {}, {}, SHARES) == {"a": 2, "b": 2, "c": 2}


def test_a_tenant_with_many_routes_gets_no_more_than_its_share() -> None:
    wanted = plan([route(f"a{n}") for n in range(9)] + [route("c", "globex")], {}, {}, SHARES)
    assert wanted["c"] == 2
    assert sum(wanted.values()) == 4 + 2


def test_nobody_gets_more_than_there_are_threads() -> None:
    routes = [route(f"r{n}", f"tenant-{n}") for n in range(20)]
    assert sum(plan(routes, {}, {}, SHARES).values()) == 8
    busy = Counter({"r0": 2, "r1": 2}), Counter({"tenant-0": 2, "tenant-1": 2})
    wanted = plan(routes, *busy, SHARES)
    assert sum(wanted.values()) == 4
    assert "r0" not in wanted


def test_the_least_busy_go_first() -> None:
    routes = [route("a"), route("b", "globex")]
    assert plan(routes, {"a": 1}, {"acme": 1}, Shares(2, 2, 2)) == {"b": 1}


def test_what_is_under_way_counts() -> None:
    assert plan([route("a")], {"a": 1}, {"acme": 1}, SHARES) == {"a": 1}
    assert plan([route("a")], {"a": 2}, {"acme": 2}, SHARES) == {}


@pytest.mark.parametrize("change", [{"due": False}, {"resting": True}, {"closed": True}])
def test_who_gets_nothing(change: dict[str, Any]) -> None:
    assert plan([route("a", **change)], {}, {}, SHARES) == {}


def test_one_delivery_tries_the_way_after_a_rest() -> None:
    assert plan([route("a", tripped=True)], {}, {}, SHARES) == {"a": 1}
    assert plan([route("a", tripped=True)], {"a": 1}, {"acme": 1}, SHARES) == {}


def test_threads_are_shared_so_that_four_tenants_cannot_be_shut_out() -> None:
    assert Shares.of(32) == Shares(32, 8, 4)
    assert Shares.of(4) == Shares(4, 1, 1)


# -- what follows from an answer -------------------------------------------------------------
class Outside:
    """Answers as told: a status, headers, or an error; remembers what was sent."""

    def __init__(self) -> None:
        self.answer: Any = 200
        self.headers: dict[str, str] = {}
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.methods: list[str] = []

    def check(self, url: str, *, look_up: bool = True) -> str:
        return url

    def call(self, method: str, url: str, *, headers: Any, body: bytes = b"", most_bytes: int = 0) -> Reply:
        self.calls.append((dict(headers), body))
        self.methods.append(method)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Reply(self.answer, self.headers, b"", True)


class Shelf:
    """Outputs of jobs, or trouble with them."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None

    def output(self, tenant: str, job_id: str, n: int) -> Output:
        if self.trouble is not None:
            raise self.trouble
        return picture(n, job_id, 1)

    def content(self, output: Output) -> bytes:
        return f"picture {output.n}".encode()


class World:
    def __init__(self) -> None:
        self.clock = Timepiece()
        self.store = MemoryWebhookStore(self.clock)
        self.outside = Outside()
        self.outputs = Shelf()
        self.deliverer = Deliverer(
            self.store, self.outside, SEAL, self.outputs, seconds=lambda: self.clock.wall / 1000
        )
        self.keys = [b"k" * 32]
        now = self.clock.wall
        self.endpoint = Endpoint(
            "whe_1", "acme", "https://x.example/", "", None, (self.sealed(b"k" * 32),), True, now, now
        )
        self.store.add(self.endpoint, 20)
        body = message("job.succeeded", now, {"id": "job_1"})
        self.delivery = Delivery(
            "msg_1", "acme", "whe_1", self.endpoint.url, "job_1", "job.succeeded", body, now, now
        )
        self.store.deliver(self.delivery)

    def sealed(self, key: bytes, until: int | None = None) -> SealedSecret:
        return SealedSecret(SEAL.close(key, "whe_1"), self.clock.wall, until)

    def taken(self) -> Taken:
        (taken,) = self.deliverer.take({"whe_1": 1})
        return taken

    def turn(self, answer: Any = 200, **headers: str) -> Outcome:
        self.outside.answer, self.outside.headers = answer, headers
        taken = self.taken()
        outcome = self.deliverer.send(taken)
        self.deliverer.settle(taken, outcome)
        return outcome

    def now(self) -> Delivery:
        return self.store.delivery("acme", "msg_1")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_delivered(world: World, status: int) -> None:
    assert world.turn(status).delivered
    assert world.now().state is DeliveryState.DELIVERED


@pytest.mark.parametrize("answer", [100, 301, 302, 307, 400, 401, 404, 429, 500, 503, TimedOut("slow")])
def test_not_delivered_is_tried_again(world: World, answer: Any) -> None:
    outcome = world.turn(answer)
    assert not outcome.delivered
    assert world.now().state is DeliveryState.PENDING
    assert 4_000 <= world.now().due_at - world.clock.wall <= 6_000


def test_errors_are_told_by_their_code(world: World) -> None:
    assert world.turn(AddressNotPublic("no")).attempt.error == "address_not_public"
    assert world.now().last_error == "address_not_public"


def test_the_whole_three_days_with_one_id_and_body(world: World) -> None:
    """On a clock that the test moves: ten tries, growing apart, then it has failed."""
    began, at = world.clock.wall, []
    while world.now().state is DeliveryState.PENDING:
        world.clock.pass_ms(max(0, world.now().due_at - world.clock.wall))
        # The breaker's rest is shorter than the delays: it is over by then.
        at.append(world.clock.wall - began)
        world.turn(500)
    assert len(at) == len(DELAYS_MS) + 1
    assert 2.7 * DAY_MS < at[-1] < 3.6 * DAY_MS
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits == sorted(waits)
    assert world.now().state is DeliveryState.FAILED
    assert {(call[0]["webhook-id"], call[1]) for call in world.outside.calls} == {
        ("msg_1", world.delivery.body.encode())
    }


def test_gone_disables(world: World) -> None:
    world.turn(410)
    assert world.now().state is DeliveryState.FAILED
    assert world.store.endpoint("acme", "whe_1").disabled_reason == "gone"


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_makes_it_wait_longer(world: World, status: int) -> None:
    world.turn(status, **{"retry-after": "120"})
    assert world.now().due_at - world.clock.wall == 120_000
    assert world.store.endpoint("acme", "whe_1").rests_until == world.clock.wall + 120_000


def test_but_not_shorter_nor_for_ever(world: World) -> None:
    assert (next_delay_ms(2, 1.0) or 0) >= 0.9 * DELAYS_MS[1]
    assert next_delay_ms(1, 1e9) == DAY_MS
    assert rest_ms(1, 1e9) == 600_000
    assert world.turn(500, **{"retry-after": "120"}).retry_after_s is None


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_delays_have_jitter(chance: float) -> None:
    assert next_delay_ms(3, chance=lambda: chance) == round(DELAYS_MS[2] * (0.9 + 0.2 * chance))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 1999 08:00:30 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 100, None),
        ("٣", None),
        ("Fri, 99 Jan 2027", None),
    ],
)
def test_retry_after_as_it_comes(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, 1_800_000_000.0) == seconds


def test_it_is_signed_by_all_secrets_that_are_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = world.clock.wall
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", _Now(now / 1000))
    secrets = (world.sealed(b"n" * 32), world.sealed(b"o" * 32, now + 1), world.sealed(b"x" * 32, now))
    taken = replace(world.taken(), secrets=secrets)
    world.deliverer.send(taken)
    ((headers, body),) = world.outside.calls
    for key in (b"n" * 32, b"o" * 32):
        assert Webhook(written(key)).verify(body.decode(), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(written(b"x" * 32)).verify(body.decode(), headers)


def test_nothing_goes_out_unsigned(world: World) -> None:
    broken = SealedSecret(SecretSeal(b"another").close(b"k" * 32, "whe_1"), 1)
    for secrets, code in (((), "no_secret"), ((broken,), "seal_broken")):
        outcome = world.deliverer.send(replace(world.taken(), secrets=secrets))
        assert outcome.attempt.error == code
        assert not outcome.delivered
        world.clock.pass_ms(HIDDEN_MS)
    assert world.outside.calls == []


class _Now:
    """``datetime`` whose ``now`` stands still."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self, tz: Any = None) -> Any:
        from datetime import datetime

        return datetime.fromtimestamp(self._seconds, tz)

    def fromtimestamp(self, *arguments: Any, **named: Any) -> Any:
        from datetime import datetime

        return datetime.fromtimestamp(*arguments, **named)


# -- outputs that are put somewhere ------------------------------------------------------------
@pytest.fixture
def putting(world: World) -> World:
    """Nothing waits but an output that is to be put."""
    world.turn(200)
    now = world.clock.wall
    put = Delivery(
        "msg_2", "acme", None, "https://s3.example/o?sig=1", "job_1", "output.put", "", now, now, output=3
    )
    world.store.deliver(put)
    world.outside.calls.clear()
    world.outside.methods.clear()
    return world


def _put(world: World, answer: Any = 200) -> Outcome:
    world.outside.answer = answer
    (taken,) = world.deliverer.take({"jobs:acme": 1})
    outcome = world.deliverer.send(taken)
    world.deliverer.settle(taken, outcome)
    return outcome


def test_an_output_is_put_as_it_is_and_unsigned(putting: World) -> None:
    """A signature of ours would be a header that the address was not made for."""
    assert _put(putting).delivered
    assert putting.outside.methods == ["PUT"]
    assert putting.outside.calls == [({"content-type": "image/png"}, b"picture 3")]
    assert putting.store.delivery("acme", "msg_2").state is DeliveryState.DELIVERED


@pytest.mark.parametrize("answer", [403, 500, 503, TimedOut("slow")])
def test_a_put_that_failed_is_tried_again(putting: World, answer: Any) -> None:
    assert not _put(putting, answer).delivered
    assert putting.store.delivery("acme", "msg_2").state is DeliveryState.PENDING


@pytest.mark.parametrize("trouble", [DatabaseUnavailable("away"), ArtifactsUnavailable("away")])
def test_what_cannot_be_read_now_is_tried_again(putting: World, trouble: Exception) -> None:
    putting.outputs.trouble = trouble
    outcome = _put(putting)
    assert outcome.attempt.error in ("database_unavailable", "artifacts_unavailable")
    assert putting.store.delivery("acme", "msg_2").state is DeliveryState.PENDING
    assert putting.outside.calls == []


@pytest.mark.parametrize("trouble", [JobErased("gone"), OutputUnknown("gone")])
def test_what_was_erased_is_put_nowhere(putting: World, trouble: Exception) -> None:
    putting.outputs.trouble = trouble
    assert _put(putting).attempt.error == "output_gone"
    assert putting.store.delivery("acme", "msg_2").state is DeliveryState.FAILED
    assert putting.outside.calls == []
