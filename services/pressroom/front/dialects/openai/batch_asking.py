"""The lines of a file, as rows of a batch. One that is wrong says why, and the others go on."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from pressroom.contract.jobs import JobRequest
from pressroom.domain.batch import OPENAI_WINDOW_S
from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.front.dialects.openai import asking, response_asking
from pressroom.front.dialects.openai.batch_shapes import Endpoint, Line
from pressroom.front.dialects.openai.embeddings import embeddings_job
from pressroom.front.dialects.openai.reading_shapes import EmbeddingsRequest
from pressroom.front.dialects.openai.response_shapes import ResponseRequest
from pressroom.front.dialects.openai.shapes import ChatRequest, CompletionRequest
from pressroom.front.jsonl import lines_of, values_of
from pressroom.jobs.batch_rows import GivenRow
from pressroom.jobs.invalid import wrong_fields


def rows_of(chunks: Iterable[bytes], endpoint: Endpoint, longest: int) -> Iterator[GivenRow]:
    """A row a line, good or bad; a line has ``longest`` bytes at most."""
    for number, size, value in values_of(lines_of(iter(chunks), longest), longest):
        yield GivenRow(number, size, *_row(value, endpoint))


def _row(value: Any, endpoint: Endpoint) -> tuple[str | None, JobRequest | PressroomError]:
    if isinstance(value, PressroomError):
        return None, value
    if not isinstance(value, dict):
        return None, InputInvalid("A line must be a JSON object.", field="row")
    named = value.get("custom_id")
    custom_id = named if isinstance(named, str) and 0 < len(named) <= 255 else None
    try:
        read = Line.model_validate(value)
        if read.url != endpoint:
            raise InputInvalid(f"This batch is of {endpoint}; the line asks for {read.url}.", field="url")
        return custom_id, _job(read.body, endpoint)
    except ValidationError as wrong:
        problems = wrong_fields(wrong, whole="row")
        field, message = problems[0]
        return custom_id, InputInvalid(f"{field}: {message}.", field=field, errors=problems)
    except PressroomError as wrong:
        return custom_id, wrong


def _job(body: dict[str, Any], endpoint: Endpoint) -> JobRequest:
    """Raises ValidationError, InputInvalid."""
    if body.get("stream"):
        raise InputInvalid("A line of a batch is not streamed; leave stream away.", field="body.stream")
    if endpoint == "/v1/chat/completions":
        return asking.chat_job(ChatRequest.model_validate(body), OPENAI_WINDOW_S)
    if endpoint == "/v1/responses":
        asked = ResponseRequest.model_validate(body)
        if asked.previous_response_id is not None:
            raise InputInvalid(
                "A line of a batch goes on from nothing; leave it away.", field="body.previous_response_id"
            )
        return response_asking.response_job(asked, None, OPENAI_WINDOW_S)
    if endpoint == "/v1/embeddings":
        return _embeddings(EmbeddingsRequest.model_validate(body))
    jobs = asking.completion_jobs(CompletionRequest.model_validate(body), OPENAI_WINDOW_S)
    if len(jobs) > 1:
        raise InputInvalid("A line of a batch has one prompt.", field="body.prompt")
    return jobs[0]


def _embeddings(asked: EmbeddingsRequest) -> JobRequest:
    """Raises InputInvalid."""
    if asked.encoding_format == "base64":
        raise InputInvalid(
            "A line of a batch is answered in numbers; leave it away.", field="body.encoding_format"
        )
    if asked.dimensions is not None:
        raise InputInvalid("A line of a batch gets all dimensions; leave it away.", field="body.dimensions")
    return embeddings_job(asked, None, OPENAI_WINDOW_S)
