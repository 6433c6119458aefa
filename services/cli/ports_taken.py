"""Is somebody else on our ports? Asked where nothing of ours runs."""

import socket
from collections.abc import Iterator

from services.cli.ailments import PORT_IS_TAKEN, Ailment
from services.cli.processes import Ports


def taken_ports(ports: Ports) -> Iterator[Ailment]:
    for process, port in ports.by_name().items():
        if not is_free(port):
            yield Ailment(PORT_IS_TAKEN, {"process": process, "port": port})


def is_free(port: int) -> bool:
    """With the option servers use themselves, or connections of yesterday would count as a listener."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
