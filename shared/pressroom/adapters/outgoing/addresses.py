"""Which IP addresses lie in the public internet.

Everything that IANA's special-purpose registries (RFC 6890 and its followers) name is not public, and
of IPv6 only the global unicast block is. An IPv6 address that stands for an IPv4 one is judged by
that: mapped (RFC 4291) and NAT64 (RFC 6052). Tunnels (6to4, Teredo) are refused as a whole.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local; the metadata of clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols, Teredo, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LAST_32 = 0xFFFF_FFFF


def is_public(address: Address) -> bool:
    """Whether a packet to this address goes out into the public internet."""
    address = plain(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself, without a zone."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    number = int(address)
    bare = ipaddress.IPv6Address(number)
    if bare in _MAPPED or bare in _NAT64:
        return ipaddress.IPv4Address(number & _LAST_32)
    return bare
