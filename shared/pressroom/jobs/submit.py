"""Accept a job: check it against its model, resolve everything, store it once, wake a worker.

What is drawn or chosen here (seed, model version) is pinned in the stored job, so that every
attempt does the same. The ticket comes after the commit, best effort: the database is the queue.
"""

import hashlib
import hmac
import json
import random
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.guide import GuideInvalid, check_guide
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.contract.params import MAX_SEED, ImageParams, TextParams
from pressroom.contract.webhooks import JobWebhook
from pressroom.domain.errors import InputInvalid, PromptTooLong, RedisUnavailable
from pressroom.domain.ids import new_id
from pressroom.domain.job import NewJob, PinnedModel
from pressroom.domain.retention import Retention
from pressroom.jobs.invalid import wrong_fields
from pressroom.jobs.ports import IdempotencyKey, JobStore, QueueLimits, Submitted, Tickets
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.telemetry import get_logger

_MAX_KEY = 255


class Counter(Protocol):
    """Counts the tokens that a model reads for an input; the rendered chat template included."""

    def count(self, manifest: Manifest, given: JobInput, enough: int) -> int | None:
        """Tokens, or None when this machine does not have the model's tokenizer.

        An answer of at most ``enough`` may be an upper bound: it is known to fit, and that is all
        the caller wants to know."""


class Callbacks(Protocol):
    """Checks who a job wants to be told of its end."""

    def accept(self, tenant: str, webhook: JobWebhook) -> Mapping[str, Any]:
        """What the job stores of it. Raises TargetRefused, DatabaseUnavailable."""


class Submitter:
    """The use case behind ``POST /v1/jobs``. ``slot_tokens`` is what a text worker's slot holds."""

    def __init__(
        self,
        store: JobStore,
        catalog: Catalog,
        tickets: Tickets,
        counter: Counter,
        *,
        secret: bytes,
        slot_tokens: int,
        limits: QueueLimits | None = None,
        callbacks: Callbacks | None = None,
        policy: Callable[[str], Retention] = lambda tenant: Retention(),
        room: Room = ENDLESS,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._tickets = tickets
        self._counter = counter
        self._secret = secret
        self._slot_tokens = slot_tokens
        self._limits = limits or QueueLimits()
        self._callbacks = callbacks
        self._policy = policy
        self._room = room
        self._draws = Draws()

    def submit(
        self, tenant: str, request: JobRequest, key: str | None = None, request_id: str | None = None
    ) -> Submitted:
        """Store the job, or find the one that ``key`` names.

        Raises ModelUnknown, InputInvalid, PromptTooLong, KeyReused, JobErased, QueueFull, NoRoom,
        DatabaseUnavailable. Only after the last may the job be there all the same: the same key tells."""
        check_room(self._room)
        new = self.resolved(tenant, request, request_id)
        # Only now: params that no model has may be of any form, and nested too deeply to be written.
        idempotency = self._idempotency(tenant, request, key)
        submitted = self._store.submit(new, idempotency, self._limits)
        if submitted.created:
            wake(self._tickets, new.pool)
        return submitted

    def resolved(self, tenant: str, request: JobRequest, request_id: str | None = None) -> NewJob:
        """The job that a request asks for, checked, with everything resolved; nothing is stored.

        Raises ModelUnknown, InputInvalid, PromptTooLong, TargetRefused, DatabaseUnavailable."""
        policy = self._policy(tenant)
        manifest = self._catalog.choose(request.model, self._draws.next())
        params = resolved_params(manifest, request.params)
        check_input(manifest, request.input)
        if isinstance(params, TextParams):
            self._check_length(manifest, request.input, params)
        return NewJob(
            id=new_id("job"),
            tenant=tenant,
            model=PinnedModel(manifest.name, manifest.version, manifest.sha256),
            kind=manifest.kind,
            pool=manifest.pool,
            priority=request.priority,
            input=request.input.model_dump(mode="json", exclude_none=True),
            params=params.model_dump(mode="json"),
            metadata=dict(request.metadata),
            deadline_s=request.deadline_s,
            result_ttl_s=policy.result_ttl_s(
                request.result_ttl_s, said="result_ttl_s" in request.model_fields_set
            ),
            prompt_ttl_s=policy.prompts_s,
            events_ttl_s=policy.events_s,
            request_id=request_id,
            webhook=self._webhook(tenant, request.webhook),
        )

    def _webhook(self, tenant: str, asked: JobWebhook | None) -> Mapping[str, Any] | None:
        if asked is None:
            return None
        if self._callbacks is None:
            raise InputInvalid("This server calls nobody back; leave webhook out.", field="webhook")
        return self._callbacks.accept(tenant, asked)

    def _idempotency(self, tenant: str, request: JobRequest, key: str | None) -> IdempotencyKey | None:
        if key is None:
            return None
        check_key(key)
        asked = request.model_dump(mode="json")
        if request.webhook is None:
            # As it was written before there were webhooks: a key outlives an upgrade.
            del asked["webhook"]
        body = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        mac = hmac.new(self._secret, b"pressroom idempotency 1\n" + body.encode(), hashlib.sha256)
        return IdempotencyKey(key, mac.hexdigest(), self._policy(tenant).keys_s)

    def _check_length(self, manifest: Manifest, given: JobInput, params: TextParams) -> None:
        context = self._slot_tokens
        if manifest.text is not None:
            context = min(context, manifest.text.context)
        room = context - params.max_tokens
        tokens = self._counter.count(manifest, given, room)
        if room >= (tokens or 1):
            return
        counted = f"The prompt has {tokens} tokens and max_tokens asks" if tokens else "max_tokens asks"
        raise PromptTooLong(
            f"{counted} for {params.max_tokens}{' more' if tokens else ''}, but {manifest.name} holds "
            f"{context} in all. Shorten the prompt or lower max_tokens.",
            field="input" if room > 0 else "params.max_tokens",
        )


class Draws:
    """Numbers in [0, 1) that lie evenly however few are taken: steps of the golden ratio (Weyl's sequence), so that of any
    hundred jobs a canary gets its share to within two or three. Thread-safe."""

    _STEP = (5**0.5 - 1) / 2

    def __init__(self, start: float | None = None) -> None:
        """``start``: by chance where None, since each front process has its own."""
        self._at = random.random() if start is None else start
        self._lock = threading.Lock()

    def next(self) -> float:
        with self._lock:
            self._at = (self._at + self._STEP) % 1.0
            return self._at


def wake(tickets: Tickets, pool: str) -> None:
    """Send a ticket, best effort: the relay sends what is missing."""
    try:
        tickets.send(pool)
    except RedisUnavailable as error:
        get_logger(__name__).warning("ticket_not_sent", pool=pool, reason=error.message)


def check_key(key: str) -> None:
    """Raises InputInvalid for what is no idempotency key."""
    if not 1 <= len(key) <= _MAX_KEY or not (key.isascii() and key.isprintable()):
        raise InputInvalid(
            f"Idempotency-Key is 1 to {_MAX_KEY} printable ASCII characters; a UUID is a good one.",
            field="header.Idempotency-Key",
        )


def resolved_params(manifest: Manifest, given: Mapping[str, Any]) -> TextParams | ImageParams:
    """All params with the manifest's defaults under the client's, and a seed. Raises InputInvalid."""
    shape = TextParams if manifest.kind == "text" else ImageParams
    try:
        params: TextParams | ImageParams = shape.model_validate({**manifest.defaults, **given})
    except ValidationError as error:
        raise _params_invalid(manifest, error) from None
    if isinstance(params, ImageParams) and params.label is not None:
        labels = manifest.image.labels if manifest.image is not None else ()
        if params.label not in labels:
            raise InputInvalid(
                f"{manifest.name} has no such label. It has: {', '.join(labels) or 'none at all'}.",
                field="params.label",
            )
    if isinstance(params, TextParams) and params.guide is not None:
        try:
            check_guide(params.guide)
        except GuideInvalid as error:
            raise InputInvalid(f"params.guide cannot be followed: {error}.", field="params.guide") from None
    if params.seed is None:
        return params.model_copy(update={"seed": secrets.randbelow(MAX_SEED + 1)})
    return params


def check_input(manifest: Manifest, given: JobInput) -> None:
    """Raises InputInvalid unless the input is what this kind of model reads."""
    if manifest.kind == "image":
        if given.prompt is not None or given.messages is not None:
            raise InputInvalid(
                f"{manifest.name} makes pictures from params.label; leave input empty.", field="input"
            )
        return
    if (given.prompt is None) == (given.messages is None):
        raise InputInvalid(
            f"{manifest.name} writes text: give either input.prompt or input.messages.", field="input"
        )
    if given.prompt is not None and not given.prompt.strip():
        raise InputInvalid("The prompt is empty; say what to write.", field="input.prompt")
    if given.messages is None:
        return
    if manifest.text is not None and not manifest.text.chat:
        raise InputInvalid(
            f"{manifest.name} has no chat format; give input.prompt instead.", field="input.messages"
        )
    if given.messages[-1].role != "user":
        raise InputInvalid(
            "The last message must have the role `user`.",
            field=f"input.messages.{len(given.messages) - 1}.role",
        )
    if not given.messages[-1].content.strip():
        raise InputInvalid(
            "The last message is empty; say what to write.",
            field=f"input.messages.{len(given.messages) - 1}.content",
        )


def _params_invalid(manifest: Manifest, error: ValidationError) -> InputInvalid:
    problems = wrong_fields(error, "params")
    field, message = problems[0]
    shape = "text" if manifest.kind == "text" else "picture"
    return InputInvalid(
        f"{field}: {message} ({manifest.name} is a {shape} model).", field=field, errors=problems
    )
