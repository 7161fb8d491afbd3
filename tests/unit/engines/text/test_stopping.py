"""Stop strings that arrive in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from pressroom.engines.text.stopping import StopWatch

ALPHABET = "ab\n"


def _cut(text: str, stops: list[str]) -> str:
    """What should be seen of a whole text."""
    found = [text.find(stop) for stop in stops if stop in text]
    return text[: min(found)] if found else text


def _run(pieces: list[str], stops: list[str]) -> tuple[list[str], bool]:
    watch = StopWatch(stops)
    seen = []
    for piece in pieces:
        seen.append(watch.push(piece))
        if watch.stopped:
            return seen, True
    return [*seen, watch.flush()], False


def test_a_stop_string_over_three_pieces_is_never_shown() -> None:
    seen, stopped = _run(["one EN", "D O", "F two"], ["END OF"])
    assert seen == ["one ", "", ""]
    assert stopped


def test_what_only_looked_like_a_stop_string_is_shown_after_all() -> None:
    assert _run(["one EN", "JOY"], ["END"])[0] == ["one ", "ENJOY", ""]
    assert _run(["one EN"], ["END"])[0] == ["one ", "EN"]


def test_without_stop_strings_nothing_is_held() -> None:
    assert _run(["a", "b"], [])[0] == ["a", "b", ""]


def test_the_first_of_two_stop_strings_wins() -> None:
    assert _run(["x;y.z"], [".", ";"])[0] == ["x"]


def test_nothing_comes_after_the_stop() -> None:
    watch = StopWatch(["."])
    assert watch.push("a.b") == "a"
    assert watch.push("c") == ""
    assert watch.flush() == ""


@given(
    st.lists(st.text(ALPHABET, max_size=3), max_size=12),
    st.lists(st.text(ALPHABET, min_size=1, max_size=4), max_size=3),
)
def test_pieces_joined_are_the_text_up_to_the_stop(pieces: list[str], stops: list[str]) -> None:
    seen, stopped = _run(pieces, stops)
    shown = "".join(seen)
    told = "".join(pieces[: len(seen)]) if stopped else "".join(pieces)
    assert shown == _cut(told, stops)
    assert stopped == any(stop in told for stop in stops)
    assert not any(stop in shown for stop in stops)
