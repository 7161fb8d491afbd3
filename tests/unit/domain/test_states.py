"""Who may move a job where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.errors import IllegalTransition
from pressroom.domain.states import TERMINAL, TRANSITIONS, Actor, State, check_transition

before = st.none() | st.sampled_from(State)
after = st.sampled_from(State)
actors = st.sampled_from(Actor)

# The table of the design, row by row.
ALLOWED = {
    (None, State.QUEUED, Actor.FRONT),
    (State.QUEUED, State.RUNNING, Actor.WORKER),
    (State.QUEUED, State.CANCELED, Actor.FRONT),
    (State.QUEUED, State.EXPIRED, Actor.FRONT),
    (State.QUEUED, State.EXPIRED, Actor.RELAY),
    (State.RUNNING, State.RUNNING, Actor.WORKER),
    (State.RUNNING, State.QUEUED, Actor.WORKER),
    (State.RUNNING, State.QUEUED, Actor.REAPER),
    (State.RUNNING, State.SUCCEEDED, Actor.WORKER),
    (State.RUNNING, State.FAILED, Actor.WORKER),
    (State.RUNNING, State.FAILED, Actor.REAPER),
    (State.RUNNING, State.CANCELED, Actor.WORKER),
    (State.RUNNING, State.CANCELED, Actor.REAPER),
    (State.RUNNING, State.CANCELED, Actor.FRONT),
}


@given(before, after, actors)
def test_exactly_the_moves_of_the_table_are_allowed(a: State | None, b: State, who: Actor) -> None:
    if (a, b, who) in ALLOWED:
        check_transition(a, b, who)
    else:
        with pytest.raises(IllegalTransition):
            check_transition(a, b, who)


def test_the_table_says_no_more() -> None:
    assert {(a, b, who) for (a, b), actors in TRANSITIONS.items() for who in actors} == ALLOWED


@given(st.sampled_from(sorted(TERMINAL)), after, actors)
def test_a_terminal_state_never_changes(a: State, b: State, who: Actor) -> None:
    with pytest.raises(IllegalTransition):
        check_transition(a, b, who)


def test_every_state_but_the_ends_can_be_left() -> None:
    assert {a for a, _ in TRANSITIONS if a is not None} == set(State) - TERMINAL
