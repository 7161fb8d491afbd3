"""The first key is made once."""

from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.jobs.keys import Keyring
from pressroom.stack.first_key import TENANT, first_key


def test_made_on_the_first_start_alone() -> None:
    keys = Keyring(MemoryKeyStore())
    token = first_key(keys)
    assert token is not None
    assert keys.check(token).tenant == TENANT
    assert first_key(keys) is None


def test_none_is_made_where_all_are_revoked() -> None:
    keys = Keyring(MemoryKeyStore())
    keys.revoke(keys.issue("shop").key.id)
    assert first_key(keys) is None
