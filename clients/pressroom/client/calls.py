"""Each call of the API as data: what to send, and how to read the answer.

No I/O here, so that a synchronous and an asynchronous client can share every call.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote as quoted

from pressroom.client.answers import Answer, parse
from pressroom.client.errors import BadAnswer, NotSendable, OutputDamaged
from pressroom.contract.jobs import JobPage, JobRequest, JobView, ModelList
from pressroom.contract.params import ImageFormat
from pressroom.contract.pictures import Operation, Picture
from pressroom.contract.spending import QuoteView
from pressroom.contract.uploads import UploadView

Result = TypeVar("Result")
_SHA256 = re.compile(r'^(?:W/)?"([0-9a-f]{64})(?:[^0-9a-f][^"]*)?"$')


class TextOptions(TypedDict, total=False):
    """Parameters of a text job; what is absent is the model's or the server's default."""

    max_tokens: int
    min_tokens: int
    logprobs: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    logit_bias: Mapping[str, float]
    seed: int
    stop: Sequence[str]
    max_chars: int
    guide: Mapping[str, Any]
    n: int


class ImageOptions(TypedDict, total=False):
    """Parameters of a picture job; what is absent is the model's or the server's default."""

    operation: Operation
    label: str
    n: int
    seed: int
    guidance: float
    truncation: float
    strength: float
    attribute: str
    colour: str
    size: int
    scale: int
    sheet: bool
    format: ImageFormat


class JobOptions(TypedDict, total=False):
    """What a job of any kind may carry."""

    priority: int
    deadline_s: int
    result_ttl_s: int
    metadata: Mapping[str, str]
    campaign: str
    webhook: Mapping[str, Any]
    output_urls: Sequence[str]
    quote: str


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """One HTTP request. ``done_if_repeated`` are refusals that mean, on a second try, that the
    first one had worked. ``patience_s`` is added to the time that the answer may take. A ``body`` that
    is a function is called for each try: it gives the bytes piece by piece."""

    method: str
    path: str
    read: Callable[[Answer], Result]
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[], Iterator[bytes]] | None = None
    done_if_repeated: frozenset[int] = frozenset()
    patience_s: float = 0.0


def submit(
    request: JobRequest | Mapping[str, Any], *, idempotency_key: str | None, wait_s: int | None
) -> Call[JobView]:
    """``POST /v1/jobs``. The key is made here when none is given, once for all tries."""
    headers = {
        "content-type": "application/json",
        "idempotency-key": idempotency_key or uuid.uuid4().hex,
    }
    if wait_s:
        headers["prefer"] = f"wait={wait_s}"
    return Call(
        "POST",
        "/v1/jobs",
        lambda answer: parse(JobView, answer.body),
        headers=headers,
        body=as_json(request),
        patience_s=wait_s or 0,
    )


def quote(request: JobRequest | Mapping[str, Any]) -> Call[QuoteView]:
    """``POST /v1/jobs?dry_run=true``."""
    return Call(
        "POST",
        "/v1/jobs",
        lambda answer: parse(QuoteView, answer.body),
        query=[("dry_run", "true")],
        headers={"content-type": "application/json"},
        body=as_json(request),
    )


def job(job_id: str) -> Call[JobView]:
    return Call("GET", _of(job_id), lambda answer: parse(JobView, answer.body))


def jobs(*, status: str | None, model: str | None, cursor: str | None, limit: int | None) -> Call[JobPage]:
    query = [("status", status)] if status else []
    query += [("model", model)] if model else []
    query += [("cursor", cursor)] if cursor else []
    query += [("limit", str(limit))] if limit else []
    return Call("GET", "/v1/jobs", lambda answer: parse(JobPage, answer.body), query=query)


def cancel(job_id: str) -> Call[JobView]:
    return Call("POST", _of(job_id, "/cancel"), lambda answer: parse(JobView, answer.body))


def requeue(job_id: str) -> Call[JobView]:
    return Call("POST", _of(job_id, "/requeue"), lambda answer: parse(JobView, answer.body))


def erase(job_id: str) -> Call[None]:
    return Call("DELETE", _of(job_id), lambda answer: None, done_if_repeated=frozenset({410}))


def models() -> Call[ModelList]:
    return Call("GET", "/v1/models", lambda answer: parse(ModelList, answer.body))


def output(job_id: str, n: int, sha256: str | None) -> Call[bytes]:
    """The bytes of an output, checked against ``sha256`` or, without it, the ETag."""
    return Call("GET", _of(job_id, f"/outputs/{n}"), lambda answer: _checked(answer, job_id, n, sha256))


def output_of(found: JobView | str, n: int) -> Call[bytes]:
    """An output of a job, or of the job of this id, checked as far as is known what it must be."""
    if isinstance(found, str):
        return output(found, n, None)
    return output(found.id, n, next((each.sha256 for each in found.outputs if each.n == n), None))


def archive(job_id: str) -> Call[bytes]:
    """All outputs as one ZIP file."""
    return Call("GET", _of(job_id, "/archive"), lambda answer: answer.body)


def events_path(job_id: str) -> str:
    return _of(job_id, "/events")


def text_request(
    prompt: str,
    *,
    model: str,
    system: str | None = None,
    params: TextOptions | None = None,
    job: JobOptions | None = None,
) -> dict[str, Any]:
    """A text job as ``POST /v1/jobs`` takes it; the server checks it, so that one place judges."""
    if system is None:
        words: dict[str, Any] = {"prompt": prompt}
    else:
        turns = [("system", system), ("user", prompt)]
        words = {"messages": [{"role": role, "content": content} for role, content in turns]}
    return {"model": model, "input": words, "params": dict(params or {}), **(job or {})}


def write_request(
    template: str,
    facts: Mapping[str, str],
    *,
    model: str,
    voice: str | None = None,
    free: bool = False,
    params: Mapping[str, Any] | None = None,
    job: JobOptions | None = None,
) -> dict[str, Any]:
    """The body of a job that writes by a template."""
    writing: dict[str, Any] = {"template": template, "facts": dict(facts)}
    if voice is not None:
        writing["voice"] = voice
    if free:
        writing["free"] = True
    return {"model": model, "input": {"writing": writing}, "params": dict(params or {}), **(job or {})}


def reading_request(texts: Sequence[str], *, model: str, cut: bool) -> dict[str, Any]:
    """The body of a job that reads texts."""
    return {"model": model, "input": {"texts": list(texts)}, "params": {"cut": cut}}


def rows_of(content: bytes) -> list[list[float]]:
    """The numbers of such a job's output, a row a text."""
    rows: list[list[float]] = json.loads(content)["rows"]
    return rows


def image_request(
    *,
    model: str,
    words: str | None = None,
    pictures: Sequence[Picture] = (),
    mask: Picture | None = None,
    params: ImageOptions | None = None,
    job: JobOptions | None = None,
) -> dict[str, Any]:
    """A picture job as ``POST /v1/jobs`` takes it."""
    given: dict[str, Any] = {} if words is None else {"prompt": words}
    if pictures:
        given["pictures"] = [_told(picture) for picture in pictures]
    if mask is not None:
        given["mask"] = _told(mask)
    return {
        "model": model,
        **({"input": given} if given else {}),
        "params": dict(params or {}),
        **(job or {}),
    }


def upload(content: bytes) -> Call[UploadView]:
    """``POST /v1/uploads``. Sent twice it is two uploads, of which the one that nobody knows goes by itself."""
    return Call(
        "POST",
        "/v1/uploads",
        lambda answer: parse(UploadView, answer.body),
        headers={"content-type": _media_type(content)},
        body=content,
    )


def _told(picture: Picture) -> dict[str, Any]:
    return picture.model_dump(mode="json", exclude_defaults=True)


def _media_type(content: bytes) -> str:
    """By its first bytes; what is none of the three is sent as one, so that the server says what is wrong with it."""
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if content[8:12] == b"WEBP" else "image/png"


def _of(job_id: str, rest: str = "") -> str:
    if not job_id:
        raise NotSendable("The job's id is empty. Pass the id that the submit returned.")
    return f"/v1/jobs/{quoted(job_id, safe='')}{rest}"


def as_json(request: JobRequest | Mapping[str, Any]) -> bytes:
    """A request as it goes over the wire. Raises NotSendable."""
    plain = (
        request.model_dump(mode="json", exclude_unset=True) if isinstance(request, JobRequest) else request
    )
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, default=_plain).encode()
    except (ValueError, TypeError) as error:
        raise NotSendable(
            f"The request cannot be written as JSON ({error}). Use plain text, finite numbers, lists and maps."
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _checked(answer: Answer, job_id: str, n: int, sha256: str | None) -> bytes:
    tag = _SHA256.match(answer.headers.get("etag", ""))
    wanted = sha256 or (tag.group(1) if tag else None)
    if wanted is None:
        raise BadAnswer(
            f"Output {n} of {job_id} came without its sha256 in the ETag. "
            "Check that no proxy rewrites the headers of the front."
        )
    if hashlib.sha256(answer.body).hexdigest() != wanted:
        raise OutputDamaged(
            f"Output {n} of {job_id} was changed on its way (its sha256 is not {wanted[:12]}…). "
            "Fetch it again; if it stays so, look for a proxy that rewrites content."
        )
    return answer.body
