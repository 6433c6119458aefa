"""Where a request comes from, as far as it can be believed."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fastapi import Request

Networks = tuple[IPv4Network | IPv6Network, ...]


@cache
def networks(listed: str) -> Networks:
    return tuple(ip_network(one.strip()) for one in listed.split(",") if one.strip())


def address_of(request: Request) -> str:
    """The peer's, unless the peer is a proxy of the operator's: then what that one wrote last. Of IPv6 the first 64
    bits, for whoever has one such address has as many as he likes."""
    peer = request.client.host if request.client else ""
    trusted = networks(request.app.state.settings.trusted_proxies)
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if forwarded and is_in(peer, trusted):
        return whole(forwarded) or peer
    return whole(peer) or peer


def is_in(address: str, trusted: Networks) -> bool:
    try:
        return any(ip_address(address) in network for network in trusted)
    except ValueError:
        return False


def whole(written: str) -> str:
    """Empty when it is no address."""
    try:
        address = ip_address(written)
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))
