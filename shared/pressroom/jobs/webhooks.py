"""Endpoints and deliveries, as their tenant handles them: the use cases behind ``/v1/webhooks``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pressroom.contract.webhooks import EndpointChange, EndpointRequest, JobWebhook
from pressroom.domain.errors import InputInvalid, WrongState
from pressroom.domain.ids import new_id
from pressroom.domain.messages import Form, message
from pressroom.domain.outgoing import Outgoing, TargetRefused
from pressroom.domain.signature import new_secret, written
from pressroom.domain.webhooks import Delivery, Endpoint, Event, SealedSecret, own_route
from pressroom.jobs.webhook_ports import DeliveryPage, Seal, WebhookStore

OVERLAP_MS = 24 * 3_600_000
MOST_ENDPOINTS = 20


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """A secret as its receiver has it, and until when the one before it signs along."""

    secret: str
    old_until: int | None = None


class Webhooks:
    """Thread-safe."""

    _REMEMBERED = 10_000

    def __init__(self, store: WebhookStore, outgoing: Outgoing, seal: Seal) -> None:
        self._store = store
        self._outgoing = outgoing
        self._seal = seal
        self._with_secret: set[str] = set()

    # -- endpoints ---------------------------------------------------------------------------
    def create(self, tenant: str, request: EndpointRequest) -> tuple[Endpoint, IssuedSecret]:
        """Raises TargetRefused, TooManyEndpoints, DatabaseUnavailable."""
        url = self._outgoing.check(request.url)
        now = self._store.now()
        endpoint_id = new_id("whe")
        secret = new_secret()
        endpoint = Endpoint(
            id=endpoint_id,
            tenant=tenant,
            url=url,
            description=request.description,
            events=request.events,
            secrets=(SealedSecret(self._seal.close(secret, endpoint_id), now),),
            active=True,
            created_at=now,
            changed_at=now,
            form=Form(request.form),
        )
        self._store.add(endpoint, MOST_ENDPOINTS)
        return endpoint, IssuedSecret(written(secret))

    def endpoints(self, tenant: str) -> tuple[Endpoint, ...]:
        """Raises DatabaseUnavailable."""
        return self._store.endpoints(tenant)

    def endpoint(self, tenant: str, endpoint_id: str) -> Endpoint:
        """Raises EndpointUnknown, DatabaseUnavailable."""
        return self._store.endpoint(tenant, endpoint_id)

    def change(self, tenant: str, endpoint_id: str, change: EndpointChange) -> Endpoint:
        """Raises EndpointUnknown, TargetRefused, InputInvalid, DatabaseUnavailable."""
        given = change.model_fields_set
        for name in ("url", "description", "active", "form"):
            if name in given and getattr(change, name) is None:
                raise InputInvalid("This cannot be null; leave it out to keep it.", field=name)
        self._store.endpoint(tenant, endpoint_id)
        changes: dict[str, Any] = {name: getattr(change, name) for name in given}
        if change.form is not None:
            changes["form"] = Form(change.form)
        if change.url is not None:
            changes["url"] = self._outgoing.check(change.url)
        return self._store.change(tenant, endpoint_id, changes)

    def remove(self, tenant: str, endpoint_id: str) -> None:
        """What waits for it is not sent any more. Raises EndpointUnknown, DatabaseUnavailable."""
        self._store.remove(tenant, endpoint_id)

    def rotate(self, tenant: str, endpoint_id: str) -> IssuedSecret:
        """Raises EndpointUnknown, DatabaseUnavailable."""
        now = self._store.now()
        secret = new_secret()
        sealed = SealedSecret(self._seal.close(secret, endpoint_id), now)
        self._store.rotate(tenant, endpoint_id, sealed, now + OVERLAP_MS)
        return IssuedSecret(written(secret), now + OVERLAP_MS)

    # -- the URLs that jobs name -------------------------------------------------------------
    def own_secret(self, tenant: str) -> IssuedSecret:
        """What the messages to URLs of jobs are signed with; made when it is first asked for.

        Raises SealBroken, DatabaseUnavailable."""
        place = own_route(tenant)
        first = SealedSecret(self._seal.close(new_secret(), place), self._store.now())
        newest, *older = self._store.own_secrets(tenant, first)
        return IssuedSecret(
            written(self._seal.open(newest.sealed, place)),
            max((one.until or 0 for one in older), default=None),
        )

    def rotate_own(self, tenant: str) -> IssuedSecret:
        """Raises DatabaseUnavailable."""
        now = self._store.now()
        secret = new_secret()
        sealed = SealedSecret(self._seal.close(secret, own_route(tenant)), now)
        self._store.rotate_own(tenant, sealed, now + OVERLAP_MS)
        return IssuedSecret(written(secret), now + OVERLAP_MS)

    def accept(self, tenant: str, webhook: JobWebhook) -> Mapping[str, Any]:
        """What a job stores of the URL that it names. Its name is not looked up: that is for each call,
        and a submit must not wait for a stranger's name server. Raises TargetRefused, DatabaseUnavailable."""
        try:
            url = self._outgoing.check(webhook.url, look_up=False)
        except TargetRefused as error:
            error.field = "webhook.url"
            raise
        if tenant not in self._with_secret:
            self.own_secret(tenant)
            if len(self._with_secret) >= self._REMEMBERED:
                self._with_secret.clear()
            self._with_secret.add(tenant)
        accepted: dict[str, Any] = {
            "url": url,
            "events": list(webhook.events) if webhook.events is not None else None,
        }
        if webhook.form != Form.JOB.value:
            accepted["form"] = webhook.form
        return accepted if webhook.base_url is None else accepted | {"base_url": webhook.base_url}

    def accept_puts(self, urls: Sequence[str]) -> list[str]:
        """What a job stores of the addresses that its outputs are put to. Raises TargetRefused."""
        accepted = []
        for place, url in enumerate(urls):
            try:
                accepted.append(self._outgoing.check(url, look_up=False))
            except TargetRefused as error:
                error.field = f"output_urls.{place}"
                raise
        return accepted

    # -- deliveries --------------------------------------------------------------------------
    def test(self, tenant: str, endpoint_id: str) -> Delivery:
        """A message that says nothing, whatever events are wanted.

        Raises EndpointUnknown, WrongState (not active), DatabaseUnavailable."""
        endpoint = self._store.endpoint(tenant, endpoint_id)
        if not endpoint.active:
            raise WrongState('This endpoint is not active; make it so with `{"active": true}` first.')
        now = self._store.now()
        body = message(Event.TEST.value, now, {"webhook_id": endpoint_id})
        delivery = Delivery(
            new_id("msg"), tenant, endpoint_id, endpoint.url, None, Event.TEST.value, body, now, now
        )
        self._store.deliver(delivery)
        return delivery

    def deliveries(
        self, tenant: str, endpoint_id: str | None, *, cursor: str | None, limit: int
    ) -> DeliveryPage:
        """Of one endpoint, or all. Raises EndpointUnknown, CursorInvalid, DatabaseUnavailable."""
        if endpoint_id is not None:
            self._store.endpoint(tenant, endpoint_id)
        return self._store.deliveries(tenant, endpoint_id, cursor=cursor, limit=limit)

    def delivery(self, tenant: str, delivery_id: str) -> Delivery:
        """With all its tries. Raises DeliveryUnknown, DatabaseUnavailable."""
        return self._store.delivery(tenant, delivery_id)

    def replay(self, tenant: str, delivery_id: str) -> Delivery:
        """The same message once more. Raises DeliveryUnknown, EndpointUnknown, DatabaseUnavailable."""
        return self._store.replay(tenant, delivery_id)
