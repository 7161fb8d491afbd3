"""Accept a job: check it against its model, resolve everything, store it once, wake a worker.

What is drawn or chosen here (seed, model version) is pinned in the stored job, so that every
attempt does the same. The ticket comes after the commit, best effort: the database is the queue.
"""

import hashlib
import hmac
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.manifest import Manifest
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.contract.params import ImageParams, Params, ReadingParams, TextParams
from pressroom.contract.webhooks import JobWebhook
from pressroom.domain.errors import (
    DatabaseUnavailable,
    InputInvalid,
    ModelNotAllowed,
    PressroomError,
    PriorityNotAllowed,
    PromptTooLong,
    RedisUnavailable,
    Refused,
    Unavailable,
)
from pressroom.domain.ids import new_id
from pressroom.domain.job import NewJob, PinnedModel
from pressroom.domain.retention import Retention
from pressroom.domain.spending import FREE, Meter, Price
from pressroom.jobs.asked import check_input, most_read, resolved_params
from pressroom.jobs.copywriting import Copywriter
from pressroom.jobs.operations import check_sizes
from pressroom.jobs.pictures import Pictures, Pinned
from pressroom.jobs.ports import ApiKey, IdempotencyKey, JobStore, QueueLimits, Submitted, Tickets
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.jobs.spending import metered
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

    def accept_puts(self, urls: Sequence[str]) -> list[str]:
        """What it stores of the addresses that its outputs are put to. Raises TargetRefused."""


class Quotes(Protocol):
    """Knows the prices that were quoted."""

    def price(self, tenant: str, request: JobRequest) -> Price:
        """Raises QuoteInvalid, QuoteExpired."""


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
        pictures: Pictures,
        limits: QueueLimits | None = None,
        callbacks: Callbacks | None = None,
        policy: Callable[[str], Retention] = lambda tenant: Retention(),
        room: Room = ENDLESS,
        price: Callable[[str], Price] = lambda model: FREE,
        quotes: Quotes | None = None,
        copywriter: Copywriter | None = None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._tickets = tickets
        self._counter = counter
        self._secret = secret
        self._slot_tokens = slot_tokens
        self._pictures = pictures
        self._limits = limits or QueueLimits()
        self._callbacks = callbacks
        self._policy = policy
        self._room = room
        self._price = price
        self._quotes = quotes
        self._copywriter = copywriter
        self._draws = Draws()

    def submit(
        self,
        tenant: str,
        request: JobRequest,
        key: str | None = None,
        request_id: str | None = None,
        by: ApiKey | None = None,
    ) -> Submitted:
        """Store the job that the API key ``by`` asks for, or find the one that ``key`` names.

        Raises ModelUnknown, ModelNotAllowed, PriorityNotAllowed, InputInvalid, PromptTooLong, KeyReused, JobErased,
        QueueFull, BudgetSpent, TokensSpent, NoRoom, what ``Pictures.pin`` raises, DatabaseUnavailable. Only after the
        last may the job be there all the same: the same key tells."""
        try:
            check_room(self._room)
            new, made = self._resolved(tenant, request, request_id, by, fetch=True)
        except PressroomError:
            # What cannot be taken now may have been before.
            earlier = self._earlier(tenant, request, key)
            if earlier is None:
                raise
            return earlier
        try:
            # Only now: params that no model has may be of any form, and nested too deeply to be written.
            idempotency = self._idempotency(tenant, request, key)
            submitted = self._store.submit(new, idempotency, self._limits)
        except DatabaseUnavailable:
            raise  # it may be stored all the same: its pictures stay for their time
        except BaseException:
            self._pictures.drop(tenant, made)
            raise
        if submitted.created:
            wake(self._tickets, new.pool)
        else:
            self._pictures.drop(tenant, made)
        return submitted

    def considered(self, tenant: str, request: JobRequest, by: ApiKey | None = None) -> NewJob:
        """The job that a submit would store; nothing is.

        Raises what ``submit`` raises of a request that is wrong, and DatabaseUnavailable."""
        new, made = self._resolved(tenant, request, None, by, fetch=True)
        self._pictures.drop(tenant, made)
        return new

    def _earlier(self, tenant: str, request: JobRequest, key: str | None) -> Submitted | None:
        """The job that ``key`` names, where the request is the same. Raises JobErased."""
        try:
            named = self._idempotency(tenant, request, key)
            return self._store.named(tenant, named) if named is not None else None
        except (Refused, Unavailable, RecursionError, ValueError):
            return None  # what is wrong with the request says more

    def resolved(
        self, tenant: str, request: JobRequest, request_id: str | None = None, by: ApiKey | None = None
    ) -> NewJob:
        """The job that a row of a batch asks for, checked, with everything resolved; but for its pictures nothing is stored.

        Raises ModelUnknown, ModelNotAllowed, PriorityNotAllowed, InputInvalid, PromptTooLong, TargetRefused, what
        ``Pictures.pin`` raises, DatabaseUnavailable."""
        return self._resolved(tenant, request, request_id, by, fetch=False)[0]

    def _resolved(
        self, tenant: str, request: JobRequest, request_id: str | None, by: ApiKey | None, *, fetch: bool
    ) -> tuple[NewJob, tuple[str, ...]]:
        """The job, and the uploads that were made for it."""
        policy = self._policy(tenant)
        manifest = self._catalog.choose(request.model, self._draws.next(), tenant)
        check_model(by, manifest.name)
        request = self._written(tenant, request, manifest)
        priority = allowed_priority(by, request)
        params = resolved_params(manifest, request.params)
        check_input(manifest, request.input, params)
        meter = self._meter(tenant, manifest, request, params, by)
        webhook = self._webhook(tenant, request)
        result_ttl_s = policy.result_ttl_s(
            request.result_ttl_s, said="result_ttl_s" in request.model_fields_set
        )
        pinned = Pinned(request.input, (), None, ())
        if isinstance(params, ImageParams) and request.input.pictures is not None:
            prompt_s = result_ttl_s if policy.prompts_s is None else min(policy.prompts_s, result_ttl_s)
            pinned = self._pictures.pin(tenant, request.input, request.deadline_s + prompt_s, fetch=fetch)
        try:
            if isinstance(params, ImageParams):
                check_sizes(manifest, params, pinned.pictures, pinned.mask)
        except InputInvalid:
            self._pictures.drop(tenant, pinned.made)
            raise
        new = NewJob(
            id=new_id("job"),
            tenant=tenant,
            model=PinnedModel(manifest.name, manifest.version, manifest.sha256),
            kind=manifest.kind,
            pool=manifest.pool,
            priority=priority,
            input=pinned.input.model_dump(mode="json", exclude_none=True),
            params=params.model_dump(mode="json"),
            metadata=dict(request.metadata),
            deadline_s=request.deadline_s,
            result_ttl_s=result_ttl_s,
            prompt_ttl_s=policy.prompts_s,
            events_ttl_s=policy.events_s,
            request_id=request_id,
            webhook=webhook,
            meter=meter,
        )
        return new, pinned.made

    def _written(self, tenant: str, request: JobRequest, manifest: Manifest) -> JobRequest:
        """What is to be written by a template, as the job that it means."""
        if request.input.writing is None:
            return request
        if self._copywriter is None:
            raise InputInvalid("This server has no templates; leave writing out.", field="input.writing")
        return self._copywriter.written(tenant, request, manifest)

    def _price_of(self, tenant: str, manifest: Manifest, request: JobRequest) -> Price:
        """Of now, or of the quote that the request comes with. Raises QuoteInvalid, QuoteExpired."""
        if request.quote is None:
            return self._price(manifest.name)
        if self._quotes is None:
            raise InputInvalid("This server gives no quotes; leave quote out.", field="quote")
        return self._quotes.price(tenant, request)

    def _meter(
        self,
        tenant: str,
        manifest: Manifest,
        request: JobRequest,
        params: Params,
        by: ApiKey | None,
    ) -> Meter:
        """On whose account the job runs, and the most that it can cost. Raises PromptTooLong, QuoteInvalid, QuoteExpired."""
        price = self._price_of(tenant, manifest, request)
        if isinstance(params, ImageParams):
            return metered(by, request.campaign, price, 0, 0, 1 if params.sheet else params.n)
        if isinstance(params, ReadingParams):
            return metered(by, request.campaign, price, most_read(manifest, request.input), 0, 0)
        # Where tokens are bounded, none is held in vain.
        bounded = request.campaign is not None or (by is not None and by.limits.tokens_day is not None)
        read = self._checked_length(manifest, request.input, params, exact=bounded)
        return metered(by, request.campaign, price, read, params.n * params.max_tokens, 0)

    def _webhook(self, tenant: str, request: JobRequest) -> Mapping[str, Any] | None:
        """Who is told of the end, and where outputs are put then."""
        asked, urls = request.webhook, request.output_urls
        if asked is None and urls is None:
            return None
        if self._callbacks is None:
            field = "webhook" if asked is not None else "output_urls"
            raise InputInvalid(f"This server calls nobody back; leave {field} out.", field=field)
        told = dict(self._callbacks.accept(tenant, asked)) if asked is not None else {}
        return told if urls is None else told | {"puts": self._callbacks.accept_puts(urls)}

    def _idempotency(self, tenant: str, request: JobRequest, key: str | None) -> IdempotencyKey | None:
        if key is None:
            return None
        check_key(key)
        asked = request.model_dump(mode="json")
        # As it was written before there were webhooks, campaigns and pictures: a key outlives an upgrade.
        for name in ("webhook", "campaign", "quote", "output_urls"):
            if asked[name] is None:
                del asked[name]
        if request.webhook is not None:
            _as_before_forms(asked["webhook"])
        for name in ("pictures", "mask", "texts", "writing"):
            if asked["input"][name] is None:
                del asked["input"][name]
        body = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        mac = hmac.new(self._secret, b"pressroom idempotency 1\n" + body.encode(), hashlib.sha256)
        return IdempotencyKey(key, mac.hexdigest(), self._policy(tenant).keys_s)

    def _checked_length(self, manifest: Manifest, given: JobInput, params: TextParams, *, exact: bool) -> int:
        """The most tokens that the prompt can have; where the model is built here and ``exact``, those that it has.

        Raises PromptTooLong."""
        context = self._slot_tokens
        if manifest.text is not None:
            context = min(context, manifest.text.context)
        room = context - params.max_tokens
        tokens = self._counter.count(manifest, given, 0 if exact else room)
        if room >= (tokens or 1):
            return room if tokens is None else tokens
        counted = f"The prompt has {tokens} tokens and max_tokens asks" if tokens else "max_tokens asks"
        raise PromptTooLong(
            f"{counted} for {params.max_tokens}{' more' if tokens else ''}, but {manifest.name} holds "
            f"{context} in all. Shorten the prompt or lower max_tokens.",
            field="input" if room > 0 else "params.max_tokens",
        )


def _as_before_forms(webhook: dict[str, Any]) -> None:
    """Take away what a webhook has that says nothing new."""
    if webhook["form"] == "job":
        del webhook["form"]
    if webhook["base_url"] is None:
        del webhook["base_url"]


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


def check_model(by: ApiKey | None, name: str) -> None:
    """Raises ModelNotAllowed unless the API key may have jobs of this model."""
    if by is None or by.limits.models is None or name in by.limits.models:
        return
    raise ModelNotAllowed(
        f"This API key may not use {name} (it may use: {', '.join(by.limits.models)}). Use another model or key.",
        field="model",
    )


def allowed_priority(by: ApiKey | None, request: JobRequest) -> int:
    """The priority of a job. Raises PriorityNotAllowed."""
    most = by.limits.priority if by is not None else None
    if most is None:
        return request.priority
    if "priority" not in request.model_fields_set:
        return most
    if request.priority > most:
        raise PriorityNotAllowed(
            f"This API key's jobs have a priority of {most} at most; ask for that, or leave it out.",
            field="priority",
        )
    return request.priority


def check_key(key: str) -> None:
    """Raises InputInvalid for what is no idempotency key."""
    if not 1 <= len(key) <= _MAX_KEY or not (key.isascii() and key.isprintable()):
        raise InputInvalid(
            f"Idempotency-Key is 1 to {_MAX_KEY} printable ASCII characters; a UUID is a good one.",
            field="header.Idempotency-Key",
        )
