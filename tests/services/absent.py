"""A service that a test needs and that this machine lacks."""

import os

import pytest


def missing(service: str, reason: str) -> None:
    """Skip with the reason at home; fail in CI, where every service is there."""
    message = f"{service} is not there: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
