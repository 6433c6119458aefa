"""交接: the office plans who takes over what from somebody who leaves. Nothing moves before it takes effect."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlmodel import Session, col

from services.attendance.models.handovers import Handover, HandoverHousehold, HandoverThing
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.pairings.pairings import NotToOneself, one_at_a_time
from services.attendance.policy import allow
from services.attendance.reach import reachable_cadre, reachable_cadres, reachable_handovers
from services.kit.store.db import SessionDep, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/handovers", tags=["handovers"])

ThingKind = Literal["key", "document", "equipment", "other"]
Households = Annotated[list[UUID], Field(max_length=1_000)]


class Taker(BaseModel):
    """`household_ids` empty (null): whatever is named for nobody else."""

    model_config = ConfigDict(extra="forbid")

    cadre_id: Annotated[UUID, Field(title="接收人")]
    household_ids: Annotated[Households | None, Field(title="接收的农户（空为其余全部）")] = None


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[ThingKind, Field(title="类别")]
    name: Annotated[str, Field(min_length=1, max_length=100, title="名称")]
    number: Annotated[str, Field(max_length=100, title="编号或数量")] = ""
    taker: Annotated[UUID | None, Field(title="接收人")] = None


class HandoverIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cadre_id: Annotated[UUID, Field(title="移交人")]
    day: Annotated[WrittenDay, Field(title="交接日（接收人负责的第一天）")]
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]
    takers: Annotated[list[Taker], Field(max_length=50, title="接收人")]
    things: Annotated[list[Thing], Field(max_length=200, title="钥匙、文件、设备等")] = []


class HandoverOut(HandoverIn):
    id: UUID
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="移交人最近任职的村")]
    effected_at: Annotated[datetime | None, Field(title="生效时间")]

    @classmethod
    def of(cls, row: Handover, homes: Mapping[UUID, list[UUID]], things: Iterable[HandoverThing]) -> Self:
        takers = [{"cadre_id": one, "household_ids": homes.get(one, [])} for one in row.taker_ids if one != row.rest_to]
        takers += [{"cadre_id": row.rest_to, "household_ids": None}] if row.rest_to else []
        told = [one.model_dump(include={"kind", "name", "number"}) | {"taker": one.taker_id} for one in things]
        said = row.model_dump(include={"id", "cadre_id", "village", "day", "document_no", "effected_at"})
        return cls.model_validate(said | {"takers": takers, "things": told})


class NamedTwice(DomainError):
    zh = "接收人、农户或“其余全部”被指定了两次。"
    en = "A taker, a household or all the rest is named twice."


class HandedToOneself(DomainError):
    zh = "移交人不能同时是接收人。"
    en = "Who hands over does not take over."


class TakerNotNamed(DomainError):
    zh = "物品的接收人不在接收人名单中。"
    en = "A thing is for somebody who is not among the takers."


class HandoverOfAnother(DomainError):
    status = 409
    zh = "这个编号已用于另一人的交接。"
    en = "That id stands for the hand-over of another cadre."


class HandoverDone(DomainError):
    status = 409
    zh = "交接已生效，不能再改。"
    en = "The hand-over has taken effect and stays as it is."


@router.put(
    "/{handover_id}", dependencies=[allow("handover:write")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_handover(
    handover_id: UUID, body: HandoverIn, session: UnboundSessionDep, caller: CallerDep, edit: EditDep
) -> HandoverOut:
    """Plans one, or changes what is planned, until it takes effect. What was signed before is out of date where the
    sheet is another now. Nobody plans what they take themselves."""
    refuse_twice(body)
    one_at_a_time(session)
    held = session.get(Handover, handover_id)
    village = held.village if held else village_of_leaver(session, body.cadre_id)
    if not scope_of(session).covers(village):
        raise NotThere
    refuse_takers(session, body, caller.subject)
    shown = told(session, [held])[0] if held else None
    wanted = wanted_of(body, handover_id, village, held)
    edit.check(shown, wanted)
    if shown != wanted:
        write(session, held, wanted)
    edit.told(wanted)
    return wanted


@router.get("", dependencies=[allow("handover:read")])
def list_handovers(
    session: SessionDep,
    paging: PagingDep,
    cadre_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
) -> Page[HandoverOut]:
    """Those of one's places, and those in which one hands over or takes."""
    wanted = select(Handover).where(reachable_handovers(scope_of(session)))
    wanted = wanted.where(col(Handover.village).startswith(village_prefix))
    if cadre_id:
        wanted = wanted.where(col(Handover.cadre_id) == cadre_id)
    rows, following = paging.read(session, wanted, col(Handover.id))
    return Page(rows=told(session, [row for (row,) in rows]), next=following)


@router.get("/{handover_id}", dependencies=[allow("handover:read")], responses=SEEN)
def get_handover(handover_id: UUID, session: SessionDep, edit: EditDep) -> HandoverOut:
    (shown,) = told(session, [reachable_handover(session, handover_id)])
    edit.told(shown)
    return shown


def reachable_handover(session: Session, handover_id: UUID, *, lock: bool = False) -> Handover:
    wanted = select(Handover).where(col(Handover.id) == handover_id, reachable_handovers(scope_of(session)))
    return found(session.scalar(wanted.with_for_update() if lock else wanted))


def village_of_leaver(session: Session, cadre_id: UUID) -> str:
    """Of the latest posting, ended or not."""
    cadre = reachable_cadre(session, cadre_id)
    latest = select(col(Team.village)).join(Posting, col(Posting.team_id) == col(Team.id))
    latest = latest.where(col(Posting.cadre_id) == cadre.id).order_by(col(Posting.valid).desc()).limit(1)
    return found(session.scalar(latest))


def refuse_twice(body: HandoverIn) -> None:
    takers = [one.cadre_id for one in body.takers]
    households = [home for one in body.takers for home in one.household_ids or ()]
    rest = [one for one in body.takers if one.household_ids is None]
    if len(set(takers)) < len(takers) or len(set(households)) < len(households) or len(rest) > 1:
        raise NamedTwice
    if body.cadre_id in takers:
        raise HandedToOneself
    if {one.taker for one in body.things if one.taker} - set(takers):
        raise TakerNotNamed


def refuse_takers(session: Session, body: HandoverIn, account: str) -> None:
    """Nobody names whom they do not reach, nor themselves."""
    named = {one.cadre_id for one in body.takers}
    wanted = select(col(Cadre.account)).where(col(Cadre.id).in_(named), reachable_cadres(scope_of(session)))
    accounts = session.scalars(wanted).all()
    if len(accounts) < len(named):
        raise NotThere
    if account in accounts:
        raise NotToOneself


def wanted_of(body: HandoverIn, handover_id: UUID, village: str, held: Handover | None) -> HandoverOut:
    """In the form it is read in."""
    done = held.effected_at if held else None
    said = body.model_dump() | {"id": handover_id, "village": village, "effected_at": done}
    for one in said["takers"]:
        one["household_ids"] = one["household_ids"] and sorted(one["household_ids"])
    said["takers"].sort(key=lambda one: (one["household_ids"] is None, one["cadre_id"]))
    return HandoverOut.model_validate(said)


def write(session: Session, held: Handover | None, wanted: HandoverOut) -> None:
    if held and held.effected_at:
        raise HandoverDone
    if held and held.cadre_id != wanted.cadre_id:
        raise HandoverOfAnother
    row = held or Handover(id=wanted.id, cadre_id=wanted.cadre_id, village=wanted.village, day=wanted.day,
                           document_no=wanted.document_no, taker_ids=[])  # fmt: skip
    row.day, row.document_no = wanted.day, wanted.document_no
    row.taker_ids = [one.cadre_id for one in wanted.takers]
    row.rest_to = next((one.cadre_id for one in wanted.takers if one.household_ids is None), None)
    session.add(row)
    session.flush()
    for table in (HandoverHousehold, HandoverThing):
        session.execute(delete(table).where(col(table.handover_id) == row.id))
    session.add_all(
        HandoverHousehold(handover_id=row.id, household_id=home, taker_id=one.cadre_id)
        for one in wanted.takers
        for home in one.household_ids or ()
    )
    session.add_all(
        HandoverThing(handover_id=row.id, line=line, taker_id=one.taker, **one.model_dump(exclude={"taker"}))
        for line, one in enumerate(wanted.things)
    )
    session.flush()


def told(session: Session, rows: Sequence[Handover]) -> list[HandoverOut]:
    """Two statements for any number."""
    asked = [row.id for row in rows]
    homes: dict[UUID, dict[UUID, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    things: dict[UUID, list[HandoverThing]] = defaultdict(list)
    named = select(HandoverHousehold).where(col(HandoverHousehold.handover_id).in_(asked))
    for home in session.scalars(named.order_by(col(HandoverHousehold.household_id))):
        homes[home.handover_id][home.taker_id].append(home.household_id)
    its = select(HandoverThing).where(col(HandoverThing.handover_id).in_(asked))
    for thing in session.scalars(its.order_by(col(HandoverThing.line))):
        things[thing.handover_id].append(thing)
    return [HandoverOut.of(row, homes[row.id], things[row.id]) for row in rows]
