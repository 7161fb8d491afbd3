"""What a worker counts, for Prometheus. The registry is handed in: nothing is global."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pressroom.worker.loop import StepFacts

_STEP_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 1)


class WorkerMetrics:
    """Counters of one process. Thread-safe; each call costs about a microsecond."""

    def __init__(self, registry: CollectorRegistry, *, pool: str, slots: int) -> None:
        label, values = ("pool",), (pool,)
        self._slots = slots
        self._pool = pool
        self._attempts = Counter(
            "pressroom_attempts",
            "Attempts that ended here, by the engine's word.",
            ("pool", "ending"),
            registry=registry,
        )
        self._over = Counter(
            "pressroom_attempts_over",
            "Attempts whose end was stored, by what the job is then; lost: it was another's by then.",
            ("pool", "state"),
            registry=registry,
        )
        self._tokens = Counter(
            "pressroom_tokens", "Tokens that became text.", label, registry=registry
        ).labels(*values)
        self._prompt_tokens = Counter(
            "pressroom_prompt_tokens",
            "Tokens of prompts, by how they were filled in: computed, or reused from a prompt that began alike.",
            ("pool", "how"),
            registry=registry,
        )
        self._guessed = Counter(
            "pressroom_guessed_tokens",
            "Tokens that needed no step of their own: they followed as they had before, and the guess was right.",
            label,
            registry=registry,
        ).labels(*values)
        self._steps = Histogram(
            "pressroom_step_seconds", "Duration of a step.", label, buckets=_STEP_S, registry=registry
        ).labels(*values)
        self._occupancy = Histogram(
            "pressroom_batch_occupancy",
            "Share of the engine's slots that a step served.",
            label,
            buckets=_SHARES,
            registry=registry,
        ).labels(*values)
        self._held = Gauge(
            "pressroom_claims_held", "Claims under a lease of this worker.", label, registry=registry
        ).labels(*values)
        self._slots_now = Gauge(
            "pressroom_engine_slots",
            "Slots that the engine works with: fewer than it has after its memory ran out.",
            label,
            registry=registry,
        ).labels(*values)
        self._slots_now.set(slots)
        self._dropped = Counter(
            "pressroom_events_dropped",
            "Events that found the queue to Redis full.",
            label,
            registry=registry,
        ).labels(*values)

    def step(self, facts: StepFacts) -> None:
        self._steps.observe(facts.seconds)
        self._occupancy.observe(min(1.0, facts.load / self._slots))
        if facts.tokens:
            self._tokens.inc(facts.tokens)
        if facts.guessed:
            self._guessed.inc(facts.guessed)
        for how, tokens in (("computed", facts.filled), ("reused", facts.reused)):
            if tokens:
                self._prompt_tokens.labels(self._pool, how).inc(tokens)

    def attempt(self, ending: str) -> None:
        self._attempts.labels(self._pool, ending).inc()

    def over(self, state: str) -> None:
        self._over.labels(self._pool, state).inc()

    def held(self, count: int) -> None:
        self._held.set(count)

    def slots(self, now: int) -> None:
        self._slots_now.set(now)

    def dropped(self, count: int) -> None:
        self._dropped.inc(count)
