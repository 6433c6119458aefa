"""What has been declared, for the office that must answer: those that wait, and those it has kept waiting too long."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select, select
from sqlmodel import Session, col

from services.households.declarations.intake import Phone, Proxy, words_of
from services.households.declarations.outcome import without_a_case
from services.households.declarations.status import State
from services.households.masks import shown_id_number
from services.households.models.voices import REASON, SelfDeclaration
from services.households.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.scope import Placed, scoped
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/self-declarations", tags=["self-declarations"])

IN_PLACES = Placed(division=col(SelfDeclaration.village))

WAITING = (col(SelfDeclaration.state) == "received") & col(SelfDeclaration.purged_at).is_(None)


class DeclarationLine(BaseModel):
    """`household_id` is empty while nobody has said whose it is."""

    id: UUID
    number: str
    village: str
    household_id: UUID | None
    state: State
    received_at: datetime
    due_on: date | None
    overdue: bool


class DeclarationOut(DeclarationLine):
    """What was said, for who must call back: empty once it is purged. Of the ID number only the region is shown."""

    name: str | None
    id_number_masked: str | None
    phone: Phone | None
    text: str | None
    proxy: Annotated[Proxy | None, Field(title="代办人")]
    reason: str | None


@router.get("", dependencies=[allow("voice:read")])
def list_self_declarations(
    session: SessionDep,
    paging: PagingDep,
    today: Today,
    village: Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")],
    state: Annotated[State | Literal["overdue", "to_open"] | None, Query(title="办理状态")] = None,
) -> Page[DeclarationLine]:
    """`village` may be any place of the county. The oldest first; nothing of what was said. `to_open`: accepted,
    and no case yet."""
    wanted = select(SelfDeclaration).where(col(SelfDeclaration.village).startswith(village))
    wanted = in_state(scoped(session, wanted, IN_PLACES), state, today)
    rows, following = paging.read(session, wanted, col(SelfDeclaration.received_at), col(SelfDeclaration.id))
    return Page(rows=[line(row, today) for (row,) in rows], next=following)


@router.get("/{declaration_id}", dependencies=[allow("voice:read")])
def get_self_declaration(declaration_id: UUID, request: Request, session: SessionDep, today: Today) -> DeclarationOut:
    return shown(request.app.state.seal, declared(session, declaration_id), today)


def in_state(wanted: Select[SelfDeclaration], state: str | None, today: date) -> Select[SelfDeclaration]:
    """Overdue is what still waits behind its day, or has none. What has ended undecided waits no longer."""
    if state == "overdue":
        late = col(SelfDeclaration.due_on).is_(None) | (col(SelfDeclaration.due_on) < today)
        return wanted.where(WAITING, late)
    if state == "to_open":
        return without_a_case(wanted)
    return wanted.where(WAITING if state == "received" else col(SelfDeclaration.state) == state) if state else wanted


def declared(session: Session, declaration_id: UUID, *, lock: bool = False) -> SelfDeclaration:
    mine = scoped(session, select(SelfDeclaration).where(col(SelfDeclaration.id) == declaration_id), IN_PLACES)
    return found(session.scalar(mine.with_for_update() if lock else mine))


def line(row: SelfDeclaration, today: date) -> DeclarationLine:
    late = row.state == "received" and row.purged_at is None and (row.due_on is None or row.due_on < today)
    return DeclarationLine.model_validate(row.model_dump() | {"overdue": late})


def shown(seal: Seal, row: SelfDeclaration, today: date) -> DeclarationOut:
    words = words_of(seal, row)
    return DeclarationOut(
        **line(row, today).model_dump(),
        name=words.name if words else None,
        id_number_masked=shown_id_number(words.id_number) if words else None,
        phone=words.phone if words else None,
        text=words.text if words else None,
        proxy=words.proxy if words else None,
        reason=seal.open(row.sealed_reason, REASON.place(row.id)) if row.sealed_reason else None,
    )
