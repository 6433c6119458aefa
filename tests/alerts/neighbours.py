"""The real households service beside alerts, in this process: its own app, its own database, a token that is signed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.cli.secret_files import secret_folder
from services.county.clients import OWN_SERVICES
from services.county.tokens import Signer
from services.households.facts import facts_changed, lock_households
from services.households.main import create
from services.households.models.income import Statement, StatementLine
from services.households.models.register import Household, Membership, Person
from services.kit.post.peers import Peer
from services.kit.settings import Settings
from services.kit.store.fields import Seal
from tests.alerts.conftest import VILLAGE
from tests.conftest import NOW
from tests.secrets_made_once import make_secrets

# Shared by the run: making a key takes as long as a sweep.
SIGNER = Signer(*(RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}) for name in ("a", "b")))


class Neighbour(Peer):
    """A peer that is asked without a network. `asked` are the places whose facts were read; `meanwhile` happens once,
    when the owner has answered such a reading and we have not taken it in yet."""

    def __init__(self, name: str, app: FastAPI) -> None:
        self.name = name
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] | None = None
        self._client = TestClient(app)
        self.seal: Seal = app.state.seal
        self._token = SIGNER.sign("alerts", scopes=OWN_SERVICES["alerts"]).access_token

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._client.post(path, json=body, headers={"authorization": f"Bearer {self._token}"})
        return answer.raise_for_status().json()

    def get(self, path: str, **params: Any) -> Any:
        known = {key: value for key, value in params.items() if value is not None}
        answer = self._client.get(path, params=known, headers={"authorization": f"Bearer {self._token}"})
        if not path.endswith("/digest"):
            self.asked.append(params["division"])
            happening, self.meanwhile = self.meanwhile, None
            if happening:
                happening()
        return answer.raise_for_status().json()


class Nobody(Peer):
    """An owner without subjects."""

    def __init__(self) -> None:
        self.name = "attendance"

    def get(self, path: str, **params: Any) -> Any:
        return []


def households_service(engine: Engine, state: Path) -> Neighbour:
    make_secrets(state)
    settings = Settings(
        service="households",
        database_url="",
        secrets=secret_folder(state, "households"),
        port=1,
        county_url="http://127.0.0.1:1",
        demo_people=True,
    )
    app = create(settings, engine, SIGNER.keys())
    app.state.revoked.read()  # nobody serves it, so nobody reads on
    app.state.revoked.close()
    return Neighbour("households", app)


def register(
    session: Session, *, village: str = VILLAGE, safe_water: bool | None = False, grade: str | None = "A"
) -> UUID:
    """A household is registered at its owner; the event of it is written there and delivered to nobody."""
    household = Household(
        number=str(session.execute(text("SELECT count(*) FROM household")).scalar_one()),
        village=village,
        head_name="示例",
        housing_grade=grade,
        safe_water=safe_water,
        created_at=NOW,
    )
    session.add(household)
    facts_changed(session, [household.id], NOW)
    session.commit()
    return household.id


def register_whole(session: Session, **columns: Any) -> UUID:
    """A household of which every fact is known."""
    household = register(session, **columns)
    person = Person(name="示例", birth_date=date(1980, 1, 1), sex="1", schooling="not_in_school", insured=True)
    statement = Statement(
        id=uuid4(),
        household_id=household,
        period_from=date(2025, 11, 1),
        period_to=date(2026, 10, 31),
        recorded_by="test",
        created_at=NOW,
    )
    session.add_all([person, statement])
    session.flush()
    session.add(
        Membership(household_id=household, person_id=person.id, relation="01", valid=Range(date(2026, 1, 1), None))
    )
    amounts = {"wage": 2_000_000, "medical_self_paid": 0, "schooling_self_paid": 0}
    session.add_all(StatementLine(statement_id=statement.id, kind=kind, amount=amounts[kind]) for kind in amounts)
    facts_changed(session, [household], NOW)
    session.commit()
    return household


def change(session: Session, household: UUID, **columns: Any) -> None:
    lock_households(session, [household])
    row = session.get(Household, household)
    assert row
    for name, value in columns.items():
        setattr(row, name, value)
    session.add(row)
    facts_changed(session, [household], NOW)
    session.commit()


def delete(session: Session, households: Sequence[UUID]) -> None:
    """Nothing in the product does this yet; a database restored from an older copy does."""
    for table, key in (("household_facts", "subject"), ("household", "id")):
        session.execute(text(f"DELETE FROM {table} WHERE {key} = ANY (:gone)"), {"gone": list(households)})  # noqa: S608  # ours
    session.commit()
