"""通报、约谈、提醒、召回: the person is told first and may reply, then it is issued; no village reads it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.grants.postings import grant_postings
from services.attendance.models.personnel import PersonnelRecord, PersonnelReply
from services.attendance.models.teams import Posting, Team
from services.attendance.personnel import steps
from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from tests.attendance.conftest import ARRIVED, COUNTY, VILLAGE, Stationed, cadre_in, set_standard
from tests.callers import HERE, Headers, Office, Sign, grant
from tests.conftest import NOW, TODAY

ELSEWHERE = "520621002001"
YEAR = {"division": COUNTY, "day_from": "2026-01-01", "day_to": "2026-12-31"}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def member(village: Stationed, attendance: Session, sign: Sign) -> Headers:
    grant_postings(attendance, [village.first, village.second], NOW)
    attendance.commit()
    return sign(village.account, "cadre")


def said(cadre: UUID, kind: str = "interview", **more: Any) -> dict[str, Any]:
    told = {"cadre_id": str(cadre), "kind": kind, "number": "示例〔2026〕第1期", "day": "2026-11-20"}
    return told | {"ground": "示例事由", "evidence": "示例督〔2026〕3号"} | more


def ask(http: TestClient, caller: Headers, path: str, body: Any = None, status: int = 200, how: str = "PUT") -> Any:
    answer = http.request(how, f"/v1/personnel-records{path}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def recorded(http: TestClient, county: Headers, body: dict[str, Any], status: int = 200) -> Any:
    return ask(http, county, f"/{uuid4()}", body, status)


def issued(http: TestClient, county: Headers, body: dict[str, Any]) -> Any:
    return ask(http, county, f"/{recorded(http, county, body)['id']}/issuing")


def listed(http: TestClient, caller: Headers, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask(http, caller, query, how="GET")["rows"]
    return rows


def figures(http: TestClient, caller: Headers, **asked: str) -> list[tuple[Any, ...]]:
    answer = http.get("/v1/personnel-figures", params=YEAR | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    told = answer.json()["figures"]
    return [(one["kind"], one["title"], one["place"], one["numbers"], one["records"], one["persons"]) for one in told]


def reply(http: TestClient, caller: Headers, record: str, words: str = "示例说明", status: int = 200) -> Any:
    return ask(http, caller, f"/{record}/replies/{uuid4()}", {"text": words}, status)


def at_moment(http: TestClient, moment: datetime) -> None:
    assert isinstance(http.app, FastAPI)
    http.app.state.clock = lambda _: moment


def test_the_person_sees_it_first_replies_and_then_it_is_issued(
    http: TestClient, county: Headers, member: Headers, village: Stationed
) -> None:
    told = recorded(http, county, said(village.first))
    assert (told["state"], told["division"], told["replies"], told["ground"]) == ("told", VILLAGE, [], "示例事由")
    assert listed(http, member) == [told]
    heard = reply(http, member, told["id"])
    assert [one["text"] for one in heard["replies"]] == ["示例说明"]
    done = ask(http, county, f"/{told['id']}/issuing")
    assert (done["state"], done["replies"]) == ("issued", heard["replies"])
    assert ask(http, member, f"/{told['id']}", how="GET") == done
    assert ask(http, county, f"/{told['id']}/issuing") == done


def test_without_a_reply_it_waits_the_days_of_the_county_s_standard(
    http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    one = recorded(http, county, said(village.first))["id"]
    assert ask(http, county, f"/{one}/issuing", status=409)["code"] == "standard-missing"
    set_standard(attendance, "personnel_reply_days", 3)
    attendance.commit()
    at_moment(http, HERE + timedelta(days=3))
    assert ask(http, county, f"/{one}/issuing", status=409)["code"] == "reply-awaited"
    at_moment(http, HERE + timedelta(days=4))
    assert ask(http, county, f"/{one}/issuing")["state"] == "issued"


@pytest.mark.parametrize(("kind", "title"), [("honour", "优秀党员"), ("thanks", None)])
def test_praise_waits_for_nobody(
    http: TestClient, county: Headers, village: Stationed, kind: str, title: str | None
) -> None:
    assert issued(http, county, said(village.first, kind, title=title))["state"] == "issued"


WRONG: dict[str, dict[str, Any]] = {
    "a day to come": {"day": (TODAY + timedelta(days=1)).isoformat()},
    "an honour of no name": {"kind": "honour"},
    "a named interview": {"title": "优秀党员"},
}


@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(http: TestClient, county: Headers, village: Stationed, more: dict[str, Any]) -> None:
    assert recorded(http, county, said(village.first) | more, 422)["code"] == "record-said-wrongly"


def test_sent_again_it_changes_nothing_and_nothing_else_takes_its_id(
    http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    one = str(uuid4())
    first = ask(http, county, f"/{one}", said(village.first))
    assert ask(http, county, f"/{one}", said(village.first)) == first
    for more in ({"ground": "别的事由"}, {"number": "别的期号"}):
        assert ask(http, county, f"/{one}", said(village.first, **more), 409)["code"] == "record-sent-before"
    assert len(attendance.scalars(select(PersonnelRecord)).all()) == 1
    assert len(attendance.scalars(select(Event).where(col(Event.type) == "personnel.recorded")).all()) == 1


def test_a_reply_is_the_person_s_own_and_is_appended(
    http: TestClient, county: Headers, member: Headers, village: Stationed, office: Office, monkeypatch: Any
) -> None:
    mine, other = (recorded(http, county, said(one))["id"] for one in (village.first, village.second))
    reply(http, member, other, status=404)
    reply(http, office("of-the-county-too", "county"), mine, status=403)
    first, body = str(uuid4()), {"text": "示例说明"}
    ask(http, member, f"/{mine}/replies/{first}", body)
    assert len(ask(http, member, f"/{mine}/replies/{first}", body)["replies"]) == 1
    ask(http, member, f"/{mine}/replies/{first}", {"text": "别的"}, 409)
    assert len(reply(http, member, mine, "补充说明")["replies"]) == 2
    second = recorded(http, county, said(village.first))["id"]
    ask(http, member, f"/{second}/replies/{first}", body, 409)
    monkeypatch.setattr(steps, "MOST_REPLIES", 2)
    assert reply(http, member, mine, status=409)["code"] == "replied-enough"


def test_what_is_withdrawn_stays_and_counts_no_longer(
    http: TestClient, county: Headers, member: Headers, village: Stationed
) -> None:
    one = recorded(http, county, said(village.first))["id"]
    reply(http, member, one)
    ask(http, county, f"/{one}/issuing")
    gone = ask(http, county, f"/{one}/withdrawal", {"because": "after_reply"})
    assert (gone["state"], gone["withdrawn_because"], len(gone["replies"])) == ("withdrawn", "after_reply", 1)
    assert ask(http, county, f"/{one}/withdrawal", {"because": "after_reply"}) == gone
    refused = ask(http, county, f"/{one}/withdrawal", {"because": "mistake"}, 409)
    assert refused["code"] == "record-withdrawn"
    ask(http, county, f"/{one}/issuing", status=409)
    reply(http, member, one, status=409)
    assert listed(http, member) == [gone]
    assert figures(http, county) == []


def test_nobody_records_what_is_about_themselves(
    http: TestClient, county: Headers, village: Stationed, engines: Any, sign: Sign
) -> None:
    grant(engines["attendance"], village.account, "county", COUNTY)
    grant(engines["attendance"], village.account, "cadre", VILLAGE)
    oneself = sign(village.account, "county", "cadre")
    assert recorded(http, oneself, said(village.first), 409)["code"] == "not-of-oneself"
    one = recorded(http, county, said(village.first))["id"]
    reply(http, oneself, one)
    ask(http, oneself, f"/{one}/issuing", status=409)
    ask(http, oneself, f"/{one}/withdrawal", {"because": "unfounded"}, 409)


def test_no_village_no_township_no_unit_and_no_auditor_reads_it(
    http: TestClient, county: Headers, member: Headers, village: Stationed, office: Office, engines: Any, sign: Sign
) -> None:
    one = recorded(http, county, said(village.second))["id"]
    captain = office("a-captain", "captain", place=VILLAGE)
    for caller in (member, captain):
        assert listed(http, caller) == []
        ask(http, caller, f"/{one}", how="GET", status=404)
        assert http.get("/v1/personnel-figures", params=YEAR, headers=caller).status_code == 403
    for role in ("township", "liaison", "auditor"):
        ask(http, office(f"a-{role}", role), "", how="GET", status=403)
    of_a_township = office("a-clerk-of-a-township", "county", place=VILLAGE[:9])
    assert listed(http, of_a_township) == []
    recorded(http, of_a_township, said(village.first), 404)
    ask(http, of_a_township, f"/{one}/issuing", status=404)
    elsewhere = office("another-county", "county", place="520622")
    assert listed(http, elsewhere) == []
    recorded(http, elsewhere, said(village.first), 404)
    ask(http, elsewhere, f"/{one}", said(village.second), 404)


def test_its_words_and_the_replies_are_sealed_and_its_event_says_neither_kind_nor_words(
    http: TestClient, county: Headers, member: Headers, village: Stationed, attendance: Session
) -> None:
    one = recorded(http, county, said(village.first))["id"]
    reply(http, member, one)
    ask(http, county, f"/{one}/issuing")
    ask(http, county, f"/{one}/withdrawal", {"because": "overruled"})
    kept = attendance.scalars(select(PersonnelRecord)).one().sealed_words
    answer = attendance.scalars(select(PersonnelReply)).one().sealed_reply
    assert "示例".encode() not in kept + answer
    told = attendance.scalars(select(Event).where(col(Event.type) == "personnel.recorded")).all()
    assert {event.subject for event in told} == {one}
    assert {event.division for event in told} == {COUNTY}
    assert sorted(event.data["state"] for event in told) == ["issued", "told", "withdrawn"]
    assert all(event.data.keys() == {"cadre", "state"} for event in told)


def test_the_database_itself_shows_it_to_no_village(
    http: TestClient, county: Headers, village: Stationed, api_engines: Any
) -> None:
    recorded(http, county, said(village.second))
    with api_engines["attendance"].connect() as connection:
        for place, seen in ((VILLAGE, 0), (VILLAGE[:9], 0), (COUNTY, 1)):
            connection.execute(text("SELECT set_config('shouwang.divisions', :own, true)"), {"own": f"{{{place}}}"})
            assert connection.execute(text("SELECT count(*) FROM personnel_record")).scalar() == seen


def test_lists_are_filtered_the_newest_first(http: TestClient, county: Headers, village: Stationed) -> None:
    old = recorded(http, county, said(village.first, "reminder", day="2026-03-01"))["id"]
    new = recorded(http, county, said(village.second, "notice", day="2026-05-01"))["id"]
    found = {
        "": [new, old], "?kind=notice": [new], f"?cadre_id={village.first}": [old], "?day_from=2026-05-01": [new],
        "?day_to=2026-03-01": [old], f"?division={ELSEWHERE}": [], f"?division={VILLAGE}": [new, old],
    }  # fmt: skip
    assert {query: [one["id"] for one in listed(http, county, query)] for query in found} == found


def test_figures_are_of_three_people_at_least_and_of_what_was_issued(
    http: TestClient, county: Headers, village: Stationed, attendance: Session, seal: Seal
) -> None:
    far = Team(name="示例另一队", village=ELSEWHERE)
    attendance.add(far)
    cadres = [cadre_in(attendance, seal, far, f"1000200000{n}") for n in (3, 4, 5)]
    attendance.commit()
    for one in (*cadres, village.first):
        issued(http, county, said(one, "thanks"))
    issued(http, county, said(cadres[0], "thanks", number="示例〔2026〕第2期"))
    recorded(http, county, said(village.second, "thanks"))
    issued(http, county, said(village.second, "honour", title="优秀党员"))
    issued(http, county, said(cadres[0], "thanks", day="2025-12-31"))
    assert figures(http, county) == [
        ("honour", "优秀党员", COUNTY, None, None, None), ("thanks", None, COUNTY, 2, 5, 4),
    ]  # fmt: skip
    assert figures(http, county, by="township", division=COUNTY)[1:] == [
        ("thanks", None, VILLAGE[:9], None, None, None), ("thanks", None, ELSEWHERE[:9], 2, 4, 3),
    ]  # fmt: skip
    assert figures(http, county, division=ELSEWHERE) == [("thanks", None, COUNTY, 2, 4, 3)]
    assert figures(http, county, day_to="2026-11-19") == []
    for asked in ({"day_from": "2026-12-01", "day_to": "2026-11-30"}, {"day_from": "2025-01-01"}):
        refused = http.get("/v1/personnel-figures", params=YEAR | asked, headers=county)
        assert (refused.status_code, refused.json()["code"]) == (422, "records-backwards")


def test_it_belongs_where_the_cadre_was_posted_on_that_day(
    http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    posting = attendance.scalars(select(Posting).where(col(Posting.cadre_id) == village.first)).one()
    posting.valid = Range(ARRIVED, date(2026, 6, 1))
    far = Team(name="示例另一队", village=ELSEWHERE)
    attendance.add(far)
    attendance.flush()
    attendance.add(Posting(cadre_id=village.first, team_id=far.id, role="member", valid=Range(date(2026, 6, 1), None)))
    attendance.commit()
    for day, place in (("2026-05-31", VILLAGE), ("2026-06-01", ELSEWHERE), ("2025-01-01", ELSEWHERE)):
        assert recorded(http, county, said(village.first, day=day))["division"] == place
