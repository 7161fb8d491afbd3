"""``/openai/v1/files``: requests that are sent in for a batch, and what came of them."""

from collections.abc import Iterator
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, request

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import InputInvalid, UploadUnknown
from pressroom.domain.job import Job
from pressroom.front.dialects.openai import batch_telling
from pressroom.front.sse import Gate
from pressroom.jobs.files import MEDIA_TYPE
from pressroom.jobs.numbers import read
from pressroom.jobs.uploads import Upload

_PREFIX = "file-"
_CHUNK = 65_536


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """What is sent in is kept for as long as an upload; what came of a batch, for as long as the batch."""
    files = APIBlueprint("openai_files", __name__, url_prefix="/openai/v1/files", enable_openapi=False)

    @files.post("")
    def create_file() -> Response:
        if request.form.get("purpose") != "batch":
            raise InputInvalid("Files here are for batches: say purpose=batch.", field="purpose")
        sent = request.files.get("file")
        if sent is None:
            raise InputInvalid("Send the file as a form, in the field `file`.", field="file")
        stream = sent.stream
        return jsonify(_told(parts.files.take(g.tenant, iter(lambda: stream.read(_CHUNK), b""))))

    @files.get("/<file_id>")
    def get_file(file_id: str) -> Response:
        made = batch_telling.produced(file_id)
        if made is None:
            return jsonify(_told(parts.files.find(g.tenant, stored_id(file_id))))
        batch, _ = parts.batches.batch(g.tenant, made[0])
        size = sum(len(line.encode()) for line in _lines(parts, *made))
        return jsonify(_object(file_id, size, batch.created_at, "batch_output"))

    @files.get("/<file_id>/content")
    def get_file_content(file_id: str) -> Response:
        made = batch_telling.produced(file_id)
        gate.enter()
        try:
            content: Iterator[Any] = (
                parts.files.content(parts.files.find(g.tenant, stored_id(file_id)))
                if made is None
                else _lines(parts, *made)
            )
        except BaseException:
            gate.leave()
            raise
        response = Response(content, content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(gate.leave)
        return response

    @files.delete("/<file_id>")
    def delete_file(file_id: str) -> Response:
        if batch_telling.produced(file_id) is not None:
            raise InputInvalid("It goes with its batch: erase that under /v1/batches.", field="file_id")
        parts.files.remove(g.tenant, stored_id(file_id))
        return jsonify({"id": file_id, "object": "file", "deleted": True})

    return files


def stored_id(file_id: str) -> str:
    """Ours of theirs. Raises UploadUnknown."""
    if not file_id.startswith(_PREFIX):
        raise UploadUnknown("There is no file of this id; theirs begin with `file-`.")
    return file_id.removeprefix(_PREFIX)


def _lines(parts: FrontParts, batch_id: str, good: bool) -> Iterator[str]:
    """Raises BatchUnknown, BatchErased, DatabaseUnavailable before the first."""
    batch, _ = parts.batches.batch(g.tenant, batch_id)

    def numbers(job: Job) -> batch_telling.Numbers:
        return read(parts.fetcher.content(job.outputs[0]))

    return batch_telling.lines(batch, parts.batches.results(g.tenant, batch_id), numbers, good=good)


def _told(file: Upload) -> dict[str, Any]:
    told = _object(_PREFIX + file.id, file.size, file.created_at, "batch")
    return {**told, "expires_at": file.expires_at // 1000}


def _object(file_id: str, size: int, created_at: int, purpose: str) -> dict[str, Any]:
    return {
        "id": file_id,
        "object": "file",
        "bytes": size,
        "created_at": created_at // 1000,
        "filename": f"{file_id}.jsonl",  # names are not kept
        "purpose": purpose,
        "status": "processed",
    }
