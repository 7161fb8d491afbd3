"""URLs read strictly: what two programs might read in two ways is refused, or written plainly first.

A host that ends in a number is an IPv4 address, and only its four decimal parts are taken: octal,
hexadecimal, short and single-number forms, which libraries read each in their own way, are refused.
"""

import ipaddress
import re
from dataclasses import dataclass

import idna

from pressroom.adapters.outgoing.addresses import Address
from pressroom.adapters.outgoing.rules import Rules
from pressroom.domain.outgoing import AddressNotPublic, UrlInvalid, UrlNotAllowed

MOST_CHARACTERS = 2_048
_PORTS = {"http": 80, "https": 443}
# What strangers may name; a port of an intranet's own host is the operator's affair.
_OPEN_PORTS = frozenset({80, 443, 8080, 8443})
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
_REST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LOCAL = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "invalid", "test")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. ``host`` is lower-case ASCII without brackets or final dot, ``address`` is set
    where the host is one; ``path`` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def url(self) -> str:
        """The URL in its one plain form."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_target(url: str, rules: Rules) -> Target:
    """Raises UrlInvalid, UrlNotAllowed, AddressNotPublic (the host is an address)."""
    if len(url) > MOST_CHARACTERS:
        raise _invalid(f"It has more than {MOST_CHARACTERS} characters.")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise _invalid("Give an https:// URL, whole and without a fragment (#…).")
    scheme, authority, rest = parts[1].lower(), parts[2], parts[3]
    if "@" in authority:
        raise _invalid("It must not hold a user name or password.")
    place = _AUTHORITY.fullmatch(authority)
    if place is None:
        raise _invalid("Its host cannot be read.")
    host, address = _host(place[1])
    port = int(place[2]) if place[2] is not None else _PORTS[scheme]
    path = _path(rest)
    named = rules.allow_name(host) or (address is not None and rules.names_address(address))
    if scheme == "http" and not rules.http:
        raise UrlNotAllowed("Give an https:// URL; this server calls nothing without TLS.", field="url")
    if not 1 <= port <= 65_535 or (port not in _OPEN_PORTS and not named):
        ports = ", ".join(map(str, sorted(_OPEN_PORTS)))
        raise UrlNotAllowed(f"This server calls the ports {ports} alone.", field="url")
    if not named:
        _check_place(host, address)
    return Target(scheme, host, port, path, address)


def _host(text: str) -> tuple[str, Address | None]:
    """The host in its plain form, and its address where it is one."""
    if text.startswith("["):
        try:
            address = ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise _invalid("Its host is no IPv6 address.") from None
        return str(address), address
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            raise _invalid("Its host is no name of the internet.") from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return name, ipaddress.IPv4Address(name)
        except ValueError:
            raise _invalid("Write an IPv4 address as four decimal numbers.") from None
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _invalid("Its host is no name of the internet.")
    return name, None


def _path(rest: str) -> str:
    if _REST.sub("", rest):
        raise _invalid("Write other characters of its path and query as %-escapes.")
    return rest if rest.startswith("/") else f"/{rest}"


def _check_place(host: str, address: Address | None) -> None:
    """Refuse what is not public by its very name, without asking anybody."""
    if address is not None:
        if not Rules().allow_address(address):
            raise not_public()
    elif "." not in host or any(host == name or host.endswith(f".{name}") for name in _LOCAL):
        raise UrlNotAllowed(
            "Its host is a name of a local network; this server does not call those.", field="url"
        )


def not_public() -> AddressNotPublic:
    """It does not tell what the address is."""
    return AddressNotPublic(
        "Its host does not lead to a public address; this server calls no others.", field="url"
    )


def _invalid(why: str) -> UrlInvalid:
    return UrlInvalid(f"This URL cannot be called. {why}", field="url")
