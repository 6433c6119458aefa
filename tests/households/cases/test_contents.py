"""What a step must contain, from both sides of each rule."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.households.models.register import Membership, Person, Tag
from services.kit.store.grants import SetMember
from tests.callers import Office
from tests.households.cases.conftest import (
    COUNTY,
    GROUND,
    PAPERS,
    VOTES,
    Walk,
    code,
    end_standard,
    set_standard,
    settle,
)
from tests.households.conftest import VILLAGE

TWO = [{"name": "示例甲"}, {"name": "示例乙"}]


@pytest.mark.parametrize(
    ("by", "answer"),
    [(TWO, 201), (TWO[:1], 422), ([TWO[0], TWO[0]], 422)],
    ids=["two", "one", "the-same-twice"],
)
def test_two_different_persons_visit(case: Walk, by: list[Any], answer: int) -> None:
    assert case.take("visit", done_by=by).status_code == answer


def test_each_paper_the_procedure_wants_is_named_when_it_is_missing(case: Walk) -> None:
    refused = case.take("visit", documents=[])
    assert (code(refused), refused.json()["detail"]) == ((422, "documents-missing"), "investigation_form")
    assert len(PAPERS) == len(case.took("visit").last.json()["entries"][0]["documents"])


def test_a_refusal_gives_its_reason(case: Walk) -> None:
    assert code(case.take("visit", decision="refused")) == (422, "reason-missing")
    assert case.take("visit", decision="refused", reason="收入高于标准").status_code == 201


@pytest.mark.parametrize(
    ("day", "answer"),
    [("2026-11-21", 201), ("2026-11-22", 422), (GROUND.isoformat(), 201), ("2026-03-01", 422)],
    ids=["today", "tomorrow", "the-clue's", "before-the-clue"],
)
def test_a_step_is_done_between_the_clue_and_today(case: Walk, day: str, answer: int) -> None:
    assert case.take("visit", date.fromisoformat(day)).status_code == answer


def test_a_step_is_not_done_before_the_one_it_follows(case: Walk) -> None:
    case.took("visit", day=date(2026, 3, 9))
    refused = case.take("authorisation", date(2026, 3, 8))
    assert (code(refused), refused.json()["detail"]) == ((422, "done-too-early"), "2026-03-09")
    assert case.take("authorisation", date(2026, 3, 9)).status_code == 201


def test_every_grown_member_signs(case: Walk) -> None:
    case.took("visit")
    refused = case.take("authorisation", signatures=case.home.adults[:1])
    assert (code(refused), refused.json()["detail"]) == ((409, "not-signed-by-everybody"), "1")
    twice = case.take("authorisation", signatures=[*case.home.adults, case.home.adults[0]])
    assert code(twice) == (422, "signed-twice")
    assert case.take("authorisation").status_code == 201


def test_for_a_member_under_age_a_guardian_signs(case: Walk) -> None:
    case.took("visit")
    child = {"person_id": case.home.child, "how": "in_writing"}

    def sent(**guarded: str) -> tuple[int, str]:
        return code(case.take("authorisation", signatures=[*case.home.adults, child | guarded]))

    assert sent() == (422, "guardian-missing")
    for half in ({"guardian": "示戊"}, {"guardian_relation": "祖母"}, {"guardian_document_no": "示例1号"}):
        assert sent(**half) == (422, "guardian-half-named")
    assert sent(guardian="示戊", guardian_relation="祖母", guardian_id=case.home.head) == (422, "guardian-half-named")
    assert sent(guardian_id=case.home.child) == (422, "guardian-unfit")
    assert sent(guardian_id=str(uuid4())) == (422, "guardian-unfit")
    assert sent(guardian_id=case.home.spouse) == (201, "")
    entry = case.seen()["entries"][-1]
    assert [p["guardian_id"] for p in entry["participants"] if p["guardian_id"]] == [case.home.spouse]
    corrected = {"guardian": "示戊", "guardian_relation": "祖母"}
    signatures = [*case.home.adults, child | corrected]
    assert code(case.take("authorisation", signatures=signatures, corrects=entry["id"])) == (201, "")


def test_for_somebody_grown_a_guardian_signs_by_a_ruling_and_guards_nobody_else(case: Walk) -> None:
    case.took("visit")
    head, spouse = case.home.adults
    child = {"person_id": case.home.child, "how": "in_writing"}
    guarded = spouse | {"guardian_id": case.home.head}
    assert code(case.take("authorisation", signatures=[head, guarded])) == (422, "guardian-without-ground")
    guarded |= {"guardian_document_no": "（2026）示0621民特1号"}
    by_her = child | {"guardian_id": case.home.spouse}
    assert code(case.take("authorisation", signatures=[head, guarded, by_her])) == (422, "guardian-unfit")
    assert code(case.take("authorisation", signatures=[head, guarded])) == (201, "")


def test_a_letter_has_an_end_and_nothing_is_compared_after_it(case: Walk, frame: Session) -> None:
    case.took("visit")
    for end in (None, "2026-03-01"):
        assert code(case.take("authorisation", valid_until=end)) == (422, "letter-without-end")
    case.took("authorisation", valid_until="2026-03-12")
    refused = case.take("comparison", date(2026, 3, 13))
    assert (code(refused), refused.json()["detail"]) == ((409, "letter-run-out"), "2026-03-12")
    set_standard(frame, "authorisation_days", 5)  # of the two the earlier one
    assert case.take("comparison", date(2026, 3, 8)).json()["detail"] == "2026-03-07"
    assert code(case.take("comparison", date(2026, 3, 7))) == (201, "")


def test_where_the_county_says_how_long_a_letter_need_not(case: Walk, frame: Session) -> None:
    set_standard(frame, "authorisation_days", 30)
    assert code(case.took("visit").take("authorisation", valid_until=None)) == (201, "")


def test_who_comes_of_age_signs_on_that_birthday_and_not_the_day_before(case: Walk, frame: Session) -> None:
    child = frame.get_one(Person, case.home.child)
    child.birth_date = date(2008, 3, 3)
    frame.commit()
    assert case.took("visit").take("authorisation", date(2026, 3, 2)).status_code == 201
    assert code(case.take("comparison", date(2026, 3, 3))) == (409, "not-signed-by-everybody")


def test_a_stranger_signs_for_no_household(case: Walk, frame: Session) -> None:
    other = settle(frame, "JK2", "示戊")
    case.took("visit")
    refused = case.take("authorisation", signatures=[*case.home.adults, *other.adults])
    assert code(refused) == (422, "not-a-member")


def test_nothing_is_compared_of_who_joined_the_household_since_and_has_not_signed(case: Walk, frame: Session) -> None:
    case.until("comparison")
    joined = Person(name="示己", birth_date=date(1980, 1, 1), sex="2")
    frame.add(joined)
    frame.flush()
    frame.add(
        Membership(
            household_id=UUID(case.home.id), person_id=joined.id, relation="11", valid=Range(date(2026, 3, 2), None)
        )
    )
    frame.commit()
    assert not case.gates()["authorised"]
    assert code(case.take("comparison")) == (409, "not-signed-by-everybody")


def test_of_a_household_without_known_members_nobody_could_have_signed(case: Walk, frame: Session) -> None:
    case.until("comparison")
    for member in frame.scalars(select(Membership)).all():
        frame.delete(member)
    frame.commit()
    assert code(case.take("comparison")) == (409, "nobody-of-age-known")


@pytest.mark.parametrize(
    ("votes", "answer"),
    [
        ({"attendance": 27}, 201),
        ({"attendance": 26}, 422),
        ({"votes_for": 2}, 422),
        ({"votes_for": 3}, 201),
        ({"votes_for": 2, "decision": "refused", "reason": "票数不足"}, 201),
        ({"decision": "refused", "reason": "示例"}, 422),
    ],
    ids=["all-voted", "more-than-came", "a-tie-passed", "one-more", "a-tie-refused", "a-pass-refused"],
)
def test_a_review_is_decided_as_it_was_voted(case: Walk, votes: dict[str, Any], answer: int) -> None:
    assert case.until("review").take("review", **(VOTES | votes)).status_code == answer


def test_a_notice_stays_up_for_the_days_the_county_has_set(case: Walk) -> None:
    case.until("notice").took("notice", day=date(2026, 3, 3))
    assert refused_notice(case, date(2026, 3, 7)) == "2026-03-08"
    assert case.take("notice_ended", date(2026, 3, 8)).status_code == 201


def refused_notice(case: Walk, day: date) -> str:
    refused = case.take("notice_ended", day)
    assert code(refused) == (409, "notice-too-short")
    return str(refused.json()["detail"])


def test_working_days_of_a_notice_pass_over_a_holiday(walk: Walk, frame: Session) -> None:
    """From 30 September the 1st to the 7th of October are off, the 10th is a Saturday that is worked."""
    set_standard(frame, "notice_working_days", 3)
    ground = {"kind": "visit", "service": "attendance", "id": walk.home.id, "day": "2026-09-28"}
    assert walk.open(ground=ground).status_code == 201
    walk.until("notice").took("notice", day=date(2026, 9, 30))
    assert refused_notice(walk, date(2026, 10, 9)) == "2026-10-10"
    assert walk.take("notice_ended", date(2026, 10, 10)).status_code == 201


def test_without_days_set_for_a_notice_it_does_not_end_and_the_key_is_named(case: Walk, frame: Session) -> None:
    case.until("notice_ended")
    end_standard(frame, "notice_days", GROUND)
    refused = case.take("notice_ended")
    assert code(refused) == (409, "standard-missing")
    assert "notice_days" in refused.json()["detail"]


def test_there_is_one_notice_in_an_episode_also_after_an_appeal(case: Walk) -> None:
    case.until("notice_ended").took("notice_ended", decision="refused", reason="有异议", objections=2)
    case.took("refusal_told", "appeal", "appeal_decided")
    assert case.seen()["next_step"] == "notice_ended"
    assert code(case.take("notice")) == (409, "out-of-order")
    assert case.take("notice_ended", day=case.at + timedelta(days=1)).status_code == 201


@pytest.mark.parametrize(
    ("category", "poor", "answer"),
    [
        ("unstable", True, 201),
        ("unstable", False, 409),
        ("marginal", False, 201),
        ("marginal", True, 409),
        ("sudden_hardship", True, 201),
        ("sudden_hardship", False, 201),
        ("prevention", False, 409),
    ],
    ids=["poor-1", "not-poor-1", "not-poor-2", "poor-2", "poor-3", "not-poor-3", "of-another-procedure"],
)
def test_a_category_fits_the_procedure_and_what_the_household_was(
    case: Walk, frame: Session, category: str, poor: bool, answer: int
) -> None:
    if poor:
        frame.add(
            Tag(
                household_id=UUID(case.home.id), key="formerly_poor", valid=Range(date(2014, 1, 1), None), source="示例"
            )
        )
        frame.commit()
    assert case.take("visit", category=category).status_code == answer


def test_a_case_is_not_approved_without_a_line_to_judge_it_by(case: Walk, frame: Session) -> None:
    case.until("county")
    end_standard(frame, "monitoring_line", GROUND)
    refused = case.take("county")
    assert (code(refused), "monitoring_line" in refused.json()["detail"]) == ((409, "standard-missing"), True)


def test_each_step_is_taken_at_its_own_level(case: Walk) -> None:
    for kind, wrong in (("visit", "county"), ("visit", "township")):
        refused = case.take(kind, level=wrong)
        assert (code(refused), refused.json()["detail"]) == ((403, "not-your-step"), "village")
    case.until("township")
    assert code(case.take("township", level="village")) == (403, "not-your-step")
    assert code(case.take("township", level="county")) == (403, "not-your-step")
    case.took("township")
    assert code(case.take("county", level="township")) == (403, "not-your-step")
    assert not case.gates("township")["signer"]
    assert case.gates("county")["signer"]


def test_an_office_of_one_village_decides_nothing_for_a_township(case: Walk, office: Office) -> None:
    case.until("township")
    narrow = office("11111111-0000-4000-8000-000000000009", "township", place=VILLAGE)
    case.people["narrow"] = narrow
    assert code(case.take("township", level="narrow")) == (403, "not-your-step")


def test_nobody_signs_for_the_township_and_for_the_county(case: Walk, office: Office) -> None:
    both = office("11111111-0000-4000-8000-000000000008", "township", "county", place=COUNTY)
    case.people["both"] = both
    case.until("township").took("township", level="both")
    assert not case.gates("both")["two_signers"]
    assert code(case.take("county", level="both")) == (409, "same-signer")
    assert case.take("county").status_code == 201


def test_nor_is_the_same_cadre_named_for_both(case: Walk) -> None:
    signer = [{"name": "示例丁", "cadre_id": "22222222-0000-4000-8000-000000000001"}]
    other = [{"name": "示例戊", "cadre_id": "22222222-0000-4000-8000-000000000002"}]
    case.until("township").took("township", done_by=signer)
    assert code(case.take("county", done_by=signer)) == (409, "same-signer")
    assert case.take("county", done_by=other).status_code == 201


def test_who_is_paired_with_a_household_follows_it_up_and_decides_nothing(
    case: Walk, frame: Session, office: Office
) -> None:
    pairing = uuid4()
    case.people["assistant"] = office("assistant-1", "assistant", place=str(pairing), kind="set")
    since = Range(date(2026, 1, 1), None)
    frame.add(SetMember(set_id=pairing, subject=UUID(case.home.id), owner="attendance", valid=since, version=1))
    frame.commit()
    assert code(case.take("visit", level="assistant")) == (403, "not-your-step")
    case.identified()
    assert case.take("follow_up", level="assistant").status_code == 201


def test_nobody_outside_is_compared_who_has_not_signed_nor_by_a_letter_that_has_run_out(
    case: Walk, frame: Session
) -> None:
    case.until("authorisation")
    outside = {"name": "示戊", "relation": "女", "how": "in_writing", "proxy": "示己"}
    assert code(case.take("authorisation", related=[outside])) == (422, "proxy-without-reason")
    assert code(case.take("authorisation", related=[outside | {"proxy_because": "在外住院"}])) == (201, "")
    assert code(case.take("comparison", related=[{"name": "示丁", "relation": "子"}])) == (409, "related-not-signed")
    set_standard(frame, "authorisation_days", 30)
    named = [{"name": "示戊", "relation": "女"}]
    late = case.at + timedelta(days=31)
    assert code(case.take("comparison", late, related=named)) == (409, "letter-run-out")
    assert case.gates()["authorised"] is False
    assert case.take("comparison", late - timedelta(days=1), related=named).status_code == 201
    told = [one for entry in case.seen()["entries"] for one in entry["participants"] if one["proxy"]]
    assert [(one["capacity"], one["proxy"], one["proxy_because"]) for one in told] == [
        ("related", "示己", "在外住院"),
    ]
