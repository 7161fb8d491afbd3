"""API keys: made, shown once, checked on each request.

A key reads ``pr_<id>_<secret>``. Only the SHA-256 of the secret is stored: the secret has 192
random bits, so a slow password hash would add nothing.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from pressroom.domain.errors import DatabaseUnavailable, KeyInvalid
from pressroom.domain.limits import UNLIMITED, KeyLimits
from pressroom.domain.scopes import EVERY_SCOPE, Scope
from pressroom.domain.times import wall_ms
from pressroom.jobs.ports import ApiKey, KeyStore

_FORM = re.compile(r"pr_([0-9a-f]{12})_([0-9a-f]{48})", re.ASCII)
_REFUSED = (
    "This API key is not valid here. Send a current one as `Authorization: Bearer pr_…`; "
    "`pressroom admin keys create` makes one."
)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and the one time that its ``token`` can be read."""

    key: ApiKey
    token: str


class Keyring:
    """Makes, checks and revokes the keys of a ``KeyStore``.

    A key that was found good is trusted for ``trust_s`` seconds without asking the store again,
    so a revoked one may live that much longer in a process; and while the store is away for
    ``outage_s`` more, so that finished jobs can be fetched from the cache. Thread-safe.
    """

    _REMEMBERED = 1_024

    def __init__(
        self,
        store: KeyStore,
        *,
        trust_s: float = 5.0,
        outage_s: float = 600.0,
        wall_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._store = store
        self._wall_ms = wall_ms
        self._trust_s = trust_s
        self._outage_s = outage_s
        self._good: OrderedDict[str, tuple[float, str, ApiKey]] = OrderedDict()
        self._lock = threading.Lock()

    def issue(
        self,
        tenant: str,
        label: str = "",
        *,
        scopes: frozenset[Scope] = EVERY_SCOPE,
        lives_s: int | None = None,
        limits: KeyLimits = UNLIMITED,
    ) -> IssuedKey:
        """Make a key for a tenant, good for ``lives_s`` seconds (None: until it is revoked); the
        tenant is made when it is new."""
        now = self._wall_ms()
        expires_at = None if lives_s is None else now + lives_s * 1000
        key = ApiKey(_new_id(), tenant, label, now, scopes=scopes, expires_at=expires_at, limits=limits)
        secret = _new_secret()
        self._store.add(key, _hash(secret))
        return _issued(key, secret)

    def rotate(self, key_id: str, overlap_s: int) -> IssuedKey | None:
        """A new key in place of one, for the same tenant, scopes and limits; the old one is good for
        ``overlap_s`` seconds more. None: no such key, or it is of no use any more."""
        old = self._store.find(key_id)
        if old is None or not self._good_now(old[0]):
            return None
        now = self._wall_ms()
        key = replace(old[0], id=_new_id(), created_at=now, expires_at=None, replaces=old[0].id)
        secret = _new_secret()
        if not self._store.rotate(key, _hash(secret), now + overlap_s * 1000):
            return None
        with self._lock:
            self._good.pop(key_id, None)
        return _issued(key, secret)

    def check(self, token: str) -> ApiKey:
        """The key that ``token`` is. Raises KeyInvalid: malformed, unknown, wrong, revoked or
        past its time."""
        form = _FORM.fullmatch(token)
        if form is None:
            raise KeyInvalid(_REFUSED)
        key_id, secret = form.groups()
        key, stored = self._look_up(key_id)
        if not hmac.compare_digest(stored, _hash(secret)):
            raise KeyInvalid(_REFUSED)
        return key

    def alive(self, key_id: str) -> ApiKey:
        """The key of this id while it is not revoked (a page session holds the id). Raises KeyInvalid."""
        return self._look_up(key_id)[0]

    def _good_now(self, key: ApiKey) -> bool:
        return key.revoked_at is None and (key.expires_at is None or self._wall_ms() < key.expires_at)

    def limit(self, key_id: str, limits: KeyLimits) -> bool:
        """Bound what a key may do; the fronts know within ``trust_s``. False: no such key, or revoked."""
        with self._lock:
            self._good.pop(key_id, None)
        return self._store.limit(key_id, limits)

    def revoke(self, key_id: str) -> bool:
        """False: no such key, or revoked before."""
        with self._lock:
            self._good.pop(key_id, None)
        return self._store.revoke(key_id)

    def all(self) -> tuple[ApiKey, ...]:
        """Every key, revoked ones too, without secrets."""
        return self._store.all()

    def _look_up(self, key_id: str) -> tuple[ApiKey, str]:
        key, stored = self._found(key_id)
        if not self._good_now(key):
            with self._lock:
                self._good.pop(key_id, None)
            raise KeyInvalid(_REFUSED)
        return key, stored

    def _found(self, key_id: str) -> tuple[ApiKey, str]:
        """The key as it is remembered or stored. Raises KeyInvalid (unknown), DatabaseUnavailable."""
        now = time.monotonic()
        with self._lock:
            remembered = self._good.get(key_id)
        if remembered is not None and now < remembered[0]:
            return remembered[2], remembered[1]
        try:
            found = self._store.find(key_id)
        except DatabaseUnavailable:
            if remembered is not None and now < remembered[0] + self._outage_s:
                return remembered[2], remembered[1]
            raise
        if found is None:
            with self._lock:
                self._good.pop(key_id, None)
            raise KeyInvalid(_REFUSED)
        key, stored = found
        with self._lock:
            self._good[key_id] = (now + self._trust_s, stored, key)
            while len(self._good) > self._REMEMBERED:
                self._good.popitem(last=False)
        return key, stored


def _issued(key: ApiKey, secret: str) -> IssuedKey:
    return IssuedKey(key, f"pr_{key.id}_{secret}")


def _new_id() -> str:
    return secrets.token_hex(6)


def _new_secret() -> str:
    return secrets.token_hex(24)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
