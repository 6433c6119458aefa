"""How a posting ends: from its day its cadre acts there no more, and everybody who is to know knows how."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.facts import TeamFacts
from services.attendance.models.teams import Posting, Team
from tests.attendance.conftest import ARRIVED, VILLAGE, Stationed
from tests.callers import Headers, Office, Sign, edit
from tests.conftest import TODAY

ELSEWHERE = "520621001006"
PROMOTED = {"channel": "county", "until": TODAY.isoformat(), "outcome": "promoted", "document_no": "示例〔2026〕9号"}
GOES_ON = {"channel": None, "until": None, "outcome": None}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


def posting_of(session: Session, cadre: UUID) -> Posting:
    session.expire_all()
    return session.scalars(select(Posting).where(col(Posting.cadre_id) == cadre)).one()


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/postings", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_who_was_promoted_is_told_with_day_outcome_and_document(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    address = f"/v1/postings/{posting_of(attendance, village.first).id}"
    put = edit(http, address, PROMOTED, county)
    assert put.status_code == 200, put.text
    assert put.json() == http.get(address, headers=county).json()
    (row,) = listed(http, county, outcome="promoted")
    assert (row["cadre_id"], row["since"], row["village"]) == (str(village.first), ARRIVED.isoformat(), VILLAGE)
    assert {name: row[name] for name in PROMOTED} == PROMOTED
    assert [one["cadre_id"] for one in listed(http, county, day=TODAY.isoformat())] == [str(village.second)]
    assert len(listed(http, county, day=(TODAY - timedelta(days=1)).isoformat())) == 2


def test_from_the_day_on_who_left_acts_there_no_more(
    http: TestClient, county: Headers, sign: Sign, attendance: Session, village: Stationed
) -> None:
    account = str(uuid4())
    http.put(f"/v1/cadres/{village.second}/account", json={"account_id": account}, headers=county)
    caller = sign(account, "cadre")
    assert http.get(f"/v1/teams/{village.team}", headers=caller).status_code == 200
    put = edit(http, f"/v1/postings/{posting_of(attendance, village.second).id}", PROMOTED, county)
    assert put.status_code == 200, put.text
    assert http.get(f"/v1/teams/{village.team}", headers=caller).status_code == 403
    assert http.get("/v1/check-ins", headers=caller).status_code == 200  # their own stay theirs to read


def test_the_facts_of_the_team_follow(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    address = f"/v1/postings/{posting_of(attendance, village.second).id}"
    edit(http, address, PROMOTED, county)
    assert attendance.get_one(TeamFacts, village.team).members == 1
    edit(http, address, GOES_ON, county)
    attendance.expire_all()
    assert attendance.get_one(TeamFacts, village.team).members == 2


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"until": None}, "end-incomplete"),
        ({"outcome": None}, "end-incomplete"),
        ({"until": None, "outcome": None}, "end-incomplete"),
        ({"until": ARRIVED.isoformat()}, "posting-ends-before-it-begins"),
        ({"until": (TODAY + timedelta(days=1)).isoformat()}, "posting-ends-later"),
    ],
    ids=["no day", "no outcome", "a document alone", "on its first day", "tomorrow"],
)
def test_an_end_that_cannot_be_is_refused_and_nothing_changes(
    http: TestClient, county: Headers, attendance: Session, village: Stationed, said: dict[str, Any], code: str
) -> None:
    posting = posting_of(attendance, village.first)
    answer = edit(http, f"/v1/postings/{posting.id}", PROMOTED | said, county)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    held = posting_of(attendance, village.first)
    assert (held.valid, held.channel, held.outcome) == (Range(ARRIVED, None), None, None)


def test_the_first_day_there_may_be_the_only_one(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    posting = posting_of(attendance, village.first)
    only = PROMOTED | {"until": (ARRIVED + timedelta(days=1)).isoformat()}
    assert edit(http, f"/v1/postings/{posting.id}", only, county).status_code == 200
    assert posting_of(attendance, village.first).valid == Range(ARRIVED, ARRIVED + timedelta(days=1))


def test_who_moved_by_a_file_gets_a_channel_without_an_outcome_being_asked(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    posting = posting_of(attendance, village.first)
    posting.valid = Range(ARRIVED, date(2026, 6, 1))
    attendance.commit()
    said = GOES_ON | {"channel": "city", "until": "2026-06-01"}
    answer = edit(http, f"/v1/postings/{posting.id}", said, county)
    assert (answer.status_code, answer.json()["channel"], answer.json()["outcome"]) == (200, "city", None)


def test_a_posting_that_another_one_follows_cannot_go_on(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    posting = posting_of(attendance, village.first)
    posting.valid = Range(ARRIVED, date(2026, 6, 1))
    elsewhere = Team(name="示例乡另一村驻村工作队", village=ELSEWHERE)
    attendance.add(elsewhere)
    attendance.flush()
    attendance.add(
        Posting(cadre_id=village.first, team_id=elsewhere.id, role="member", valid=Range(date(2026, 6, 1), None))
    )
    attendance.commit()
    answer = edit(http, f"/v1/postings/{posting.id}", GOES_ON, county)
    assert (answer.status_code, answer.json()["code"]) == (409, "posted-elsewhere-then")


def test_two_offices_do_not_overwrite_each_other(
    http: TestClient, county: Headers, attendance: Session, village: Stationed
) -> None:
    address = f"/v1/postings/{posting_of(attendance, village.first).id}"
    assert http.put(address, json=PROMOTED, headers=county).status_code == 428
    seen = http.get(address, headers=county).headers["etag"]
    assert http.put(address, json=PROMOTED, headers=county | {"if-match": seen}).status_code == 200
    other = PROMOTED | {"outcome": "recalled"}
    assert http.put(address, json=other, headers=county | {"if-match": seen}).status_code == 412
    assert http.put(address, json=PROMOTED, headers=county).status_code == 200  # made already: the answer was lost


def test_nobody_ends_or_prolongs_their_own(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    himself = office(village.account, "county")
    answer = edit(http, f"/v1/postings/{posting_of(attendance, village.first).id}", PROMOTED, himself)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-to-oneself")


def test_an_office_reaches_the_postings_of_its_places_also_ended_ones(
    http: TestClient, county: Headers, office: Office, attendance: Session, village: Stationed
) -> None:
    posting = posting_of(attendance, village.first)
    edit(http, f"/v1/postings/{posting.id}", PROMOTED, county)
    here, there = office("here", "township", place=VILLAGE[:9]), office("there", "township", place="520621002")
    assert len(listed(http, here)) == 2
    assert listed(http, there) == []
    assert http.get(f"/v1/postings/{posting.id}", headers=there).status_code == 404
    assert http.put(f"/v1/postings/{posting.id}", json=PROMOTED, headers=there).status_code == 404


def test_a_cadre_is_not_told_how_others_left(http: TestClient, sign: Sign, village: Stationed) -> None:
    assert http.get("/v1/postings", headers=sign(village.account, "cadre")).status_code == 403
