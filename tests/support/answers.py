"""Answers of a front, as JSON and as a scripted server, for tests that need no front."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx

JOB_ID = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"
BATCH_ID = "batch_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"
SHA = "a" * 64


def text_job(status: str = "succeeded", text: str | None = "A blue mug.", **changes: Any) -> dict[str, Any]:
    """A text job as ``GET /v1/jobs/{id}`` shows it; the keys are from contract/jobs.py."""
    outputs = []
    if text is not None:
        outputs = [output(0, text.encode(), "text/plain; charset=utf-8", text=text, finish_reason="stop")]
    ended = status not in ("queued", "running")
    return {
        "id": JOB_ID,
        "kind": "text",
        "status": status,
        "model": {"name": "smollm2-135m-instruct", "version": "1", "sha256": SHA},
        "input": {"prompt": "Write a line.", "messages": None},
        "params": {
            "max_tokens": 160,
            "temperature": 0.7,
            "top_p": 0.92,
            "top_k": 40,
            "repetition_penalty": 1.1,
            "seed": 7,
            "stop": [],
            "n": 1,
        },
        "seed": 7,
        "priority": 5,
        "metadata": {},
        "attempt": 1,
        "queue_position": 3 if status == "queued" else None,
        "blocked_reason": None,
        "cancel_requested": False,
        "finish_reason": "stop" if status == "succeeded" else None,
        "error": None,
        "outputs": outputs,
        "usage": {"tokens_in": 9, "tokens_out": 5, "engine_seconds": 0.25},
        "timings": {
            "queued_at": 1_760_000_000_000,
            "started_at": 1_760_000_000_100,
            "first_output_at": 1_760_000_000_200,
            "finished_at": 1_760_000_000_900 if ended else None,
        },
        "deadline_at": 1_760_003_600_000,
        "expires_at": 1_760_600_000_000 if ended else None,
        "links": {
            "self": f"/v1/jobs/{JOB_ID}",
            "events": f"/v1/jobs/{JOB_ID}/events",
            "cancel": f"/v1/jobs/{JOB_ID}/cancel",
        },
        **changes,
    }


def image_job(pictures: Iterable[bytes] = (), status: str = "succeeded", **changes: Any) -> dict[str, Any]:
    """A picture job whose outputs have the given bytes."""
    return text_job(
        status,
        None,
        kind="image",
        model={"name": "vae-fashion", "version": "1", "sha256": SHA},
        input={"prompt": None, "messages": None},
        params={"label": "sneaker", "n": 1, "seed": 7, "guidance": 1.0, "scale": 4, "format": "png"},
        outputs=[
            output(n, content, "image/png", width=8, height=8, label="sneaker", finish_reason="done")
            for n, content in enumerate(pictures)
        ],
        **changes,
    )


def output(n: int, content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {
        "n": n,
        "media_type": media_type,
        "size": len(content),
        "sha256": sha256(content),
        "url": f"/v1/jobs/{JOB_ID}/outputs/{n}",
        "text": None,
        "width": None,
        "height": None,
        "label": None,
        **more,
    }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def card(name: str = "smollm2-135m-instruct", kind: str = "text", **changes: Any) -> dict[str, Any]:
    """A model as ``GET /v1/models`` shows it."""
    return {
        "name": name,
        "version": "1",
        "sha256": SHA,
        "kind": kind,
        "title": "SmolLM2 135M Instruct",
        "description": "A small demo model.",
        "licence": "Apache-2.0",
        "languages": ["en"],
        "labels": ["sneaker", "bag"] if kind == "image" else [],
        "context": 2048 if kind == "text" else None,
        "defaults": {},
        "live_workers": 1,
        "providers": ["cpu"],
        **changes,
    }


def batch(status: str = "running", rows: int = 2, **changes: Any) -> dict[str, Any]:
    """A batch as ``GET /v1/batches/{id}`` shows it; ``changes`` are counts, or fields of its own."""
    counts = dict.fromkeys(
        ("waiting", "refused", "queued", "running", "succeeded", "failed", "canceled", "expired"), 0
    )
    counts |= {name: changes.pop(name) for name in tuple(changes) if name in counts}
    url = f"/v1/batches/{BATCH_ID}"
    return {
        "id": BATCH_ID,
        "status": status,
        "rows": rows,
        "refused": counts["refused"],
        "counts": counts,
        "created_at": 1_760_000_000_000,
        "received_at": 1_760_000_000_100,
        "canceled_at": None,
        "finished_at": 1_760_000_000_900 if status == "finished" else None,
        "expires_at": None,
        "links": {
            "self": url,
            "rows": f"{url}/rows",
            "results": f"{url}/results",
            "cancel": f"{url}/cancel",
            "retry": f"{url}/retry",
        },
        **changes,
    }


def result(n: int, text: str = "A mug.", **changes: Any) -> dict[str, Any]:
    """A line of ``GET /v1/batches/{id}/results``."""
    made = output(0, text.encode(), "text/plain; charset=utf-8", text=text, finish_reason="stop")
    return {
        "n": n,
        "custom_id": f"row-{n}",
        "status": "succeeded",
        "job": JOB_ID,
        "error": None,
        "outputs": [made],
        "usage": {"tokens_in": 9, "tokens_out": 5, "engine_seconds": 0.25},
        **changes,
    }


def lines(*values: Any) -> str:
    """JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values)


def models() -> dict[str, Any]:
    return {"items": [card(), card("vae-fashion", "image")]}


def problem(status: int, code: str, detail: str, **more: Any) -> httpx.Response:
    """A refusal, as RFC 9457 has it."""
    headers = more.pop("headers", {})
    body = {"type": "about:blank", "title": "", "status": status, "code": code, "detail": detail}
    body |= {"field": None, "errors": [], "request_id": "req_1"} | more
    return httpx.Response(
        status, content=json.dumps(body), headers={"content-type": "application/problem+json", **headers}
    )


def answer(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def event(id_: str, name: str, **data: Any) -> str:
    """One event as it stands in an SSE stream."""
    return f"id: {id_}\nevent: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


class Chunks(httpx.SyncByteStream):
    """A body that comes in pieces; an exception among them breaks the connection there."""

    def __init__(self, *chunks: str | bytes | Exception) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk.encode() if isinstance(chunk, str) else chunk


def stream(*chunks: str | bytes | Exception, media_type: str = "text/event-stream") -> httpx.Response:
    return httpx.Response(200, headers={"content-type": media_type}, stream=Chunks(*chunks))


Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script:
    """A server that gives prepared replies per ``METHOD /path``, in order; the last one for ever after."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._replies: dict[str, list[Reply]] = {}

    def on(self, call: str, *replies: Reply) -> "Script":
        self._replies[call] = list(replies)
        return self

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        call = f"{request.method} {request.url.path}"
        replies = self._replies.get(call)
        if not replies:
            return problem(404, "not_found", f"The script has no reply to {call}.")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    def sent(self, call: str) -> list[httpx.Request]:
        """The requests of one kind, in order."""
        return [r for r in self.requests if f"{r.method} {r.url.path}" == call]


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
