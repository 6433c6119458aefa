"""Which addresses are the public network's, which are somebody's inside it, and which are never to be called."""

import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def networks(*written: str) -> tuple[Network, ...]:
    return tuple(ip_network(one) for one in written)


LOOPBACK = networks("127.0.0.0/8", "::1/128")

# Nobody's receiver, whatever network an operator lists. An address that carries another inside is here whole: what it
# leads to is decided by whoever translates it.
NEVER = networks(
    "0.0.0.0/8",  # this network
    "169.254.0.0/16",  # link-local, and the metadata of clouds
    "168.63.129.16/32",  # the metadata of one cloud, on a public address
    "192.0.0.0/24",  # protocol assignments
    "192.88.99.0/24",  # 6to4 relays
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "::/127",  # unspecified, loopback
    "::/96",  # IPv4-compatible
    "::ffff:0:0/96",  # IPv4-mapped
    "::ffff:0:0:0/96",  # IPv4-translated
    "64:ff9b::/96",  # NAT64
    "64:ff9b:1::/48",  # NAT64 of a site
    "100::/63",  # discard
    "2001::/23",  # protocol assignments, Teredo
    "2002::/16",  # 6to4
    "5f00::/16",  # segment routing
    "fe80::/10",  # link-local
    "fec0::/10",  # site-local
    "ff00::/8",  # multicast
)

# Somebody's, inside: called when the operator lists the address or a network that holds it.
INSIDE = networks(
    "10.0.0.0/8",
    "100.64.0.0/10",  # behind a provider's translation
    "172.16.0.0/12",
    "192.168.0.0/16",
    "192.0.2.0/24",  # for documents, as the next four
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8::/32",
    "3fff::/20",
    "198.18.0.0/15",  # for measurements
    "fc00::/7",  # unique local
)
GLOBAL_6 = ip_network("2000::/3")  # no other IPv6 unicast has been handed out


def within(address: Address, wide: Iterable[Network]) -> bool:
    return any(address in network for network in wide)


def is_global(address: Address) -> bool:
    """By our own tables: the standard library's answer differs between its versions, and lets twelve pass that lead
    inside."""
    if within(address, (*LOOPBACK, *NEVER, *INSIDE)):
        return False
    return address.version == 4 or address in GLOBAL_6


def is_here(address: Address) -> bool:
    """One of this machine's own: the system lets us bind to no other."""
    if within(address, LOOPBACK):
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def as_address(host: str) -> Address | None:
    """Only as everybody writes them: no octal, no hexadecimal, no missing parts."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def plain_first(addresses: Iterable[Address]) -> Sequence[Address]:
    """Each once, IPv4 before IPv6: a county's network often carries the first alone."""
    return sorted(set(addresses), key=lambda address: (address.version, int(address)))
