"""Once stops, twice hurries; the handlers of before come back."""

import signal

import pytest

from pressroom.stack.stopping import Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_and_twice(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Stopping().installed() as stopping:
        assert not stopping()
        signal.raise_signal(number)
        assert stopping()
        assert not stopping.hurried
        signal.raise_signal(number)
        assert stopping.hurried
    assert signal.getsignal(number) is before
