"""The catalogue, our columns and what the owners send are one list."""

from sqlmodel import SQLModel

from services.alerts.facts.learn import FACTS
from services.alerts.models.facts import CopiedFacts
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS, TEAM
from services.attendance.models.facts import TeamFacts
from services.households.models.facts import HouseholdFacts
from services.kit.post.facts import OwnedFacts, fact_names

OWNED: dict[str, type[OwnedFacts]] = {HOUSEHOLD: HouseholdFacts, TEAM: TeamFacts}
TYPES = {"money": "BIGINT", "number": "INTEGER", "date": "DATE", "flag": "BOOLEAN"}


def types_of(model: type[SQLModel], names: list[str]) -> dict[str, str]:
    columns = model.__table__.columns  # type: ignore[attr-defined]
    return {name: str(columns[name].type) for name in names}


def test_every_fact_is_a_column_here_and_at_its_owner_with_its_type() -> None:
    for about, subject in SUBJECTS.items():
        expected = {fact.key: TYPES[fact.type] for fact in subject.facts}
        assert types_of(OWNED[about], fact_names(OWNED[about])) == expected
        copied = [name for name in FACTS[about].model_fields if name not in CopiedFacts.model_fields]
        assert types_of(FACTS[about], copied) == expected


def test_no_fact_can_carry_a_name_a_number_or_an_illness() -> None:
    forbidden = ("name", "phone", "id_number", "address", "diagnosis", "illness", "bank")
    keys = [fact.key for subject in SUBJECTS.values() for fact in subject.facts]
    assert [key for key in keys if any(word in key for word in forbidden)] == []
