"""``/openai/v1/batches``: a file of requests that is done when there is room, within a day."""

from contextlib import suppress
from time import time as now_s

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.batch import Batch, BatchCounts
from pressroom.domain.errors import BatchUnknown, InputInvalid, NotThere, UploadUnknown
from pressroom.front.dialects.campaign import named_campaign, rows_on_campaign
from pressroom.front.dialects.openai import batch_telling
from pressroom.front.dialects.openai.batch_asking import rows_of
from pressroom.front.dialects.openai.batch_shapes import BatchesQuery, BatchRequest
from pressroom.front.dialects.openai.files import stored_id


def blueprint(parts: FrontParts) -> APIBlueprint:
    """Batches that were made here; native ones are under ``/v1/batches`` alone, and these are there, too."""
    batches = APIBlueprint("openai_batches", __name__, url_prefix="/openai/v1/batches", enable_openapi=False)

    def found(batch_id: str) -> tuple[Batch, BatchCounts]:
        """As it stands; one whose time is over is ended first. Raises BatchUnknown, BatchErased."""
        batch, counts = parts.batches.batch(g.tenant, batch_id)
        if not batch_telling.is_ours(batch):
            raise BatchUnknown("This batch was not made here; look at /v1/batches.")
        if batch_telling.is_late(batch, int(now_s() * 1000)):
            return parts.batches.cancel(g.tenant, batch_id)
        return batch, counts

    @batches.post("")
    @batches.input(BatchRequest)
    def create_batch(json_data: BatchRequest) -> Response:
        asked = json_data
        try:
            file = parts.files.find(g.tenant, stored_id(asked.input_file_id))
        except UploadUnknown as error:
            raise InputInvalid(error.message, field="input_file_id") from None
        rows = rows_of(parts.files.content(file), asked.endpoint, parts.limits.body_bytes)
        received = parts.batches.receive(
            g.tenant,
            rows_on_campaign(rows, named_campaign()),
            lambda: file.sha256,
            defaults={},
            metadata=batch_telling.marked(asked.endpoint, asked.input_file_id, asked.metadata),
            request_id=g.request_id,
            by=g.by,
        )
        return jsonify(batch_telling.batch_object(received.batch, received.counts))

    @batches.get("")
    @batches.input(BatchesQuery, location="query")
    def list_batches(query_data: BatchesQuery) -> Response:
        page = parts.batches.page(g.tenant, limit=query_data.limit)
        data = []
        for each in filter(batch_telling.is_ours, page.batches):
            with suppress(NotThere):  # erased meanwhile
                # Their lists tell as much of each as a look at it does.
                data.append(batch_telling.batch_object(*parts.batches.batch(g.tenant, each.id)))
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return jsonify(
            {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": False}
        )

    @batches.get("/<batch_id>")
    def get_batch(batch_id: str) -> Response:
        return jsonify(batch_telling.batch_object(*found(batch_id)))

    @batches.post("/<batch_id>/cancel")
    def cancel_batch(batch_id: str) -> Response:
        found(batch_id)
        return jsonify(batch_telling.batch_object(*parts.batches.cancel(g.tenant, batch_id)))

    return batches
