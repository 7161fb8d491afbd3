"""Messages that are verified, held against what the reference library signs; and whatever else comes."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from pressroom.client import NotFromPressroom, verified

KEY = base64.b64encode(b"k" * 32).decode()
SECRET = f"whsec_{KEY}"
NOW = 1_800_000_000
BODY = '{"type":"job.succeeded","data":{"id":"job_1"}}'


def signed(body: str = BODY, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.mark.parametrize("body", [BODY, '{"data":{"name":"Tasse «ä» 🫖"}}'])
@pytest.mark.parametrize("as_bytes", [True, False])
def test_what_the_reference_signs_is_good(body: str, as_bytes: bool) -> None:
    sent = body.encode() if as_bytes else body
    assert "data" in verified(sent, signed(body), SECRET, now=NOW)
    assert verified(sent, signed(body), KEY, now=NOW)


def test_headers_may_be_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed().items()}
    assert verified(BODY, headers, SECRET, now=NOW)["type"] == "job.succeeded"


def test_of_two_signatures_one_is_enough() -> None:
    """As while a secret is rotated."""
    other = signed(secret="whsec_" + base64.b64encode(b"o" * 32).decode())["webhook-signature"]
    headers = signed() | {"webhook-signature": f"{other} {signed()['webhook-signature']}"}
    assert verified(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v1a," + signed()["webhook-signature"].removeprefix("v1,")},
        {"webhook-signature": signed()["webhook-signature"].removeprefix("v1,")},
    ],
)
def test_whatever_was_changed_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(NotFromPressroom):
        verified(BODY, signed() | changes, SECRET, now=NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_is_missing_is_named(name: str) -> None:
    headers = {key: value for key, value in signed().items() if key != name}
    with pytest.raises(NotFromPressroom, match=name):
        verified(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_é", "whsec_***", f"whsec_{base64.b64encode(b'o').decode()}"]
)
def test_another_secret_verifies_nothing(secret: str) -> None:
    with pytest.raises(NotFromPressroom):
        verified(BODY, signed(), secret, now=NOW)


@pytest.mark.parametrize("off", [-301, 301])
def test_what_was_signed_at_another_time_is_refused(off: int) -> None:
    with pytest.raises(NotFromPressroom, match="another time"):
        verified(BODY, signed(), SECRET, now=NOW + off)
    assert verified(BODY, signed(), SECRET, now=NOW + off, tolerance_s=400)


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5))
def test_whatever_comes_is_refused_and_nothing_else(body: bytes, headers: dict[str, Any]) -> None:
    with pytest.raises(NotFromPressroom):
        verified(body, signed() | headers | {"webhook-id": "msg_3"}, SECRET, now=NOW)
