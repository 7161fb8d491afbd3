"""The guard over real sockets: TLS checks the name, time is bounded whatever the other side does."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pressroom.adapters.outgoing import GuardedOutgoing, Rules
from pressroom.adapters.outgoing.names import Names, system_resolver
from pressroom.domain.outgoing import AddressNotPublic, AnswerBroken, ConnectFailed, TimedOut, TlsFailed

NAME = "hooks.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for NAME that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on which each connection is handled by ``handle`` in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=run, args=(connection,), daemon=True).start()

        def run(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                handle(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def request_read(connection: socket.socket) -> None:
    """Read to the end of a request: what is left unread would break the connection."""
    data = b""
    while b"\r\n\r\n" not in data or (b"Content-Length: 2" in data and not data.endswith(b"{}")):
        piece = connection.recv(65_536)
        if not piece:
            break
        data += piece


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        request_read(connection)
        connection.sendall(answer)

    return handle


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def plain(*, timeout_s: float = 5.0) -> GuardedOutgoing:
    return GuardedOutgoing(Rules.read("127.0.0.1", http=True), timeout_s=timeout_s)


def test_tls_asks_for_the_name_and_checks_it(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    asked: list[str | None] = []
    server.sni_callback = lambda sock, name, context: asked.append(name)
    client = ssl.create_default_context(cafile=str(certificate))

    def handle(connection: socket.socket) -> None:
        with server.wrap_socket(connection, server_side=True) as secure:
            request_read(secure)
            secure.sendall(OK)

    rules = Rules.read(f"{NAME}, other.example.com")
    with serving(handle) as port:
        trusting = GuardedOutgoing(rules, names=Names(to_loopback), tls=client)
        assert trusting.call("POST", f"https://{NAME}:{port}/", headers={}, body=b"{}").status == 200
        assert asked == [NAME]
        with pytest.raises(TlsFailed):
            trusting.call("POST", f"https://other.example.com:{port}/", headers={})
        public = GuardedOutgoing(rules, names=Names(to_loopback))
        with pytest.raises(TlsFailed):
            public.call("POST", f"https://{NAME}:{port}/", headers={})


def test_who_speaks_no_tls() -> None:
    with serving(lambda connection: connection.sendall(OK)) as port:
        made = GuardedOutgoing(Rules.read(NAME), names=Names(to_loopback))
        with pytest.raises(TlsFailed):
            made.call("POST", f"https://{NAME}:{port}/", headers={})


def test_loopback_is_not_called_unless_it_is_allowed() -> None:
    came = threading.Event()
    with serving(lambda connection: came.set()) as port:
        made = GuardedOutgoing(Rules(http=True), names=Names(to_loopback))
        with pytest.raises(AddressNotPublic):
            made.call("POST", "http://hooks.example.com:8080/", headers={})
        with pytest.raises(AddressNotPublic):
            made.call("POST", "http://127.0.0.1:8080/", headers={})
    assert not came.is_set()
    assert port


@pytest.mark.parametrize(
    "drip",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["silent", "slow head", "slow body"],
)
def test_a_call_is_over_in_time_whatever_comes(drip: bytes) -> None:
    over = threading.Event()

    def handle(connection: socket.socket) -> None:
        request_read(connection)
        connection.sendall(drip)
        while drip and not over.wait(0.05):
            connection.sendall(b"x")
        over.wait(5)

    with serving(handle) as port:
        began = time.monotonic()
        with pytest.raises(TimedOut):
            plain(timeout_s=0.4).call("GET", f"http://127.0.0.1:{port}/", headers={}, most_bytes=99_999)
        over.set()
    assert time.monotonic() - began < 2


def test_an_endless_answer_is_read_no_further_than_wanted() -> None:
    def handle(connection: socket.socket) -> None:
        request_read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with serving(handle) as port:
        reply = plain().call("GET", f"http://127.0.0.1:{port}/", headers={}, most_bytes=10_000)
        assert (len(reply.body), reply.whole) == (10_000, False)
        assert plain().call("GET", f"http://127.0.0.1:{port}/", headers={}).status == 200


def test_an_endless_head_is_refused() -> None:
    def handle(connection: socket.socket) -> None:
        request_read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"x" * 8_000 + b"\r\n")

    with serving(handle) as port, pytest.raises(AnswerBroken):
        plain().call("GET", f"http://127.0.0.1:{port}/", headers={})


def test_who_hangs_up_and_who_is_not_there() -> None:
    with serving(request_read) as port, pytest.raises(AnswerBroken):
        plain().call("POST", f"http://127.0.0.1:{port}/", headers={})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with pytest.raises(ConnectFailed):
        plain().call("POST", f"http://127.0.0.1:{free}/", headers={})


def test_the_systems_resolver_gives_addresses() -> None:
    found = [ipaddress.ip_address(text) for text in system_resolver("localhost", 80)]
    assert found
    assert all(address.is_loopback for address in found)
