"""What a clue may be of: a list that a county adds to, renames and ends. It never loses a key that was used."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.alerts.models.clues import ClueKind
from services.alerts.policy import allow
from services.kit.store.db import SessionDep, open_session
from services.kit.store.reference import StandardKey
from services.kit.store.scope import scope_of
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, EditDep
from services.kit.web.errors import NotThere
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/clue-kinds", tags=["clues"])

SHIPPED = Path(__file__).parent / "kinds.toml"
EVERYWHERE = ""
MEDICAL = StandardKey(
    "clue_medical",
    "money",
    "分",
    "医疗自付线索预警线（按人群设定）",
    "Medical costs from which a clue is one, by class",
)

Key: TypeAlias = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="线索类别")]
County: TypeAlias = Annotated[str, InPath(pattern=r"^[0-9]{6}$", title="县级区划代码")]


class KindIn(BaseModel):
    """`threshold`: the key of a standard that amounts are held against. `ended_on`: the first day it is not taken."""

    model_config = ConfigDict(extra="forbid")

    zh: Annotated[str, Field(min_length=1, max_length=40, title="名称")]
    en: Annotated[str, Field(min_length=1, max_length=80, title="英文名称")]
    threshold: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{1,59}$", title="预警线标准的键")] = None
    ended_on: Annotated[WrittenDay | None, Field(title="停用日")] = None


class KindOut(BaseModel):
    """`division` is empty where the kind is the shipped one."""

    division: str
    key: str
    zh: str
    en: str
    threshold: str | None
    ended_on: CalendarDate | None

    @classmethod
    def of(cls, kind: ClueKind) -> Self:
        return cls.model_validate(kind.model_dump())


@router.get("", dependencies=[allow("clue-kind:read")])
def list_clue_kinds(
    session: SessionDep, division: Annotated[str, Query(pattern=r"^[0-9]{6}$", title="县级区划代码")]
) -> list[KindOut]:
    """Those of a county, by key; the ended ones too."""
    return [KindOut.of(kind) for _, kind in sorted(kinds_of(session, division).items())]


@router.put(
    "/{division}/{key}",
    dependencies=[allow("clue-kind:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_clue_kind(division: County, key: Key, body: KindIn, session: SessionDep, edit: EditDep) -> KindOut:
    """The county's own: from now on it comes before the shipped one of that key."""
    if not scope_of(session).covers(division):
        raise NotThere
    held = session.get(ClueKind, (division, key), with_for_update=True)
    wanted = ClueKind(division=division, key=key, **body.model_dump())
    edit.check(held and KindOut.of(held), KindOut.of(wanted))
    stored = session.merge(wanted)
    edit.told(KindOut.of(stored))
    return KindOut.of(stored)


def kinds_of(session: Session, county: str) -> dict[str, ClueKind]:
    wanted = select(ClueKind).where(col(ClueKind.division).in_([EVERYWHERE, county])).order_by(col(ClueKind.division))
    return {kind.key: kind for kind in session.scalars(wanted)}


def taken_on(kinds: dict[str, ClueKind], day: date) -> set[str]:
    return {key for key, kind in kinds.items() if kind.ended_on is None or day < kind.ended_on}


def ship(engine: Engine, path: Path = SHIPPED) -> None:
    """Names and thresholds as this version has them; what a county has set is its own row."""
    rows = [
        {"division": EVERYWHERE, "key": key, "threshold": None, **said}
        for key, said in tomllib.loads(path.read_text()).items()
    ]
    write = insert(ClueKind)
    fresh = {name: write.excluded[name] for name in ("zh", "en", "threshold")}
    with open_session(engine) as session, session.begin():
        session.execute(write.on_conflict_do_update(index_elements=["division", "key"], set_=fresh), rows)
