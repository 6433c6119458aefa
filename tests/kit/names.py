"""A name server of somebody else's, on loopback, that answers as it likes; and a look-up that asks it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address

from dnslib import AAAA, QTYPE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from services.kit.post.addresses import Address, as_address, plain_first
from services.kit.post.connecting import LookUp

Answering = Callable[[str], Sequence[str]]  # what the next question for a name is answered with


class Teller(BaseResolver):  # type: ignore[misc]  # the library has no types
    def __init__(self, answering: Answering) -> None:
        self.answering = answering

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        for address in self.answering(str(request.q.qname).rstrip(".")):
            kind, data = ("AAAA", AAAA(tuple(ip_address(address).packed))) if ":" in address else ("A", A(address))
            reply.add_answer(RR(request.q.qname, getattr(QTYPE, kind), rdata=data, ttl=0))
        return reply


@contextmanager
def name_server(answering: Answering) -> Iterator[LookUp]:
    server = DNSServer(Teller(answering), address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply"))
    port = server.server.server_address[1]
    server.start_thread()
    try:
        yield lambda host: ask(host, port)
    finally:
        server.stop()
        server.server.server_close()


async def ask(host: str, port: int) -> Sequence[Address]:
    if written := as_address(host):
        return [written]
    question = DNSRecord.question(host)
    answer = await asyncio.to_thread(question.send, "127.0.0.1", port, timeout=5)
    return plain_first(ip_address(str(record.rdata)) for record in DNSRecord.parse(answer).rr)
