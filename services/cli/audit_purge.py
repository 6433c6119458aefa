"""`shouwang audit purge`: what is older than it must be kept is written to a file, and then taken out of the database.

What goes ends where the heads of that time were signed: their signature says how old a line is, which its own `at`
cannot. Where each chain begins from then on is signed as well, or a purge would look like a deletion, and the reverse.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, NullPool, create_engine, text

from services.cli.audit import (
    HERE,
    Checked,
    Dsn,
    Language,
    Service,
    State,
    dsn_of,
    export_file,
    said_plainly,
    tell,
    verify_database,
)
from services.cli.messages import CannotRun, Notice, Voice
from services.cli.secret_files import secret_folder
from services.kit.store.heads import KEY, Ends, encode, read_copies, read_key

LEAST = 183  # days: 网络安全法 art. 21, logs of not less than six months

PURGED = Notice(
    "已清除 {lines} 行审计记录；此前的全部记录在 {file}。",
    "{lines} lines of the audit are purged; everything up to now is in {file}.",
)
NOTHING_OLD = Notice("没有可以清除的审计记录。", "No line of the audit is old enough to be purged.")
Days = Annotated[int, typer.Option(min=LEAST, help="保留天数 / days that are kept, to the month")]


class NotWhole(CannotRun):
    exit_code = 1
    notice = Notice("审计不完整，不予清除。", "The audit is not whole, so nothing is purged.")


def purge(
    file: Path,
    service: Service = "households",
    days: Days = LEAST,
    state: State = HERE,
    dsn: Dsn = None,
    key: Annotated[Path | None, typer.Option(help="私钥 / private key, PEM")] = None,
    heads: Annotated[Path | None, typer.Option(help="签名链头副本 / the copy of signed heads")] = None,
    lang: Language = "zh",
) -> None:
    """先导出再清除过期审计 / export all of it, then purge the months that need not be kept. 1: it is not whole."""
    now, voice = datetime.now(UTC), Voice(lang)
    with said_plainly(lang):
        where, private = dsn or dsn_of(state, service), key or secret_folder(state, service) / KEY
        copy = heads or state / "audit" / f"audit-heads-{service}.ndjson"
        refuse_unless_whole(verify_database(where, read_copies(copy) if copy.exists() else [], private), voice)
        first = (now - timedelta(days=days)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with create_engine(where, poolclass=NullPool, hide_parameters=True).begin() as connection:
            over = old_ends(connection, first)
            if not over:
                return voice.say(NOTHING_OLD)
            export_file(file, service, state, where, lang)
            lines = purge_up_to(connection, over, read_key(private), service, now)
    return voice.say(PURGED, lines=lines, file=file)


def refuse_unless_whole(checked: Checked, voice: Voice) -> None:
    if tell(checked, voice):
        raise NotWhole


def old_ends(connection: Connection, before: datetime) -> Ends:
    """Of the last heads signed before then, those whose lines are still there."""
    newest = text("SELECT statement FROM audit_signed WHERE hour < :before ORDER BY hour DESC")
    there = text(
        "SELECT slot FROM audit WHERE (slot, seq) IN"
        " (SELECT * FROM unnest(CAST(:slots AS text[]), CAST(:seqs AS bigint[])))"
    )
    for statement in connection.scalars(newest, {"before": before}):
        said: Mapping[str, Any] = json.loads(statement)
        if "purged" not in said and datetime.fromisoformat(said["signed_at"]) < before:
            ends: Ends = {slot: (seq, digest) for slot, (seq, digest) in said["heads"].items()}
            asked = {"slots": list(ends), "seqs": [seq for seq, _ in ends.values()]}
            return {slot: ends[slot] for slot in connection.scalars(there, asked)}
    return {}


def purge_up_to(connection: Connection, over: Ends, key: Ed25519PrivateKey, service: str, now: datetime) -> int:
    statement = encode({"service": service, "signed_at": now.isoformat(), "heads": {}, "purged": over})
    said = {"said": statement, "signed": key.sign(statement.encode()), "now": now}
    return int(connection.execute(text("SELECT audit_purge(:said, :signed, :now)"), said).scalar_one())
