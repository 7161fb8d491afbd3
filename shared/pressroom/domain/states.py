"""The states of a job and who may move it between them.

    –  ──────────▶ queued ──────────▶ running ──────────▶ succeeded | failed | canceled
                   │  ▲                  │
                   │  └── worker, reaper ┘
                   └─▶ canceled | expired

Terminal states never change. Every move is one guarded UPDATE: the first one wins.
"""

from enum import StrEnum

from pressroom.domain.errors import IllegalTransition


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Actor(StrEnum):
    """Who moves a job."""

    FRONT = "front"
    WORKER = "worker"
    REAPER = "reaper"
    RELAY = "relay"


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELED, State.EXPIRED})
# Ended without what was asked for: another job may be made of it.
REQUEUEABLE = TERMINAL - {State.SUCCEEDED}

TRANSITIONS: dict[tuple[State | None, State], frozenset[Actor]] = {
    (None, State.QUEUED): frozenset({Actor.FRONT}),
    (State.QUEUED, State.RUNNING): frozenset({Actor.WORKER}),
    (State.QUEUED, State.CANCELED): frozenset({Actor.FRONT}),
    (State.QUEUED, State.EXPIRED): frozenset({Actor.FRONT, Actor.RELAY}),
    (State.RUNNING, State.RUNNING): frozenset({Actor.WORKER}),
    (State.RUNNING, State.QUEUED): frozenset({Actor.WORKER, Actor.REAPER}),
    (State.RUNNING, State.SUCCEEDED): frozenset({Actor.WORKER}),
    (State.RUNNING, State.FAILED): frozenset({Actor.WORKER, Actor.REAPER}),
    # The front ends a running job only when it erases it; a cancel is a request to the worker.
    (State.RUNNING, State.CANCELED): frozenset({Actor.WORKER, Actor.REAPER, Actor.FRONT}),
}


def check_transition(before: State | None, after: State, actor: Actor) -> None:
    """Raise ``IllegalTransition`` unless ``actor`` may move a job from ``before`` to ``after``."""
    if actor not in TRANSITIONS.get((before, after), frozenset()):
        raise IllegalTransition(
            f"{actor} may not move a job from {before or 'nothing'} to {after}; this is a bug, please report it."
        )
