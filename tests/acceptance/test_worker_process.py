"""Real workers and relays on SQLite and Valkey, with the fake engine: kills, outages."""

import signal
from collections import Counter
from datetime import datetime
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import text
from tests.acceptance.conftest import OwnPostgres
from tests.acceptance.processes import until
from tests.acceptance.room import UNHURRIED, Room, room
from tests.services.valkey import Valkey

from pressroom.contract.events import Started
from pressroom.domain.states import State

pytestmark = [pytest.mark.redis, pytest.mark.timeout(90)]

LONG = {"max_tokens": 4_000, "seed": 7}
A_SECOND = {"max_tokens": 200, "seed": 7}


def test_a_text_job_runs_and_its_events_are_its_text(fake_room: Room) -> None:
    fake_room.processes.worker()
    job = fake_room.submit(params={"max_tokens": 30, "n": 2, "seed": 7})

    done = fake_room.ended(job)

    assert done.state is State.SUCCEEDED
    assert done.usage.tokens_out == 60
    assert done.first_output_at is not None
    assert fake_room.end_of(job).status == "succeeded"
    heard = fake_room.heard(job)
    assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
    for output in done.outputs:
        told = [delta for delta in fake_room.told(job) if delta.n == output.n]
        assert "".join(delta.text for delta in told) == output.text
        assert [delta.offset for delta in told] == _offsets([delta.text for delta in told])
    assert fake_room.cache.get("acme", job.id) == done


def test_a_picture_job_runs_and_its_files_are_there(fake_room: Room) -> None:
    fake_room.processes.worker(pool="image")
    job = fake_room.submit("image", params={"n": 3, "seed": 7, "scale": 2, "format": "png"})

    done = fake_room.ended(job)

    assert done.state is State.SUCCEEDED
    assert [output.n for output in done.outputs] == [0, 1, 2]
    for output in done.outputs:
        assert output.artifact == f"{job.id}/1/{output.n}.png"
        content = fake_room.artifacts.get(output.artifact)
        assert content.startswith(b"\x89PNG")
        assert len(content) == output.size
        assert (output.width, output.height) == (56, 56)


def test_a_ticket_wakes_an_idle_worker(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    """With a timer of an hour, only a ticket can have made it look."""
    with room(sqlite_url, redis_url, tmp_path, poll_s=3_600) as quiet:
        quiet.processes.worker().wait_for_line("Connected to")
        job = quiet.submit(wake=False)
        began = monotonic()
        quiet.tickets.send("text")

        assert quiet.ended(job).state is State.SUCCEEDED
        assert monotonic() - began < 2


def test_the_relay_wakes_a_worker_when_the_front_could_not(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    with room(sqlite_url, redis_url, tmp_path, poll_s=3_600, sweep_s=0.2) as quiet:
        quiet.processes.worker()
        quiet.processes.relay()

        assert quiet.ended(quiet.submit(wake=False)).state is State.SUCCEEDED


def test_a_killed_workers_job_succeeds_on_another_attempt_with_one_result(fake_room: Room) -> None:
    fake_room.processes.relay()
    first = fake_room.processes.worker("first", **UNHURRIED)
    job = fake_room.submit(params=A_SECOND)
    fake_room.running(job)

    first.kill()
    fake_room.processes.worker("second")
    done = fake_room.ended(job)

    assert done.state is State.SUCCEEDED
    assert (done.attempt, done.crashes, done.errors) == (2, 1, 0)
    assert _rows(fake_room, "SELECT count(*) FROM output WHERE job_id = :id", job.id) == 1
    fake_room.end_of(job)
    attempts = [event.attempt for event in fake_room.heard(job)]
    assert attempts == sorted(attempts)
    told = [
        event.event.text
        for event in fake_room.heard(job)
        if event.attempt == 2 and event.event.type == "delta"
    ]
    assert "".join(told) == done.outputs[0].text


def test_a_frozen_worker_that_wakes_up_is_fenced(fake_room: Room) -> None:
    fake_room.processes.relay()
    frozen = fake_room.processes.worker("frozen", **UNHURRIED)
    job = fake_room.submit(params=A_SECOND)
    fake_room.running(job)

    frozen.signal(signal.SIGSTOP)
    fake_room.processes.worker("second")
    done = fake_room.ended(job)
    frozen.signal(signal.SIGCONT)
    frozen.wait_for_line("attempt_")

    assert done.attempt == 2
    assert fake_room.job(job) == done
    assert _rows(fake_room, "SELECT count(*) FROM output WHERE job_id = :id", job.id) == 1
    assert [e.attempt for e in fake_room.heard(job)] == sorted(e.attempt for e in fake_room.heard(job))


def test_redis_killed_and_started_again_costs_no_job(sqlite_url: str, valkey: Valkey, tmp_path: Path) -> None:
    with room(sqlite_url, valkey.url, tmp_path, sweep_s=0.2) as shaken:
        worker, relay = shaken.processes.worker(), shaken.processes.relay()
        before = shaken.submit(params=A_SECOND)
        shaken.running(before)

        valkey.kill()
        assert shaken.ended(before).state is State.SUCCEEDED
        # A worker that looked by itself in this moment would leave the relay nothing to send.
        worker.signal(signal.SIGSTOP)
        during = shaken.submit(wake=False)
        relay.event("duty_waits")
        worker.signal(signal.SIGCONT)
        assert shaken.ended(during).state is State.SUCCEEDED

        valkey.start()
        relay.event("duty_goes_on")
        after = shaken.submit()
        assert shaken.ended(after).state is State.SUCCEEDED
        assert shaken.end_of(after).status == "succeeded"
        # The events that could not be sent were sent when they could.
        assert shaken.end_of(during).status == "succeeded"
        assert worker.running
        assert relay.running


def test_a_late_second_worker_claims_at_once_and_takes_its_share(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    with room(sqlite_url, redis_url, tmp_path, fake_step_s=0.01, text_slots=4) as busy:
        jobs = [busy.submit(wake=False, params={"max_tokens": 30, "seed": n}) for n in range(100)]
        busy.processes.worker("first")
        until(lambda: sum(busy.job(job).terminal for job in jobs) >= 4, "the first has begun", every_s=0.05)

        second = busy.processes.worker("second")
        ready_at = datetime.fromisoformat(second.event("worker_ready")["at"])
        rest = [job for job in jobs if busy.job(job).state is State.QUEUED]
        until(lambda: all(busy.job(job).terminal for job in jobs), "all are done", 60, every_s=0.1)

        first_claim = datetime.fromisoformat(second.event("claimed")["at"])
        second.terminate()
        second.exit_status()
        ends = [line for line in second.log if '"event": "attempt_over"' in line]
        assert (first_claim - ready_at).total_seconds() < 1.0
        assert len(ends) >= 0.3 * len(rest)
        assert all(busy.job(job).attempt == 1 for job in jobs)


def test_a_cancel_ends_a_running_job_and_keeps_its_partial_text(fake_room: Room) -> None:
    fake_room.processes.worker()
    job = fake_room.submit(params=LONG)
    fake_room.running(job)

    fake_room.store.cancel("acme", job.id)
    done = fake_room.ended(job, 5)

    assert done.state is State.CANCELED
    (output,) = done.outputs
    assert output.finish_reason == "cut"
    fake_room.end_of(job)
    assert "".join(delta.text for delta in fake_room.told(job)) == output.text


def test_a_deadline_ends_a_running_job_and_keeps_its_partial_text(fake_room: Room) -> None:
    fake_room.processes.worker()
    job = fake_room.submit(params=LONG, deadline_s=3)

    done = fake_room.ended(job, 10)

    assert done.state is State.FAILED
    assert done.error_code == "deadline_exceeded"
    assert done.outputs[0].text
    assert fake_room.end_of(job).status == "failed"


def test_an_erased_job_is_erased_everywhere_though_it_was_running(fake_room: Room) -> None:
    fake_room.processes.worker()
    fake_room.processes.relay(sweep_s="0.1")
    job = fake_room.submit(params=LONG)
    fake_room.running(job)

    fake_room.store.erase("acme", job.id)

    until(lambda: not fake_room.heard(job), "the events go")
    until(lambda: not fake_room.store.due_erasures(), "the erasure is done")
    later = fake_room.submit()
    fake_room.ended(later)
    assert fake_room.heard(job) == []
    assert fake_room.cache.get("acme", job.id) is None


def test_a_job_that_expired_in_the_queue_is_told_its_end(fake_room: Room) -> None:
    fake_room.processes.relay(sweep_s="0.1")
    job = fake_room.submit(deadline_s=1)

    assert fake_room.ended(job).state is State.EXPIRED
    assert fake_room.end_of(job).status == "expired"


def test_relays_side_by_side_harm_nobody(fake_room: Room) -> None:
    relays = [fake_room.processes.relay(f"relay-{n}", sweep_s="0.05") for n in range(3)]
    worker = fake_room.processes.worker(**UNHURRIED)
    jobs = [fake_room.submit(wake=False, params=A_SECOND) for _ in range(8)]
    fake_room.running(jobs[0])
    worker.kill()
    fake_room.processes.worker("second")

    done = [fake_room.ended(job) for job in jobs]

    assert {job.state for job in done} == {State.SUCCEEDED}
    assert max(job.attempt for job in done) == 2
    for relay in relays:
        relay.terminate()
        assert relay.exit_status(10) == 0


def test_an_empty_database_is_refused_with_what_to_do(redis_url: str, tmp_path: Path) -> None:
    with room(f"sqlite:///{tmp_path}/empty.db", redis_url, tmp_path) as empty:
        for module, arguments in (("pressroom.worker", ("--pool", "text")), ("pressroom.relay", ())):
            process = empty.processes.start(module, module, *arguments)
            assert process.exit_status() == 78
            assert "is empty" in process.shown()


def test_a_wrong_setting_is_named_without_its_value(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    with room(sqlite_url, redis_url, tmp_path) as made:
        for module, arguments in (("pressroom.worker", ("--pool", "text")), ("pressroom.relay", ())):
            process = made.processes.start(module, module, *arguments, sweep_s="xyzzy")
            assert process.exit_status() == 78
            assert "Correct PRESSROOM_SWEEP_S" in process.shown()
            assert "xyzzy" not in process.shown()


def test_without_a_redis_named_a_worker_says_so(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    with room(sqlite_url, redis_url, tmp_path) as made:
        process = made.processes.start("worker", "pressroom.worker", "--pool", "text", redis_url="")
        assert process.exit_status() == 78
        assert "PRESSROOM_REDIS_URL is not set" in process.shown()


def test_a_stuck_engine_ends_its_process_and_another_worker_goes_on(fake_room: Room) -> None:
    fake_room.processes.relay()
    worker = fake_room.processes.worker("stuck")
    innocent = fake_room.submit(params=LONG)
    fake_room.running(innocent)
    hanging = fake_room.submit(input={"prompt": "<hang>"})

    assert worker.exit_status(15) == 70
    assert worker.event("engine_stuck")["held"] == 2

    fake_room.store.cancel("acme", hanging.id)
    assert fake_room.ended(hanging).state is State.CANCELED
    fake_room.processes.worker("second")
    assert fake_room.running(innocent).attempt == 2


def test_an_error_is_tried_again_and_then_says_why(sqlite_url: str, redis_url: str, tmp_path: Path) -> None:
    with room(sqlite_url, redis_url, tmp_path, errors_limit=2) as made:
        made.processes.worker()
        job = made.submit(input={"prompt": "<fail>"})

        done = made.ended(job)

        assert done.state is State.FAILED
        assert (done.attempt, done.errors, done.error_code) == (2, 2, "generation_failed")
        assert made.end_of(job).status == "failed"


def test_a_killed_database_is_waited_for(own_postgres: OwnPostgres, redis_url: str, tmp_path: Path) -> None:
    options = {"artifacts_shared": True, "sweep_s": 0.2, "lease_s": 10.0}
    with room(own_postgres.url, redis_url, tmp_path, **options) as shaken:
        worker, relay = shaken.processes.worker(), shaken.processes.relay()
        job = shaken.submit(params={"max_tokens": 600, "seed": 7})
        shaken.running(job)

        own_postgres.kill()
        relay.event("duty_waits")
        worker.event("commit_without_answer")
        own_postgres.start()

        done = shaken.ended(job)
        assert (done.state, done.attempt) == (State.SUCCEEDED, 1)
        assert shaken.ended(shaken.submit()).state is State.SUCCEEDED
        assert worker.running
        assert relay.running


def test_the_started_event_comes_first(fake_room: Room) -> None:
    fake_room.processes.worker()
    job = fake_room.submit()
    fake_room.ended(job)
    fake_room.end_of(job)

    assert fake_room.heard(job)[0].event == Started(attempt=1)
    assert Counter(type(event.event).__name__ for event in fake_room.heard(job))["Started"] == 1


def _offsets(texts: list[str]) -> list[int]:
    return [sum(len(text) for text in texts[:n]) for n in range(len(texts))]


def _rows(made: Room, query: str, job_id: str) -> int:
    with made.database.engine.connect() as connection:
        return int(connection.scalar(text(query), {"id": job_id}) or 0)
