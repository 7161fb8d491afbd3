"""Workers and fronts that are told to stop: nothing more is taken, what fits is done, the rest goes on elsewhere."""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url
from tests.acceptance.press import Press, events_of, press, stored, text_body, told, typed
from tests.acceptance.processes import until
from tests.acceptance.room import UNHURRIED, Room, room
from tests.chaos.proxy import Proxy
from tests.services.ports import free_port
from tests.services.valkey import Valkey

from pressroom.contract.events import Delta, End, EventEnvelope, Reset
from pressroom.domain.job import Job
from pressroom.domain.states import State

pytestmark = [pytest.mark.redis, pytest.mark.postgres, pytest.mark.timeout(90)]

LONG = {"max_tokens": 4_000, "seed": 7}
SHORT = {"max_tokens": 60, "seed": 7}
# A given-back job is found by the next look of an idle worker's timer (a second) at the latest.
HAND_OVER_S = 2.0
LONG_LEASE_S = 60.0
OPEN = 12


def test_after_sigterm_nothing_is_claimed_whatever_waits(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "artifacts_shared": True,
        "drain_s": 20.0,
        "text_slots": 2,
        "fake_step_s": 0.01,
    }
    with room(postgres_url, redis_url, tmp_path, **options) as full:
        worker = full.processes.worker()
        jobs = [full.submit(wake=False, params={"max_tokens": 100, "seed": n}) for n in range(12)]
        until(lambda: _count(full, jobs, State.RUNNING) >= 2, "its slots are full")

        worker.terminate()
        worker.event("worker_drains")
        claimed = [job.id for job in jobs if full.job(job).attempt]
        for _ in range(20):
            full.tickets.send("text")

        assert worker.exit_status() == 0
        assert [job.id for job in jobs if full.job(job).attempt] == claimed
        assert _count(full, jobs, State.SUCCEEDED) == len(claimed) < len(jobs)
        assert _count(full, jobs, State.QUEUED) == len(jobs) - len(claimed)
        assert all(job.outputs for job in map(full.job, jobs) if job.attempt)
        assert full.store.live_models() == ()


def test_what_does_not_fit_goes_back_before_the_exit_and_runs_elsewhere_at_once(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"artifacts_shared": True, "drain_s": 1.0, "lease_s": LONG_LEASE_S}
    with room(postgres_url, redis_url, tmp_path, **options) as two:
        first = two.processes.worker("first")
        long = [two.submit(params={**LONG, "seed": n}) for n in range(3)]
        for job in long:
            two.running(job)
        short = two.submit(params=SHORT)
        two.running(short)
        second = two.processes.worker("second")

        first.terminate()
        assert first.exit_status() == 0
        states = [two.job(job).state for job in long]

        assert two.job(short).state is State.SUCCEEDED
        assert two.job(short).attempt == 1
        assert set(states) <= {State.QUEUED, State.RUNNING}
        for job in long:
            until(lambda job=job: two.job(job).attempt == 2, f"{job.id} runs again", 10)  # type: ignore[misc]
            again = two.job(job)
            assert (again.errors, again.crashes) == (0, 0)
        given_back = [first.event("attempt_over", count=n) for n in range(1, 5)]
        backs = [_at(line) for line in given_back if line["state"] == "queued"]
        assert len(backs) == len(long)
        assert min(backs) >= _at(first.event("worker_drains")), "nothing goes back before"
        assert max(backs) <= _at(first.event("worker_stopped")), "all go back before the exit"
        taken = _at(second.event("claimed"))
        assert (taken - min(backs)).total_seconds() < HAND_OVER_S


def test_a_job_given_back_again_and_again_is_no_nearer_to_its_limits(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    """More drains than errors and crashes are allowed."""
    with room(sqlite_url, redis_url, tmp_path, drain_s=0, errors_limit=1, lease_s=LONG_LEASE_S) as made:
        job = made.submit(params={"max_tokens": 200, "seed": 7})
        for attempt in range(1, 4):
            worker = made.processes.worker(f"worker-{attempt}", **UNHURRIED)
            until(lambda n=attempt: made.job(job).attempt == n, "it is claimed")  # type: ignore[misc]
            worker.terminate()
            assert worker.exit_status() == 0
            assert made.job(job).state is State.QUEUED
        made.processes.worker("last")

        done = made.ended(job)
        assert (done.state, done.attempt, done.errors, done.crashes) == (State.SUCCEEDED, 4, 0, 0)


@pytest.mark.postgres
def test_with_the_database_away_a_drain_ends_in_its_time_and_the_lease_runs_out(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    with _behind_a_line(postgres_url) as (line, url):
        options: dict[str, Any] = {"artifacts_shared": True, "drain_s": 0.5, "sweep_s": 0.2}
        with room(postgres_url, redis_url, tmp_path, **options) as apart:
            worker = apart.processes.worker("cut", database_url=url)
            job = apart.submit(params=LONG)
            apart.running(job)

            line.cut()
            began = monotonic()
            worker.terminate()
            status = worker.exit_status(25)

            # Grace, the tries to give back, and the last words: no hang, and no alarm about the engine.
            assert monotonic() - began < 20
            assert status == 0
            assert worker.event("leases_left_to_run_out")["held"] == 1
            assert "engine_broken" not in worker.shown()
            assert apart.job(job).state is State.RUNNING
            apart.processes.relay()
            apart.processes.worker("second")
            until(lambda: apart.job(job).attempt == 2, "its lease ran out, and another goes on")
            assert apart.job(job).crashes == 1


def test_a_drain_without_redis_is_as_fast_as_one_with_it(
    sqlite_url: str, valkey: Valkey, tmp_path: Path
) -> None:
    with room(sqlite_url, valkey.url, tmp_path, lease_s=LONG_LEASE_S) as shaken:
        took = []
        for way in ("with", "without"):
            worker = shaken.processes.worker(way)
            job = shaken.submit(params=LONG, wake=False)
            until(lambda job=job: shaken.job(job).state is State.RUNNING, "it runs")  # type: ignore[misc]
            if way == "without":
                valkey.kill()
            worker.terminate()
            assert worker.exit_status() == 0
            assert shaken.job(job).state is State.QUEUED
            back = _at(worker.event("attempt_over")) - _at(worker.event("worker_drains"))
            took.append(back.total_seconds())
            shaken.store.cancel("acme", job.id)

        assert took[1] < took[0] + 1.0


@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGKILL)]
)
def test_an_end_in_mid_drain_loses_nothing(
    fake_room: Room, first: signal.Signals, second: signal.Signals
) -> None:
    worker = fake_room.processes.worker("ended", drain_s="60", **UNHURRIED)
    job = fake_room.submit(params={"max_tokens": 200, "seed": 7})
    fake_room.running(job)

    worker.signal(first)
    assert worker.event("worker_drains")["reason"] == first.name
    worker.signal(second)

    assert worker.exit_status(5) == (-signal.SIGKILL if second == signal.SIGKILL else 128 + second)
    assert fake_room.job(job).state is State.RUNNING
    fake_room.processes.relay()
    fake_room.processes.worker("second")
    done = fake_room.ended(job)
    assert (done.state, done.attempt, done.crashes) == (State.SUCCEEDED, 2, 1)


def test_a_follower_of_a_given_back_job_hears_a_reset_and_then_the_whole_text(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    with press(sqlite_url, redis_url, tmp_path, lease_s=LONG_LEASE_S) as whole:
        first = whole.processes.worker("first", **UNHURRIED)
        whole.front()
        job_id = whole.post_text(max_tokens=200)
        connection = whole.connection(job_id, None)
        heard = [typed(next(connection)) for _ in range(10)]
        first.terminate()
        whole.processes.worker("second")
        heard += map(typed, connection)

        resets = [n for n, envelope in enumerate(heard) if isinstance(envelope.event, Reset)]
        assert len(resets) == 1
        assert isinstance(heard[-1].event, End)
        assert told(heard[resets[0] :]) == told(heard) == stored(whole.http(), job_id)
        assert any(isinstance(envelope.event, Delta) for envelope in heard[: resets[0]])


def test_a_front_that_stops_lets_go_of_its_clients_and_another_goes_on(
    fake_press: Press,
) -> None:
    """Streams end at an event's border, waits are answered, and no request that was read is a 5xx."""
    going, other = fake_press.processes.named("front"), fake_press.url
    staying_port = free_port()
    staying = fake_press.processes.start("staying", "pressroom.front", port=str(staying_port))
    staying.event("front_listens")
    job_id = fake_press.post_text(max_tokens=1_500)
    headers = {"Authorization": f"Bearer {fake_press.key()}"}
    answers: list[int] = []

    def waits() -> httpx.Response:
        body = text_body("Wait", max_tokens=600)
        return httpx.post(f"{other}/v1/jobs", json=body, headers={**headers, "Prefer": "wait=30"}, timeout=40)

    def posts() -> None:
        """Until the port is closed."""
        with httpx.Client(headers=headers, timeout=30) as client:
            while True:
                try:
                    answer = client.post(f"{other}/v1/jobs", json=text_body("More", max_tokens=1))
                except httpx.TransportError:
                    return
                answers.append(answer.status_code)

    with ThreadPoolExecutor(3) as beside:
        waiting = beside.submit(waits)
        posting = [beside.submit(posts) for _ in range(2)]
        stream = fake_press.connection(job_id, None)
        heard = [typed(next(stream)) for _ in range(10)]
        until(lambda: len(answers) >= 4, "posts are answered")
        waits_there = "SELECT count(*) FROM job WHERE CAST(params AS TEXT) LIKE '%600%'"
        until(lambda: fake_press.rows(waits_there), "the one who waits has posted")
        going.terminate()
        heard += map(typed, stream)  # it ends without an error
        waited = waiting.result(30)
        for one in posting:
            one.result(30)
    assert going.exit_status(30) == 0

    assert waited.status_code in (200, 202)
    assert set(answers) == {202}
    assert fake_press.rows("SELECT count(*) FROM job") == len(answers) + 2
    assert not isinstance(heard[-1].event, End), "the test is about a stream that was let go"
    with httpx.Client(base_url=f"http://127.0.0.1:{staying_port}", headers=headers, timeout=30) as client:
        rest = _stream(client, job_id, heard[-1].id)
        assert told([*heard, *rest]) == stored(client, job_id)
        assert not any(isinstance(envelope.event, Reset) for envelope in rest), "nothing is said twice"


def test_all_workers_restarted_in_turn_three_times_over_lose_and_fail_nothing(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Jobs of half a second under a steady load, and a grace that they fit in."""
    grace_s = 10.0
    options: dict[str, Any] = {
        "drain_s": grace_s,
        "lease_s": LONG_LEASE_S,
        "text_slots": 4,
        "fake_step_s": 0.01,
    }
    with room(sqlite_url, redis_url, tmp_path, **options) as rolling, ThreadPoolExecutor(1) as beside:
        workers = {name: rolling.processes.worker(name) for name in ("one", "two")}
        over = threading.Event()
        load = beside.submit(_steady, rolling, over)
        try:
            for name in [*workers, *workers, *workers]:
                workers[name].terminate()
                assert workers[name].exit_status() == 0
                workers[name] = rolling.processes.worker(name)
        finally:
            over.set()
        jobs = load.result(30)
        done = [rolling.ended(job) for job in jobs]

        assert len(done) > 40
        assert {job.state for job in done} == {State.SUCCEEDED}
        assert {job.attempt for job in done} == {1}, "each fits in the grace"
        assert rolling.store.backlog()[0].due == 0
        longest_ms = max((job.finished_at or 0) - job.created_at for job in done)
        assert longest_ms < 1000 * grace_s


def _steady(made: Room, over: threading.Event) -> list[Job]:
    """A job about every twentieth of a second, until it is over.

    No more than a few seats' worth are open at a time: how long a job waits in line on a slow machine
    is not what the test is about.
    """
    jobs: list[Job] = []
    waiting: list[Job] = []
    while not over.wait(0.05):
        waiting = [job for job in waiting if not made.job(job).terminal]
        if len(waiting) < OPEN:
            waiting.append(made.submit(params={"max_tokens": 50, "seed": len(jobs)}))
            jobs.append(waiting[-1])
    return jobs


@contextmanager
def _behind_a_line(url: str) -> Iterator[tuple[Proxy, str]]:
    """A line to the database, and its URL through it."""
    parsed = make_url(url)
    line = Proxy(parsed.port or 5432, parsed.host or "127.0.0.1")
    line.start()
    try:
        through = parsed.set(host="127.0.0.1", port=line.port)
        yield line, through.render_as_string(hide_password=False)
    finally:
        line.close()


def _stream(client: httpx.Client, job_id: str, last_id: str) -> list[EventEnvelope]:
    with client.stream("GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": last_id}) as answer:
        return [typed(sent) for sent in events_of(answer.iter_raw())]


def _count(made: Room, jobs: Sequence[Job], state: State) -> int:
    return sum(made.job(job).state is state for job in jobs)


def _at(line: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(line["at"]))
