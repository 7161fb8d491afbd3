"""Real relays deliver to a real receiver: failures, kills, dead endpoints; nothing is lost or changed."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest
from sqlalchemy import update
from standardwebhooks.webhooks import Webhook
from tests.acceptance.press import press, text_body
from tests.acceptance.processes import Process, until
from tests.acceptance.room import Room, room
from tests.support.receiver import Call, Receiver, receiver

from pressroom.adapters.sealing import SecretSeal
from pressroom.adapters.sql.webhook_tables import webhook_delivery, webhook_endpoint
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.domain.ids import new_id
from pressroom.domain.signature import new_secret, written
from pressroom.domain.states import State
from pressroom.domain.webhooks import DeliveryState, Endpoint, SealedSecret
from pressroom.jobs.deliver import HIDDEN_MS

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(120)]

SERVER_SECRET = "the same on all fronts and relays"
OUTSIDE = {"secret": SERVER_SECRET, "outgoing_allow": "127.0.0.0/8", "outgoing_http": "true"}


class Hooked:
    """A room without workers, and endpoints in it."""

    def __init__(self, made: Room) -> None:
        self.room = made
        self.store = SqlWebhookStore(made.database)
        self._seal = SecretSeal(SERVER_SECRET.encode())

    def endpoint(self, url: str, tenant: str = "acme") -> tuple[Endpoint, str]:
        """An endpoint, and its secret as a receiver has it."""
        secret = new_secret()
        endpoint_id = new_id("whe")
        now = self.store.now()
        sealed = SealedSecret(self._seal.close(secret, endpoint_id), now)
        made = Endpoint(endpoint_id, tenant, url, "", None, (sealed,), True, now, now)
        self.store.add(made, 20)
        return made, written(secret)

    def end_jobs(self, count: int, tenant: str = "acme") -> list[str]:
        """Jobs that end now: canceled while they are queued."""
        jobs = [self.room.submit(tenant=tenant, wake=False) for _ in range(count)]
        for job in jobs:
            assert self.room.store.cancel(tenant, job.id).state is State.CANCELED
        return [job.id for job in jobs]

    def relay(self, name: str = "relay", **settings: str) -> Process:
        return self.room.processes.relay(name, **{**OUTSIDE, **settings})

    def states(self, tenant: str = "acme") -> list[DeliveryState]:
        page = self.store.deliveries(tenant, None, cursor=None, limit=1_000)
        return [delivery.state for delivery in page.items]

    def all_delivered(self, tenant: str = "acme") -> bool:
        return set(self.states(tenant)) == {DeliveryState.DELIVERED}

    def hurry(self) -> None:
        """What waits is due now: the time that it would wait is not what is tested."""
        with self.room.database.engine.begin() as connection:
            connection.execute(update(webhook_delivery).values(due_at=0))

    def hurry_retries(self) -> None:
        """As ``hurry``, while relays work: what one of them calls now is left to it; and nobody rests."""
        waits = webhook_delivery.c.due_at > self.store.now() + HIDDEN_MS + 5_000
        pending = webhook_delivery.c.state == DeliveryState.PENDING.value
        sooner = update(webhook_delivery).where(pending, waits).values(due_at=0)
        awake = update(webhook_endpoint).values(rests_until=None, failures=0)
        for statement in (sooner, awake):
            with self.room.database.engine.begin() as connection:
                connection.execute(statement)


@pytest.fixture
def hooked(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hooked]:
    with room(postgres_url, redis_url, tmp_path, artifacts_shared=True) as made:
        yield Hooked(made)


def same_bytes(calls: list[Call]) -> bool:
    """Whether each message had one body, whenever it came."""
    bodies: dict[str, set[bytes]] = {}
    for call in calls:
        bodies.setdefault(call.id, set()).add(call.body)
    return all(len(each) == 1 for each in bodies.values())


def test_each_end_is_delivered_signed(hooked: Hooked) -> None:
    with receiver() as there:
        endpoint, secret = hooked.endpoint(there.url)
        hooked.relay()
        jobs = hooked.end_jobs(20)
        calls = there.wait_for(lambda calls: len(calls) >= 20)
        until(hooked.all_delivered, "all are noted as delivered")
    told = []
    for call in calls:
        body = Webhook(secret).verify(call.body.decode(), call.headers)
        assert body == json.loads(call.body)
        assert body["type"] == "job.canceled"
        told.append(body["data"]["id"])
    assert sorted(told) == sorted(jobs)
    assert {call.headers["content-type"] for call in calls} == {"application/json"}
    assert hooked.store.endpoint("acme", endpoint.id).failures == 0


def test_a_receiver_that_fails_at_first_gets_the_same_again(hooked: Hooked) -> None:
    with receiver(lambda message, before: 500 if before == 0 else 204) as there:
        _, secret = hooked.endpoint(there.url)
        hooked.relay()
        hooked.end_jobs(3)
        calls = there.wait_for(lambda calls: len(calls) >= 6, 20)
        until(hooked.all_delivered, "all are noted as delivered")
    assert len(calls) == 6
    assert same_bytes(calls)
    for call in calls:
        Webhook(secret).verify(call.body.decode(), call.headers)
    (delivery, *_) = hooked.store.deliveries("acme", None, cursor=None, limit=1).items
    log = hooked.store.delivery("acme", delivery.id).log
    assert [attempt.status for attempt in log] == [500, 204]
    assert log[1].at - log[0].at >= 4_000


def test_a_thousand_are_delivered_while_the_receiver_fails_at_random(hooked: Hooked) -> None:
    """It refuses some, and hangs up on others that it has taken in: only these may come again."""
    rng = random.Random(1)
    well = threading.Event()

    def answer(message: str, before: int) -> int:
        chance = rng.random()
        return 204 if well.is_set() or chance > 0.3 else 500 if chance > 0.1 else -1

    with receiver(answer) as there:
        _, secret = hooked.endpoint(there.url)
        jobs = hooked.end_jobs(1_000)
        hooked.relay("one")
        hooked.relay("two")
        there.wait_for(lambda calls: len(calls) >= 100, 60)
        # The pauses of three days are tested elsewhere, by a clock that is moved.
        for turn in range(120):
            if set(hooked.states()) == {DeliveryState.DELIVERED}:
                break
            if turn == 8:
                well.set()
            hooked.hurry_retries()
            time.sleep(0.5)
        calls = there.calls

    states = Counter(hooked.states())
    assert states == {DeliveryState.DELIVERED: 1_000}
    for call in calls:
        Webhook(secret).verify(call.body.decode(), call.headers)
    assert same_bytes(calls)
    taken = [call for call in calls if call.status != 500]
    assert sorted({json.loads(call.body)["data"]["id"] for call in taken}) == sorted(jobs)
    ambiguous = sum(call.status < 0 for call in calls)
    refused = sum(call.status == 500 for call in calls)
    assert ambiguous > 20
    assert refused > 50
    assert len(taken) - 1_000 <= ambiguous
    print(f"{len(calls)} calls, {refused} refused, {ambiguous} ambiguous, {len(taken) - 1_000} came again")  # noqa: T201


def test_a_relay_killed_between_the_call_and_the_note_calls_again(hooked: Hooked) -> None:
    with receiver(lambda message, before: 0 if before == 0 else 200) as there:
        hooked.endpoint(there.url)
        first = hooked.relay()
        (job_id,) = hooked.end_jobs(1)
        there.wait_for(lambda calls: len(calls) == 1)
        first.kill()
        assert hooked.states() == [DeliveryState.PENDING]
        hooked.hurry()
        hooked.relay("second")
        calls = there.wait_for(lambda calls: len(calls) == 2)
        until(hooked.all_delivered, "it is noted as delivered")
    assert len({call.id for call in calls}) == 1
    assert same_bytes(calls)
    assert json.loads(calls[0].body)["data"]["id"] == job_id


def test_two_relays_share_the_work(hooked: Hooked) -> None:
    with receiver() as there:
        hooked.endpoint(there.url)
        hooked.endpoint(there.url, "globex")
        hooked.relay("one")
        hooked.relay("two")
        jobs = hooked.end_jobs(40) + hooked.end_jobs(40, "globex")
        there.wait_for(lambda calls: len(calls) >= 80)
        until(lambda: hooked.all_delivered() and hooked.all_delivered("globex"), "all are delivered")
        calls = there.calls
    assert sorted(json.loads(call.body)["data"]["id"] for call in calls) == sorted(jobs)


def test_a_relay_that_is_stopped_ends_what_it_has_begun(hooked: Hooked) -> None:
    with receiver() as there:
        hooked.endpoint(there.url)
        relay = hooked.relay()
        hooked.end_jobs(30)
        there.wait_for(lambda calls: len(calls) >= 1)
        relay.terminate()
        assert relay.exit_status() == 0
        came = len(there.calls)
        assert hooked.states().count(DeliveryState.DELIVERED) == came
        hooked.relay("second")
        there.wait_for(lambda calls: len(calls) >= 30)
        until(hooked.all_delivered, "the rest is delivered")
        assert len(there.calls) == 30


def test_a_dead_endpoint_slows_nobody(hooked: Hooked) -> None:
    """It takes connections and never answers."""
    with receiver() as there, receiver(lambda message, before: 0) as dead:
        hooked.endpoint(there.url)
        hooked.relay()
        alone = _p95_ms(hooked, there, 100)
        hooked.endpoint(dead.url, "sleepy")
        hooked.end_jobs(100, "sleepy")
        dead.wait_for(lambda calls: len(calls) >= 4)
        beside = _p95_ms(hooked, there, 100)
    print(f"p95: {alone:.0f} ms alone, {beside:.0f} ms beside a dead endpoint")  # noqa: T201
    # A thread that waited for the dead one would have cost ten seconds.
    assert beside < alone + 1_000, (alone, beside)


def test_without_the_server_secret_webhooks_wait(hooked: Hooked) -> None:
    with receiver() as there:
        hooked.endpoint(there.url)
        poor = hooked.relay(secret="")
        poor.event("webhooks_wait")
        hooked.end_jobs(1)
        hooked.relay("rich")
        there.wait_for(lambda calls: len(calls) == 1)


def test_a_private_target_is_not_called(hooked: Hooked) -> None:
    with receiver() as there:
        hooked.endpoint(there.url)
        relay = hooked.relay(outgoing_allow="")
        hooked.end_jobs(1)
        said = relay.event("webhook_not_delivered")
        assert (said["reason"], said["again"]) == ("url_not_allowed", True)
        assert there.calls == []


def _p95_ms(hooked: Hooked, there: Receiver, count: int) -> float:
    """From the end of a job to the receiver, over so many jobs that end one after another."""
    before = {call.id for call in there.calls}
    jobs = set(hooked.end_jobs(count))
    calls = there.wait_for(lambda calls: len({call.id for call in calls} - before) >= count)
    came = {json.loads(call.body)["data"]["id"]: call.at for call in calls if call.id not in before}
    ends = {job.id: job.finished_at or 0 for job in hooked.room.store.find(list(jobs))}
    return quantiles([came[job_id] - ends[job_id] for job_id in jobs], n=20)[-1]


def test_from_the_api_to_the_receiver(postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    """What the front has sealed, the relay opens: an endpoint, and a job that names its own URL."""
    outside = {"outgoing_allow": "127.0.0.0/8", "outgoing_http": True, "artifacts_shared": True}
    with receiver() as there, press(postgres_url, redis_url, tmp_path, **outside) as whole:
        whole.processes.worker()
        whole.processes.relay()
        whole.front()
        http = whole.http()
        made = http.post("/v1/webhooks", json={"url": there.url, "events": ["job.succeeded"]})
        assert made.status_code == 201, made.text
        job_id = whole.post({**text_body(max_tokens=5), "webhook": {"url": there.url + "/own"}}).json()["id"]
        calls = there.wait_for(lambda calls: len(calls) >= 2)
        own_secret = http.get("/v1/webhooks/secret").json()["secret"]
        until(
            lambda: (
                {item["status"] for item in http.get("/v1/webhooks/deliveries").json()["items"]}
                == {"delivered"}
            ),
            "both are noted as delivered",
        )
    secrets = {"/hook": made.json()["secret"], "/hook/own": own_secret}
    assert {call.path for call in calls} == set(secrets)
    for call in calls:
        told = Webhook(secrets[call.path]).verify(call.body.decode(), call.headers)
        assert (told["type"], told["data"]["id"]) == ("job.succeeded", job_id)
