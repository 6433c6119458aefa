"""A file of measures: one row per household or member, policy and due day. What is held already is changed by hand."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.households.help.measures import State as MeasureState
from services.households.help.risks import LABELS
from services.households.imports.help_rows import (
    MEMBER,
    POLICY,
    Lists,
    WrittenOnce,
    lists_of_help,
    read_member,
    read_policy,
    take_once,
)
from services.households.imports.upload import State, Taken, Upload
from services.households.register.own_codes import holding
from services.kit.store.sets import write_set
from services.kit.web.cells import CellRefused, RowReader, day, money, one_of, text_up_to
from services.kit.web.sheets import Row

STATES = {"计划": MeasureState.PLANNED, "实施中": MeasureState.UNDER_WAY, "已落实": MeasureState.DONE}
HEADERS = ("户编号", POLICY, MEMBER, "针对风险", "状态", "责任人编号", "责任人", "计划完成日", "落实日", "金额(元)",
           "资金来源", "佐证", "措施截止日")  # fmt: skip
RISKS_TOLD = {zh: key for key, zh in LABELS.items()} | {key: key for key in LABELS}
STATE_AND_DAY = (
    "state-without-its-day",
    "已落实的须填落实日，其他状态不填。",
    "Done takes its day, other states none.",
)
NOT_YET = ("done-in-the-future", "落实日不能晚于今天，截止日不能早于落实日。", "Done by today, and not after it ends.")
STATE = ("state", "done_on", "amount", "fund_source", "evidence", "ends_on", "risk", "responsible_label")

HELD = text(
    """
    SELECT id, household_id, policy_key, person_id, due, risk, state, responsible_id, responsible_label, done_on,
           amount, fund_source, evidence, ends_on
    FROM measure WHERE household_id = ANY (:households)
    """
)
WRITE = text(
    """
    WITH sent AS (
        SELECT * FROM unnest(
            CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:policy_key AS text[]), CAST(:person_id AS uuid[]),
            CAST(:due AS date[]), CAST(:risk AS text[]), CAST(:state AS text[]), CAST(:responsible_id AS uuid[]),
            CAST(:responsible_label AS text[]), CAST(:done_on AS date[]), CAST(:amount AS bigint[]),
            CAST(:fund_source AS text[]), CAST(:evidence AS text[]), CAST(:ends_on AS date[])
        ) AS told (id, household_id, policy_key, person_id, due, risk, state, responsible_id, responsible_label,
                   done_on, amount, fund_source, evidence, ends_on)
    ), made AS (
        INSERT INTO measure (id, household_id, policy_key, person_id, due, risk, state, responsible_id,
                             responsible_label, done_on, amount, fund_source, evidence, ends_on, responsible_kind,
                             recorded_by, created_at)
        SELECT sent.*, 'cadre', :who, :now FROM sent RETURNING id, state
    )
    INSERT INTO measure_step (measure_id, state, recorded_by, at) SELECT id, state, :who, :now FROM made
    """
)
COLUMNS = ("id", "household_id", "policy_key", "person_id", "due", "risk", "state", "responsible_id",
           "responsible_label", "done_on", "amount", "fund_source", "evidence", "ends_on")  # fmt: skip


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    return take_once(upload, rows, KIND)


def write(upload: Upload, fresh: Sequence[dict[str, Any]]) -> Sequence[UUID]:
    """No fact is taken from it."""
    write_set(upload.session, WRITE.bindparams(who=upload.who, now=upload.now), fresh, *COLUMNS)
    return []


def identity(row: Mapping[Any, Any]) -> tuple[Any, ...] | None:
    """None when the row did not say whose, what, or until when."""
    told = (row["household_id"], row["policy_key"], row["due"])
    return (*told, row["person_id"]) if all(told) else None


def state_of(row: Any) -> State:
    """What may change of it later, as JSON can hold it."""
    return {name: str(row[name]) if row[name] is not None else None for name in STATE}


def read_measure(upload: Upload, reader: RowReader, lists: Lists, household_id: UUID | None) -> dict[str, Any]:
    due = reader.read("计划完成日", day)
    state, done_on = reader.read("状态", one_of(STATES)), reader.read("落实日", day, needed=False)
    ends_on = reader.read("措施截止日", day, needed=False)
    if state and (state is MeasureState.DONE) != (done_on is not None):
        reader.refuse("落实日", *STATE_AND_DAY)
    elif done_on and not done_on <= min(upload.today, ends_on or done_on):
        reader.refuse("落实日", *NOT_YET)
    return {
        "household_id": household_id,
        "policy_key": read_policy(reader, lists, None),
        "person_id": read_member(reader, lists, household_id),
        "due": due,
        "risk": reader.read("针对风险", one_of(risks_told(upload, lists, household_id)), needed=False),
        "state": str(state) if state else None,
        "responsible_id": reader.read("责任人编号", actor_id),
        "responsible_label": reader.read("责任人", text_up_to(60)),
        "done_on": done_on,
        "amount": reader.read("金额(元)", money, needed=False),
        "fund_source": reader.read("资金来源", text_up_to(200), needed=False),
        "evidence": reader.read("佐证", text_up_to(200), needed=False),
        "ends_on": ends_on,
    }


def risks_told(upload: Upload, lists: Lists, household_id: UUID | None) -> Mapping[str, str]:
    """The county's own where they may be written today, and those that the household has measures against."""
    village = lists.villages.get(household_id, "") if household_id else ""
    kept = [one for one in lists.risks if household_id and (household_id, one.code) in lists.kept]
    own = [*holding(lists.risks, village, upload.today), *kept]
    return {**RISKS_TOLD, **{told: one.code for one in own for told in (one.zh, one.code)}}


def actor_id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise CellRefused("not-an-id", "不是有效的编号。", "This is not an id.") from None


KIND = WrittenOnce(lists_of_help, read_measure, identity, HELD, write, state_of)
