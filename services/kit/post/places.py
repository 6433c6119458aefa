"""What a url of a receiver may look like, and what an operator writes to list one."""

import re
from dataclasses import dataclass
from ipaddress import ip_network

from services.kit.post.addresses import Address, Network, as_address

PORTS = {"http": 80, "https": 443}
USUAL = {"http": frozenset({80}), "https": frozenset({443, 8443})}  # of an entry that names none
LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?:{LABEL}\.)*[a-z](?:[a-z0-9_-]{{0,61}}[a-z0-9])?")  # its last part is no number, in any notation
HOST = r"\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}"
URL = re.compile(rf"(https?)://({HOST})(?::([0-9]{{1,5}}))?(/[!-~]*)?", re.IGNORECASE | re.ASCII)
ENTRY = re.compile(rf"(?:(https?)://)?({HOST}|\[[0-9a-f:.]+/\d+\]|[0-9.]+/\d+)(?::(\d+(?:\+\d+)*))?", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where a url leads, in one notation: what is checked is what is called. `inbox` is one of our own."""

    scheme: str
    host: str
    port: int
    target: str
    inbox: bool = False

    @property
    def address(self) -> Address | None:
        return as_address(self.host)

    @property
    def authority(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_place(url: str, *, inbox: bool = False) -> Place | None:
    """None for whatever two readers could read differently: a user's name, a backslash, a blank, a fragment, a host
    that is not ASCII, an address in any but the usual notation."""
    match = URL.fullmatch(url)
    if not match or "\\" in url or "#" in url:
        return None
    scheme, written, port = match[1].lower(), match[2].lower(), int(match[3] or PORTS[match[1].lower()])
    host = written.strip("[]").removesuffix(".")
    sound = NAME.fullmatch(host) if as_address(host) is None else (":" in host) == written.startswith("[")
    if not sound or not 0 < port < 65_536:
        return None
    return Place(scheme, host, port, match[4] or "/", inbox)


@dataclass(frozen=True)
class Entry:
    """One line of the operator's list: a name or a network, its ports, and whether it may be called in the open."""

    name: str | None
    network: Network | None
    ports: frozenset[int]
    schemes: frozenset[str]

    def names(self, place: Place) -> bool:
        return place.host == self.name and place.port in self.ports and place.scheme in self.schemes

    def covers(self, address: Address, place: Place) -> bool:
        held = self.network is not None and address in self.network
        return held and place.port in self.ports and place.scheme in self.schemes

    @property
    def exact(self) -> bool:
        return self.network is not None and self.network.num_addresses == 1


def read_entry(written: str) -> Entry:
    """`10.1.0.0/16`, `https://hooks.example:443+8443`, `http://10.1.2.3:8080`. Only https, on 443 and 8443, unless it
    says otherwise; an exact address with one port and no scheme takes both."""
    match = ENTRY.fullmatch(written.strip().lower())
    if not match:
        raise NotAnEntry(written)
    host = match[2].strip("[]").removesuffix(".")
    name = host if NAME.fullmatch(host) else None
    ports = frozenset(int(port) for port in match[3].split("+")) if match[3] else None
    either = not match[1] and as_address(host) is not None and ports is not None and len(ports) == 1
    schemes = frozenset(PORTS) if either else frozenset({match[1] or "https"})
    try:
        network = None if name else ip_network(host)
    except ValueError as error:
        raise NotAnEntry(written) from error
    return Entry(name, network, ports or USUAL[match[1] or "https"], schemes)


class NotAnEntry(ValueError):
    """Stops the process at its start: a list that is half understood is not what the operator meant."""

    def __init__(self, written: str) -> None:
        super().__init__(f"not understood in the list of receivers: {written.strip()!r}")
