"""`shouwang audit`: take the audit out of a database, and see whether it is whole, with or without one."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from services.cli.audit_chain import FIELDS, Flaw, Row, check_database, check_lines, export
from services.cli.messages import CannotRun, Lang, Notice, Voice
from services.cli.readiness import read_ready
from services.cli.secret_files import secret_folder, superuser_password
from services.kit.store.heads import KEY, Ends, NotOurSignature, heads_in, read_copies, read_public_key

app = typer.Typer(no_args_is_help=True, help="审计 / the audit")

HERE = Path(".shouwang")
State = Annotated[Path, typer.Option(help="状态目录 / state folder")]
Service = Annotated[str, typer.Option(help="county | households | attendance | alerts")]
Dsn = Annotated[str | None, typer.Option(help="postgresql+psycopg://…")]
Language = Annotated[Lang, typer.Option("--lang", help="zh | en")]

WRITTEN = Notice("已导出 {lines} 行审计记录。", "{lines} lines of the audit are exported.")
WHOLE = Notice(
    "审计完整：{lines} 行，已与 {signed} 份签名链头核对。",
    "The audit is whole: {lines} lines, held against {signed} signed statements of heads.",
)
UNSIGNED = Notice(
    "没有可核对的签名链头：链尾若被截去，无从发现。",
    "There are no signed heads to hold it against: if the end was cut off, this cannot tell.",
)
FLAWED = Notice(
    "审计链 {slot} 从第 {seq} 行起不可信：{why}。", "The chain {slot} cannot be trusted from line {seq} on: {why}."
)
WHY: Mapping[str, Notice] = {
    "altered": Notice("内容被改动", "its content was altered"),
    "missing": Notice("缺少这一行", "this line is missing"),
    "inserted": Notice("这一行是插入的", "this line was inserted"),
    "head": Notice("链头被改动", "the head of the chain was altered"),
    "rewritten": Notice("与签名链头不符，整段被改写", "it differs from a signed head, so it was rewritten"),
}


class SignatureWrong(CannotRun):
    exit_code = 1
    notice = Notice("签名链头的签名不符：{detail}", "The signature of signed heads is wrong: {detail}")


class CannotRead(CannotRun):
    exit_code = 2
    notice = Notice("无法读取审计记录（{detail}）。", "The audit cannot be read ({detail}).")


@dataclass(frozen=True)
class Checked:
    """How many lines, held against how many signed statements, and the first flaw of each chain."""

    lines: int
    signed: int
    flaws: Sequence[Flaw]


@app.command("export")
def export_file(
    file: Path, service: Service = "households", state: State = HERE, dsn: Dsn = None, lang: Language = "zh"
) -> None:
    """导出为 NDJSON / write the audit of a service to a file, to be verified anywhere."""
    count = 0
    with said_plainly(lang), connected(dsn or dsn_of(state, service)) as connection, file.open("x") as out:
        for told in export(connection):
            count += "row" in told
            out.write(json.dumps(told, ensure_ascii=False) + "\n")
    Voice(lang).say(WRITTEN, lines=count)


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="导出的文件 / an exported file")] = None,
    service: Service = "households",
    state: State = HERE,
    dsn: Dsn = None,
    heads: Annotated[Path | None, typer.Option(help="签名链头副本 / the copy of signed heads")] = None,
    key: Annotated[Path | None, typer.Option(help="公钥 / public key, PEM")] = None,
    lang: Language = "zh",
) -> None:
    """核对审计是否完整 / is it whole? 0 whole, 1 not, 2 could not be read."""
    with said_plainly(lang):
        copy = heads or state / "audit" / f"audit-heads-{service}.ndjson"
        copies = read_copies(copy) if heads or copy.exists() else []
        public = key or secret_folder(state, service) / KEY
        checked = (
            verify_file(file, copies, public)
            if file
            else verify_database(dsn or dsn_of(state, service), copies, public)
        )
    raise typer.Exit(tell(checked, Voice(lang)))


@contextmanager
def said_plainly(lang: Lang) -> Iterator[None]:
    """Without a traceback; an error of the database by its class alone, for its words may hold a password."""
    try:
        try:
            yield
        except SQLAlchemyError as error:
            raise CannotRead(detail=type(error).__name__) from error
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise CannotRead(detail=error) from error
    except CannotRun as reason:
        reason.say(Voice(lang))
        raise typer.Exit(reason.exit_code) from reason


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """One snapshot, and nothing is written."""
    engine = create_engine(dsn, poolclass=NullPool, isolation_level="REPEATABLE READ", hide_parameters=True)
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


def dsn_of(state: Path, service: str) -> str:
    ready = read_ready(state)
    if not ready:
        raise CannotRead(detail=f"{state}: not running; --dsn")
    port = urlsplit(ready["processes"]["postgres"]["url"] or "").port
    return f"postgresql+psycopg://postgres:{superuser_password(state)}@127.0.0.1:{port}/{service}"


def statements(told: Iterable[Mapping[str, str]], key: Path) -> list[Ends]:
    """The heads that were signed, when their signatures hold. None at all is said aloud by the caller."""
    signed = {(one["statement"], one["signature"]) for one in told}
    if not signed:
        return []
    public = read_public_key(key)
    try:
        return [heads_in(statement, signature, public) for statement, signature in sorted(signed)]
    except NotOurSignature as wrong:
        raise SignatureWrong(detail=wrong) from wrong


def purged_in(statements: Iterable[str]) -> Ends:
    """Where chains begin whose beginning was purged, each at the last of its purges. Their signatures were checked."""
    purged: dict[str, tuple[int, str]] = {}
    for statement in statements:
        for slot, (seq, digest) in json.loads(statement).get("purged", {}).items():
            purged[slot] = max(purged.get(slot, (0, "")), (int(seq), str(digest)))
    return purged


def verify_database(dsn: str, copies: Sequence[Mapping[str, str]], key: Path) -> Checked:
    with connected(dsn) as connection:
        own = connection.execute(text("SELECT statement, encode(signature, 'hex') AS signature FROM audit_signed"))
        told = [*copies, *own.mappings()]
        signed, purged = statements(told, key), purged_in(one["statement"] for one in told)
        lines = int(connection.execute(text("SELECT count(*) FROM audit")).scalar_one())
        return Checked(lines, len(signed), check_database(connection, signed, purged))


def verify_file(file: Path, copies: Sequence[Mapping[str, str]], key: Path) -> Checked:
    """Read twice: what ends the file is needed at its first row."""
    ends = list(parts(file, "row", skip=True))
    if not ends or tuple(ends[0]["fields"]) != FIELDS:
        raise CannotRead(detail=f"{file.name}: not an export of this version")
    heads = {read["head"][0]: (int(read["head"][1]), str(read["head"][2])) for read in ends if "head" in read}
    told = [*copies, *(read for read in ends if "statement" in read)]
    signed, purged = statements(told, key), purged_in(one["statement"] for one in told)
    rows: Iterator[Row] = ((read["row"], read["hash"]) for read in parts(file, "row"))
    count, flaws = check_lines(rows, heads, signed, purged)
    return Checked(count, len(signed), flaws)


def parts(file: Path, first_key: str, *, skip: bool = False) -> Iterator[dict[str, Any]]:
    """The lines that begin with a key, or all others."""
    with file.open() as lines:
        for line in lines:
            if line.startswith(f'{{"{first_key}"') != skip:
                yield json.loads(line)


def tell(checked: Checked, voice: Voice) -> int:
    for flaw in checked.flaws:
        why = WHY[flaw.why]
        voice.say(FLAWED, slot=flaw.slot, seq=flaw.seq, why=why.en if voice.lang == "en" else why.zh)
    if not checked.signed:
        voice.say(UNSIGNED)
    if not checked.flaws:
        voice.say(WHOLE, lines=checked.lines, signed=checked.signed)
    return 1 if checked.flaws else 0
