"""A service starts only with the keys its rows were sealed with: with others it would refuse people, or hide them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.kit import clock
from services.kit.settings import Settings
from services.kit.store.db import open_session
from services.kit.store.fields import Seal, SealBroken
from services.kit.store.key_ring import Key, KeysUnreadable
from services.kit.store.scope import unbind
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import FieldKey


class KeysDoNotFit(SystemExit):
    """Raised at start alone: Python prints these words, and no traceback, and the process ends with 1."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")


def read_seal(settings: Settings, engine: Engine, columns: Sequence[SealedColumn]) -> Seal:
    """The seal of a starting process. Refuses keys that are missing, unreadable, wrong, or of another suite."""
    try:
        seal = Seal.read(settings.secrets)
    except KeysUnreadable as reason:
        raise KeysDoNotFit(f"字段密钥无法读取（{reason}）。", f"The field keys cannot be read: {reason}.") from None
    if seal.key.suite.name != settings.suite:
        raise KeysDoNotFit(
            f"最新的字段密钥属于 {seal.key.suite.name} 套件，而设置为 {settings.suite}；请执行 shouwang rotate-keys。",
            f"The newest field key is for the suite {seal.key.suite.name}, the setting says {settings.suite}:"
            " run shouwang rotate-keys.",
        )
    with open_session(engine) as session, session.begin():
        unbind(session)  # an API's role would else be shown no row, and any key would do
        clock.follow(session.scalar(text("SELECT current_setting(:mark, true)"), {"mark": clock.MARK}))
        check_keys(session, seal, columns, datetime.now(settings.timezone))
    return seal


def check_keys(session: Session, seal: Seal, columns: Sequence[SealedColumn], now: datetime) -> None:
    """By what each key has proved here before. The newest one, when new, by a row of each column; then it may prove."""
    proofs = {row.number: row.proof for row in session.scalars(select(FieldKey))}
    for number, proof in sorted(proofs.items()):
        key = seal.ring.keys().get(number)
        if key is None:
            raise KeysDoNotFit(f"缺少字段密钥 {number}。", f"Field key {number} is missing.")
        if not proves(seal, key, proof):
            raise wrong(number)
    if seal.key.number not in proofs:
        for column in columns:
            check_a_row(session, seal, column)
        record(session, seal, now)


def wrong(number: int) -> KeysDoNotFit:
    return KeysDoNotFit(
        f"字段密钥 {number} 不是封存本库数据所用的密钥。",
        f"Field key {number} is not the one that sealed the rows of this database.",
    )


def check_a_row(session: Session, seal: Seal, column: SealedColumn) -> None:
    wanted = f"SELECT id, {column.column} FROM {column.table} WHERE {column.column} IS NOT NULL LIMIT 1"  # noqa: S608
    for row_id, sealed in session.execute(text(wanted)):  # the names are our own
        try:
            seal.open(bytes(sealed), column.place(row_id))
        except SealBroken as broken:
            raise wrong(seal.key.number) from broken


def record(session: Session, seal: Seal, now: datetime) -> None:
    """From now on rows may stand under the newest key."""
    key = seal.key
    proof = seal.close(said_by(key), place_of(key))
    row = insert(FieldKey).values(number=key.number, proof=proof, since=now)
    session.execute(row.on_conflict_do_nothing())


def proves(seal: Seal, key: Key, proof: bytes) -> bool:
    """Opening it takes the field key; what it says, the index key."""
    try:
        return seal.open(proof, place_of(key)) == said_by(key)
    except SealBroken:
        return False


def said_by(key: Key) -> str:
    return key.index(place_of(key)).hex()


def place_of(key: Key) -> str:
    return f"field_key.proof:{key.number}"
