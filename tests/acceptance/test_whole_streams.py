"""However a stream is cut, what its follower holds at the end is the stored text, byte for byte."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
import redis
from tests.acceptance.press import Press, cut_after_each, events_of, stored, told, typed
from tests.acceptance.processes import until

from pressroom.client import RetryPolicy
from pressroom.client.courier import Pace
from pressroom.contract.events import Delta, End, EventEnvelope, Reset

pytestmark = [pytest.mark.redis, pytest.mark.timeout(90)]


def test_cut_after_every_event(fake_press: Press) -> None:
    job_id = fake_press.post_text(max_tokens=24, n=2)

    events = cut_after_each(fake_press, job_id)

    texts = stored(fake_press.http(), job_id)
    assert told(events) == texts
    assert len(texts) == 2
    assert not all(text.isascii() for text in texts), "the test is about bytes"


def test_cut_after_every_event_when_the_job_has_ended(fake_press: Press) -> None:
    job_id = fake_press.post_text(max_tokens=16, n=2)
    fake_press.client().wait(job_id, 30)

    events = cut_after_each(fake_press, job_id)

    assert told(events) == stored(fake_press.http(), job_id)
    assert sum(isinstance(envelope.event, Delta) for envelope in events) == 32
    assert not any(isinstance(envelope.event, Reset) for envelope in events)


def test_cut_within_the_bytes_of_events(fake_press: Press) -> None:
    """What was had of an event that was cut in two is had again."""
    job_id = fake_press.post_text(max_tokens=24, n=2)
    events: list[EventEnvelope] = []
    lengths = random.Random(7)
    cuts = 0
    while not events or not isinstance(events[-1].event, End):
        with closing(fake_press.bytes_of(job_id, events[-1].id if events else None)) as chunks:
            events += [typed(sent) for sent in events_of(_first(chunks, lengths.randint(120, 400)))]
        cuts += 1

    assert cuts > 12
    assert told(events) == stored(fake_press.http(), job_id)


def test_the_client_goes_on_over_cuts_within_events(fake_press: Press) -> None:
    job_id = fake_press.post_text(max_tokens=24)
    cutting = _Cutting()
    pace = Pace(clock=lambda: 0.0, sleep=lambda seconds: None)
    client = fake_press.client(transport=cutting, pace=pace, retry=RetryPolicy(tries=100))

    text = "".join(client.stream_text(job_id))

    assert cutting.cuts > 5
    assert [text.encode()] == stored(fake_press.http(), job_id)


def test_redis_loses_everything_in_mid_job(fake_press: Press, redis_url: str) -> None:
    job_id = fake_press.post_text(max_tokens=200, n=2)
    with ThreadPoolExecutor(1) as beside, closing(fake_press.connection(job_id, None)) as connection:
        heard = [typed(next(connection)) for _ in range(20)]
        staying = beside.submit(lambda: told(fake_press.client().events(job_id, timeout_s=30)))
        _wipe(redis_url)
        went_on = told([*heard, *map(typed, connection)])
        came_back = told([*heard, *map(typed, fake_press.connection(job_id, heard[-1].id))])
        late = told(map(typed, fake_press.connection(job_id, None)))

        texts = stored(fake_press.http(), job_id)
        assert [went_on, came_back, late, staying.result(30)] == [texts] * 4

    again = fake_press.client().text("Again", model="smollm2-135m-instruct", timeout_s=30, max_tokens=4)
    assert again.status == "succeeded", "tickets and streams work as before"


def test_one_comes_back_to_a_stream_that_redis_lost_in_mid_job(fake_press: Press, redis_url: str) -> None:
    """The events behind the last id are gone and will not come again: the database tells the text."""
    job_id = fake_press.post_text(max_tokens=200)
    with closing(fake_press.connection(job_id, None)) as connection:
        heard = [typed(next(connection)) for _ in range(20)]
        # What follows passes unheard, and is lost.
        later = [next(connection) for _ in range(20)]
    _wipe(redis_url)

    rest = [typed(sent) for sent in fake_press.connection(job_id, heard[-1].id)]

    assert len(later) == 20
    assert isinstance(rest[0].event, Reset)
    assert told([*heard, *rest]) == stored(fake_press.http(), job_id)


def test_a_reader_comes_after_redis_has_forgotten_the_job(fake_press: Press, redis_url: str) -> None:
    job_id = fake_press.post_text(max_tokens=20, n=2)
    heard = [typed(sent) for sent in fake_press.connection(job_id, None)]
    _wipe(redis_url)

    texts = stored(fake_press.http(), job_id)
    assert told(heard) == texts
    assert told(map(typed, fake_press.connection(job_id, None))) == texts
    for position, envelope in enumerate(heard[:-1:9]):
        rest = [typed(sent) for sent in fake_press.connection(job_id, envelope.id)]
        assert told([*heard[: 9 * position + 1], *rest]) == texts
    assert list(fake_press.connection(job_id, heard[-1].id)) == []
    from_database = cut_after_each(fake_press, job_id)
    assert told(from_database) == texts
    assert [envelope.event.type for envelope in from_database] == ["delta", "delta", "end"]
    resumed = cut_after_each(fake_press, job_id, heard[:5])
    assert told(resumed) == texts
    assert [envelope.event.type for envelope in resumed[5:]] == ["reset", "delta", "delta", "end"]


def test_a_killed_front_comes_back_and_all_go_on(fake_press: Press) -> None:
    body = {"model": "smollm2-135m-instruct", "input": {"prompt": "Hello"}, "params": {"max_tokens": 300}}
    first = fake_press.post(body, idempotency_key="order-7")
    job_id = first.json()["id"]
    assert first.status_code == 202

    def follow() -> list[EventEnvelope]:
        # A front takes seconds to come back on a busy machine: longer than six tries may last.
        patient = RetryPolicy(tries=200, last_s=0.5)
        return list(fake_press.client(retry=patient).events(job_id, timeout_s=60))

    with ThreadPoolExecutor(4) as followers:
        following = [followers.submit(follow) for _ in range(4)]
        events_now = fake_press.room.events.read
        until(lambda: len(events_now({job_id: (0, 0)}, 0.01).get(job_id, ())) > 20, "some is told")
        fake_press.processes.named("front").kill()
        fake_press.front()
        events = [one.result(60) for one in following]

    texts = stored(fake_press.http(), job_id)
    assert [told(one) for one in events] == [texts] * 4
    again = fake_press.post(body, idempotency_key="order-7")
    assert (again.status_code, again.json()["id"]) == (200, job_id)
    assert fake_press.rows("SELECT count(*) FROM job") == 1


def _wipe(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()


def _first(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The first ``count`` bytes."""
    for chunk in chunks:
        yield chunk[:count]
        count -= len(chunk)
        if count <= 0:
            return


class _Cutting(httpx.HTTPTransport):
    """Breaks every event stream after some bytes; ``cuts`` counts."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts = 0
        self._lengths = random.Random(7)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.url.path.endswith("/events"):
            answer.stream = _CutStream(answer.stream, self, self._lengths.randint(120, 500))
        return answer


class _CutStream(httpx.SyncByteStream):
    def __init__(self, whole: httpx.SyncByteStream | httpx.AsyncByteStream, by: _Cutting, count: int) -> None:
        assert isinstance(whole, httpx.SyncByteStream)
        self._whole, self._by, self._count = whole, by, count

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._whole:
            yield chunk[: self._count]
            self._count -= len(chunk)
            if self._count <= 0:
                self._by.cuts += 1
                raise httpx.ReadError("cut by the test")

    def close(self) -> None:
        self._whole.close()
