"""A response as it happens: numbered events, from ``response.created`` to how it ended."""

import json
from collections.abc import Iterator
from typing import Any

from pressroom.domain.errors import PressroomError
from pressroom.domain.job import Job, Output
from pressroom.front.dialects.following import Events, Look
from pressroom.front.dialects.growing import Grown
from pressroom.front.dialects.openai import response_telling as telling
from pressroom.front.dialects.waiting import succeeded

_HEARTBEAT = ": still here\n\n"


class _Numbered:
    """Events, each with the next number."""

    def __init__(self, job: Job) -> None:
        self._next = 0
        self._place = {"item_id": telling.item_id(job), "output_index": 0, "content_index": 0}

    def event(self, kind: str, **fields: Any) -> str:
        data = {"type": kind, "sequence_number": self._next, **fields}
        self._next += 1
        return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"

    def of_text(self, kind: str, **fields: Any) -> str:
        """About the one part of the one message."""
        return self.event(kind, **self._place, **fields)


def events(job: Job, followed: Events, look: Look) -> Iterator[str]:
    """``look`` gives the job as it stands."""
    numbered = _Numbered(job)
    yield numbered.event("response.created", response=telling.response(job, status="in_progress", output=[]))
    yield numbered.event(
        "response.in_progress", response=telling.response(job, status="in_progress", output=[])
    )
    item = {"id": telling.item_id(job), "type": "message", "role": "assistant"}
    yield numbered.event(
        "response.output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []}
    )
    yield numbered.of_text("response.content_part.added", part=telling.part(""))
    grown = Grown()
    try:
        for piece in grown.pieces(followed):
            if piece is None:
                yield _HEARTBEAT
            else:
                yield numbered.of_text("response.output_text.delta", delta=piece[1], logprobs=[])
        done = look()
        if done.error_code is None:
            succeeded(done)
            yield from _ended(numbered, done, grown)
        kind = {"completed": "response.completed", "incomplete": "response.incomplete"}
        told = telling.response(done)
        yield numbered.event(kind.get(told["status"], "response.failed"), response=told)
    except PressroomError as wrong:
        yield numbered.event("error", code=wrong.code, message=wrong.message, param=None)


def _ended(numbered: _Numbered, job: Job, grown: Grown) -> Iterator[str]:
    for output in job.outputs:
        yield from _text_ended(numbered, job, output, grown)


def _text_ended(numbered: _Numbered, job: Job, output: Output, grown: Grown) -> Iterator[str]:
    text, chances = output.text or "", telling.logprobs(output)
    if rest := grown.rest(output.n, text):
        yield numbered.of_text("response.output_text.delta", delta=rest, logprobs=[])
    yield numbered.of_text("response.output_text.done", text=text, logprobs=chances)
    yield numbered.of_text("response.content_part.done", part=telling.part(text, chances))
    yield numbered.event("response.output_item.done", output_index=0, item=telling.message(job, output))
