"""A call goes to an address that was checked, whatever DNS says a moment later; no socket is opened here."""

import threading
from collections.abc import Iterable
from typing import Any

import httpcore
import pytest

from pressroom.adapters.outgoing.guard import GuardedOutgoing
from pressroom.adapters.outgoing.names import Names
from pressroom.adapters.outgoing.rules import Rules
from pressroom.domain.outgoing import (
    AddressNotPublic,
    AnswerBroken,
    ConnectFailed,
    NameUnknown,
    TimedOut,
    UrlNotAllowed,
)

OK = [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Who: me\r\n\r\n", b"hello"]
URL = "https://hooks.example.com/in"


class Network(httpcore.MockBackend):
    """Answers as told, and remembers who was connected to and what was sent."""

    def __init__(self, answer: list[bytes], dead: Iterable[str] = ()) -> None:
        super().__init__(answer)
        self.dead = frozenset(dead)
        self.connected: list[tuple[str, int]] = []
        self.sent = b""
        self.names: list[str | None] = []

    def connect_tcp(self, host: str, port: int, *arguments: Any, **named: Any) -> httpcore.NetworkStream:
        self.connected.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectError("refused")
        return _Recorded(super().connect_tcp(host, port), self)


class _Recorded(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, network: Network) -> None:
        self._inner = inner
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._network.sent += buffer

    def close(self) -> None:
        pass

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._network.names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Flipping:
    """A name server whose answer changes each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def guard(network: Network, resolver: Any, rules: Rules | None = None, **options: Any) -> GuardedOutgoing:
    return GuardedOutgoing(rules or Rules(), names=Names(resolver), backend=network, **options)


def test_a_call_and_its_reply() -> None:
    network = Network(OK)
    reply = guard(network, Flipping(["93.184.215.14"])).call(
        "POST", URL, headers={"webhook-id": "msg_1"}, body=b"{}", most_bytes=100
    )
    assert (reply.status, reply.body, reply.whole, reply.headers["x-who"]) == (200, b"hello", True, "me")
    assert network.connected == [("93.184.215.14", 443)]
    assert network.names == ["hooks.example.com"], "TLS asks for the name, not for the address"
    head, _, body = network.sent.partition(b"\r\n\r\n")
    assert body == b"{}"
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /in HTTP/1.1"
    assert b"Host: hooks.example.com" in lines
    assert b"webhook-id: msg_1" in lines
    assert not any(line.lower().startswith(b"cookie") for line in lines)


def test_an_answer_that_changes_between_check_and_use_does_not_matter() -> None:
    network = Network(OK)
    resolver = Flipping(["93.184.215.14"], ["127.0.0.1"])
    guard(network, resolver).call("POST", URL, headers={})
    assert network.connected == [("93.184.215.14", 443)]
    assert len(resolver.asked) == 1


def test_and_the_next_call_checks_again() -> None:
    network = Network(OK)
    made = guard(network, Flipping(["93.184.215.14"], ["169.254.169.254"]))
    assert made.check(URL) == URL
    with pytest.raises(AddressNotPublic):
        made.call("POST", URL, headers={})
    assert network.connected == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.215.14", "10.0.0.1"],
        ["10.0.0.1", "93.184.215.14"],
        ["93.184.215.14", "::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["100.64.1.1"],
    ],
)
def test_one_address_that_is_not_public_is_enough(addresses: list[str]) -> None:
    network = Network(OK)
    made = guard(network, lambda host, port: addresses)
    for ask in (lambda: made.check(URL), lambda: made.call("POST", URL, headers={})):
        with pytest.raises(AddressNotPublic) as caught:
            ask()
        assert not any(address in caught.value.message for address in addresses), "it tells no address"
    assert network.connected == []


@pytest.mark.parametrize("allowed", ["10.0.0.0/8", "hooks.example.com", ".example.com"])
def test_what_the_operator_allows_is_called(allowed: str) -> None:
    network = Network(OK)
    guard(network, Flipping(["10.0.0.1"]), Rules.read(allowed)).call("POST", URL, headers={})
    assert network.connected == [("10.0.0.1", 443)]


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    network = Network(OK, dead=["2606:4700::1"])
    reply = guard(network, Flipping(["2606:4700::1", "93.184.215.14"])).call("POST", URL, headers={})
    assert reply.status == 200
    assert [host for host, _ in network.connected] == ["2606:4700::1", "93.184.215.14"]


def test_nothing_listens() -> None:
    with pytest.raises(ConnectFailed):
        guard(Network(OK, dead=["1.1.1.1"]), Flipping(["1.1.1.1"])).call("POST", URL, headers={})


def test_a_redirect_is_an_answer_like_others() -> None:
    answer = [b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"]
    network = Network(answer)
    assert guard(network, Flipping(["1.1.1.1"])).call("POST", URL, headers={}).status == 302
    assert network.connected == [("1.1.1.1", 443)]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    network = Network(OK)
    guard(network, Flipping(["1.1.1.1"])).call("POST", URL, headers={})
    assert network.connected == [("1.1.1.1", 443)]


@pytest.mark.parametrize(
    ("most", "read", "whole"), [(0, b"", False), (3, b"hel", False), (5, b"hello", True)]
)
def test_an_answer_is_read_as_far_as_it_is_wanted(most: int, read: bytes, whole: bool) -> None:
    reply = guard(Network(OK), Flipping(["1.1.1.1"])).call("GET", URL, headers={}, most_bytes=most)
    assert (reply.body, reply.whole) == (read, whole)


@pytest.mark.parametrize("answer", [[b"not http at all\r\n\r\n"], [b"HTTP/1.1 200"], [b""]])
def test_what_is_no_answer(answer: list[bytes]) -> None:
    with pytest.raises(AnswerBroken):
        guard(Network(answer), Flipping(["1.1.1.1"])).call("POST", URL, headers={})


def test_a_name_that_is_not_there() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    made = guard(Network(OK), unknown)
    assert made.check(URL) == URL, "it may be there later"
    with pytest.raises(NameUnknown):
        made.call("POST", URL, headers={})


def test_a_name_server_that_does_not_answer() -> None:
    over = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        over.wait(30)
        return []

    made = guard(Network(OK), silent, timeout_s=0.02)
    try:
        with pytest.raises(TimedOut):
            made.call("POST", URL, headers={})
    finally:
        over.set()


def test_a_check_may_leave_the_name_servers_alone() -> None:
    resolver = Flipping(["127.0.0.1"])
    made = guard(Network(OK), resolver)
    assert made.check("HTTPS://Hooks.Example.COM", look_up=False) == "https://hooks.example.com/"
    assert resolver.asked == []
    with pytest.raises(UrlNotAllowed):
        made.check("https://localhost/", look_up=False)
