"""``POST /openai/v1/embeddings``: a vector of each text, in numbers or in base64."""

import base64
import struct
from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.domain.errors import InputInvalid
from pressroom.domain.job import Job
from pressroom.front.dialects.openai.asking import with_user
from pressroom.front.dialects.openai.reading_shapes import EmbeddingsRequest
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.sse import Gate
from pressroom.jobs.numbers import read


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whoever goes away cancels the job."""
    embeddings = APIBlueprint(
        "openai_embeddings", __name__, url_prefix="/openai/v1/embeddings", enable_openapi=False
    )

    @embeddings.post("")
    @embeddings.input(EmbeddingsRequest)
    def create_embeddings(json_data: EmbeddingsRequest) -> Response:
        asked = json_data
        # What another version of a bare name would be, whose canary's turn it may be, has as many dimensions.
        manifest = parts.catalog.choose(asked.model, 1.0, g.tenant)
        job = ended(parts, gate, posted(parts, embeddings_job(asked, manifest, parts.limits.dialect_wait_s)))
        rows = read(parts.fetcher.content(job.outputs[0]))
        return jsonify(embedding_list(job, rows, in_base64=asked.encoding_format == "base64"))

    return embeddings


def embeddings_job(asked: EmbeddingsRequest, manifest: Manifest | None, deadline_s: int) -> JobRequest:
    """Raises InputInvalid; for a model of another kind only where its ``manifest`` is known here."""
    if not asked.texts:
        raise InputInvalid(
            "Send text: numbers of tokens are of some vocabulary, and this server cannot know whether it is the model's.",
            field="input",
        )
    for n, text in enumerate(asked.texts):
        if not text.strip():
            raise InputInvalid("This text is empty; say something.", field=f"input.{n}")
    if manifest is not None:
        _check_model(asked, manifest)
    return JobRequest(
        model=asked.model,
        input=JobInput(texts=asked.texts),
        params={"cut": asked.cut},
        deadline_s=deadline_s,
        metadata=with_user(asked, {}),
    )


def embedding_list(job: Job, rows: Sequence[Sequence[float]], *, in_base64: bool) -> dict[str, Any]:
    """The answer. Base64 is of float32, the lowest byte first."""
    told = [_packed(row) if in_base64 else row for row in rows]
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": n, "embedding": each} for n, each in enumerate(told)],
        "model": job.model.name,
        "usage": {"prompt_tokens": job.usage.tokens_in, "total_tokens": job.usage.tokens_in},
    }


def _check_model(asked: EmbeddingsRequest, manifest: Manifest) -> None:
    traits = manifest.reading
    if traits is None or not traits.dimensions:
        raise InputInvalid(f"{manifest.name} makes no embeddings; name a model that does.", field="model")
    if asked.dimensions not in (None, traits.dimensions):
        raise InputInvalid(
            f"{manifest.name} has {traits.dimensions} dimensions, which mean nothing when some are left out.",
            field="dimensions",
        )


def _packed(row: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()
