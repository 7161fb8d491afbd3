"""Signatures as the Standard Webhooks specification wants them."""

import base64
import json
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from pressroom.domain.messages import message
from pressroom.domain.signature import headers, new_secret, signature, written

BODY = b'{"type":"job.succeeded","data":{"id":"job_1"}}'


def now() -> int:
    """The reference library takes no message that is older than some minutes."""
    return int(time.time())


def test_the_example_of_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_the_reference_library_takes_them() -> None:
    secret = new_secret()
    sent = headers([secret], "msg_1", now(), BODY)
    assert Webhook(written(secret)).verify(BODY.decode(), sent) == json.loads(BODY)


def test_and_refuses_another_body_id_or_secret() -> None:
    secret = new_secret()
    sent = headers([secret], "msg_1", now(), BODY)
    for verify in (
        lambda: Webhook(written(secret)).verify(BODY.decode() + " ", sent),
        lambda: Webhook(written(secret)).verify(BODY.decode(), {**sent, "webhook-id": "msg_2"}),
        lambda: Webhook(written(new_secret())).verify(BODY.decode(), sent),
    ):
        with pytest.raises(WebhookVerificationError):
            verify()  # type: ignore[no-untyped-call]


def test_two_secrets_sign_while_they_overlap() -> None:
    old, new = new_secret(), new_secret()
    sent = headers([new, old], "msg_1", now(), BODY)
    assert len(sent["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(written(secret)).verify(BODY.decode(), sent)


def test_a_message_reads_as_the_specification_says() -> None:
    body = json.loads(message("job.failed", 1_900_000_000_123, {"id": "job_1"}))
    assert body == {"type": "job.failed", "timestamp": "2030-03-17T17:46:40.123Z", "data": {"id": "job_1"}}
