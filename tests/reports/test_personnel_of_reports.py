"""Who was named, talked to and honoured in the reports: the figures alone, of enough people to be figures."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.models.teams import Cadre, Team, Unit
from tests.attendance.conftest import VILLAGE, http, set_standard
from tests.attendance.personnel.test_records import at_moment, county, figures, recorded, said
from tests.attendance.test_staffing import BEGIN, post
from tests.callers import HERE, Headers

__all__ = ["county", "http"]  # fixtures


@pytest.fixture
def cadres(attendance: Session) -> list[UUID]:
    """Twenty of one team; none of them has replied."""
    unit, team = Unit(name="示例单位"), Team(name="示例工作队", village=VILLAGE)
    attendance.add_all([unit, team])
    attendance.flush()
    people = [
        Cadre(name="示甲子", sealed_mobile=b"sealed", mobile_index=str(n).encode(), unit_id=unit.id) for n in range(20)
    ]
    attendance.add_all(people)
    attendance.flush()
    for one in people:
        post(attendance, one, team, BEGIN)
    set_standard(attendance, "personnel_reply_days", 3)
    attendance.commit()
    return [one.id for one in people]


def issue(http: TestClient, county: Headers, records: list[dict[str, Any]]) -> None:
    """When the days to reply have passed."""
    ids = [recorded(http, county, one)["id"] for one in records]
    at_moment(http, HERE.replace(day=26))
    for one in ids:
        answer = http.put(f"/v1/personnel-records/{one}/issuing", headers=county)
        assert answer.status_code == 200, answer.text


def test_five_bulletins_named_six_cadres_and_four_were_talked_to(
    http: TestClient, county: Headers, cadres: list[UUID]
) -> None:
    """1-05, 1-10, 1-18: six and four are the ten of five bulletins."""
    notices = [said(one, "notice", number=f"示例通报第{n % 3 + 1}期") for n, one in enumerate(cadres[:6])]
    talks = [said(one, "interview", number=f"示例约谈第{n % 2 + 1}期") for n, one in enumerate(cadres[6:10])]
    issue(http, county, notices + talks)
    told = {kind: (numbers, records, persons) for kind, _, _, numbers, records, persons in figures(http, county)}
    assert told == {"notice": (3, 6, 6), "interview": (2, 4, 4)}
    assert [sum(each) for each in zip(*told.values(), strict=True)] == [5, 10, 10]


def test_ten_good_members_and_ten_good_people_were_honoured(
    http: TestClient, county: Headers, cadres: list[UUID]
) -> None:
    """3-36."""
    named = [(one, "优秀党员" if n < 10 else "优秀个人") for n, one in enumerate(cadres)]
    records = [said(one, "honour", title=title, day="2026-07-01", number="示例七一表彰") for one, title in named]
    issue(http, county, records)
    told = {title: (records, persons) for _, title, _, _, records, persons in figures(http, county)}
    assert told == {"优秀党员": (10, 10), "优秀个人": (10, 10)}
