"""API keys: what is stored, what is refused."""

from contextlib import nullcontext

import pytest

from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.domain.errors import DatabaseUnavailable, KeyInvalid
from pressroom.domain.scopes import Scope
from pressroom.jobs.keys import Keyring


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def keyring(store: MemoryKeyStore) -> Keyring:
    return Keyring(store, trust_s=0)


def test_an_issued_key_lets_its_tenant_in(keyring: Keyring) -> None:
    issued = keyring.issue("acme", "shop")
    assert issued.token.startswith(f"pr_{issued.key.id}_")
    assert keyring.check(issued.token).tenant == "acme"


def test_the_secret_is_nowhere_in_the_store(keyring: Keyring, store: MemoryKeyStore) -> None:
    issued = keyring.issue("acme")
    found = store.find(issued.key.id)
    assert found is not None
    secret = issued.token.rpartition("_")[2]
    assert secret not in repr(found)
    assert secret not in repr(store.all())


def test_no_two_keys_are_alike(keyring: Keyring) -> None:
    assert len({keyring.issue("acme").token for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "token",
    ["", "pr_", "pr__", "pr_1_2", "nonsense", "pr_" + "0" * 12 + "_" + "0" * 48, "pr_é_ü", "\0", "pr_" * 900],
)
def test_what_is_no_key_of_ours_is_refused(keyring: Keyring, token: str) -> None:
    keyring.issue("acme")
    with pytest.raises(KeyInvalid):
        keyring.check(token)


def test_the_right_id_with_a_wrong_secret_is_refused(keyring: Keyring) -> None:
    token = keyring.issue("acme").token
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    with pytest.raises(KeyInvalid):
        keyring.check(wrong)


def test_another_keys_secret_is_refused(keyring: Keyring) -> None:
    one, other = keyring.issue("acme"), keyring.issue("globex")
    with pytest.raises(KeyInvalid):
        keyring.check(f"pr_{one.key.id}_{other.token.rpartition('_')[2]}")


def test_surrounding_text_does_not_pass(keyring: Keyring) -> None:
    token = keyring.issue("acme").token
    for dressed in (token + "\n", " " + token, token.upper(), token + "0"):
        with pytest.raises(KeyInvalid):
            keyring.check(dressed)


def test_a_revoked_key_is_refused(keyring: Keyring) -> None:
    issued = keyring.issue("acme")
    keyring.check(issued.token)
    assert keyring.revoke(issued.key.id)
    assert not keyring.revoke(issued.key.id)
    with pytest.raises(KeyInvalid):
        keyring.check(issued.token)
    with pytest.raises(KeyInvalid):
        keyring.alive(issued.key.id)


def test_a_good_key_is_trusted_for_a_while_without_asking(store: MemoryKeyStore) -> None:
    trusting = Keyring(store, trust_s=3_600)
    issued = trusting.issue("acme")
    trusting.check(issued.token)
    store.revoke(issued.key.id)  # by another process
    assert trusting.check(issued.token).tenant == "acme"
    with pytest.raises(KeyInvalid):
        Keyring(store, trust_s=0).check(issued.token)


def test_trust_in_an_id_is_no_trust_in_any_secret(store: MemoryKeyStore) -> None:
    trusting = Keyring(store, trust_s=3_600)
    token = trusting.issue("acme").token
    trusting.check(token)
    with pytest.raises(KeyInvalid):
        trusting.check(token[:-1] + ("0" if token[-1] != "0" else "1"))


@pytest.mark.parametrize(("outage_s", "lets_in"), [(3_600, True), (0, False)])
def test_a_good_key_is_trusted_while_the_store_is_away(
    store: MemoryKeyStore, monkeypatch: pytest.MonkeyPatch, outage_s: float, lets_in: bool
) -> None:
    keyring = Keyring(store, trust_s=0, outage_s=outage_s)
    known, unknown, revoked = (keyring.issue("acme") for _ in range(3))
    keyring.check(known.token)
    keyring.check(revoked.token)
    keyring.revoke(revoked.key.id)

    def away(key_id: str) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(store, "find", away)
    with nullcontext() if lets_in else pytest.raises(DatabaseUnavailable):
        assert keyring.check(known.token).tenant == "acme"
    with pytest.raises(KeyInvalid if lets_in else DatabaseUnavailable):
        keyring.check(known.token[:-1] + ("0" if known.token[-1] != "0" else "1"))
    for other in (unknown, revoked):
        with pytest.raises(DatabaseUnavailable):
            keyring.check(other.token)


def test_what_is_remembered_is_bounded(store: MemoryKeyStore) -> None:
    trusting = Keyring(store, trust_s=3_600)
    for _ in range(trusting._REMEMBERED + 5):
        trusting.check(trusting.issue("acme").token)
    assert len(trusting._good) == trusting._REMEMBERED


class Calendar:
    """Wall time that a test sets."""

    now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


def test_a_key_past_its_time_is_refused_even_while_it_is_trusted(store: MemoryKeyStore) -> None:
    calendar = Calendar()
    trusting = Keyring(store, trust_s=3_600, wall_ms=calendar)
    issued = trusting.issue("acme", lives_s=60)
    calendar.now += 59_999
    assert trusting.check(issued.token) == issued.key
    calendar.now += 1
    for _ in range(2):
        with pytest.raises(KeyInvalid):
            trusting.check(issued.token)


def test_a_rotated_key_and_its_old_one_are_good_together_for_the_overlap(store: MemoryKeyStore) -> None:
    calendar = Calendar()
    keyring = Keyring(store, trust_s=3_600, wall_ms=calendar)
    old = keyring.issue("acme", "shop", scopes=frozenset({Scope.READ}))
    keyring.check(old.token)
    new = keyring.rotate(old.key.id, overlap_s=60)
    assert new is not None
    assert (new.key.tenant, new.key.label, new.key.scopes) == ("acme", "shop", frozenset({Scope.READ}))
    assert new.key.replaces == old.key.id
    assert keyring.check(old.token).id == old.key.id
    calendar.now += 60_000
    assert keyring.check(new.token).id == new.key.id
    with pytest.raises(KeyInvalid):
        keyring.check(old.token)
    assert keyring.rotate(old.key.id, overlap_s=60) is None


def test_what_is_not_there_or_revoked_is_not_rotated(keyring: Keyring) -> None:
    issued = keyring.issue("acme")
    keyring.revoke(issued.key.id)
    assert keyring.rotate(issued.key.id, 60) is None
    assert keyring.rotate("nope", 60) is None


def test_secrets_are_compared_in_constant_time(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is hmac's, over hashes of one length, for right and wrong secrets alike."""
    compared: list[tuple[int, int]] = []

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("pressroom.jobs.keys.hmac.compare_digest", watched)
    token = keyring.issue("acme").token
    keyring.check(token)
    with pytest.raises(KeyInvalid):
        keyring.check(token[:-1] + ("0" if token[-1] != "0" else "1"))
    assert compared == [(64, 64), (64, 64)]
