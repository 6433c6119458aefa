"""Where the members of another register's file differ from ours; and a file of what to correct there."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.exports.asking import ALONE, TableFile
from services.households.models.imports import ImportBatch
from services.households.models.quality import MEMBERS_THEIRS, MemberDifference
from services.households.models.register import Household
from services.households.policy import allow
from services.households.quality.comparing import OF_MEMBERS
from services.households.quality.comparisons import own
from services.households.quality.fields import NUMBER, alike, name_shown
from services.households.quality.member_fields import MEMBER, MEMBER_FIELDS, NAME, HeldMember, held_members
from services.households.quality.to_correct import AT_ONCE, CorrectionsTooMany, as_file, mark_of
from services.households.reach import HOUSEHOLDS
from services.households.search.filters import Place, lies_in
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.reference import standard
from services.kit.store.scope import scoped
from services.kit.web.audited import tell
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/comparison-imports", tags=["quality"], dependencies=[allow("household:import")])

ROW, WHAT = "文件行号", "人员差异"
THEY_LACK, WE_LACK = "对方系统缺此人", "本系统无此人"
TO_CORRECT = [MEMBER, *(name for name, field in MEMBER_FIELDS.items() if not field.masked)]
Present = dict[UUID, list[HeldMember]]
Rows = dict[tuple[str, int, UUID | None], dict[str, str]]


class MemberDifferenceOut(BaseModel):
    """Ours as it is now; `settled` where both agree by now. Of field 成员 somebody stands on one side alone: `row` is 0
    where the file lacks them, `person_id` is empty where we do."""

    household_id: UUID
    person_id: UUID | None
    name: Annotated[str, Field(title="姓名")]
    number: Annotated[str, Field(title="文件中的户编号")]
    row: Annotated[int, Field(title="文件行号")]
    field: Annotated[str, Field(title="字段")]
    ours: Annotated[str, Field(title="本系统")]
    theirs: Annotated[str, Field(title="对方系统")]
    settled: bool


@router.get("/{comparison_id}/member-differences")
def list_member_differences(
    comparison_id: UUID, request: Request, session: SessionDep, caller: CallerDep, paging: PagingDep,
    village: Annotated[Place | None, Query()] = None,
) -> Page[MemberDifferenceOut]:  # fmt: skip
    """In the order of the file; those it lacks come first."""
    batch, seal = own(session, comparison_id, OF_MEMBERS), request.app.state.seal
    wanted = of_batch(session, batch, village)
    rows, following = paging.read(session, wanted, col(MemberDifference.number), col(MemberDifference.id))
    present = held_members(session, seal, list({home.id: home for _, home in rows}.values()))
    return Page(rows=[line(seal, caller, row, present) for row, _ in rows], next=following)


@router.get("/{comparison_id}/member-corrections", response_class=TableFile)
def get_member_corrections(
    comparison_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now,
    village: Annotated[Place, Query()],
    form: Annotated[Literal["xlsx", "csv"], Query(alias="format", title="格式")] = "xlsx",
) -> TableFile:  # fmt: skip
    """A row for each member to be corrected there, under their own headers: ours, where theirs still differs. ID
    numbers are left out: what is masked corrects nothing. Nothing is opened behind the row that is one too many."""
    batch, seal = own(session, comparison_id, OF_MEMBERS), request.app.state.seal
    shown_here = of_batch(session, batch, village).where(col(MemberDifference.field).in_(TO_CORRECT))
    told = shown_here.order_by(col(MemberDifference.number), col(MemberDifference.id))
    rows, most = Rows(), standard(session, ALONE, village, today)
    for some in session.execute(told.execution_options(yield_per=AT_ONCE)).partitions():
        present = held_members(session, seal, list({home.id: home for _, home in some}.values()))
        for row, _ in some:
            add(rows, line(seal, caller, row, present))
            if len(rows) > most:
                raise CorrectionsTooMany
    tell(request, batch.id, division=village, rows=len(rows))
    first, fields = (ROW, NUMBER, NAME), (*(f for f in MEMBER_FIELDS if f != NAME), WHAT)
    return as_file(batch, list(rows.values()), first, fields, mark_of(caller, now), f"member-corrections.{form}")


def of_batch(session: Session, batch: ImportBatch, village: str | None) -> Any:
    wanted = select(MemberDifference, Household).join(Household, col(Household.id) == MemberDifference.household_id)
    narrowed = wanted.where(col(MemberDifference.batch_id) == batch.id, *lies_in(col(Household.village), village))
    return scoped(session, narrowed, HOUSEHOLDS)


def line(seal: Seal, caller: Caller, row: MemberDifference, present: Present) -> MemberDifferenceOut:
    members = present[row.household_id]
    held = next((one for one in members if one.person.id == row.person_id), None)
    theirs = seal.open(row.sealed_theirs, MEMBERS_THEIRS.place(row.id))
    name = held.person.name if held else theirs if row.field == MEMBER else ""
    ours, shown_theirs, settled = "", name_shown(caller, theirs), held is None
    if row.field == MEMBER and row.person_id is None:
        settled = any(alike(one.person.name, theirs) for one in members)
    elif row.field == MEMBER:
        ours = name_shown(caller, name)
    elif held:
        field = MEMBER_FIELDS[row.field]
        ours, shown_theirs = field.shown(caller, field.written(held)), field.shown(caller, theirs)
        settled = field.agrees(held, theirs)
    else:
        shown_theirs = ""
    return MemberDifferenceOut(
        household_id=row.household_id, person_id=row.person_id, name=name_shown(caller, name), number=row.told_number,
        row=row.number, field=row.field, ours=ours, theirs=shown_theirs, settled=settled,
    )  # fmt: skip


def add(rows: Rows, one: MemberDifferenceOut) -> None:
    """A member's differences side by side; what agrees by now is none."""
    if one.settled:
        return
    row = rows.setdefault((one.number, one.row, one.person_id), {NUMBER: one.number, NAME: one.name})
    row[ROW] = str(one.row or "")
    if one.field == MEMBER:
        row[WHAT] = WE_LACK if one.person_id is None else THEY_LACK
    else:
        row[one.field] = one.ours
