"""What an operator allows beyond the public internet: addresses, networks and names of an intranet."""

import ipaddress
import re
from dataclasses import dataclass

from pressroom.adapters.outgoing.addresses import Address, Network, is_public, plain
from pressroom.domain.outgoing import AllowListInvalid

_NAME = re.compile(r"\.?[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rules:
    """``names`` are hosts that may lead anywhere; one that begins with a dot stands for all below it.

    ``http`` allows calls without TLS."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    http: bool = False

    @classmethod
    def read(cls, allowed: str, *, http: bool = False) -> "Rules":
        """From a comma-separated list of networks, addresses and names. Raises AllowListInvalid."""
        networks: list[Network] = []
        names: set[str] = set()
        for entry in filter(None, (part.strip().lower() for part in allowed.split(","))):
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                # What looks like an address, but is none, must not be taken for a name.
                if not _NAME.fullmatch(entry) or not re.search(r"[a-z]", entry.rpartition(".")[2]):
                    raise AllowListInvalid(
                        f"PRESSROOM_OUTGOING_ALLOW holds {entry!r}, which is no network, address or name."
                    ) from None
                names.add(entry)
        return cls(tuple(networks), frozenset(names), http)

    def allow_name(self, host: str) -> bool:
        """Whether this host was named by the operator."""
        parents = (host[dot:] for dot, letter in enumerate(host) if letter == ".")
        return host in self.names or any(parent in self.names for parent in parents)

    def allow_address(self, address: Address) -> bool:
        """Whether this address may be called: it is public, or the operator named it."""
        return is_public(address) or self.names_address(address)

    def names_address(self, address: Address) -> bool:
        """Whether the operator named this address, or its network."""
        meant = plain(address)
        return any(meant.version == network.version and meant in network for network in self.networks)
