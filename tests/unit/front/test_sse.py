"""Server-sent events as bytes, and the gate."""

import json

import pytest

from pressroom.front.errors import TooManyStreams
from pressroom.front.sse import Gate, encode, stream
from pressroom.jobs.ports import Followed


@pytest.mark.parametrize("text", ["a", "a\nb", "\r\n\n", "id: 9\n\ndata: {}", "é🥐", "\u2028"])
def test_text_cannot_break_out_of_its_event(text: str) -> None:
    sent = encode(Followed("1-2", "delta", {"text": text}))
    assert sent.endswith("\n\n")
    lines = sent[:-2].split("\n")
    assert [line.partition(": ")[0] for line in lines] == ["id", "event", "data"]
    assert "\r" not in sent
    assert json.loads(lines[2].partition(": ")[2]) == {"text": text}


def test_a_stream_opens_with_the_pace_of_coming_back_and_keeps_itself_alive() -> None:
    gate = Gate(1)
    gate.enter()
    response = stream(iter([None, Followed("1-end", "gone", {"type": "gone"})]), gate)
    parts = [part if isinstance(part, str) else part.decode() for part in response.response]
    assert parts[0] == "retry: 1000\n\n"
    assert parts[1].startswith(":")
    assert parts[2].startswith("id: 1-end\nevent: gone\n")


def test_a_place_is_given_back_once_when_the_stream_is_closed() -> None:
    gate = Gate(1)
    gate.enter()
    response = stream(iter([]), gate)
    assert not gate.try_enter()
    with pytest.raises(TooManyStreams) as refused:
        gate.enter()
    assert refused.value.retry_after_s is not None
    response.close()
    assert gate.try_enter()


def test_even_a_stream_that_was_never_read_gives_its_place_back() -> None:
    gate = Gate(1)
    gate.enter()
    stream(iter([None]), gate).close()
    assert gate.try_enter()
