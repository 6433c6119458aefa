"""What somebody may be charged with: a dated list that a county adds to, renames and ends, each entry by its document.
The nearest place comes first. A charge gives no right."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import literal, select
from sqlmodel import Session, col

from services.attendance.activities.terms import Division, Key, NotInTheList, Place, TermEndsBeforeItBegins, TermIn
from services.attendance.models.charges import ChargeKind
from services.attendance.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import NotThere, found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/charge-kinds", tags=["charges"])

BearerKind: TypeAlias = Literal["cadre", "unit", "person"]
Level: TypeAlias = Literal["county", "township", "village", "team"]
About: TypeAlias = Literal["body", "cadre", "unit"]


class KindRule(BaseModel):
    """Who bears a shipped kind and where; what it must and may say beside that. A county's own: anybody, anywhere."""

    model_config = ConfigDict(extra="ignore")

    bearers: list[BearerKind] = ["cadre", "unit", "person"]
    places: list[Level] = ["county", "township", "village", "team"]
    needs: list[About] = []
    may: list[About] = ["body", "cadre", "unit"]


class ChargeKindOut(BaseModel):
    """`division` and `document_no` are empty where it is a shipped one."""

    division: str
    key: str
    zh: str
    en: str
    since: CalendarDate
    until: CalendarDate | None
    document_no: str


READ = tomllib.loads((Path(__file__).parent / "kinds.toml").read_text())
RULES: Mapping[str, KindRule] = {key: KindRule.model_validate({"may": []} | said) for key, said in READ.items()}
SHIPPED = [
    ChargeKindOut(
        division="", key=key, zh=said["zh"], en=said["en"], since=date(2000, 1, 1), until=None, document_no=""
    )
    for key, said in READ.items()
]


@router.get("", dependencies=[allow("charge:read")])
def list_charge_kinds(session: SessionDep, division: Division) -> list[ChargeKindOut]:
    """Those that count in a place, by key; the ended ones too."""
    return sorted(kinds_of(session, division).values(), key=lambda one: one.key)


@router.get("/{division}/{key}", dependencies=[allow("charge:read")], responses=SEEN)
def get_charge_kind(division: Place, key: Key, session: SessionDep, edit: EditDep) -> ChargeKindOut:
    """What this very place has set."""
    shown = shown_of(found(session.get(ChargeKind, (division, key))))
    edit.told(shown)
    return shown


@router.put(
    "/{division}/{key}",
    dependencies=[allow("charge-kind:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_charge_kind(division: Place, key: Key, body: TermIn, session: SessionDep, edit: EditDep) -> ChargeKindOut:
    """The place's own: from now on it comes before that of a place above. Who bears a shipped kind, and where, stays
    as it is shipped."""
    if not scope_of(session).covers(division):
        raise NotThere
    if body.until and body.until <= body.since:
        raise TermEndsBeforeItBegins
    take_turn(session, "charge-kinds")
    held = session.get(ChargeKind, (division, key))
    wanted = ChargeKind(division=division, key=key, **body.model_dump())
    shown = shown_of(wanted)
    edit.check(held and shown_of(held), shown)
    session.merge(wanted)
    edit.told(shown)
    return shown


def shown_of(kind: ChargeKind) -> ChargeKindOut:
    return ChargeKindOut.model_validate(kind.model_dump())


def kinds_of(session: Session, division: str) -> Mapping[str, ChargeKindOut]:
    """The nearest place's come last and so first."""
    here = literal(division).startswith(col(ChargeKind.division))
    rows = session.scalars(select(ChargeKind).where(here).order_by(col(ChargeKind.division)))
    return {one.key: one for one in (*SHIPPED, *map(shown_of, rows))}


def refuse_unlisted(session: Session, division: str, day: date, kind: str) -> None:
    listed = kinds_of(session, division).get(kind)
    if listed is None or day < listed.since or (listed.until is not None and day >= listed.until):
        raise NotInTheList(kind)
