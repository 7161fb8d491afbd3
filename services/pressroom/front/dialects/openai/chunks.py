"""A job as it happens, in OpenAI's chunks: who speaks, what each text has grown by, why it ended, what it cost, [DONE]."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pressroom.domain.errors import PressroomError
from pressroom.domain.job import Job
from pressroom.front.dialects.following import Events, Look
from pressroom.front.dialects.growing import Grown
from pressroom.front.dialects.openai import telling
from pressroom.front.dialects.openai.envelope import error
from pressroom.front.dialects.waiting import succeeded
from pressroom.front.errors import status_of

_OPENING, _HEARTBEAT = ": open\n\n", ": still here\n\n"
_DONE = "data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Form:
    """What a stream is of: ``count`` texts, as a chat or not; whether it ends with what it cost."""

    chat: bool
    count: int
    with_usage: bool
    tier: str | None = None

    @property
    def kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def choice(
        self, index: int, text: str | None, why: str | None = None, logprobs: Any = None
    ) -> dict[str, Any]:
        """Of a chunk: ``text`` is what it has grown by, None before anything."""
        told = {"index": index, "logprobs": logprobs, "finish_reason": why}
        if not self.chat:
            return {**told, "text": text or ""}
        if text is None:
            return {**told, "delta": {"role": "assistant", "content": ""}}
        return {**told, "delta": {"content": text} if text else {}}


def chunks(job: Job, events: Events, form: Form, look: Look) -> Iterator[str]:
    """``look`` gives the job as it stands. Log-probabilities come with a text's last chunk, since they are known then."""
    first = telling.head(job, form.kind) | ({"service_tier": form.tier} if form.tier else {})
    if form.with_usage:
        first["usage"] = None

    def chunk(*choices: dict[str, Any], **more: Any) -> str:
        return _data({**first, "choices": list(choices), **more})

    grown = Grown()
    yield _OPENING + ("".join(chunk(form.choice(n, None)) for n in range(form.count)) if form.chat else "")
    try:
        for piece in grown.pieces(events):
            yield _HEARTBEAT if piece is None else chunk(form.choice(*piece))
        done = succeeded(look())
        logprobs = telling.chat_logprobs if form.chat else telling.text_logprobs
        for output in done.outputs:
            rest = grown.rest(output.n, output.text or "")
            yield chunk(form.choice(output.n, rest, telling.reason(output), logprobs(output)))
    except PressroomError as wrong:
        yield _data(error(status_of(wrong), wrong.code, wrong.message))
        return
    if form.with_usage:
        yield chunk(usage=telling.usage([done]))
    yield _DONE


def _data(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"
