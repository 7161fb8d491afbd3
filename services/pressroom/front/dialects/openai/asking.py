"""What was asked in OpenAI's words, as a job's request."""

import re
from typing import Any

from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest, Message
from pressroom.domain.errors import InputInvalid
from pressroom.front.dialects.openai.shapes import (
    Asked,
    ChatRequest,
    CompletionRequest,
    ImagesRequest,
    Sampled,
    Tier,
)

_PRIORITIES: dict[Tier, int] = {"flex": 2, "priority": 8}
_DEFAULT_PRIORITY = 5


def chat_job(asked: ChatRequest, deadline_s: int) -> JobRequest:
    """One job of ``n`` texts."""
    params = _drawn(asked)
    if asked.max_completion_tokens is not None:
        params["max_tokens"] = asked.max_completion_tokens
    if asked.logprobs:
        params["logprobs"] = asked.top_logprobs or 0
    if (form := asked.response_format) is not None and form.type != "text":
        schema = form.json_schema.schema_ if form.json_schema is not None else {"type": "object"}
        params["guide"] = {"type": "json", "schema": schema}
    messages = tuple(
        Message(
            role="system" if each.role == "developer" else each.role,
            content=not_empty(each.text, f"messages.{n}.content"),
        )
        for n, each in enumerate(asked.messages)
    )
    metadata = dict(asked.metadata or {})
    return JobRequest(
        model=asked.model,
        input=JobInput(messages=messages),
        params=params,
        priority=priority(asked.service_tier),
        deadline_s=deadline_s,
        metadata=with_user(asked, metadata),
    )


def completion_jobs(asked: CompletionRequest, deadline_s: int) -> tuple[JobRequest, ...]:
    """A job for each prompt."""
    params = _drawn(asked)
    if asked.logprobs is not None:
        params["logprobs"] = asked.logprobs
    return tuple(
        JobRequest(
            model=asked.model,
            input=JobInput(prompt=not_empty(prompt, f"messages.{n}.content")),
            params=params,
            deadline_s=deadline_s,
            metadata=with_user(asked, {}),
        )
        for n, prompt in enumerate(asked.prompts)
    )


def images_job(asked: ImagesRequest, manifest: Manifest, deadline_s: int) -> JobRequest:
    """Icons are found by the prompt's words; of a model with classes, the prompt names one. Raises InputInvalid."""
    traits = manifest.image
    if traits is None:
        raise InputInvalid(f"{manifest.name} writes text; name a model that draws.", field="model")
    params: dict[str, Any] = {"n": asked.n or 1}
    if asked.seed is not None:
        params["seed"] = abs(asked.seed)
    if asked.output_format is not None:
        params["format"] = asked.output_format
    given = JobInput()
    if "icon" in traits.operations:
        params["operation"] = "icon"
        given = JobInput(prompt=asked.prompt)
    elif "sample" in traits.operations and traits.labels:
        params["operation"] = "sample"
        params["label"] = _label(asked.prompt, manifest.name, traits.labels)
    else:
        raise InputInvalid(
            f"{manifest.name} draws nothing by words: post a job to /v1/jobs, which takes what it does.",
            field="model",
        )
    params |= _size(asked.size, manifest, icon="icon" in traits.operations)
    return JobRequest(
        model=asked.model, input=given, params=params, deadline_s=deadline_s, metadata=with_user(asked, {})
    )


def _drawn(asked: Sampled) -> dict[str, Any]:
    """Params that say something; the model's own defaults are for the rest."""
    said = {
        "n": asked.n,
        "max_tokens": asked.max_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "presence_penalty": asked.presence_penalty,
        "frequency_penalty": asked.frequency_penalty,
        "seed": asked.draw,
        "top_k": asked.top_k,
        "min_p": asked.min_p,
        "repetition_penalty": asked.repetition_penalty,
        "min_tokens": asked.min_tokens,
        "stop": asked.stops or None,
        "logit_bias": asked.logit_bias or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def not_empty(text: str, field: str) -> str:
    """Raises InputInvalid."""
    if not text:
        raise InputInvalid("This text is empty; say something.", field=field)
    return text


def priority(tier: Tier | None) -> int:
    """Among the tenant's own jobs."""
    return _PRIORITIES.get(tier or "auto", _DEFAULT_PRIORITY)


def with_user(asked: Asked, metadata: dict[str, str]) -> dict[str, str]:
    """Whom it is for is kept with the job, where there is room."""
    if asked.user and len(metadata) < 16:
        metadata.setdefault("user", asked.user)
    return metadata


def _label(prompt: str, name: str, labels: tuple[str, ...]) -> str:
    """The class that the prompt names first; the longer name, where two begin there."""
    words = prompt.lower()
    found = [
        (match.start(), -len(label), label)
        for label in labels
        if (match := re.search(rf"(?<![a-z]){re.escape(label.lower())}(?:s|es)?(?![a-z])", words))
    ]
    if not found:
        raise InputInvalid(
            f"The prompt names nothing that {name} can draw. It knows: {', '.join(labels)}.", field="prompt"
        )
    return min(found)[2]


def _size(asked: str | None, manifest: Manifest, *, icon: bool) -> dict[str, int]:
    traits = manifest.image
    if asked in (None, "auto") or traits is None:
        return {}
    width, height = (int(side) for side in str(asked).split("x"))
    if icon:
        if width != height or not 8 <= width <= 2048:
            raise InputInvalid("An icon is as wide as high, from 8x8 to 2048x2048.", field="size")
        return {"size": width}
    scale = width // traits.width
    if not 1 <= scale <= 16 or (traits.width * scale, traits.height * scale) != (width, height):
        sizes = ", ".join(f"{traits.width * times}x{traits.height * times}" for times in (1, 2, 4, 8, 16))
        raise InputInvalid(
            f"{manifest.name} draws pictures of {traits.width}x{traits.height}, or up to 16 times as large: "
            f"{sizes}.",
            field="size",
        )
    return {"scale": scale}
