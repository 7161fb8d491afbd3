"""End an attempt: the artifacts first, then one guarded commit, then cache and events as they can.

    artifacts ──▶ complete | release (the commit that counts) ──▶ cache, end event (best effort)

A commit whose answer was lost may have happened: the row is read again before the attempt calls
itself fenced. While the database is away the attempt waits; its lease is good until it is reaped.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import monotonic

from pressroom.contract.events import End
from pressroom.domain.errors import (
    ArtifactsUnavailable,
    DatabaseUnavailable,
    NotThere,
    RedisUnavailable,
    Unavailable,
)
from pressroom.domain.job import Claim, Completion, Held, Job
from pressroom.domain.retry import Failure, FailureKind, RetryPolicy
from pressroom.domain.states import TERMINAL, State
from pressroom.jobs.packs import Content, packed
from pressroom.jobs.ports import ArtifactStore, JobStore, ResultCache
from pressroom.telemetry import get_logger

_FIRST_PAUSE_S = 0.1
_LAST_PAUSE_S = 5.0
_ARTIFACT_TRIES = 6
_CACHE_REST_S = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended, and the bytes that its outputs name."""

    completion: Completion
    contents: tuple[Content, ...] = ()

    @property
    def packed(self) -> "Result":
        """The same with many contents as one."""
        contents, outputs = packed(self.contents, self.completion.outputs)
        return Result(replace(self.completion, outputs=outputs), contents)


class Attempts:
    """The worker's use cases at the end of an attempt. Thread-safe.

    ``ended`` tells the job's followers, and how many seconds the stream is kept then; ``pause`` sleeps for
    so many seconds and answers False when the process cannot wait any longer.
    """

    def __init__(
        self,
        store: JobStore,
        artifacts: ArtifactStore,
        cache: ResultCache,
        *,
        policy: RetryPolicy,
        cache_ttl_s: int,
        ended: Callable[[Held, End, int | None], None],
        pause: Callable[[float], bool],
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._cache = cache
        self._policy = policy
        self._cache_ttl_s = cache_ttl_s
        self._ended = ended
        self._pause = pause
        self._cache_rests_until = 0.0

    def complete(self, claim: Claim, result: Result) -> State | None:
        """End the job: succeeded or canceled, with its outputs. None: fenced, nothing was stored.

        When the artifact store stays away the attempt is given back as an error instead. Raises
        DatabaseUnavailable when the process could not wait until the database was back."""
        result = result.packed
        completion = result.completion
        try:
            self._put(result.contents)
        except ArtifactsUnavailable as error:
            failure = Failure(FailureKind.ERROR, error.code, error.message)
            return self.release(claim, failure, Result(replace(completion, outputs=())))

        def move() -> State | None:
            return completion.state if self._store.complete(claim.held, completion) else None

        state = self._commit(claim, move, lambda found: found is completion.state)
        return self._after(claim, state, wrote=bool(result.contents))

    def release(self, claim: Claim, failure: Failure, partial: Result) -> State | None:
        """End the attempt without a result: the job is queued again, failed, or canceled if that was
        asked for. Partial outputs are stored where the job ends. None: fenced, nothing was stored.

        Raises DatabaseUnavailable as ``complete`` does."""
        partial = partial.packed
        completion = partial.completion
        try:
            self._put(partial.contents)
        except ArtifactsUnavailable:
            completion = replace(completion, outputs=())

        def move() -> State | None:
            return self._store.release(claim.held, failure, completion, self._policy)

        # Whoever ended this attempt or queued the job again meanwhile did what was to be done.
        state = self._commit(claim, move, lambda found: found is State.QUEUED or found in TERMINAL)
        return self._after(claim, state, wrote=bool(partial.contents))

    # -- before the commit -------------------------------------------------------------------
    def _put(self, contents: Iterable[Content]) -> None:
        for content in contents:
            pause = _FIRST_PAUSE_S
            for left in reversed(range(_ARTIFACT_TRIES)):
                try:
                    self._artifacts.put(content.path, content.data, content.media_type)
                    break
                except ArtifactsUnavailable:
                    if not left or not self._pause(pause):
                        raise
                    pause = min(2 * pause, _LAST_PAUSE_S)

    # -- the commit --------------------------------------------------------------------------
    def _commit(
        self, claim: Claim, move: Callable[[], State | None], ours: Callable[[State], bool]
    ) -> State | None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return move()
            except DatabaseUnavailable as error:
                self._log("commit_without_answer", claim, reason=error.message)
                lost = error
            while True:
                if not self._pause(pause):
                    raise lost
                pause = min(2 * pause, _LAST_PAUSE_S)
                with contextlib.suppress(DatabaseUnavailable):
                    found = self._reread(claim)
                    break
            if found is State.RUNNING:
                continue  # it did not happen
            return found if found is not None and ours(found) else None

    def _reread(self, claim: Claim) -> State | None:
        """Where the job stands; None if it is another attempt's, or gone."""
        try:
            job = self._store.job(claim.job.tenant, claim.job.id)
        except NotThere:
            return None
        return job.state if job.attempt == claim.attempt else None

    # -- after the commit --------------------------------------------------------------------
    def _after(self, claim: Claim, state: State | None, *, wrote: bool) -> State | None:
        if state is None:
            self._log("attempt_fenced", claim)
        if state in TERMINAL:
            job = self._ended_job(claim)
            if job is not None:
                self._keep_in_cache(job)
            reason = job.finish_reason if job is not None else None
            end = End(status=state.value, finish_reason=reason)
            self._ended(claim.held, end, claim.job.events_ttl_s)
        if wrote:
            # Not only our own: an attempt before us may have died between its writes and its commit.
            self._tidy(claim, keep_attempt=claim.attempt + (state not in TERMINAL))
        return state

    def _ended_job(self, claim: Claim) -> Job | None:
        """As it was stored, the database's times included."""
        try:
            return self._store.job(claim.job.tenant, claim.job.id)
        except (Unavailable, NotThere):
            return None

    def _keep_in_cache(self, job: Job) -> None:
        if monotonic() < self._cache_rests_until or not job.cache_s(self._cache_ttl_s):
            return
        try:
            self._cache.put(job, job.cache_s(self._cache_ttl_s))
        except RedisUnavailable as error:
            # A server that hangs would hold up every commit by a timeout: let it be for a while.
            self._cache_rests_until = monotonic() + _CACHE_REST_S
            get_logger(__name__).warning("result_not_cached", reason=error.message)

    def _tidy(self, claim: Claim, *, keep_attempt: int) -> None:
        if keep_attempt <= 1:
            return
        try:
            self._artifacts.erase(claim.job.id, keep_attempt=keep_attempt)
        except ArtifactsUnavailable as error:
            self._log("orphans_left", claim, reason=error.message)

    def _log(self, event: str, claim: Claim, **fields: object) -> None:
        get_logger(__name__).warning(event, job=claim.job.id, attempt=claim.attempt, **fields)
