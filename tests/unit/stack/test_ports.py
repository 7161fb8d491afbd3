"""Where the front is, as one's own machine reaches it."""

import pytest

from pressroom.stack import ports


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8017"),
        ("0.0.0.0", "http://127.0.0.1:8017"),
        ("::", "http://[::1]:8017"),
        ("press.example", "http://press.example:8017"),
    ],
)
def test_the_address(host: str, url: str) -> None:
    assert ports.address(host, 8017) == url
