"""Who is really called, by the interpreter's own account: every connect and every look-up of this process."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Witness:
    """`met` are the connections a listener on all addresses of this machine has taken at `port`."""

    port: int
    called: list[Any] = field(default_factory=list)
    looked_up: list[Any] = field(default_factory=list)
    met: list[Any] = field(default_factory=list)


watching: list[Witness] = []


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook can never be taken out again, so it asks who is watching."""
    for witness in watching:
        if event == "socket.connect":
            witness.called.append(arguments[1])
        elif event == "socket.getaddrinfo":
            witness.looked_up.append(arguments[0])


sys.addaudithook(hear)


@contextmanager
def witnessing() -> Iterator[Witness]:
    with listening_everywhere() as trap:
        witness = Witness(trap.getsockname()[1])
        thread = threading.Thread(target=accept, args=(trap, witness), daemon=True)
        thread.start()
        watching.append(witness)
        try:
            yield witness
        finally:
            watching.remove(witness)
            with suppress(OSError):
                trap.shutdown(socket.SHUT_RDWR)


def listening_everywhere() -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", 0))


def accept(trap: socket.socket, witness: Witness) -> None:
    while True:
        try:
            connection, who = trap.accept()
        except OSError:
            return
        witness.met.append(who)
        connection.close()
