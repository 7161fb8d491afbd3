"""Servers that are reached by TLS and with a password only: Debian's redis-server and postgresql.

The wheels' servers are built without TLS. Certificates are made for each session: an authority of the
tests' own, and one for ``localhost`` that it signed.
"""

import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import create_engine, text
from tests.services.absent import missing
from tests.services.ports import free_port
from tests.services.postgres import Server, find_binaries

PASSWORD = "open-sesame-4711"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files: ``authority`` to trust, ``certificate`` and ``key`` of the server, ``stranger`` to trust in vain."""

    authority: Path
    certificate: Path
    key: Path
    stranger: Path


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """For ``localhost`` and 127.0.0.1."""
    folder = Path(tempfile.mkdtemp(prefix="pr-tls-"))
    folder.chmod(0o755)
    authority_key, authority = _authority("the tests' authority")
    _, stranger = _authority("somebody else")
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    certificate = (
        _about("localhost", authority.subject)
        .public_key(key.public_key())
        .add_extension(names, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    made = Certificates(*(folder / name for name in ("ca.pem", "server.pem", "server.key", "stranger.pem")))
    for path, content in (
        (made.authority, authority.public_bytes(serialization.Encoding.PEM)),
        (made.certificate, certificate.public_bytes(serialization.Encoding.PEM)),
        (made.stranger, stranger.public_bytes(serialization.Encoding.PEM)),
        (
            made.key,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        ),
    ):
        path.write_bytes(content)
    made.key.chmod(0o600)
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class TlsServer:
    """``url(host, password, authority)`` is how Pressroom is told of it; ``plain`` goes without TLS."""

    scheme: str
    port: int
    certificates: Certificates

    def url(self, host: str = "localhost", password: str = PASSWORD, authority: Path | None = None) -> str:
        trusted = urllib.parse.quote(str(authority or self.certificates.authority), safe="")
        if self.scheme == "rediss":
            return f"rediss://:{password}@{host}:{self.port}/0?ssl_ca_certs={trusted}"
        return (
            f"postgresql+psycopg://tests:{password}@{host}:{self.port}/postgres"
            f"?sslmode=verify-full&sslrootcert={trusted}"
        )

    @property
    def plain(self) -> str:
        if self.scheme == "rediss":
            return f"redis://:{PASSWORD}@localhost:{self.port}/0"
        return f"postgresql+psycopg://tests:{PASSWORD}@localhost:{self.port}/postgres?sslmode=disable"


@pytest.fixture(scope="session")
def tls_redis(certificates: Certificates) -> Iterator[TlsServer]:
    """A redis-server without a plain port."""
    binary = next(filter(None, map(shutil.which, ("redis-server", "valkey-server"))), None)
    if binary is None:
        missing("Redis with TLS", "no redis-server; install the package redis-server")
        return
    server = TlsServer("rediss", free_port(), certificates)
    options = {
        "port": "0",
        "tls-port": str(server.port),
        "bind": "127.0.0.1 127.0.0.2",
        "tls-cert-file": str(certificates.certificate),
        "tls-key-file": str(certificates.key),
        "tls-ca-cert-file": str(certificates.authority),
        "tls-auth-clients": "no",
        "requirepass": PASSWORD,
        "save": "",
    }
    process = subprocess.Popen(
        [binary, *(word for name, value in options.items() for word in (f"--{name}", value))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not _listens(server.port, process):
            missing("Redis with TLS", f"{binary} does not start with TLS")
        with redis.Redis.from_url(server.url()) as client:
            client.ping()
        yield server
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def tls_postgres(certificates: Certificates) -> Iterator[TlsServer]:
    """A PostgreSQL that takes passwords over TLS and nothing else."""
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL with TLS", "no server binaries; install the package postgresql")
        return
    folder = Path(tempfile.mkdtemp(prefix="pr-pg-"))
    server = Server(binaries, folder)
    try:
        server.start()
        if not _locked(server, folder, certificates):
            missing("PostgreSQL with TLS", "this server is built without it; install the package postgresql")
        yield TlsServer("postgresql", server.port, certificates)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _locked(server: Server, folder: Path, certificates: Certificates) -> bool:
    """Switch a trusting server to passwords over TLS. False: it knows no TLS."""
    data = folder / "data"
    owner = data.stat()
    for source, name in ((certificates.certificate, "server.pem"), (certificates.key, "server.key")):
        target = data / name
        shutil.copyfile(source, target)
        target.chmod(0o600)
        os.chown(target, owner.st_uid, owner.st_gid)
    hosts = data / "pg_hba.conf"
    hosts.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if not connection.scalar(
                text("SELECT setting <> '' FROM pg_settings WHERE name = 'ssl_library'")
            ):
                return False
            for statement in (
                f"ALTER USER tests PASSWORD '{PASSWORD}'",
                "ALTER SYSTEM SET ssl_cert_file = 'server.pem'",
                "ALTER SYSTEM SET ssl_key_file = 'server.key'",
                "ALTER SYSTEM SET ssl = on",
                "SELECT pg_reload_conf()",
            ):
                connection.execute(text(statement))
    finally:
        engine.dispose()
    return True


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        _about(name, subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, made


def _about(name: str, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _listens(port: int, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.02)
    return False
