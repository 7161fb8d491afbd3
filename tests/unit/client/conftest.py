"""A client before a scripted server, with a clock that only sleeping moves."""

import httpx
import pytest
from tests.support.answers import Script, Time

from pressroom.client import Client, RetryPolicy
from pressroom.client.courier import Pace


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(script: Script, time: Time) -> Client:
    return Client(
        "http://front.test",
        "pr_0123456789ab_secret",
        retry=RetryPolicy(tries=4, budget_s=60),
        transport=httpx.MockTransport(script),
        pace=Pace(time.sleep, time.clock),
    )
