"""What somebody who rules the database may do to the audit behind its back, one seeded attack at a time.

Each is made as superuser with triggers off, in a transaction that is rolled back. `make audit-attack` makes 1,400.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, NullPool, create_engine, select, text

from services.cli.audit_chain import CANONICAL, FIELDS, GENESIS, NOWHERE, Flaw, check_database, check_lines, export
from services.cli.audit_purge import old_ends, purge_up_to
from services.cli.migrate import migrate_all
from services.cli.postgres import Cluster, create_databases, throwaway
from services.kit.store.audit import AuditSigned, Line, note
from services.kit.store.db import connect, open_session
from services.kit.store.heads import Ends, heads_in, sign_heads
from tests.clock import NOW

SLOTS = {"households-api-1": 37, "households-api-2": 11, "households-worker-1": 23}
PURGED = {"households-api-1": 12}  # lines that were older than they must be kept
LONG_AGO = NOW - timedelta(days=300)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
AWKWARD = ("王村", 'a "quoted" \\ one', "tab\tand\nline", "", "￿𠮷é", "x")


@dataclass(frozen=True)
class Attack:
    """One line is aimed at; `expect` is what must be said of it: slot, number, why."""

    connection: Connection
    random: Random
    slot: str
    seq: int
    purged: Ends

    @property
    def last(self) -> int:
        return SLOTS[self.slot]

    def run(self, statement: str, **values: Any) -> None:
        self.connection.execute(text(statement), {"slot": self.slot, "seq": self.seq, **values})

    def rehash(self, start: int) -> None:
        """What a thorough forger does: every hash from there on is made right again, and the head follows."""
        for seq in range(start, self.last + 1):
            self.run(
                "UPDATE audit SET hash = sha256(coalesce((SELECT hash FROM audit WHERE slot = :slot AND seq = :at - 1),"  # noqa: S608
                f" decode(:link, 'hex')) || convert_to({CANONICAL}, 'UTF8')) WHERE slot = :slot AND seq = :at",
                at=seq,
                link=self.purged.get(self.slot, (0, GENESIS.hex()))[1],
            )
        self.run(
            "UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE slot = :slot AND seq = :last)"
            " WHERE slot = :slot",
            last=self.last,
        )


def edit(field: str, change: str) -> Callable[[Attack], Flaw]:
    def attack(on: Attack) -> Flaw:
        on.run(f"UPDATE audit SET {field} = {change} WHERE slot = :slot AND seq = :seq")  # noqa: S608
        why = "missing" if field in ("slot", "seq") else "altered"
        return Flaw(on.slot, on.seq, why)

    return attack


def delete(on: Attack) -> Flaw:
    on.run("DELETE FROM audit WHERE slot = :slot AND seq = :seq")
    return Flaw(on.slot, on.seq, "missing")


def insert_between(on: Attack) -> Flaw:
    """The lines behind make room. The new one is even hashed rightly after the one before it."""
    on.run("UPDATE audit SET seq = -(seq + 1) WHERE slot = :slot AND seq >= :seq")
    on.run("UPDATE audit SET seq = -seq WHERE slot = :slot AND seq < 0")
    on.run("UPDATE audit_head SET seq = seq + 1 WHERE slot = :slot")
    copied = ", ".join(name for name in FIELDS if name not in ("slot", "seq", "actor"))
    on.run(
        f"INSERT INTO audit (slot, seq, actor, {copied}, hash) SELECT slot, :seq, 'forged', {copied}, ''"  # noqa: S608
        " FROM audit WHERE slot = :slot AND seq = :seq + 1"
    )
    return Flaw(on.slot, on.seq, "altered")


def insert_at_the_end(on: Attack) -> Flaw:
    on.run(
        "INSERT INTO audit SELECT slot, :last + 1, at, 'forged', rights, action, objects, division, status, code,"
        " request_id, source, detail, hash FROM audit WHERE slot = :slot AND seq = :seq",
        last=on.last,
    )
    return Flaw(on.slot, on.last + 1, "altered")


def insert_before(on: Attack) -> Flaw:
    """A line of this chain, moved before its beginning."""
    on.run("UPDATE audit SET seq = 0 WHERE slot = :slot AND seq = :seq")
    return Flaw(on.slot, 0, "inserted")


def swap(on: Attack) -> Flaw:
    first = on.purged.get(on.slot, (0, ""))[0] + 1
    other = on.random.choice([seq for seq in range(first, on.last + 1) if seq != on.seq])
    on.run("UPDATE audit SET seq = -:other WHERE slot = :slot AND seq = :seq", other=other)
    on.run("UPDATE audit SET seq = :seq WHERE slot = :slot AND seq = :other", other=other)
    on.run("UPDATE audit SET seq = -seq WHERE slot = :slot AND seq < 0")
    return Flaw(on.slot, min(on.seq, other), "altered")


def cut(on: Attack) -> Flaw:
    """Lines off the end, and the head left as it was."""
    on.run("DELETE FROM audit WHERE slot = :slot AND seq >= :seq")
    return Flaw(on.slot, on.seq, "missing")


def cut_with_head(on: Attack) -> Flaw:
    """The head moved back as well, as if nothing had ever followed. Only what was signed knows better."""
    cut(on)
    on.run("DELETE FROM audit_head WHERE slot = :slot")
    on.run(
        "INSERT INTO audit_head SELECT slot, seq, hash FROM audit WHERE slot = :slot AND seq = :seq - 1",
    )
    return Flaw(on.slot, on.seq, "missing")


def cut_everything(on: Attack) -> Flaw:
    on.run("TRUNCATE audit, audit_head")
    return Flaw(on.slot, on.purged.get(on.slot, (0, ""))[0] + 1, "missing")


def rewrite(on: Attack) -> Flaw:
    """An edit with every hash behind it made right. The first line that can be told is the one that was signed."""
    on.run("UPDATE audit SET actor = 'forged' WHERE slot = :slot AND seq = :seq")
    on.rehash(on.seq)
    return Flaw(on.slot, on.last, "rewritten")


def move_head(on: Attack) -> Flaw:
    on.run("UPDATE audit_head SET hash = sha256(hash) WHERE slot = :slot")
    return Flaw(on.slot, on.last, "head")


KINDS: Mapping[str, Callable[[Attack], Flaw]] = {
    "edit slot": edit("slot", "'ghost'"),
    "edit seq": edit("seq", "seq + 1000"),
    "edit at": edit("at", "at + interval '1 microsecond'"),
    "edit actor": edit("actor", "actor || '1'"),
    "edit rights": edit("rights", "rights || 'x'"),
    "edit action": edit("action", "'GET' || action"),
    "edit objects": edit("objects", "array_append(objects, 'one more')"),
    "edit division": edit("division", "division || '1'"),
    "edit status": edit("status", "status + 1"),
    "edit code": edit("code", "code || '-'"),
    "edit request_id": edit("request_id", "request_id || 'r'"),
    "edit source": edit("source", "source || '0'"),
    "edit detail": edit("detail", "detail || ' '"),
    "edit hash": edit("hash", "sha256(hash)"),
    "delete": delete,
    "insert between": insert_between,
    "insert at the end": insert_at_the_end,
    "insert before": insert_before,
    "swap": swap,
    "cut": cut,
    "cut with head": cut_with_head,
    "cut everything": cut_everything,
    "rewrite": rewrite,
    "move head": move_head,
}


def fill(engine: Engine, there: Mapping[str, int] = {}) -> list[Ends]:
    """Three chains and their heads, signed at the end."""
    for slot, lines in SLOTS.items():
        with open_session(engine.execution_options(audit_slot=slot)) as session:
            for number in range(there.get(slot, 0), lines):
                note(session, awkward_line(number))
                session.commit()
    with open_session(engine) as session, session.begin():
        sign_heads(session, KEY, "households", NOW)
        rows = session.scalars(select(AuditSigned)).all()
        return [heads_in(row.statement, row.signature.hex(), KEY.public_key()) for row in rows]


def fill_and_purge(engine: Engine, owner: Engine) -> tuple[list[Ends], Ends]:
    """The same, but one of the chains began long ago, and what had become too old of it is gone."""
    for slot, lines in PURGED.items():
        with open_session(engine.execution_options(audit_slot=slot)) as session, session.begin():
            for number in range(lines):
                note(session, awkward_line(number, LONG_AGO))
    with open_session(engine) as session, session.begin():
        sign_heads(session, KEY, "households", LONG_AGO)
    signed = fill(engine, PURGED)
    with owner.begin() as connection:
        over = old_ends(connection, LONG_AGO + timedelta(days=1))
        purge_up_to(connection, over, KEY, "households", NOW + timedelta(minutes=1))
    return signed, over


def awkward_line(number: int, since: datetime = NOW) -> Line:
    said = AWKWARD[number % len(AWKWARD)]
    at = since + timedelta(microseconds=number * 1_000_003)
    return Line(at, f"actor {number} {said}", f"GET /{said}", objects=[said, str(number)], detail={"rows": number})


def attack(
    engine: Engine, signed: list[Ends], kind: str, random: Random, purged: Ends = NOWHERE
) -> tuple[Flaw, list[Flaw], list[Flaw]]:
    """What must be found, what the database's check found, and what the check of an export found."""
    slot = random.choice(sorted(SLOTS))
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        first = purged.get(slot, (0, ""))[0] + 1
        expected = KINDS[kind](Attack(connection, random, slot, random.randint(first, SLOTS[slot]), purged))
        here = check_database(connection, signed, purged)
        told = [json.loads(json.dumps(part)) for part in export(connection)]
        connection.rollback()
    rows = ((part["row"], part["hash"]) for part in told if "row" in part)
    heads = {part["head"][0]: (part["head"][1], part["head"][2]) for part in told if "head" in part}
    return expected, here, check_lines(rows, heads, signed, purged)[1]


def world(cluster: Cluster, port: int, name: str) -> tuple[Engine, list[Ends], Ends]:
    """A whole audit, or one of which the beginning was purged."""
    create_databases(cluster, port, [name])
    migrate_all({name: cluster.dsn(port, name, name)})
    engine = connect(cluster.dsn(port, name, name))
    ruler = create_engine(cluster.dsn(port, name), poolclass=NullPool)
    signed, purged = (fill(engine), NOWHERE) if name == "households" else fill_and_purge(engine, ruler)
    engine.dispose()
    return ruler, signed, purged


def main(attacks: int, seed: int) -> int:
    """One JSON line: how many were made, of which kinds, and which were missed. Half of them where a purge was."""
    missed: list[dict[str, Any]] = []
    made: Counter[str] = Counter()
    with throwaway({"fsync": "off"}) as (cluster, port):
        worlds = [world(cluster, port, name) for name in ("households", "attendance")]
        for number in range(attacks):
            kind, random = list(KINDS)[number % len(KINDS)], Random(f"{seed}:{number}")
            ruler, signed, purged = worlds[number // len(KINDS) % len(worlds)]
            expected, here, exported = attack(ruler, signed, kind, random, purged)
            made[kind.split()[0]] += 1
            if expected not in here or expected not in exported:
                missed.append({"number": number, "kind": kind, "expected": str(expected), "found": str(here)})
    sys.stdout.write(json.dumps({"attacks": attacks, "missed": missed, "seed": seed, "made": made}) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
