"""台账: an entry is written down once, read back, refused by name, reversed and never changed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.imports import undo_households, undo_members
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.register import Household, Membership, Person
from services.kit.store.db import open_session
from tests.callers import Headers, Office
from tests.clock import NOW, TODAY
from tests.door.world import SINCE
from tests.households.conftest import VILLAGE, Send, clerk, household_numbered, household_row, http, member_row, send
from tests.households.ledgers.entries import (
    COUNTY,
    ENTRIES,
    actor,
    entry,
    for_whom,
    post,
    reverse,
    those,
    total,
    totals,
    yuan,
)

__all__ = ["clerk", "http", "send"]  # fixtures

OTHER = "520621002001"


def family_in(session: Session, village: str = VILLAGE, persons: int = 1) -> tuple[UUID, list[UUID]]:
    home, people = uuid4(), [uuid4() for _ in range(persons)]
    session.add(Household(id=home, number=f"JK{home.hex[:12]}", village=village, head_name="示甲", created_at=NOW))
    born: Any = {"name": "示甲", "birth_date": "1980-01-01", "sex": "1"}
    session.flush()
    session.execute(insert(Person), [{"id": one} | born for one in people])
    member: dict[str, Any] = {"household_id": home, "relation": "99", "valid": SINCE}
    session.execute(insert(Membership), [{"id": uuid4(), "person_id": one} | member for one in people])
    session.commit()
    return home, people


def test_an_entry_needs_little_and_is_read_back_as_it_was_sent(http: TestClient, clerk: Headers) -> None:
    told = post(http, clerk, entry("special_fund", yuan(20_000)))
    assert (told["shape"], told["nature"], told["amount"]) == ("event", "received", 2_000_000)
    assert told["lines"] == [{"beneficiary": None, "household_id": None, "division": VILLAGE, "amount": 2_000_000}]
    assert http.get(f"{ENTRIES}/{told['id']}", headers=clerk).json() == told
    whole = entry(
        "aid_funds", yuan(5), actor=actor("unit", "示例局"), fund_source="示例资金", document_no="示例〔2026〕1号"
    )
    whole |= {"precision": "about", "lines": [for_whom(those("household", "低保户", 7, "more_than"))]}
    told = post(http, clerk, whole)
    assert {name: told[name] for name in ("actor", "fund_source", "document_no", "precision", "part_of")} == {
        "actor": {"kind": "unit", "id": None, "label": "示例局"}, "fund_source": "示例资金",
        "document_no": "示例〔2026〕1号", "precision": "about", "part_of": None,
    }  # fmt: skip
    assert told["lines"][0]["beneficiary"] == {"id": None} | those("household", "低保户", 7, "more_than")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "no_such_kind"}, "no-such-ledger-kind"),
        ({"unit": "persons"}, "unit-not-of-the-kind"),
        ({"unit": "no_such_unit"}, "unit-not-of-the-kind"),
        ({"actor": actor("household", "示例")}, "actor-not-of-the-kind"),
        ({"lines": [for_whom(those("donor", "示例"))]}, "beneficiary-not-of-the-kind"),
        ({"goods": "书籍"}, "goods-unclear"),
        ({"kind": "goods_given", "unit": "sets"}, "goods-unclear"),
        ({"day": "2099-01-01"}, "entry-days-wrong"),
        ({"until": "2026-11-30"}, "entry-days-wrong"),
        ({"kind": "insured", "until": "2026-11-01"}, "entry-days-wrong"),
        ({"lines": [for_whom(those("household"))]}, "beneficiary-unclear"),
        ({"lines": [for_whom(those("household", "低保户") | {"id": str(uuid4())})]}, "beneficiary-unclear"),
        ({"lines": [for_whom(those("household", "低保户", None, "about"))]}, "beneficiary-unclear"),
        ({"lines": [for_whom(those("household", "低保户"))] * 2}, "beneficiary-twice"),
        ({"lines": [for_whom(those("household", "低保户"), 99)]}, "lines-do-not-add-up"),
        ({"lines": [for_whom(None, 60, division=VILLAGE), for_whom(those("person", "甲"), 41)]}, "lines-do-not-add-up"),
        ({"lines": [for_whom(those("person", "甲"), 100), for_whom(those("person", "乙"))]}, "lines-do-not-add-up"),
        ({"lines": [for_whom(those("person", f"{one}")) for one in range(101)]}, "lines-do-not-add-up"),
        ({"lines": [for_whom(None, division=OTHER)]}, "line-elsewhere"),
        ({"amount": 0}, "nothing-to-enter"),
        ({"lines": [for_whom(those("person", "甲"), 0), for_whom(those("person", "乙"), 100)]}, "nothing-to-enter"),
    ],
    ids=[
        "no such kind", "a unit of another kind", "no such unit", "an actor of another kind", "a wrong beneficiary",
        "goods of money", "things without a name", "in the future", "an end of what happened", "ends before it begins",
        "nobody", "named and labelled", "how exactly of no number", "twice", "a line too small", "lines too great",
        "a line without", "more lines than parts", "a line elsewhere", "nothing", "a line of nothing",
    ],
)  # fmt: skip
def test_what_does_not_fit_its_kind_or_itself_is_refused_by_name(
    said: dict[str, Any], code: str, http: TestClient, clerk: Headers
) -> None:
    refused = post(http, clerk, entry("aid_funds", 100) | said, status=422)
    assert refused["code"] == code
    assert totals(http, clerk) == []


@pytest.mark.parametrize("amount", [-1, 1.5, "100", True, 10**15 + 1])
def test_an_amount_is_a_whole_number_of_fen(amount: Any, http: TestClient, clerk: Headers) -> None:
    assert post(http, clerk, entry("aid_funds", amount), status=422)["code"] == "not-understood"


def test_households_and_persons_are_named_where_they_are_reached_and_lie_where_they_live(
    http: TestClient, households: Session, office: Office
) -> None:
    (home, (person,)), (far, (stranger,)) = family_in(households), family_in(households, OTHER)
    near = office("near", "township", place=VILLAGE[:9])
    whole = office("whole", "county")
    both = [for_whom({"kind": "household", "id": str(home)}), for_whom({"kind": "household", "id": str(far)})]
    assert post(http, near, entry("relief", 3, lines=both, division=VILLAGE), status=404)["code"] == "not-there"
    assert post(http, whole, entry("relief", 3, lines=both), status=422)["code"] == "line-elsewhere"
    told = post(http, whole, entry("relief", 3, lines=both, division=COUNTY))
    assert [(one["division"], one["amount"]) for one in told["lines"]] == [(VILLAGE, 2), (OTHER, 1)]
    for who in (stranger, uuid4()):
        line = for_whom({"kind": "person", "id": str(who)})
        assert post(http, near, entry("relief", 3, lines=[line]), status=404)["code"] == "not-there"
    (line,) = post(http, near, entry("relief", 3, lines=[for_whom({"kind": "person", "id": str(person)})]))["lines"]
    assert (line["beneficiary"]["id"], line["household_id"]) == (str(person), str(home))
    assert post(http, near, entry("relief", 3, division=COUNTY), status=404)["code"] == "not-there"


def test_who_holds_one_village_sees_its_lines_of_a_county_s_entry_and_no_other(
    http: TestClient, households: Session, office: Office
) -> None:
    (home, _), (far, _) = family_in(households), family_in(households, OTHER)
    whole, near = office("whole", "county"), office("near", "cadre", place=VILLAGE)
    beyond = office("beyond", "township", place="520621003")
    both = [for_whom({"kind": "household", "id": str(one)}, 50) for one in (home, far)]
    sent = post(http, whole, entry("relief", 100, lines=both, division=COUNTY))
    seen = http.get(f"{ENTRIES}/{sent['id']}", headers=near).json()
    assert (seen["amount"], [line["division"] for line in seen["lines"]]) == (100, [VILLAGE])
    assert http.get(f"{ENTRIES}/{sent['id']}", headers=beyond).status_code == 404
    assert (total(http, near)["amount"], total(http, whole)["amount"], totals(http, beyond)) == (50, 100, [])
    rows = {
        name: [one["id"] for one in http.get(ENTRIES, params={"division": place}, headers=who).json()["rows"]]
        for name, who, place in (("near", near, COUNTY), ("far", near, OTHER), ("beyond", beyond, COUNTY))
    }
    assert rows == {"near": [sent["id"]], "far": [], "beyond": []}


def test_36500_over_160_persons_pays_80_of_them_a_fen_more(http: TestClient, clerk: Headers) -> None:
    lines = [for_whom(those("person", f"示{number}")) for number in range(160)]
    told = post(http, clerk, entry("dividend", yuan(36_500), lines=lines))
    paid = [line["amount"] for line in told["lines"]]
    assert (paid.count(22_813), paid.count(22_812), sum(paid)) == (80, 80, 3_650_000)


def test_sent_again_it_is_one_entry_and_with_another_content_a_refusal(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    body = entry(
        "aid_funds", 100, lines=[for_whom(those("household", "甲"), 60), for_whom(those("household", "乙"), 40)]
    )
    first = post(http, clerk, body)
    assert post(http, clerk, body) == first
    assert post(http, office("another", "county"), body) == first
    others: list[dict[str, Any]] = [
        {"amount": 200, "lines": []},
        {"lines": []},
        {"precision": "about"},
        {"document_no": "示例"},
    ]
    for said in others:
        assert post(http, clerk, body | said, status=409)["code"] == "entry-recorded-before"
    assert total(http, clerk)["amount"] == 100


def test_a_mistake_is_taken_back_line_by_line_from_its_day_and_both_stay(http: TestClient, clerk: Headers) -> None:
    lines = [for_whom(those("household", "甲"), 60), for_whom(those("household", "乙"), 40)]
    sent = post(http, clerk, entry("aid_funds", 100, lines=lines))
    undone = reverse(http, clerk, sent["id"], day="2026-11-10")
    assert (undone["reverses"], undone["amount"]) == (sent["id"], -100)
    assert [line["amount"] for line in undone["lines"]] == [-60, -40]
    assert http.get(f"{ENTRIES}/{sent['id']}", headers=clerk).json()["reversed_by"] == undone["id"]
    before, after = total(http, clerk, day_to="2026-11-09"), total(http, clerk, day_to="2026-11-10")
    assert ((before["amount"], before["entries"]), (after["amount"], after["entries"])) == ((100, 1), (0, 0))
    rows = http.get(ENTRIES, params={"division": VILLAGE}, headers=clerk).json()["rows"]
    assert [(one["id"], one["reversed_by"]) for one in rows] == [(undone["id"], None), (sent["id"], undone["id"])]


def test_an_entry_is_reversed_once_and_a_reversal_never(http: TestClient, clerk: Headers, office: Office) -> None:
    sent, again = post(http, clerk, entry("aid_funds", 100)), str(uuid4())
    early = reverse(http, clerk, sent["id"], status=422, day="2026-11-01")
    late = reverse(http, clerk, sent["id"], status=422, day="2099-11-01")
    assert {early["code"], late["code"]} == {"reversal-day-wrong"}
    undone = reverse(http, clerk, sent["id"], id=again)
    assert reverse(http, clerk, sent["id"], id=again) == undone
    assert reverse(http, office("another", "county"), sent["id"], id=again) == undone
    changed = reverse(http, clerk, sent["id"], status=409, id=again, because="另一原因")
    assert changed["code"] == "entry-recorded-before"
    for entry_id in (sent["id"], undone["id"]):
        assert reverse(http, clerk, entry_id, status=409)["code"] == "reversed-before"
    near = office("near", "cadre", place=OTHER)
    for entry_id in (sent["id"], str(uuid4())):
        assert reverse(http, near, entry_id, status=404)["code"] == "not-there"


def test_a_part_is_of_an_entry_that_is_alike_around_it_stands_and_is_no_part_itself(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    whole = post(http, clerk, entry("aid_funds", 100))
    part = post(http, clerk, entry("cash_donation", 50, part_of={"entry_id": whole["id"]}))
    assert part["part_of"] == {"entry_id": whole["id"], "certain": True}
    gone = post(http, clerk, entry("aid_funds", 100))
    undone = reverse(http, clerk, gone["id"])
    valued = post(http, clerk, entry("goods_valued", 100))
    elsewhere = post(http, office("county", "county"), entry("aid_funds", 100, division=OTHER))
    for other in (part, gone, undone, valued):
        refused = post(http, clerk, entry("aid_funds", 1, part_of={"entry_id": other["id"]}), status=422)
        assert refused["code"] == "not-a-part-of-that"
    own = entry("aid_funds", 1)
    for other_id in (str(uuid4()), own["id"], elsewhere["id"]):
        told = post(
            http, office(f"near{other_id}", "cadre", place=VILLAGE), own | {"part_of": {"entry_id": other_id}}, 404
        )
        assert told["code"] == "not-there"
    refused = post(http, office("whole", "county"), entry("aid_funds", 1, part_of={"entry_id": elsewhere["id"]}), 422)
    assert refused["code"] == "not-a-part-of-that"


def test_the_database_keeps_no_entry_whose_lines_do_not_add_up(engines: dict[str, Engine], clean: None) -> None:
    said: dict[str, Any] = {
        "kind": "aid_funds", "division": VILLAGE, "shape": "event", "nature": "given", "unit": "fen", "day": TODAY,
        "precision": "exact", "recorded_by": "示例", "recorded_at": NOW,
    }  # fmt: skip
    for amounts in ([], [40, 59], [100, 1]):
        with open_session(engines["households"]) as session:
            whole = LedgerEntry(id=uuid4(), amount=100, **said)
            session.add(whole)
            session.flush()
            for number, amount in enumerate(amounts):
                session.add(LedgerLine(entry_id=whole.id, number=number, division=VILLAGE, amount=amount))
            session.flush()
            with pytest.raises(DBAPIError, match="do not add up"):
                session.commit()


def test_the_same_batch_sent_by_many_at_once_is_there_once_with_every_line(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    """By two callers, so that no kept answer stands in for the work."""
    lines = [for_whom(those("person", f"示{number}")) for number in range(160)]
    body, callers = entry("dividend", yuan(36_500), lines=lines), [clerk, office("another", "county")]
    with ThreadPoolExecutor(8) as threads:
        sent = [threads.submit(http.post, ENTRIES, json=body, headers=callers[number % 2]) for number in range(12)]
        answers = [one.result() for one in sent]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    counted = select(func.count(), func.sum(col(LedgerLine.amount)))
    assert households.execute(counted).one() == (160, 3_650_000)
    assert households.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one() == 1


def test_many_reversals_at_once_take_an_entry_back_once(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    sent, callers = post(http, clerk, entry("aid_funds", 100)), [clerk, office("another", "county")]
    bodies = [{"id": str(uuid4()), "day": "2026-11-03", "because": "登记有误"} for _ in range(8)]
    path = f"{ENTRIES}/{sent['id']}/reversal"
    with ThreadPoolExecutor(8) as threads:
        tried = [threads.submit(http.post, path, json=body, headers=callers[n % 2]) for n, body in enumerate(bodies)]
        answers = [one.result() for one in tried]
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert total(http, clerk)["amount"] == 0


def test_what_a_file_brought_and_a_ledger_names_is_built_upon(
    http: TestClient, clerk: Headers, households: Session, send: Send
) -> None:
    send("households", household_row(), household_row("JK2", 户类型="一般农户", 监测对象="否"))
    send("members", member_row())
    empty = household_numbered(households, "JK2")
    (person,) = households.scalars(select(col(Membership.person_id)))
    assert (built_on_household(households, empty), built_on_person(households, person)) == (False, False)
    for kind, who in (("household", empty), ("person", person)):
        post(http, clerk, entry("relief", 100, lines=[for_whom({"kind": kind, "id": str(who)})]))
    assert (built_on_household(households, empty), built_on_person(households, person)) == (True, True)


def built_on_household(session: Session, home: UUID) -> bool:
    return bool(session.scalars(undo_households.BUILT_UPON, {"ids": [home], "source": "示例"}).all())


def built_on_person(session: Session, person: UUID) -> bool:
    return bool(session.scalars(undo_members.BUILT_UPON, {"ids": [person]}).all())
