"""The dialect of OpenAI's API, under ``/openai/v1``.

    shapes     what is asked                   asking     … as a job's request
    telling    jobs as they are answered       chunks     … as they happen
    envelope   errors                          models, chat, completions, images, responses,
                                               embeddings, moderations: the endpoints
    response_* the same of /responses, which has words of its own
    batch_*    the same of /batches, with files

What a request says and Pressroom cannot do is refused by name; what changes nothing is taken and has no effect.
"""

from apiflask import APIBlueprint

from pressroom.bootstrap.front import FrontParts
from pressroom.front.dialects.openai import (
    absent,
    batches,
    chat,
    completions,
    embeddings,
    files,
    images,
    models,
    moderations,
    responses,
)
from pressroom.front.sse import Gate


def blueprints(parts: FrontParts, gate: Gate) -> tuple[APIBlueprint, ...]:
    """All of ``/openai/v1``."""
    return (
        models.blueprint(parts),
        chat.blueprint(parts, gate),
        completions.blueprint(parts, gate),
        images.blueprint(parts, gate),
        embeddings.blueprint(parts, gate),
        moderations.blueprint(parts, gate),
        responses.blueprint(parts, gate),
        files.blueprint(parts, gate),
        batches.blueprint(parts),
        absent.blueprint(),
    )
