"""Event streams: cut anywhere, resumed, reset, silent, broken."""

from collections.abc import Iterator

import httpx
import pytest
from tests.support import answers
from tests.support.answers import JOB_ID, Script, Time, answer, event, problem, stream

from pressroom.client import (
    ApiProblem,
    BadAnswer,
    Client,
    JobFailed,
    ServerUnreachable,
    StreamBroken,
    TextChanged,
    TimedOut,
)
from pressroom.contract.events import Delta, End, Gone, Reset, Started

EVENTS = f"GET /v1/jobs/{JOB_ID}/events"
JOB = f"GET /v1/jobs/{JOB_ID}"
CUT = httpx.ReadError("cut")
STORY = [
    event("1-1", "started", attempt=1),
    event("1-2", "delta", n=0, offset=0, text="A bl"),
    event("1-3", "delta", n=0, offset=4, text="ue 🥐"),
    event("1-4", "delta", n=0, offset=8, text="."),
    event("1-5", "end", status="succeeded", finish_reason="stop"),
]
TEXT = "A blue 🥐."


def resumed_from(script: Script) -> list[str | None]:
    return [request.headers.get("last-event-id") for request in script.sent(EVENTS)]


def after(last_id: str | None) -> list[str]:
    """The story as a front tells it to who comes with ``last_id``."""
    return STORY[int(last_id.split("-")[1]) if last_id else 0 :]


def test_events_are_typed_in_order(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(*STORY))
    seen = list(client.events(JOB_ID))
    assert [envelope.id for envelope in seen] == ["1-1", "1-2", "1-3", "1-4", "1-5"]
    assert seen[0].event == Started(attempt=1)
    assert seen[2].event == Delta(n=0, offset=4, text="ue 🥐")
    assert seen[4].event == End(status="succeeded", finish_reason="stop")
    assert script.requests[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize("how", [CUT, httpx.RemoteProtocolError("cut"), httpx.ReadTimeout("silent"), None])
def test_cut_after_every_event_and_resumed(client: Client, script: Script, how: Exception | None) -> None:
    def one_event(request: httpx.Request) -> httpx.Response:
        rest = after(request.headers.get("last-event-id"))
        return stream(rest[0], *([how] if how else []))

    script.on(EVENTS, one_event)
    assert "".join(client.stream_text(JOB_ID)) == TEXT
    assert resumed_from(script) == [None, "1-1", "1-2", "1-3", "1-4"]


@pytest.mark.parametrize("cut", range(0, len("".join(STORY).encode()), 7))
def test_cut_at_any_byte_and_resumed(client: Client, script: Script, cut: int) -> None:
    first = stream("".join(STORY).encode()[:cut], CUT)
    script.on(EVENTS, first, lambda request: stream(*after(request.headers.get("last-event-id"))))
    assert "".join(client.stream_text(JOB_ID)) == TEXT


def test_a_stream_resumes_where_the_caller_says(client: Client, script: Script) -> None:
    script.on(EVENTS, lambda request: stream(*after(request.headers.get("last-event-id"))))
    assert [envelope.id for envelope in client.events(JOB_ID, "1-3")] == ["1-4", "1-5"]


def test_204_is_the_end(client: Client, script: Script) -> None:
    script.on(EVENTS, httpx.Response(204))
    assert list(client.events(JOB_ID, "1-5")) == []


def test_comments_and_unknown_events_pass_by(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(": ping\n\n", *STORY[:2], event("1-2", "progress", done=3), *STORY[2:]))
    assert "".join(client.stream_text(JOB_ID)) == TEXT


def test_a_new_attempt_with_the_same_text_goes_unnoticed(client: Client, script: Script) -> None:
    again = [
        event("2-0", "reset", attempt=2, reason="new_attempt"),
        event("2-1", "started", attempt=2),
        event("2-2", "delta", n=0, offset=0, text="A b"),
        event("2-3", "delta", n=0, offset=3, text="lue 🥐."),
        event("2-4", "end", status="succeeded", finish_reason="stop"),
    ]
    script.on(EVENTS, stream(*STORY[:3], *again))
    assert list(client.stream_text(JOB_ID)) == ["A bl", "ue 🥐", "."]


def test_a_new_attempt_with_another_text_is_said(client: Client, script: Script) -> None:
    reset = event("2-0", "reset", attempt=2, reason="new_attempt")
    script.on(EVENTS, stream(*STORY[:3], reset, event("2-2", "delta", n=0, offset=0, text="A red")))
    pieces = client.stream_text(JOB_ID)
    assert [next(pieces), next(pieces)] == ["A bl", "ue 🥐"]
    with pytest.raises(TextChanged, match="fetch the job"):
        next(pieces)


def test_a_new_attempt_with_a_shorter_text_is_said(client: Client, script: Script) -> None:
    reset = event("2-0", "reset", attempt=2, reason="new_attempt")
    rest = (event("2-2", "delta", n=0, offset=0, text="A"), event("2-3", "end", status="succeeded"))
    script.on(EVENTS, stream(*STORY[:3], reset, *rest))
    with pytest.raises(TextChanged):
        list(client.stream_text(JOB_ID))


def test_a_text_rebuilt_after_a_gap(client: Client, script: Script) -> None:
    rebuilt = [
        event("1-0", "reset", attempt=1, reason="gap"),
        event("1-0", "delta", n=0, offset=0, text=TEXT),
        STORY[4],
    ]
    script.on(EVENTS, stream(*STORY[:2], CUT), stream(*rebuilt[:2], CUT), stream(*rebuilt))
    assert "".join(client.stream_text(JOB_ID)) == TEXT
    assert resumed_from(script) == [None, "1-2", "1-0"]


def test_a_hole_makes_the_client_start_over(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(*STORY[:2], *STORY[3:]), stream(*STORY))
    assert "".join(client.stream_text(JOB_ID)) == TEXT
    assert resumed_from(script) == [None, "1-0"]


def test_a_hole_that_stays_is_an_error(client: Client, script: Script) -> None:
    script.on(EVENTS, *(stream(*STORY[:2], *STORY[3:]) for _ in range(3)))
    with pytest.raises(StreamBroken, match="Fetch the job"):
        list(client.events(JOB_ID))
    assert len(script.requests) == 2


def test_a_stream_that_brings_nothing_is_given_up(client: Client, script: Script, time: Time) -> None:
    script.on(EVENTS, lambda _: stream(": ping\n\n", CUT))
    with pytest.raises(ServerUnreachable):
        list(client.events(JOB_ID))
    assert len(script.requests) == 4
    assert len(time.slept) == 3


def test_the_same_events_again_are_not_progress(client: Client, script: Script) -> None:
    script.on(EVENTS, lambda _: stream(event("1-0", "reset", attempt=1, reason="gap"), CUT))
    with pytest.raises(ServerUnreachable):
        list(client.events(JOB_ID))
    assert len(script.requests) == 4


def test_the_servers_retry_field_is_honoured(client: Client, script: Script, time: Time) -> None:
    script.on(EVENTS, stream("retry: 3000\n", *STORY[:2]), stream(*STORY[2:]))
    list(client.events(JOB_ID))
    assert 3 <= time.slept[0] < 4


def test_a_busy_front_is_asked_again(client: Client, script: Script, time: Time) -> None:
    busy = problem(503, "too_many_streams", "Too many streams.", headers={"retry-after": "2"})
    script.on(EVENTS, busy, stream(*STORY))
    assert len(list(client.events(JOB_ID))) == 5
    assert time.slept[0] >= 2


def test_a_refusal_is_raised(client: Client, script: Script) -> None:
    script.on(EVENTS, problem(404, "job_unknown", "There is no such job."))
    with pytest.raises(ApiProblem, match="no such job"):
        list(client.events(JOB_ID))
    assert len(script.requests) == 1


def test_what_is_not_a_stream_is_a_bad_answer(client: Client, script: Script) -> None:
    script.on(EVENTS, httpx.Response(200, html="<h1>Welcome to your new router</h1>"))
    with pytest.raises(BadAnswer, match="base URL"):
        list(client.events(JOB_ID))


def test_an_erased_job(client: Client, script: Script) -> None:
    script.on(EVENTS, *(stream(*STORY[:2], event("1-3", "gone")) for _ in range(2)))
    assert list(client.events(JOB_ID))[-1].event == Gone()
    with pytest.raises(ApiProblem) as caught:
        list(client.stream_text(JOB_ID))
    assert caught.value.status == 410


def test_a_failed_job_raises_after_its_partial_text(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(*STORY[:2], event("1-3", "end", status="failed")))
    script.on(JOB, answer(answers.text_job("failed", "A bl")))
    pieces = client.stream_text(JOB_ID)
    assert next(pieces) == "A bl"
    with pytest.raises(JobFailed):
        next(pieces)


def test_one_output_of_several(client: Client, script: Script) -> None:
    two = [event("1-2", "delta", n=0, offset=0, text="no"), event("1-3", "delta", n=1, offset=0, text="yes")]
    script.on(EVENTS, stream(*two, event("1-4", "end", status="succeeded")))
    assert list(client.stream_text(JOB_ID, n=1)) == ["yes"]


def test_wait_returns_the_job_in_whatever_state(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(*STORY[:2], CUT), stream(event("1-3", "end", status="canceled")))
    script.on(JOB, answer(answers.text_job("canceled")))
    assert client.wait(JOB_ID).status == "canceled"


def test_wait_times_out_on_a_lively_stream(client: Client, script: Script, time: Time) -> None:
    def slowly(_: httpx.Request) -> httpx.Response:
        time.now += 6
        return stream(*STORY[:2], CUT)

    script.on(EVENTS, slowly)
    with pytest.raises(TimedOut, match="after 10 s") as caught:
        client.wait(JOB_ID, 10)
    assert caught.value.job_id == JOB_ID
    assert script.requests[0].extensions["timeout"]["read"] == 10


def test_wait_times_out_on_a_silent_stream(client: Client, script: Script, time: Time) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        time.now += request.extensions["timeout"]["read"]
        return stream(httpx.ReadTimeout("silent"))

    script.on(EVENTS, silent)
    with pytest.raises(TimedOut):
        client.wait(JOB_ID, 10)
    assert time.now == 1_010


def test_comments_do_not_lengthen_the_wait(client: Client, script: Script, time: Time) -> None:
    def commented(request: httpx.Request) -> httpx.Response:
        def chunks() -> Iterator[bytes]:
            yield b"retry: 1000\n\n"
            for _ in range(2):
                if request.extensions["timeout"]["read"] < 15:
                    break
                time.now += 15
                yield b": still here\n\n"
            time.now += request.extensions["timeout"]["read"]
            raise httpx.ReadTimeout("silent")

        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=chunks())

    script.on(EVENTS, commented)
    with pytest.raises(TimedOut):
        client.wait(JOB_ID, 20)
    assert time.now == 1_020


def test_a_reader_that_stops_early_closes_the_connection(client: Client, script: Script) -> None:
    reply = stream(*STORY)
    script.on(EVENTS, reply)
    events = client.events(JOB_ID)
    next(events)
    assert not reply.is_closed
    events.close()  # type: ignore[attr-defined]
    assert reply.is_closed


def test_reset_events_are_passed_on(client: Client, script: Script) -> None:
    script.on(EVENTS, stream(event("2-0", "reset", attempt=2, reason="new_attempt"), STORY[4]))
    assert next(client.events(JOB_ID)).event == Reset(attempt=2, reason="new_attempt")
