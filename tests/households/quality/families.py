"""A sound household, and ways to make it odd; the county's bounds for what can be believed."""

from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.households.models.cases import Case
from services.households.models.help import Measure, Policy, Received
from services.households.models.income import Statement, StatementLine
from services.households.models.people import PersonCircumstances
from services.households.models.register import Household, Membership, Person, Tag
from services.households.quality.checks import checks
from services.households.quality.ground import found_in_one
from tests.clock import NOW, TODAY

VILLAGE, NEXT = "520621001005", "520621002001"
SINCE = Range(date(2020, 1, 1), None)
TOLD: dict[str, Any] = {"doer": "示例", "recorded_by": "示例", "recorded_at": NOW}
BOUNDS = {
    "monitoring_line": 800_000, "wage_floor": 10_000, "income_floor": 50_000, "income_ceiling": 3_000_000,
    "identification_ceiling": 2_000_000, "elimination_minimum_months": 6, "first_measure_days": 30,
    "farmland_ceiling": 1_000, "forest_ceiling": 5_000, "age_ceiling": 110, "public_post_age": 70, "labour_age": 16,
}  # fmt: skip


def years_ago(years: int) -> date:
    return date(TODAY.year - years, 1, 1)


class Family:
    """A sound household: no check finds anything of it. Each test makes it odd in one way."""

    def __init__(self, session: Session, village: str = VILLAGE) -> None:
        self.session, self.id, self.case = session, uuid4(), uuid4()
        number = f"JK{self.id.hex[:8]}"
        self.add(
            Household(
                id=self.id, number=number, village=village, head_name="示甲", sealed_phone=b"sealed", created_at=NOW,
                housing_grade="A", safe_water=True,
            )
        )  # fmt: skip
        self.head = self.member("01", years_ago(40))
        self.earned(wage=3_000_000)

    def add(self, *rows: Any) -> None:
        for row in rows:
            self.session.add(row)
            self.session.flush()

    def member(self, relation: str, born: date, name: str = "示甲", **said: Any) -> UUID:
        person = Person(id=uuid4(), name=name, birth_date=born, sex="1", schooling="not_in_school", insured=True)
        for key, value in said.items():
            setattr(person, key, value)
        self.add(person, Membership(household_id=self.id, person_id=person.id, relation=relation, valid=SINCE))
        return person.id

    def mark(self, **said: Any) -> Self:
        household = self.session.get_one(Household, self.id)
        for key, value in said.items():
            setattr(household, key, value)
        return self

    def tag(self, *keys: str) -> Self:
        self.add(*(Tag(household_id=self.id, key=key, valid=SINCE, source="示例") for key in keys))
        return self

    def earned(self, purpose: str | None = None, **amounts: int) -> Self:
        of = uuid4()
        period: dict[str, Any] = {"period_from": date(2025, 11, 1), "period_to": date(2026, 10, 31)}
        self.add(
            Statement(id=of, household_id=self.id, **period, purpose=purpose, recorded_by="示例", created_at=NOW),
            *(StatementLine(statement_id=of, kind=kind, amount=amount) for kind, amount in amounts.items()),
        )
        return self

    def told(self, person: UUID, **said: Any) -> Self:
        self.add(PersonCircumstances(person_id=person, since=TODAY, **said, **TOLD))
        return self

    def case_of(self, state: str = "monitored", **said: Any) -> Self:
        told: dict[str, Any] = {
            "id": self.case, "household_id": self.id, "episode": 1, "profile_key": "three-classes",
            "profile_version": 1, "profile_document_no": "示例", "ground_kind": "visit", "ground_service": "attendance",
            "ground_id": uuid4(), "ground_on": TODAY, "risks": ["09"], "state": state, "opened_by": "示例",
            "opened_at": NOW, "identified_on": TODAY - timedelta(days=5),
        }  # fmt: skip
        self.add(Case(**(told | said)))
        return self

    def monitored(self, **said: Any) -> Self:
        self.tag("monitored")
        self.case_of(**said)
        return self

    def eliminated(self, kind: str = "eliminated_by_help", **said: Any) -> Self:
        over = {"closed_on": TODAY, "end_kind": kind, "identified_on": TODAY - timedelta(days=400)}
        self.case_of("ended", **(over | said))
        return self

    def receives(self, family: str, person: UUID | None = None) -> Self:
        self.policy(family)
        self.add(
            Received(
                id=uuid4(), household_id=self.id, person_id=person, policy_key=f"p-{family}", source="示例",
                valid=Range(date(2026, 1, 1), None), recorded_by="示例", created_at=NOW,
            )
        )  # fmt: skip
        return self

    def policy(self, family: str) -> None:
        self.add(
            Policy(
                key=f"p-{family}", valid=SINCE, division="520621", name="示例", department="示例局", family=family,
                given_to="household", document_no="示例",
            )
        )  # fmt: skip

    def measure(self, family: str) -> Self:
        self.policy(family)
        self.add(
            Measure(
                id=uuid4(), household_id=self.id, policy_key=f"p-{family}", state="planned", due=TODAY,
                responsible_kind="cadre", responsible_id=uuid4(), responsible_label="示甲", recorded_by="示例",
                created_at=NOW,
            )
        )  # fmt: skip
        return self

    def found(self) -> set[str]:
        told = {"household": self.id, "today": TODAY}
        return {row.check_key for row in self.session.execute(found_in_one(checks().values()), told)}
