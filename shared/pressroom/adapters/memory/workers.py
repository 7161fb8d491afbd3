"""The workers that a memory store knows of. The caller holds the store's lock."""

from collections import Counter
from collections.abc import Callable

from pressroom.domain.job import PinnedModel
from pressroom.jobs.ports import LiveModel, WorkerCard


class Workers:
    """Cards by worker, each with when it was last seen. A draining worker does not count as live."""

    def __init__(self, clock: Callable[[], int], seen_ms: int) -> None:
        self._clock = clock
        self._seen_ms = seen_ms
        self._cards: dict[str, tuple[WorkerCard, int]] = {}

    def announce(self, card: WorkerCard) -> None:
        self._cards[card.id] = (card, self._clock())

    def withdraw(self, worker: str) -> None:
        self._cards.pop(worker, None)

    def live(self) -> tuple[WorkerCard, ...]:
        since = self._clock() - self._seen_ms
        cards = (card for card, seen_at in self._cards.values() if seen_at >= since and not card.draining)
        return tuple(sorted(cards, key=lambda card: card.id))

    def running(self, pool: str, model: PinnedModel) -> tuple[int, str | None]:
        """How many live workers of the pool would take a job of exactly this model, and what keeps one
        from it where none would."""
        troubles = [
            card.trouble
            for card in self.live()
            if card.pool == pool
            and any((run.name, run.sha256) == (model.name, model.sha256) for run in card.models)
        ]
        well = troubles.count(None)
        return well, None if well else next((trouble for trouble in troubles if trouble), None)

    def claiming(self, pool: str | None) -> int:
        """Live workers of a pool, or of all, that nothing keeps from claiming."""
        return sum(pool in (None, card.pool) and card.trouble is None for card in self.live())

    def models(self) -> tuple[tuple[LiveModel, int], ...]:
        counted = Counter(model for card in self.live() for model in card.models)
        return tuple(sorted(counted.items(), key=lambda pair: (pair[0].name, pair[0].provider)))
