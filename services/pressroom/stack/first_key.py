"""The API key of a fresh home: made at the first start, shown once."""

from pressroom.jobs.keys import Keyring

TENANT = "main"


def first_key(keys: Keyring) -> str | None:
    """A new key where there has never been one; else None."""
    if keys.all():
        return None
    return keys.issue(TENANT, "made at the first start").token
