"""The dialect of Replicate's API, under ``/replicate/v1``. Its errors are problem+json, as Pressroom's own are.

    shapes     what is asked                   asking     … as a job's request
    telling    jobs as predictions             events     … as they happen
    schemas    what a model takes and gives    predictions, models, files, webhooks: the endpoints

Owners are not told apart here: every model is ``pressroom/NAME``, and a version is the hash of its weights.
"""

from apiflask import APIBlueprint

from pressroom.bootstrap.front import FrontParts
from pressroom.front.dialects.replicate import files, models, predictions, webhooks
from pressroom.front.sse import Gate


def blueprints(parts: FrontParts, gate: Gate) -> tuple[APIBlueprint, ...]:
    """All of ``/replicate/v1``."""
    return (
        predictions.blueprint(parts, gate),
        models.blueprint(parts),
        files.blueprint(parts),
        webhooks.blueprint(parts),
    )
