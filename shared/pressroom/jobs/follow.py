"""Follow jobs for many clients at once: events from Redis, the truth from the database.

    Redis ──── reader (1 thread a process) ──┐
                                             ├──▶ Subscription (1 a client) ──▶ Story ──▶ SSE
    database ─ looker (1 thread, every 2 s) ─┘

The reader waits on the streams of all followed jobs in one call; the looker asks in one query where
they all stand. No client holds a database connection while it waits. Redis may be down, or may have
lost a stream or a part of one: then the text comes from the database when the job has ended. What
exactly a client is told is ``jobs.story``.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic, time

from pressroom.contract.events import End
from pressroom.domain.errors import DatabaseUnavailable, NotThere, RedisUnavailable
from pressroom.domain.job import Job
from pressroom.domain.states import TERMINAL
from pressroom.jobs.fetch import check_id
from pressroom.jobs.ports import EventLog, Followed, JobStore, Numbered, Standing
from pressroom.jobs.story import START, Place, Story, is_stored, not_of_this_stream, parse_place
from pressroom.telemetry import get_logger

# A client that lags by this many events is not read for until it has caught up.
_MOST_PENDING = 2_000

# The end event follows the commit; for this long it is waited for before the text is told anew.
_GRACE_S = 0.5

# So long after its end, as the database tells it, a job's end event may still be on its way.
_JUST_ENDED_MS = 3_000

# How late it is seen that a client has left.
_LEFT_S = 0.5

# Pause after Redis has failed.
_REDIS_PAUSE_S = 1.0


class Subscription:
    """What was read for one client and not yet sent. Thread-safe; compared by identity."""

    def __init__(self, job_id: str, place: Place) -> None:
        self.job_id = job_id
        self.read_to = place
        self._events: deque[Numbered] = deque()
        self._standing: Standing | None = None
        self._last_standing: Standing | None = None
        self._gone = False
        self._closed = False
        self._changed = threading.Condition()

    @property
    def full(self) -> bool:
        """Whether the client lags so far that reading for it waits."""
        return len(self._events) >= _MOST_PENDING

    @property
    def gone(self) -> bool:
        """The job was erased."""
        return self._gone

    @property
    def closed(self) -> bool:
        """The process stops."""
        return self._closed

    def put(self, events: list[Numbered]) -> None:
        """Events of this job in order; those up to ``read_to`` are dropped."""
        with self._changed:
            fresh = [event for event in events if (event.attempt, event.seq) > self.read_to]
            if fresh:
                self.read_to = (fresh[-1].attempt, fresh[-1].seq)
                self._events.extend(fresh)
                self._changed.notify()

    def stand(self, standing: Standing | None) -> None:
        """Where the database says that the job stands; None: it was erased.

        An end is told again each time, since the client may have failed to read the job."""
        with self._changed:
            if standing is None:
                self._gone = True
            elif standing != self._last_standing or standing.state in TERMINAL:
                self._standing = self._last_standing = standing
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, timeout_s: float) -> tuple[list[Numbered], Standing | None]:
        """Events and a standing that were not taken yet, as soon as there is anything to know."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._events or self._standing or self._gone or self._closed, timeout_s
            )
            events = list(self._events)
            self._events.clear()
            standing, self._standing = self._standing, None
            return events, standing


def _take(
    subscription: Subscription, timeout_s: float, gone: Callable[[], bool] | None
) -> tuple[list[Numbered], Standing | None]:
    """As ``Subscription.take``, but empty soon after the client has left."""
    until = monotonic() + timeout_s
    while True:
        left = max(0.0, until - monotonic())
        events, standing = subscription.take(left if gone is None else min(left, _LEFT_S))
        over = events or standing or subscription.gone or subscription.closed or left <= _LEFT_S
        if over or gone is None or gone():
            return events, standing


class LiveFollower:
    """The ``Follower`` of a front process. Its two threads start with the first client, so that it
    may be built before a fork.

    ``heartbeat_s``: a silent stream yields None this often. ``look_s``: how often the database is
    asked. ``wait_s``: longest wait for Redis in one call, and so how late a new client is heard of.
    """

    def __init__(
        self,
        store: JobStore,
        events: EventLog,
        *,
        heartbeat_s: float = 15.0,
        look_s: float = 2.0,
        wait_s: float = 0.05,
    ) -> None:
        self._store = store
        self._events = events
        self._heartbeat_s = heartbeat_s
        self._look_s = look_s
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._followed: set[Subscription] = set()
        self._any = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def follow(
        self, tenant: str, job_id: str, last_id: str | None, gone: Callable[[], bool] | None = None
    ) -> Iterator[Followed | None]:
        """The job's events behind ``last_id`` until its end; None when nothing happened for a while.
        ``gone`` is asked twice a second whether the client has left.

        Raises at once: JobUnknown, JobErased, InputInvalid (``last_id``), DatabaseUnavailable. An
        iterator that is over at once: the client has had the end. One that stops without an end:
        this process stops, and the client may go on from its last id."""
        check_id(job_id)
        place = parse_place(last_id)
        job = self._store.job(tenant, job_id)
        if place is None:
            return iter(())
        if is_stored(place) and not job.terminal:
            raise not_of_this_stream()
        return self._tell(job, place, gone)

    def wait(self, job_id: str, timeout_s: float, gone: Callable[[], bool] | None = None) -> None:
        """Return when the job has ended or is erased, the process stops, the client has left (``gone``),
        or the time is up."""
        until = monotonic() + timeout_s
        subscription = self._join(Subscription(job_id, START))
        try:
            while (left := until - monotonic()) > 0 and not subscription.closed:
                events, standing = _take(subscription, left, gone)
                ended = standing is not None and standing.state in TERMINAL
                if ended or subscription.gone or any(isinstance(e.event, End) for e in events):
                    return
                if gone is not None and gone():
                    return
        finally:
            self._leave(subscription)

    def stop(self) -> None:
        """End all streams and both threads, and wait for the threads."""
        self._stopping.set()
        self._any.set()
        with self._lock:
            followed, threads = list(self._followed), list(self._threads)
        for subscription in followed:
            subscription.close()
        for thread in threads:
            thread.join(timeout=5)

    # -- one client --------------------------------------------------------------------------
    def _tell(self, job: Job, place: Place, gone: Callable[[], bool] | None) -> Iterator[Followed | None]:
        story = Story(place)
        if job.terminal:
            yield from self._ending(story, job, place)
            return
        subscription = self._join(Subscription(job.id, place))
        try:
            # Caught up here and now, without waiting for the reader's next round.
            subscription.put(self._read_now(job.id, place))
            while not story.over:
                events, standing = _take(subscription, self._heartbeat_s, gone)
                for event in events:
                    yield from story.hear(event)
                if subscription.closed or (not story.over and gone is not None and gone()):
                    return
                if subscription.gone:
                    yield from story.gone()
                elif story.lost or (standing is not None and standing.state in TERMINAL):
                    yield from self._late_end(story, subscription)
                    yield from self._from_database(story, job)
                elif standing is not None:
                    yield from story.stands(standing)
                elif not events:
                    yield None
        finally:
            self._leave(subscription)

    def _late_end(self, story: Story, subscription: Subscription) -> Iterator[Followed]:
        """The database knows of the end; the events that tell it are perhaps just on their way."""
        until = monotonic() + _GRACE_S
        while not (story.over or story.lost or subscription.closed) and (left := until - monotonic()) > 0:
            events, _ = subscription.take(left)
            for event in events:
                yield from story.hear(event)

    def _ending(self, story: Story, job: Job, place: Place) -> Iterator[Followed]:
        """A job that had ended before it was followed: what is left in Redis if it is whole."""
        if not is_stored(place):
            rest = self._rest(story, job, place)
            if story.completed_by(rest):
                for event in rest:
                    yield from story.hear(event)
        yield from story.close(job)

    def _rest(self, story: Story, job: Job, place: Place) -> list[Numbered]:
        """All events in Redis behind ``place``. The end of a job that has just ended is waited for."""
        just_ended = abs(time() * 1000 - (job.finished_at or 0)) < _JUST_ENDED_MS
        until = monotonic() + (_GRACE_S if just_ended else 0.0)
        rest: list[Numbered] = []
        while not story.completed_by(rest):
            some = self._read_now(job.id, place, max(0.0, until - monotonic()))
            if not some:
                break
            rest += some
            place = (some[-1].attempt, some[-1].seq)
        return rest

    def _from_database(self, story: Story, job: Job) -> Iterator[Followed | None]:
        if story.over:
            return
        try:
            now = self._store.job(job.tenant, job.id)
        except DatabaseUnavailable:
            yield None  # the looker says it again
        except NotThere:
            yield from story.gone()
        else:
            if now.terminal:
                yield from story.close(now)

    def _read_now(self, job_id: str, place: Place, wait_s: float = 0.0) -> list[Numbered]:
        try:
            return self._events.read({job_id: place}, wait_s).get(job_id, [])
        except RedisUnavailable:
            return []

    # -- all clients -------------------------------------------------------------------------
    def _join(self, subscription: Subscription) -> Subscription:
        with self._lock:
            if self._stopping.is_set():
                subscription.close()
                return subscription
            self._followed.add(subscription)
            self._any.set()
            if not self._threads:
                for work, name in ((self._read, "follow-reader"), (self._look, "follow-looker")):
                    thread = threading.Thread(target=work, name=name, daemon=True)
                    thread.start()
                    self._threads.append(thread)
        return subscription

    def _leave(self, subscription: Subscription) -> None:
        with self._lock:
            self._followed.discard(subscription)
            if not self._followed and not self._stopping.is_set():
                self._any.clear()

    def _now_followed(self) -> list[Subscription]:
        """Who follows now; waits while nobody does."""
        self._any.wait()
        with self._lock:
            return list(self._followed)

    def _read(self) -> None:
        log = get_logger(__name__)
        while not self._stopping.is_set():
            followed = [one for one in self._now_followed() if not one.full]
            after: dict[str, Place] = {}
            for one in followed:
                after[one.job_id] = min(one.read_to, after.get(one.job_id, one.read_to))
            if not after:
                self._stopping.wait(self._wait_s)
                continue
            try:
                heard = self._events.read(after, self._wait_s)
            except RedisUnavailable as error:
                log.warning("events_not_read", reason=error.message)
                self._stopping.wait(_REDIS_PAUSE_S)
                continue
            except Exception:
                # Streams live on from the database; the next round may do better.
                log.exception("events_not_read")
                self._stopping.wait(_REDIS_PAUSE_S)
                continue
            for one in followed:
                if one.job_id in heard:
                    one.put(heard[one.job_id])

    def _look(self) -> None:
        log = get_logger(__name__)
        while not self._stopping.wait(self._look_s):
            followed = self._now_followed()
            if not followed:
                continue
            try:
                standings = self._store.standings(sorted({one.job_id for one in followed}))
            except DatabaseUnavailable as error:
                log.warning("standings_not_read", reason=error.message)
                continue
            except Exception:
                log.exception("standings_not_read")
                continue
            for one in followed:
                one.stand(standings.get(one.job_id))
