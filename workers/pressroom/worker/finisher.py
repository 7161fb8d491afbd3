"""Finisher: a few threads that bring outcomes home, so that the engine waits for no disk."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.retry import Failure, FailureKind
from pressroom.engines.base import Key, Outcome
from pressroom.jobs.attempts import Attempts
from pressroom.jobs.judging import Likeness, by_words
from pressroom.telemetry import get_logger
from pressroom.worker.attempt import Closing, Complete, Drop, Release, closing, nothing
from pressroom.worker.holdings import Holding, Holdings

_THREADS = 4


class Finisher:
    """Encodes, stores and commits what left the engine, then calls ``done`` for the freed slot.

    ``forget`` is told that an attempt is over for this process, and ``on_over`` what the job is then, or
    that it was ``lost``. ``likeness`` tells how near texts are to their facts."""

    def __init__(
        self,
        holdings: Holdings,
        attempts: Attempts,
        *,
        done: Callable[[], None],
        forget: Callable[[Holding], None],
        on_ending: Callable[[str], None] = lambda ending: None,
        on_over: Callable[[str], None] = lambda state: None,
        likeness: Likeness = by_words,
        threads: int = _THREADS,
    ) -> None:
        self._holdings = holdings
        self._attempts = attempts
        self._done = done
        self._forget = forget
        self._on_ending = on_ending
        self._on_over = on_over
        self._likeness = likeness
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="finisher")
        self._open = threading.Lock()
        self._stopped = False

    def finish(self, outcome: Outcome) -> None:
        """Called by the engine thread: returns at once. After ``stop`` it is left to its lease."""
        self._holdings.left_engine(outcome.key)
        self._hand_over(outcome.key, lambda held: closing(held, outcome, self._likeness))
        self._on_ending(outcome.ending.value)

    def refuse(self, holding: Holding, failure: Failure) -> None:
        """A claim that never reached the engine, since it cannot be read, or what it works on."""
        key = Key(holding.claim.job.id, holding.claim.attempt)
        self._holdings.left_engine(key)
        self._hand_over(key, lambda _: Release(failure, nothing()))
        self._on_ending("unreadable")

    def close_now(self, key: Key, verdict: Callable[[Holding], Closing]) -> None:
        """End an attempt without its engine's word, because the engine is dead or in a long step. Whatever
        it says later is passed over."""
        self._holdings.left_engine(key)
        self._hand_over(key, verdict)

    def stop(self) -> None:
        """Take nothing more; what is queued and has not begun is left to its lease."""
        with self._open:
            self._stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, key: Key, verdict: Callable[[Holding], Closing]) -> None:
        # An engine that comes with an outcome too late is not to blame: it must not see the pool's refusal.
        with self._open:
            if not self._stopped:
                self._pool.submit(self._bring_home, key, verdict)
                return
        get_logger(__name__).warning("end_not_stored", job=key.job_id, reason="The worker ends.")

    def _bring_home(self, key: Key, verdict: Callable[[Holding], Closing]) -> None:
        holding = self._holdings.get(key)
        if holding is None:
            return
        try:
            self._store(holding, verdict)
        except DatabaseUnavailable as error:
            # The process ends and the database is away: the lease runs out, and another worker goes on.
            get_logger(__name__).warning("end_not_stored", job=key.job_id, reason=error.message)
        except Exception:
            get_logger(__name__).exception("end_not_stored", job=key.job_id)
        finally:
            self._holdings.remove(key)
            self._forget(holding)
            self._done()

    def _store(self, holding: Holding, verdict: Callable[[Holding], Closing]) -> None:
        try:
            end = verdict(holding)
        except Exception as error:
            get_logger(__name__).exception("outcome_unusable", job=holding.claim.job.id)
            end = Release(_unusable(error), nothing())
        claim = holding.claim
        match end:
            case Complete(result):
                state = self._attempts.complete(claim, result)
            case Release(failure, partial):
                state = self._attempts.release(claim, failure, partial)
            case Drop():
                state = None
        told = state.value if state is not None else "lost"
        self._on_over(told)
        get_logger(__name__).info(
            "attempt_over",
            job=claim.job.id,
            attempt=claim.attempt,
            state=told,
            seconds=round(monotonic() - holding.taken_at, 3),
        )


def _unusable(error: Exception) -> Failure:
    return Failure(
        FailureKind.ERROR,
        "worker_error",
        f"The worker could not make outputs of what the model gave ({type(error).__name__}).",
    )
