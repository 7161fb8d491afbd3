"""What is sealed opens with the same server secret, in the same place, unchanged; and with nothing else."""

import pytest

from pressroom.adapters.sealing import SecretSeal
from pressroom.domain.errors import SealBroken

SEAL = SecretSeal(b"server secret")


def test_it_opens_again() -> None:
    sealed = SEAL.close(b"signing key", "whe_1")
    assert SecretSeal(b"server secret").open(sealed, "whe_1") == b"signing key"
    assert "signing" not in sealed
    assert SEAL.close(b"signing key", "whe_1") != sealed


@pytest.mark.parametrize("place", ["whe_2", ""])
def test_it_opens_in_its_place_alone(place: str) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(SEAL.close(b"signing key", "whe_1"), place)


def test_another_server_secret_opens_nothing() -> None:
    with pytest.raises(SealBroken, match="PRESSROOM_SECRET"):
        SecretSeal(b"another").open(SEAL.close(b"signing key", "whe_1"), "whe_1")


@pytest.mark.parametrize("sealed", ["", "v1:", "v1:AAAA", "v1:***", "v2:" + "A" * 64, "é", "v1:" + "A" * 64])
def test_what_was_never_sealed(sealed: str) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(sealed, "whe_1")


def test_changed_bytes() -> None:
    sealed = SEAL.close(b"signing key", "whe_1")
    for at in range(3, len(sealed) - 4):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(SealBroken):
            SEAL.open(changed, "whe_1")
