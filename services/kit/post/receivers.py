"""Who may be called: our own inboxes, fixed in the operator's settings, and the receivers listed there. Nobody else."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from services.kit.post.addresses import LOOPBACK, NEVER, Address, as_address, is_global, is_here, within
from services.kit.post.places import PORTS, Place, read_entry, read_place
from services.kit.settings import Settings

INBOX = re.compile(r"/v1/services/[a-z]+/inbox/[a-z]+")  # and no other resource, however the path is bent
DATABASE_PORT = 5432


class Allowed:
    """`ours` are the hosts and ports of our own services and databases: never called, not even when listed. `here`
    tells whether an address is this machine's own."""

    def __init__(
        self,
        inboxes: str,
        receivers: str,
        ours: Sequence[tuple[str, int]] = (),
        here: Callable[[Address], bool] = is_here,
    ) -> None:
        self._services = [url.strip().rstrip("/") for url in inboxes.split(",") if url.strip()]
        self._entries = [read_entry(entry) for entry in receivers.split(",") if entry.strip()]
        self._ours = ours
        self._here = here

    @classmethod
    def read(cls, settings: Settings, also: Sequence[str] = ()) -> "Allowed":
        """From the settings, and from the file they name: an entry a line, and # before a remark. `also`: entries that
        follow from other settings of the operator."""
        listed = [*also, *settings.receivers.split(",")]
        if settings.receivers_file:
            listed += [line.partition("#")[0].strip() for line in settings.receivers_file.read_text().splitlines()]
        return cls(settings.inboxes, ",".join(listed), our_places(settings))

    def is_own(self, url: str) -> bool:
        return any(url.startswith(service) and INBOX.fullmatch(url, len(service)) for service in self._services)

    def permits(self, url: str) -> bool:
        return self.place_of(url) is not None

    def place_of(self, url: str) -> Place | None:
        """None when it must not be called, as far as that can be said before its name is looked up."""
        place = read_place(url, inbox=self.is_own(url))
        if place is None or place.inbox:
            return place
        if place.address is None:
            return place if any(entry.names(place) for entry in self._entries) else None
        ours = [address for host in self.our_hosts(place) if (address := as_address(host))]
        return place if self._passes(place, place.address, ours) else None

    def our_hosts(self, place: Place) -> list[str]:
        return [host for host, port in self._ours if port == place.port]

    def may_connect(self, place: Place, addresses: Sequence[Address], ours: Sequence[Address]) -> bool:
        """When all it was found at pass, not one: the next look would choose another. `ours` are our own at its port,
        looked up in the same breath."""
        if place.inbox:
            return True
        return bool(addresses) and all(self._passes(place, address, ours) for address in addresses)

    def _passes(self, place: Place, address: Address, ours: Sequence[Address]) -> bool:
        here = self._here(address)
        if address in ours or (here and any(self._here(own) for own in ours)):
            return False
        covering = [entry for entry in self._entries if entry.covers(address, place)]
        if here or within(address, (*LOOPBACK, *NEVER)):
            return within(address, LOOPBACK) and any(entry.exact for entry in covering)
        return bool(covering) or (place.address is None and is_global(address))


def our_places(settings: Settings) -> list[tuple[str, int]]:
    urls = [settings.database_url, settings.county_url, settings.own_url, *settings.inboxes.split(",")]
    parts = [urlsplit(url.strip()) for url in urls]
    return [(part.hostname, part.port or PORTS.get(part.scheme, DATABASE_PORT)) for part in parts if part.hostname]
