"""Who a row of a members file is about."""

import pytest
from sqlalchemy import select, text
from sqlmodel import Session

from services.households.imports.members import HEADERS
from services.households.models.register import Person
from services.kit.store.fields import Seal
from services.kit.store.key_ring import Key, KeyRing
from tests.callers import SUITE, TEST_KEY
from tests.households.conftest import Send, csv_of, facts_of, faults, household_row, member_row, take, valid

MAN, OTHER_MAN = valid("99010119600101123"), valid("99010119600101125")


@pytest.fixture
def family(send: Send) -> None:
    send("households", household_row())


def people(session: Session) -> int:
    return len(session.scalars(select(Person)).all())


@pytest.mark.usefixtures("family")
def test_a_person_stored_without_a_number_is_found_when_the_number_comes_later(
    households: Session, send: Send, seal: Seal
) -> None:
    send("members", member_row())
    assert send("members", member_row(id_number=MAN)).stored == 1
    kept = households.execute(text("SELECT id, sealed_id_number, id_index FROM person")).one()
    assert seal.open(kept.sealed_id_number, f"person.sealed_id_number:{kept.id}") == MAN
    assert kept.id_index == seal.index(MAN)
    assert facts_of(households, "JK1").persons == 1
    assert send("members", member_row(id_number=MAN)).unchanged == 1


@pytest.mark.usefixtures("family")
def test_a_row_without_a_number_neither_doubles_a_person_who_has_one_nor_takes_it_away(
    households: Session, send: Send
) -> None:
    send("members", member_row(id_number=MAN))
    assert send("members", member_row()).unchanged == 1
    assert send("members", member_row(参加基本医保="否")).stored == 1
    assert people(households) == 1
    assert households.execute(text("SELECT id_index IS NOT NULL FROM person")).scalar_one()


@pytest.mark.usefixtures("family")
def test_two_numbers_are_two_people_though_name_and_birth_date_agree(households: Session, send: Send) -> None:
    assert send("members", member_row(id_number=MAN), member_row(id_number=OTHER_MAN)).stored == 2
    assert people(households) == 2


@pytest.mark.usefixtures("family")
def test_a_change_is_stored_though_a_later_row_repeats_the_person_as_before(households: Session, send: Send) -> None:
    send("members", member_row(id_number=MAN))
    verdict = send("members", member_row(id_number=MAN, 参加基本医保="否"), member_row(id_number=MAN))
    assert (verdict.stored, verdict.unchanged) == (1, 0)
    assert faults(verdict) == [(3, "证件号码", "twice-in-the-file")]
    assert facts_of(households, "JK1").uninsured_members == 1


@pytest.mark.usefixtures("family")
def test_a_person_with_a_number_in_one_row_and_without_in_another_stands_twice_in_the_file(
    households: Session, send: Send
) -> None:
    verdict = send("members", member_row(), member_row(id_number=MAN))
    assert faults(verdict) == [(3, "姓名", "twice-in-the-file")]
    assert people(households) == 1


@pytest.mark.usefixtures("family")
def test_a_household_whose_members_nobody_has_told_has_an_unknown_number_of_persons(
    households: Session, send: Send
) -> None:
    assert facts_of(households, "JK1").persons is None
    send("members", member_row())
    assert facts_of(households, "JK1").persons == 1


@pytest.mark.usefixtures("family")
def test_a_person_is_known_again_though_the_number_was_sealed_with_the_key_before(
    households: Session, send: Send, seal: Seal
) -> None:
    send("members", member_row(id_number=MAN, 姓名="示乙"))
    newer = Seal(KeyRing.of(TEST_KEY, Key(2, SUITE, b"2" * SUITE.key_length, b"2" * 32)))
    renamed = csv_of(HEADERS, member_row(id_number=MAN))
    assert take(households, newer, "members", renamed).stored == 1
    assert take(households, newer, "members", renamed).unchanged == 1
    kept = households.execute(text("SELECT id_index FROM person")).scalar_one()
    assert kept == newer.index(MAN) != seal.index(MAN)


def test_a_word_for_a_whole_group_does_not_unsay_which_of_it_somebody_is(households: Session, send: Send) -> None:
    send("households", household_row())
    send(
        "members", member_row(), member_row(姓名="示乙", 与户主关系="之子"), member_row(姓名="示丙", 与户主关系="其他")
    )
    for name, told in (("示甲", "01"), ("示乙", "22"), ("示丙", "93")):
        held = {"name": name, "relation": told}
        households.execute(text("UPDATE membership m SET relation = :relation FROM person p"
                                " WHERE p.id = m.person_id AND p.name = :name"), held)  # fmt: skip
    again = send(
        "members", member_row(), member_row(姓名="示乙", 与户主关系="之子"), member_row(姓名="示丙", 与户主关系="其他")
    )
    assert again.unchanged == 3
    assert send("members", member_row(姓名="示乙", 与户主关系="之父")).stored == 1
