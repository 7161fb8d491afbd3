"""What is to be done when the database's wall clock is set: by hand, by a time server, after a wrong boot.

A deadline is a time span that a client allows, and a job must not end because a clock was set. So:

- Set forward: the deadlines of open jobs move along. To notice it takes somebody who saw the clock
  before, and seconds that nobody sets; that is each relay's ``StepWatch``. (Two relays both move
  them: then jobs have more time than they asked for.) Where leases are told by that clock too, the
  reaper is to be patient for one lease, as after an outage.
- Set back: queued jobs would be due in the future, and leases of the server's clock good for hours.
  Both can be seen in the rows: no job waits longer than the longest pause before another try, and no
  lease is longer than its length. They are cut to what they may be. Deliveries wait for up to a day,
  so each keeps the time from which on it waits, and what waits from the future on is brought back.
  Erasures of that time are due hours later, while caches may go on telling what was erased: a job's
  first is due now, and its second, for what a worker may still write, a lease later.

What only keeps things longer or shorter by the step (results, idempotency keys, API keys) is by the
clock as it is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Connection, case, delete, exists, literal, select, update

from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import OPEN, QUEUED, RUNNING, erasure, job, worker
from pressroom.adapters.sql.webhook_tables import PENDING, webhook_delivery, webhook_endpoint
from pressroom.adapters.sql.workers import FORGOTTEN_MS
from pressroom.domain.webhooks import LONGEST_REST_MS
from pressroom.telemetry import get_logger

# Less than this is a clock that is slewed, or an answer that was late.
_TOLERANCE_MS = 5_000
_BATCH = 2_000
# A transaction that asked for the time before the clock was set back has ended by then.
_UNSURE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Step:
    """By how many milliseconds the clocks were set forward; back is negative, 0 is not at all."""

    wall: int = 0
    lease: int = 0

    def __bool__(self) -> bool:
        return bool(self.wall or self.lease)


@dataclass(frozen=True, slots=True)
class Seen:
    """The database's time at a moment of a clock that nobody sets, in milliseconds, and the step before it.

    ``unsure``: the clock may have been set back a short while ago, and rows may be of the time before."""

    now: Now
    moment: int
    step: Step
    unsure: bool = False


class StepWatch:
    """Compares the database's clocks with ``seconds``, which nobody sets. Thread-safe."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._before: Seen | None = None
        self._unsure_until = 0

    def look(self, database: Database, connection: Connection) -> Seen:
        """The time, and how the clocks were set since what was last ``made_up_for``."""
        asked, now, answered = self._moment(), database.now(connection), self._moment()
        with self._lock:
            if self._before is None or self._before.now.lease_clock != now.lease_clock:
                self._before = Seen(now, answered, Step())
                self._unsure_until = answered + _UNSURE_MS
            before = self._before
            unsure = answered < self._unsure_until
        passed = answered - before.moment
        ahead = (now.wall - before.now.wall - passed, now.lease - before.now.lease - passed)
        bound = _TOLERANCE_MS + answered - asked
        step = Step(*(each if abs(each) > bound else 0 for each in ahead))
        return Seen(now, answered, step, unsure or step.wall < 0)

    def made_up_for(self, seen: Seen) -> None:
        """Compare what comes with this from now on."""
        with self._lock:
            self._before = seen
            if seen.step.wall < 0:
                self._unsure_until = seen.moment + _UNSURE_MS

    def _moment(self) -> int:
        return int(self._seconds() * 1000)


def make_up_for_steps(
    database: Database, watch: StepWatch, *, longest_wait_ms: int, longest_erasure_ms: int
) -> Step:
    """Do what a clock that was set makes needful; what was found. Raises DatabaseUnavailable.

    The longest that a queued job, and that an erasure, is made to wait before it is due."""

    def look(connection: Connection) -> tuple[Seen, bool]:
        seen = watch.look(database, connection)
        signs = [
            _far_off(seen.now, longest_wait_ms),
            _too_long(seen.now),
            _ahead(seen.now),
            _resting(seen.now),
        ]
        if seen.unsure:
            # There may be very many, and no index tells them.
            signs.append(_waiting_from_the_future(seen.now))
            signs.append(_erased_in_the_future(seen.now, longest_erasure_ms))
        late = any(connection.scalar(select(exists().where(*sign))) for sign in signs)
        return seen, late

    seen, late = database.read(look)
    step = seen.step
    if step:
        get_logger(__name__).warning("clock_was_set", by_ms=step.wall)
    if step.wall > 0:
        _move_deadlines(database, seen.now.wall - step.wall, step.wall)
    if late:
        database.write(
            lambda connection: _cut_short(
                connection, database.now(connection), longest_wait_ms, longest_erasure_ms
            )
        )
    watch.made_up_for(seen)
    return step


def _move_deadlines(database: Database, accepted_by: int, step_ms: int) -> None:
    """In small transactions. Jobs accepted since then have deadlines by the clock as it is."""
    moved = [""]

    def move_some(connection: Connection) -> list[str]:
        some = (
            select(job.c.id)
            .where(OPEN, job.c.id > moved[-1], job.c.created_at <= accepted_by)
            .order_by(job.c.id)
            .limit(_BATCH)
            .with_for_update()
        )
        ids = list(connection.scalars(some))
        later = update(job).values(deadline_at=job.c.deadline_at + step_ms)
        connection.execute(later.where(job.c.id.in_(ids)))
        return ids

    while moved:
        moved = database.write(move_some)


def _cut_short(connection: Connection, now: Now, longest_wait_ms: int, longest_erasure_ms: int) -> None:
    connection.execute(update(job).where(*_far_off(now, longest_wait_ms)).values(due_at=now.wall))
    connection.execute(
        update(job).where(*_too_long(now)).values(lease_until=literal(now.lease, BigInteger) + job.c.lease_ms)
    )
    # A live one tells of itself again.
    connection.execute(delete(worker).where(*_ahead(now)))
    connection.execute(update(webhook_endpoint).where(*_resting(now)).values(rests_until=now.wall))
    wait = webhook_delivery.c.due_at - webhook_delivery.c.waits_since
    connection.execute(
        update(webhook_delivery)
        .where(*_waiting_from_the_future(now))
        .values(due_at=now.wall + wait, waits_since=now.wall)
    )
    before = erasure.alias()
    is_second = exists().where(before.c.job_id == erasure.c.job_id, before.c.id < erasure.c.id)
    connection.execute(
        update(erasure)
        .where(*_erased_in_the_future(now, longest_erasure_ms))
        .values(due_at=case((is_second, now.wall + longest_erasure_ms), else_=now.wall))
    )


def _far_off(now: Now, longest_wait_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Queued jobs that are due later than any job is made to wait."""
    return QUEUED, job.c.due_at > now.wall + longest_wait_ms + _TOLERANCE_MS


def _too_long(now: Now) -> tuple[ColumnElement[bool], ...]:
    """Running jobs whose lease is longer than a lease."""
    return (
        RUNNING,
        job.c.lease_clock == now.lease_clock,
        # Follows from the next line, and is what the index of leases can answer.
        job.c.lease_until > now.lease + _TOLERANCE_MS,
        job.c.lease_until - job.c.lease_ms > now.lease + _TOLERANCE_MS,
    )


def _resting(now: Now) -> tuple[ColumnElement[bool], ...]:
    """Endpoints that rest for longer than any does."""
    return (webhook_endpoint.c.rests_until > now.wall + LONGEST_REST_MS + _TOLERANCE_MS,)


def _waiting_from_the_future(now: Now) -> tuple[ColumnElement[bool], ...]:
    """Deliveries that were put off, or made, at a time that is still to come."""
    return PENDING, webhook_delivery.c.waits_since > now.wall + _TOLERANCE_MS


def _erased_in_the_future(now: Now, longest_erasure_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Erasures that are due later than any is made to wait."""
    return (erasure.c.due_at > now.wall + longest_erasure_ms + _TOLERANCE_MS,)


def _ahead(now: Now) -> tuple[ColumnElement[bool], ...]:
    """Workers that were seen in the future, and would look live for long after their death."""
    return (worker.c.seen_at > now.wall + FORGOTTEN_MS,)
