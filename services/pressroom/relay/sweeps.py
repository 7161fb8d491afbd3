"""A sweep: each duty of the relay once, one log line a change. An outage of one holds up no other."""

from collections.abc import Callable
from time import monotonic

from pressroom.domain.errors import Unavailable
from pressroom.jobs.batch_keeping import BatchSweep
from pressroom.jobs.housekeeping import Housekeeping
from pressroom.jobs.spending import Bookkeeping
from pressroom.relay.metrics import RelayMetrics
from pressroom.relay.rhythm import Rhythm
from pressroom.telemetry import get_logger

# How long a sweep may go on erasing: dead workers' jobs wait meanwhile.
_ERASE_S = 0.5


class Sweeps:
    """The relay's duties, in order. ``retention_s`` is how often what is past its time is looked for;
    ``measure`` reads the depths of the queue, ``memory`` looks at that of Redis, both every ``measure_s``;
    ``uploads`` removes such uploads and says how many; ``batches`` does what is to be done for batches, and
    ``books`` what is to be done for the accounts."""

    def __init__(
        self,
        housekeeping: Housekeeping,
        metrics: RelayMetrics,
        *,
        uploads: Callable[[], int] = lambda: 0,
        batches: Callable[[], BatchSweep] = BatchSweep,
        books: Bookkeeping | None = None,
        measure: Callable[[], None] = lambda: None,
        memory: Callable[[], None] = lambda: None,
        retention_s: float = 10.0,
        measure_s: float = 5.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._housekeeping = housekeeping
        self._forget_uploads = uploads
        self._keep_batches = batches
        self._books = books
        self._measure_depths = measure
        self._look_at_memory = memory
        self._measuring = Rhythm(measure_s, clock)
        self._looking = Rhythm(measure_s, clock)
        self._retaining = Rhythm(retention_s, clock)
        self._forgetting = Rhythm(retention_s, clock)
        self._metrics = metrics
        self._clock = clock
        self._log = get_logger(__name__)
        self.troubles: dict[str, str] = {}
        """Duty to what kept it from being done in the last sweep."""

    def sweep(self) -> None:
        """Raises nothing: what failed is logged once and tried again by the next sweep."""
        # What is booked makes room for rows of batches, and these want workers: hence this order.
        duties = (
            self._reap,
            self._accounts,
            self._batches,
            self._tickets,
            self._erase,
            self._retain,
            self._uploads,
            self._measure,
            self._memory,
        )
        for duty in duties:
            name = duty.__name__.strip("_")
            try:
                duty()
            except Unavailable as error:
                self._in_trouble(name, error.message)
            except Exception as error:
                self._log.exception("duty_failed", duty=name)
                self.troubles[name] = repr(error)
            else:
                if self.troubles.pop(name, None) is not None:
                    self._log.info("duty_goes_on", duty=name)

    def _in_trouble(self, duty: str, reason: str) -> None:
        if duty not in self.troubles:
            self._log.warning("duty_waits", duty=duty, reason=reason)
        self.troubles[duty] = reason

    def _reap(self) -> None:
        reaped = self._housekeeping.reap()
        self._metrics.reaped(reaped)
        if reaped.requeued or reaped.ended:
            self._log.info(
                "reaped",
                requeued=len(reaped.requeued),
                failed=len(reaped.failed),
                canceled=len(reaped.canceled),
                expired=len(reaped.expired),
            )

    def _accounts(self) -> None:
        if self._books is not None:
            self._metrics.booked(self._books.turn())

    def _batches(self) -> None:
        swept = self._keep_batches()
        self._metrics.batches(swept)
        if swept:
            self._log.info(
                "batches_kept", rows_released=swept.released, ended=swept.ended, removed=swept.removed
            )

    def _tickets(self) -> None:
        backlog, sent = self._housekeeping.top_up()
        self._metrics.backlog(backlog)
        self._metrics.tickets(sent)
        if sent:
            self._log.info("tickets_sent", **sent)

    def _erase(self) -> None:
        until = self._clock() + _ERASE_S
        done = failed = 0
        while True:
            erased = self._housekeeping.erase_due()
            done, failed = done + erased.done, failed + erased.failed
            if not erased.more or self._clock() >= until:
                break
        self._metrics.erased(done)
        if done or failed:
            self._log.info("erased", done=done, failed=failed)

    def _retain(self) -> None:
        if not self._retaining.due:
            return
        expired = self._housekeeping.expire_results()
        prompts = self._housekeeping.erase_prompts()
        forgotten = self._housekeeping.forget()
        if self._books is not None:
            self._books.forget()
        self._housekeeping.settle_erased()
        # Where there is more, go on with the next sweep.
        self._retaining.done(more=expired.more or prompts.more or forgotten.more)
        if expired.rows or prompts.rows or forgotten.rows:
            self._log.info(
                "retention",
                results_expired=expired.rows,
                prompts_erased=prompts.rows,
                rows_forgotten=forgotten.rows,
            )

    def _measure(self) -> None:
        if not self._measuring.due:
            return
        self._measure_depths()
        self._measuring.done()

    def _memory(self) -> None:
        if not self._looking.due:
            return
        self._look_at_memory()
        self._looking.done()

    def _uploads(self) -> None:
        if not self._forgetting.due:
            return
        forgotten = self._forget_uploads()
        self._forgetting.done()
        if forgotten:
            self._log.info("uploads_forgotten", count=forgotten)
