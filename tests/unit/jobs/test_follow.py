"""Following over the memory adapters: live, resumed, with Redis away, with the database away."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import success, text_output
from tests.support.troubled import Troubled, without_redis

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryEventLog
from pressroom.contract.events import Delta, End, Started
from pressroom.domain.errors import DatabaseUnavailable, InputInvalid, JobErased, JobUnknown
from pressroom.domain.ids import new_id
from pressroom.domain.job import Claim
from pressroom.jobs import follow as follow_module
from pressroom.jobs.follow import LiveFollower, Subscription
from pressroom.jobs.ports import Followed, Numbered, StreamEvent

TEXT = "A warm blue mug."
PIECES = ("A ", "warm ", "blue ", "mug.")


class World:
    """A follower with a quick look at the database, and a worker by hand."""

    def __init__(self, look_s: float = 0.01, heartbeat_s: float = 30.0) -> None:
        self.plain_store = MemoryJobStore()
        self.store: Any = Troubled(self.plain_store)
        self.plain_events = MemoryEventLog()
        self.events: Any = without_redis(self.plain_events)
        self.desk = Desk(self.plain_store)
        self.follower = LiveFollower(
            self.store, self.events, look_s=look_s, heartbeat_s=heartbeat_s, wait_s=0.01
        )

    def say(self, claim: Claim, seq: int, event: StreamEvent) -> None:
        self.plain_events.append([Numbered(claim.job.id, claim.attempt, seq, event)])

    def begin(self, claim: Claim) -> None:
        self.say(claim, 1, Started(attempt=claim.attempt))

    def write(self, claim: Claim, *, first: int = 0, last: int = len(PIECES)) -> None:
        for place in range(first, last):
            offset = len("".join(PIECES[:place]))
            self.say(claim, 2 + place, Delta(n=0, offset=offset, text=PIECES[place]))

    def commit(self, claim: Claim) -> None:
        assert self.plain_store.complete(claim.held, success(text_output(text=TEXT)))

    def end(self, claim: Claim) -> None:
        self.commit(claim)
        self.say(claim, 2 + len(PIECES), End(status="succeeded", finish_reason="stop"))

    def all(self, job_id: str, last_id: str | None = None) -> list[Followed]:
        return [event for event in self.follower.follow("acme", job_id, last_id) if event is not None]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(follow_module, "_GRACE_S", 0.02)
    monkeypatch.setattr(follow_module, "_REDIS_PAUSE_S", 0.01)
    made = World()
    yield made
    made.follower.stop()


def names(events: list[Followed]) -> list[str]:
    return [event.name for event in events]


def text_of(events: list[Followed]) -> str:
    text = ""
    for event in events:
        if event.name == "delta":
            assert event.data["offset"] == len(text)
            text += str(event.data["text"])
        elif event.name == "reset":
            text = ""
    return text


WHOLE = ["started", *["delta"] * 4, "end"]


def test_a_client_that_came_first_hears_everything(world: World) -> None:
    claim = world.desk.running()
    stream = world.follower.follow("acme", claim.job.id, None)
    world.begin(claim)
    assert next(stream) == Followed("1-1", "started", {"type": "started", "attempt": 1})
    world.write(claim)
    world.end(claim)
    rest = [event for event in stream if event is not None]
    assert names(rest) == WHOLE[1:]
    assert text_of(rest) == TEXT


def test_a_client_that_comes_late_hears_everything_too(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    heard = [next(stream) for _ in range(5)]
    world.end(claim)
    heard += list(stream)
    assert names([event for event in heard if event]) == WHOLE


def test_after_the_end_the_log_is_told(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    world.end(claim)
    assert names(world.all(claim.job.id)) == WHOLE
    assert world.follower._threads == [], "an ended job needs no thread"


def test_cut_after_every_event_and_resumed_the_text_is_whole(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    world.end(claim)
    heard: list[Followed] = []
    last_id: str | None = None
    while (event := next(world.follower.follow("acme", claim.job.id, last_id), None)) is not None:
        heard.append(event)
        last_id = event.id
    assert names(heard) == WHOLE
    assert text_of(heard) == TEXT
    assert world.all(claim.job.id, last_id) == []


def test_two_clients_at_different_places_hear_their_own_rest(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim, last=2)
    one = world.follower.follow("acme", claim.job.id, None)
    other = world.follower.follow("acme", claim.job.id, "1-2")
    assert names([e for e in (next(one), next(one)) if e]) == ["started", "delta"]
    assert next(other) == Followed("1-3", "delta", {"type": "delta", "n": 0, "offset": 2, "text": "warm "})
    world.write(claim, first=2)
    world.end(claim)
    assert names([e for e in other if e]) == ["delta", "delta", "end"]
    assert names([e for e in one if e]) == ["delta", "delta", "delta", "end"]


def test_without_redis_the_end_comes_from_the_database(world: World) -> None:
    world.events.fail("read", times=None)
    claim = world.desk.running()
    stream = world.follower.follow("acme", claim.job.id, None)
    world.commit(claim)
    heard = [event for event in stream if event is not None]
    assert names(heard) == ["delta", "end"]
    assert text_of(heard) == TEXT


def test_a_log_lost_in_the_middle_is_told_from_the_database(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim, last=2)
    stream = world.follower.follow("acme", claim.job.id, None)
    heard = [next(stream) for _ in range(3)]
    world.plain_events.erase(claim.job.id)
    world.write(claim, first=3)
    world.end(claim)
    whole = [event for event in (*heard, *stream) if event is not None]
    assert names(whole) == ["started", "delta", "delta", "reset", "delta", "end"]
    assert text_of(whole) == TEXT


def test_an_end_event_that_never_comes_is_not_waited_for(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    assert next(stream) is not None
    world.commit(claim)
    rest = [event for event in stream if event is not None]
    assert names(rest) == ["reset", "delta", "end"]


def test_an_end_event_shortly_behind_the_commit_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "_GRACE_S", 5.0)
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    for _ in range(5):
        next(stream)
    world.commit(claim)
    late = threading.Timer(0.05, world.say, (claim, 6, End(status="succeeded", finish_reason="stop")))
    late.start()
    assert names([event for event in stream if event is not None]) == ["end"]
    late.join()


@pytest.mark.parametrize(("just_ended_ms", "expected"), [(60_000, ["end"]), (0, ["reset", "delta", "end"])])
def test_whoever_comes_back_between_commit_and_end_event_has_it_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, just_ended_ms: int, expected: list[str]
) -> None:
    monkeypatch.setattr(follow_module, "_GRACE_S", 0.02 if just_ended_ms == 0 else 5)
    monkeypatch.setattr(follow_module, "_JUST_ENDED_MS", just_ended_ms)
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    world.commit(claim)
    end = Numbered(claim.job.id, 1, 6, End(status="succeeded", finish_reason="stop"))
    if just_ended_ms:
        timer = threading.Timer(0.02, world.plain_events.append, [[end]])
        timer.start()
    assert names(world.all(claim.job.id, "1-5")) == expected


def test_only_an_ended_job_has_been_told_from_the_database(world: World) -> None:
    claim = world.desk.running()
    with pytest.raises(InputInvalid):
        world.follower.follow("acme", claim.job.id, "1-t0")
    world.end(claim)
    assert names(world.all(claim.job.id, "1-t0")) == ["end"]


def test_a_queued_job_that_is_canceled_ends_the_stream(world: World) -> None:
    job = world.desk.submit()
    stream = world.follower.follow("acme", job.id, None)
    world.plain_store.cancel("acme", job.id)
    (end,) = (event for event in stream if event is not None)
    assert (end.id, end.data["status"]) == ("0-end", "canceled")


def test_an_erased_job_is_gone(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    assert next(stream) is not None
    world.plain_store.erase("acme", claim.job.id)
    assert names([event for event in stream if event is not None]) == ["gone"]


def test_the_database_away_is_outlived(world: World) -> None:
    claim = world.desk.running()
    stream = world.follower.follow("acme", claim.job.id, None)
    world.events.fail("read", times=None)
    world.store.fail("standings", times=3)
    world.store.fail("job", times=2)
    world.commit(claim)
    assert text_of([event for event in stream if event is not None]) == TEXT


def test_a_fault_of_an_adapter_does_not_end_the_threads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To write a fault down takes long on a busy machine; the end must not be told from the database first.
    monkeypatch.setattr(follow_module, "_GRACE_S", 30.0)
    world.events._error = world.store._error = ZeroDivisionError
    claim = world.desk.running()
    stream = world.follower.follow("acme", claim.job.id, None)
    world.say(claim, 1, Started(attempt=1))
    assert next(stream) is not None
    world.events.fail("read", times=2)
    world.store.fail("standings", times=2)
    world.write(claim)
    world.end(claim)
    assert names([event for event in stream if event is not None]) == WHOLE[1:]


def test_a_silent_stream_has_a_heartbeat() -> None:
    world = World(heartbeat_s=0.01)
    job = world.desk.submit()
    stream = world.follower.follow("acme", job.id, None)
    assert next(stream) is None
    assert next(stream) is None
    world.follower.stop()


def test_stopping_ends_all_streams_without_an_end() -> None:
    world = World()
    job = world.desk.submit()
    heard: list[list[Any]] = []
    clients = [
        threading.Thread(target=lambda: heard.append(list(world.follower.follow("acme", job.id, None))))
        for _ in range(3)
    ]
    for client in clients:
        client.start()
    while len(world.follower._followed) < 3:
        threading.Event().wait(0.001)
    world.follower.stop()
    for client in clients:
        client.join(timeout=5)
    assert heard == [[], [], []]
    assert world.follower._followed == set()
    assert not any(thread.is_alive() for thread in world.follower._threads)


def test_a_stopped_follower_follows_nothing_more(world: World) -> None:
    job = world.desk.submit()
    world.follower.stop()
    assert list(world.follower.follow("acme", job.id, None)) == []


def test_a_client_that_leaves_is_forgotten(world: World) -> None:
    claim = world.desk.running()
    world.begin(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    next(stream)
    assert len(world.follower._followed) == 1
    stream.close()  # type: ignore[attr-defined]
    assert world.follower._followed == set()


@pytest.mark.parametrize(
    ("tenant", "job_id", "last_id", "error"),
    [
        ("acme", "nonsense", None, JobUnknown),
        pytest.param("acme", new_id("job"), None, JobUnknown, id="never made"),
        ("globex", None, None, JobUnknown),
        ("acme", None, "nonsense", InputInvalid),
    ],
)
def test_who_may_not_follow_hears_it_at_once(
    world: World, tenant: str, job_id: str | None, last_id: str | None, error: type[Exception]
) -> None:
    job = world.desk.submit()
    with pytest.raises(error):
        world.follower.follow(tenant, job_id or job.id, last_id)


def test_an_erased_job_cannot_be_followed(world: World) -> None:
    job = world.desk.submit()
    world.plain_store.erase("acme", job.id)
    with pytest.raises(JobErased):
        world.follower.follow("acme", job.id, None)


def test_without_the_database_nobody_is_let_in(world: World) -> None:
    world.store.fail("job")
    with pytest.raises(DatabaseUnavailable):
        world.follower.follow("acme", world.desk.submit().id, None)


# -- wait ------------------------------------------------------------------------------------------


def test_a_wait_is_over_with_the_job(world: World) -> None:
    claim = world.desk.running()
    waiting = threading.Thread(target=world.follower.wait, args=(claim.job.id, 60))
    waiting.start()
    world.begin(claim)
    world.end(claim)
    waiting.join(timeout=5)
    assert not waiting.is_alive()


def test_a_wait_without_redis_is_over_with_the_job_too(world: World) -> None:
    world.events.fail("read", times=None)
    claim = world.desk.running()
    world.commit(claim)
    waiting = threading.Thread(target=world.follower.wait, args=(claim.job.id, 60))
    waiting.start()
    waiting.join(timeout=5)
    assert not waiting.is_alive()


def test_a_wait_has_its_time(world: World) -> None:
    world.follower.wait(world.desk.submit().id, 0.02)
    assert world.follower._followed == set()


# -- a client that lags -----------------------------------------------------------------------------


def test_nothing_is_read_for_a_client_that_lags(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "_MOST_PENDING", 2)
    claim = world.desk.running()
    world.begin(claim)
    world.write(claim)
    stream = world.follower.follow("acme", claim.job.id, None)
    heard = [next(stream)]
    world.end(claim)
    heard += list(stream)
    assert names([event for event in heard if event]) == WHOLE


def test_a_subscription_takes_each_event_once() -> None:
    subscription = Subscription("job", (1, 1))
    events = [Numbered("job", 1, seq, Started(attempt=1)) for seq in (1, 2, 3)]
    subscription.put(events)
    subscription.put(events)
    assert [event.seq for event in subscription.take(0)[0]] == [2, 3]
    assert subscription.take(0) == ([], None)
