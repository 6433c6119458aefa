"""What becomes of measures, of what is received, and of plans. A measure for a person goes with the person while it
runs; an amount stands in one record, in the household that had it."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import col

from services.households.changes.change import Doing
from services.households.help.plans import PlanOut, newest_version, write_plan
from services.households.models.help import ACCOUNT, Received
from services.households.models.register import Household

Persons = Collection[UUID] | None  # None: whoever it is for, and the household itself

# What is done and has ended, and what was dropped, stays as history. What is still to be done is done for the case of
# the household it comes to; what is done counts for the case it was done for.
MOVE_MEASURES = text(
    """
    UPDATE measure SET household_id = :into,
        case_id = CASE WHEN :keep OR state = 'done' OR case_id IS NULL THEN case_id ELSE CAST(:case AS uuid) END
    WHERE household_id = :from AND (:whole OR person_id = ANY (CAST(:persons AS uuid[])))
      AND (state IN ('planned', 'under_way') OR (state = 'done' AND (ends_on IS NULL OR ends_on >= :on)))
    RETURNING id
    """
)
DROP_MEASURES = text(
    """
    WITH dropped AS (
        UPDATE measure SET state = 'dropped', dropped_because = :ground
        WHERE household_id = :household AND (:whole OR person_id = ANY (CAST(:persons AS uuid[])))
          AND state IN ('planned', 'under_way')
        RETURNING id
    )
    INSERT INTO measure_step (measure_id, state, recorded_by, at) SELECT id, 'dropped', :who, :now FROM dropped
    """
)


def help_goes(
    doing: Doing, from_id: UUID, into_id: UUID, persons: Persons, *, case: UUID | None = None, keep: bool = False
) -> set[UUID]:
    """The measures that went. `case`: of those still to be done, unless they `keep` theirs."""
    doing.session.flush()
    told = {"from": from_id, "into": into_id, "case": case, "keep": keep, "on": doing.on} | chosen(persons)
    moved = set(doing.session.scalars(MOVE_MEASURES, told))
    doing.carried("measure", moved, from_id, into_id)
    for row in running(doing, from_id, persons):
        receive_on(doing, row, into_id)
    doing.session.flush()
    return moved


def chosen(persons: Persons) -> dict[str, object]:
    return {"whole": persons is None, "persons": list(persons or [])}


def payments_follow(doing: Doing, person: UUID, into_id: UUID) -> None:
    """Of somebody who comes back: what went on in the household of then, where nobody ended it."""
    elsewhere = col(Received.household_id) != into_id
    rows = doing.session.scalars(still_running(doing).where(col(Received.person_id) == person, elsewhere))
    for row in rows.all():
        receive_on(doing, row, into_id)


def still_running(doing: Doing) -> Select[Received]:
    until = func.upper(col(Received.valid))
    goes_on = (or_(until.is_(None), until > doing.on), col(Received.withdrawn_at).is_(None))
    return select(Received).where(*goes_on).order_by(col(Received.id))


def running(doing: Doing, household: UUID, persons: Persons) -> Sequence[Received]:
    mine = still_running(doing).where(col(Received.household_id) == household)
    wanted = mine if persons is None else mine.where(col(Received.person_id).in_(list(persons)))
    return doing.session.scalars(wanted).all()


def receive_on(doing: Doing, row: Received, into_id: UUID) -> None:
    """One that had not begun goes whole. An amount goes along if it was paid on that day or later."""
    doing.carried("received", [row.id], row.household_id, into_id)
    begun = row.valid.lower
    if begun and begun >= doing.on:
        row.household_id = into_id
        return
    paid_there = row.paid_on is not None and row.paid_on >= doing.on
    doing.session.add(following(doing, row, into_id, paid_there))
    row.valid = Range(begun, doing.on)
    if paid_there:
        row.amount, row.paid_on = None, None


def following(doing: Doing, row: Received, into_id: UUID, paid_there: bool) -> Received:
    key = uuid4()
    account = doing.seal.open(row.sealed_account, ACCOUNT.place(row.id)) if row.sealed_account else None
    return Received(
        id=key,
        household_id=into_id,
        valid=Range(doing.on, row.valid.upper),
        amount=row.amount if paid_there else None,
        paid_on=row.paid_on if paid_there else None,
        sealed_account=doing.seal.close(account, ACCOUNT.place(key)) if account else None,
        recorded_by=doing.recorded_by,
        created_at=doing.now,
        continues=row.id,
        **row.model_dump(include={"person_id", "policy_key", "source"}),
    )


def plans_follow(doing: Doing, old: Household, new: Household, moved: Collection[UUID], *, whole: bool) -> None:
    """`whole`: a household goes into another, with its plan. A version more where something differs, on the ground of
    the change; the one responsible writes the next. A plan may then name more than somebody may write into one."""
    held, there = plan_of(doing, old.id), plan_of(doing, new.id)
    if held is None:
        return
    goes = [one for one in held.measures if one in moved]
    if there:
        risks = [risk for risk in held.risks if whole and risk not in there.risks]
        rewrite(doing, new.id, there, [*there.measures, *goes], [*there.risks, *risks])
    if not old.ended_on:
        rewrite(doing, old.id, held, [one for one in held.measures if one not in moved], held.risks)


def copy_plan(doing: Doing, old: UUID, new: UUID, moved: Collection[UUID]) -> None:
    """For a household that has none."""
    held = plan_of(doing, old)
    if held and plan_of(doing, new) is None:
        begins = {"version": 0, "since": doing.on}
        rewrite(doing, new, held.model_copy(update=begins), [m for m in held.measures if m in moved], held.risks)


def plan_of(doing: Doing, household: UUID) -> PlanOut | None:
    newest = newest_version(doing.session, household)
    return PlanOut.of(doing.session, newest) if newest else None


def rewrite(doing: Doing, household: UUID, held: PlanOut, measures: list[UUID], risks: list[str]) -> None:
    if held.version and set(measures) == set(held.measures) and risks == held.risks:
        return
    told = {
        "version": held.version + 1,
        "since": max(doing.on, held.since),
        "reason": doing.ground,
        "measures": measures,
        "risks": risks,
    }
    write_plan(doing.session, household, held.model_copy(update=told), doing.recorded_by, doing.now)


def help_ends(doing: Doing, household: UUID, persons: Persons = None) -> None:
    """Of who has died or left for good, or a household that is gone, nothing more will be done. What a person goes on
    receiving is left as it was told: that somebody gone still receives is for people to see (policy gaps)."""
    told = {"household": household, "ground": doing.ground, "who": doing.recorded_by, "now": doing.now}
    doing.session.execute(DROP_MEASURES, told | chosen(persons))
    if persons is None:
        for row in running(doing, household, None):
            begun: date | None = row.valid.lower
            if begun is None or begun < doing.on:
                row.valid = Range(begun, doing.on)
