"""``POST /openai/v1/moderations``: a chain of the tenant's word lists and a model. Whatever one of them finds is told.

    text ─┬─ word lists ───────────> matches: the list's category is true, its score 1
          └─ a job of the model ───> the chance of each of the model's categories, true from one half on

A category that no link of the chain looks for is null, not false: nobody has looked. Pictures are looked at by nobody, and
answered with 501.
"""

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.domain.errors import InputInvalid
from pressroom.domain.job import Job
from pressroom.domain.word_lists import Match, WordList
from pressroom.front.dialects.openai.absent import NotOfferedHere
from pressroom.front.dialects.openai.reading_shapes import ModerationRequest
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.sse import Gate
from pressroom.jobs.numbers import read

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""What their clients look for."""

_FLAGGED = 0.5


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whoever goes away cancels the job."""
    moderations = APIBlueprint(
        "openai_moderations", __name__, url_prefix="/openai/v1/moderations", enable_openapi=False
    )

    @moderations.post("")
    @moderations.input(ModerationRequest)
    def create_moderation(json_data: ModerationRequest) -> Response:
        asked = json_data
        if asked.has_pictures:
            raise NotOfferedHere("Nothing here looks at pictures; send texts alone.")
        for n, text in enumerate(asked.texts):
            if not text.strip():
                raise InputInvalid("This text is empty; say something.", field=f"input.{n}")
        manifest = _model(parts, asked.model)
        request = JobRequest(
            model=asked.model or manifest.name,
            input=JobInput(texts=asked.texts),
            params={"cut": True},
            deadline_s=parts.limits.dialect_wait_s,
        )
        lists = parts.word_lists.lists(g.tenant)
        met = parts.word_lists.matches(g.tenant, asked.texts)
        job = ended(parts, gate, posted(parts, request))
        rows = read(parts.fetcher.content(job.outputs[0]))
        return jsonify(moderation(job, manifest, lists, met, rows))

    return moderations


def moderation(
    job: Job,
    manifest: Manifest,
    lists: Sequence[WordList],
    met: Sequence[Sequence[Match]],
    rows: Sequence[Sequence[float]],
) -> dict[str, Any]:
    """The answer. ``matches`` is Pressroom's own: why a list has spoken."""
    looked = manifest.reading.categories if manifest.reading is not None else ()
    watched = {each.category for each in lists}
    results = [
        _result(dict(zip(looked, row, strict=True)), watched, matches)
        for row, matches in zip(rows, met, strict=True)
    ]
    return {"id": f"modr-{job.id}", "model": job.model.name, "results": results}


def _result(chances: dict[str, float], watched: set[str], matches: Sequence[Match]) -> dict[str, Any]:
    scores: dict[str, float | None] = dict.fromkeys(CATEGORIES)
    scores |= dict.fromkeys(watched, 0.0)
    for name, chance in chances.items():
        scores[name] = max(chance, scores.get(name) or 0.0)
    for match in matches:
        scores[match.category] = 1.0
    verdicts = {name: None if score is None else score >= _FLAGGED for name, score in scores.items()}
    return {
        "flagged": any(verdicts.values()),
        "categories": verdicts,
        "category_scores": scores,
        "category_applied_input_types": {
            name: [] if score is None else ["text"] for name, score in scores.items()
        },
        "matches": [{"list": each.list, "category": each.category, "word": each.word} for each in matches],
    }


def _model(parts: FrontParts, named: str | None) -> Manifest:
    """Raises ModelUnknown, InputInvalid, NotOfferedHere."""
    if named is not None:
        manifest = parts.catalog.choose(named, 1.0, g.tenant)
        if manifest.kind != "moderation":
            raise InputInvalid(f"{manifest.name} moderates nothing; leave model out.", field="model")
        return manifest
    for manifest in parts.catalog.seen_by(g.tenant):
        if manifest.kind == "moderation":
            return manifest
    raise NotOfferedHere("No model that moderates is on this server: see docs/openai.md.")
