"""A file of monitored households as another system left them: one row per household and day of identification."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session, col

from services.households.cases.contents import FORMERLY_POOR, NOT_FORMERLY_POOR
from services.households.cases.taking_over import Ground, grounds
from services.households.cases.words import words
from services.households.help.risks import RISKS
from services.households.imports.case_rows import write_cases
from services.households.imports.help_rows import WrittenOnce, take_once
from services.households.imports.upload import ENDED, State, Taken, Upload
from services.households.models.cases import Case
from services.households.models.register import Household, OwnCode
from services.households.register.own_codes import RISK, holding, own_of
from services.kit.store.sets import among
from services.kit.web.cells import CellRefused, RowReader, day, money, one_of, text_up_to
from services.kit.web.sheets import Row

STATES = {
    "监测中": ("monitored", None),
    "帮扶消除": ("ended", "eliminated_by_help"),
    "自然消除": ("ended", "eliminated_by_itself"),
}
HEADERS = ("户编号", "识别日期", "对象类别", "风险类型", "监测线(元)", "监测线文号", "状态", "消除日期",
           "国家系统户编号")  # fmt: skip
NATIONAL = re.compile(r"[0-9A-Za-z]{6,40}")
IDENTIFIED_LATER = ("in-the-future", "识别日期不能晚于今天。", "Nobody is identified after today.")
STATE_AND_DAY = (
    "state-without-its-day",
    "已消除的须填消除日期（不早于识别日期、不晚于今天），监测中的不填。",
    "An eliminated one takes its day, from identification until today; a monitored one none.",
)
UNFIT = (
    "category-does-not-fit",
    "对象类别不属于本县流程，或与是否脱贫户不符。",
    "The category is none of the procedure, or does not fit whether the household was formerly poor.",
)
OPEN_ALREADY = ("open-case-already", "这户已有正在办理的案卷。", "The household has an open case already.")
NO_PROCEDURE = (
    "no-procedure",
    "该地没有设定认定流程（case_profile）或期限提醒天数（case_warning_days）。",
    "No procedure (case_profile), or no days of warning (case_warning_days), is set there.",
)
MONITORED_STILL = (
    "monitored-still",
    "登记册中这户仍是监测对象：先导入其在册的案卷，或更正标签。",
    "By the register it is monitored still: bring its open case first, or mend the tag.",
)
HELD = text(
    """
    SELECT id, household_id, identified_on, category, array_to_string(risks, ',') AS risks, line, line_document_no,
           closed_on, end_kind, national_number
    FROM monitored_case WHERE household_id = ANY (:households) AND identified_on IS NOT NULL
    """
)
TAGGED = text("SELECT household_id FROM tag WHERE household_id = ANY (:ids) AND key = :key AND upper_inf(valid)")


class Known(NamedTuple):
    """Looked up once for all rows of a part. `open`: the day of the open case's identification, added to row by row."""

    homes: Mapping[UUID, Household]
    grounds: Mapping[str, Ground | None]
    formerly_poor: set[UUID]
    monitored: set[UUID]
    open: dict[UUID, date | None]
    risks: Sequence[OwnCode]  # counties' own
    kept: Mapping[UUID, set[str]]  # the risks of the households' cases


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    return take_once(upload, rows, KIND)


def look_up(upload: Upload, readers: Sequence[RowReader], ids: Sequence[UUID]) -> Known:
    session = upload.session
    homes = {home.id: home for home in session.scalars(select(Household).where(among(col(Household.id), ids)))}
    held = session.scalars(select(Case).where(among(col(Case.household_id), ids))).all()
    kept: dict[UUID, set[str]] = {}
    for case in held:
        kept.setdefault(case.household_id, set()).update(case.risks)
    return Known(
        homes,
        grounds(session, {home.village for home in homes.values()}, upload.today),
        tagged(session, ids, "formerly_poor"),
        tagged(session, ids, "monitored"),
        {case.household_id: case.identified_on for case in held if case.closed_on is None},
        own_of(session, RISK),
        kept,
    )


def tagged(session: Session, ids: Sequence[UUID], key: str) -> set[UUID]:
    return set(session.scalars(TAGGED, {"ids": list(ids), "key": key}))


def read_case(upload: Upload, reader: RowReader, known: Known, household_id: UUID | None) -> dict[str, Any]:
    identified_on = reader.read("识别日期", day)
    if identified_on and identified_on > upload.today:
        reader.refuse("识别日期", *IDENTIFIED_LATER)
    state, end_kind = reader.read("状态", one_of(STATES)) or (None, None)
    row = {
        "household_id": household_id,
        "identified_on": identified_on,
        "category": reader.read("对象类别", one_of({word.zh: key for key, word in words("category").items()})),
        "risks": reader.read("风险类型", partial(risks, own=own_risks(upload, known, household_id))),
        "line": reader.read("监测线(元)", money),
        "line_document_no": reader.read("监测线文号", text_up_to(100)),
        "state": state,
        "end_kind": end_kind,
        "closed_on": reader.read("消除日期", day, needed=False),
        "national_number": reader.read("国家系统户编号", national_number, needed=False),
    }
    if identified_on and state and not ends_well(row, upload.today):
        reader.refuse("消除日期", *STATE_AND_DAY)
    if household_id and identified_on:
        row |= fits(reader, known, known.homes[household_id], row)
    return row


def ends_well(row: Mapping[str, Any], today: date) -> bool:
    if row["state"] == "monitored":
        return row["closed_on"] is None
    return row["closed_on"] is not None and row["identified_on"] <= row["closed_on"] <= today


def fits(reader: RowReader, known: Known, home: Household, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the procedure gives the case; refused where none holds, and where the register says otherwise."""
    ground = known.grounds[home.village]
    if home.ended_on:
        reader.refuse("户编号", *ENDED)
    if ground is None:
        reader.refuse("户编号", *NO_PROCEDURE)
        return {}
    poor = home.id in known.formerly_poor
    if row["category"] and (
        row["category"] not in ground.procedure.categories
        or row["category"] == (NOT_FORMERLY_POOR if poor else FORMERLY_POOR)
    ):
        reader.refuse("对象类别", *UNFIT)
    if row["state"] == "monitored":
        if known.open.setdefault(home.id, row["identified_on"]) != row["identified_on"]:
            reader.refuse("状态", *OPEN_ALREADY)
    elif row["state"] and home.id in known.monitored and home.id not in known.open:
        reader.refuse("状态", *MONITORED_STILL)
    return {
        "ground": ground,
        "profile_key": ground.procedure.key,
        "profile_version": ground.procedure.version,
        "profile_document_no": ground.document_no,
    }


def own_risks(upload: Upload, known: Known, household_id: UUID | None) -> set[str]:
    """What may be written today, and what cases of the household have already."""
    if household_id is None:
        return set()
    village = known.homes[household_id].village
    return {one.code for one in holding(known.risks, village, upload.today)} | known.kept.get(household_id, set())


def risks(written: str, own: Collection[str]) -> str:
    """Up to five codes of the list."""
    codes = re.split(r"[、,，;；\s]+", written)
    if not set(codes) <= {*RISKS, *own} or len(set(codes)) < len(codes) or len(codes) > 5:
        raise CellRefused("unknown-risk", "须为风险代码表中的代码，至多五个，不重复。", "Up to five codes of the list.")
    return ",".join(codes)


def national_number(written: str) -> str:
    if not NATIONAL.fullmatch(written):
        raise CellRefused("not-a-number", "须为 6 至 40 位数字或字母。", "Six to forty digits or letters.")
    return written


def identity(row: Mapping[Any, Any]) -> tuple[Any, ...] | None:
    told = (row["household_id"], row["identified_on"])
    return told if all(told) else None


def state_of(row: Mapping[Any, Any]) -> State:
    """Whatever becomes of a case raises its version."""
    return {"version": 1}


KIND: WrittenOnce[Known] = WrittenOnce(look_up, read_case, identity, HELD, write_cases, state_of)
