"""One person's number is one number, however it was typed; and what of it is shown leaves hundreds possible."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.masks import shown_id_number, shown_phone
from services.households.policy import RIGHTS
from services.households.register.id_numbers import NotAnIdNumber, check_digit, read_id_number
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller
from services.kit.web.masks import STAR, masked
from tests.callers import Headers, Office, Sign
from tests.households.conftest import VILLAGE, Send, household_numbered, household_row, member_row, valid

POSSIBLE = 450  # ID numbers that must stay possible
NUMBER = valid("52062119600101123")
READERS = sorted(RIGHTS["household:read"])
WITHOUT_THE_RIGHT = sorted(RIGHTS["household:read"] - RIGHTS["id-number:read"])

unhurried = settings(deadline=None)  # SM3 is slower, and a busy machine more so: what is said here is not how fast
births = st.dates(date(1900, 1, 1), date(1999, 12, 31))
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@unhurried
@given(born=births, sequence=st.integers(0, 999), data=st.data())
def test_every_way_of_writing_a_number_gives_one_index(seal: Seal, born: date, sequence: int, data: Any) -> None:
    number = valid(f"520621{born:%Y%m%d}{sequence:03}")
    written = data.draw(st.sampled_from([number, number.lower(), number[:6] + number[8:17]]))
    written = data.draw(st.sampled_from([written, written.translate(FULL_WIDTH)]))
    for place in data.draw(st.lists(st.integers(0, len(written)), max_size=4)):
        written = written[:place] + data.draw(st.sampled_from([" ", "\u3000", "\u00a0", "\t"])) + written[place:]
    assert seal.index(read_id_number(written, demo=False).text) == seal.index(number)


@pytest.mark.parametrize("other", ["52062160010112", "5206216001011234", "520621600101O23", "520621601301123"])
def test_what_is_nearly_a_number_of_fifteen_digits_is_refused(other: str) -> None:
    with pytest.raises(NotAnIdNumber):
        read_id_number(other, demo=False)


def possible(region: str, birth_date: str, sex: str, shown: str) -> int:
    """How many ID numbers agree with all that is shown of a person."""
    bodies = (f"{region}{birth_date.replace('-', '')}{sequence:03}" for sequence in range(1000))
    numbers = (body + check_digit(body) for body in bodies if int(body[16]) % 2 == int(sex) % 2)
    return sum(all(mask in (digit, STAR) for mask, digit in zip(shown, number, strict=True)) for number in numbers)


@pytest.mark.parametrize(
    ("first", "last", "left"), [(6, 4, 1), (6, 3, 1), (6, 2, 9), (6, 1, 46), (6, 0, 500), (0, 0, 500)]
)
def test_the_count_of_possible_numbers_sees_what_a_mask_gives_away(first: int, last: int, left: int) -> None:
    assert possible("520621", "1960-01-01", "1", masked(NUMBER, first=first, last=last)) == pytest.approx(left, abs=1)


@unhurried
@given(born=births, sequence=st.integers(0, 999))
def test_the_mask_of_any_number_leaves_enough(born: date, sequence: int) -> None:
    number = valid(f"520621{born:%Y%m%d}{sequence:03}")
    shown = shown_id_number(number)
    assert shown
    assert possible(number[:6], born.isoformat(), "1" if sequence % 2 else "2", shown) >= POSSIBLE


def test_the_region_is_shown_and_no_digit_more() -> None:
    assert (shown_id_number(NUMBER), shown_id_number(None)) == (NUMBER[:6] + STAR * 12, None)


def test_a_phone_that_is_not_there_is_shown_as_none() -> None:
    assert shown_phone(Caller("x", frozenset({"cadre"}), frozenset(), ""), None) is None


@pytest.fixture
def home(households: Session, send: Send) -> str:
    send("households", household_row(联系电话="13800005678", 户主姓名="示某甲"))
    send("members", member_row(id_number=NUMBER, 姓名="示某甲"))
    return f"/v1/households/{household_numbered(households, 'JK1')}"


def test_from_all_that_is_shown_of_a_person_hundreds_of_numbers_stay_possible_to_every_role(
    http: TestClient, home: str, office: Office
) -> None:
    """Whoever may read the whole number sees no more without asking for it."""
    for role in READERS:
        household = http.get(home, headers=office("somebody", role)).json()
        member = household["members"][0]
        assert (household["village"], member["has_id_number"]) == (VILLAGE, True)
        left = possible(household["village"][:6], member["birth_date"], member["sex"], member["id_number_masked"])
        assert left >= POSSIBLE, role
        for path in (home, f"{home}/safeguards", f"/v1/households?village={VILLAGE}"):
            page = http.get(path, headers=office("somebody", role)).text
            assert not any(part in page for part in (NUMBER[6:], NUMBER[12:], NUMBER[14:])), (role, path)


def views(home: str, households: Session) -> str:
    person = households.execute(text("SELECT id FROM person")).scalar_one()
    return f"{home}/members/{person}/id-number-views"


WHY = {"reason": "核对新办医保卡的证件号码"}


def test_the_whole_number_is_shown_to_whoever_may_and_says_why(
    http: TestClient, home: str, clerk: Headers, households: Session
) -> None:
    answer = http.post(views(home, households), json=WHY, headers=clerk)
    assert (answer.status_code, answer.json()["id_number"]) == (201, NUMBER)
    assert answer.headers["cache-control"] == "no-store"
    kept = households.execute(text("SELECT id::text, seen_by, reason FROM id_number_view")).one()
    assert kept == (answer.json()["id"], "clerk", WHY["reason"])


def test_whoever_may_not_is_refused_and_shown_nothing(
    http: TestClient, home: str, sign: Sign, households: Session
) -> None:
    for role in WITHOUT_THE_RIGHT:
        refused = http.post(views(home, households), json=WHY, headers=sign("somebody", role))
        assert (refused.status_code, NUMBER in refused.text) == (403, False), role
    assert households.execute(text("SELECT count(*) FROM id_number_view")).scalar_one() == 0


@pytest.mark.parametrize("said", [{}, {"reason": "   "}, {"reason": "1234   "[:3]}, WHY | {"more": 1}])
def test_no_reason_no_number(
    http: TestClient, home: str, clerk: Headers, households: Session, said: dict[str, Any]
) -> None:
    assert http.post(views(home, households), json=said, headers=clerk).status_code == 422


def test_only_a_member_of_that_household_with_a_number_is_found(
    http: TestClient, home: str, clerk: Headers, households: Session, send: Send
) -> None:
    send("households", household_row("JK2"))
    send("members", member_row("JK2", 姓名="示乙"))
    other = f"/v1/households/{household_numbered(households, 'JK2')}"
    first, second = (
        households.execute(text("SELECT id FROM person WHERE id_index IS NULL = :none"), {"none": none}).scalar_one()
        for none in (False, True)
    )
    for path in (f"{other}/members/{first}", f"{other}/members/{second}", f"{home}/members/{second}"):
        assert http.post(f"{path}/id-number-views", json=WHY, headers=clerk).status_code == 404


SHOWN = {
    "cadre": ("示某甲", "138****5678"),
    "county": ("示某甲", "138****5678"),
    "evaluator": ("示某甲", None),
    "auditor": ("示**", None),
}


def test_names_and_phones_are_shown_as_far_as_a_role_needs_them(http: TestClient, home: str, office: Office) -> None:
    for role, (name, phone) in SHOWN.items():
        one = http.get(home, headers=office("somebody", role)).json()
        line = http.get(f"/v1/households?village={VILLAGE}", headers=office("somebody", role)).json()["rows"][0]
        assert (one["head_name"], one["members"][0]["name"], line["head_name"]) == (name, name, name), role
        assert one["phone_masked"] == phone, role


@unhurried
@given(text_of=st.text(max_size=30), first=st.integers(0, 6), last=st.integers(0, 6))
def test_a_mask_keeps_the_length_and_always_hides_something(text_of: str, first: int, last: int) -> None:
    shown = masked(text_of, first=first, last=last)
    assert len(shown) == len(text_of)
    assert shown.count(STAR) >= min(1, len(text_of))
