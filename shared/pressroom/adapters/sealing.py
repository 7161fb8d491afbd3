"""``SecretSeal``: secrets encrypted for the database (AES-256-GCM, the port ``Seal``).

The key is derived from the server secret (HKDF-SHA256), so that a copy of the database alone shows no
secret. What was sealed in one place opens in no other: the place is authenticated with it.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pressroom.domain.errors import SealBroken

_INFO = b"pressroom sealed secrets 1"
_FORM = "v1:"
_NONCE = 12


class SecretSeal:
    """Thread-safe. ``secret`` is the server secret, the same for all processes."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(secret)
        self._cipher = AESGCM(key)

    def close(self, secret: bytes, place: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        return _FORM + base64.b64encode(nonce + self._cipher.encrypt(nonce, secret, place.encode())).decode()

    def open(self, sealed: str, place: str) -> bytes:
        try:
            whole = base64.b64decode(sealed.removeprefix(_FORM), validate=True)
            if not sealed.startswith(_FORM) or len(whole) <= _NONCE:
                raise ValueError("not sealed here")
            return self._cipher.decrypt(whole[:_NONCE], whole[_NONCE:], place.encode())
        except (ValueError, binascii.Error, InvalidTag):
            raise SealBroken(
                "A stored secret cannot be read: PRESSROOM_SECRET is not the one that it was sealed with. "
                "Give all processes the same one, or rotate the webhook's secret."
            ) from None
