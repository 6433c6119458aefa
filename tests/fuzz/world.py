"""What there is to be asked for, and the names by which it is asked: real ids, so that more than refusals is seen."""

from uuid import UUID, uuid4

from sqlalchemy import Engine

from services.kit.store.grants import CLIENT
from services.kit.store.tables import Job
from tests.callers import grant
from tests.clock import NOW
from tests.door.holdings import OWN, SIBLING
from tests.door.world import FURNISH, store

Pools = dict[str, list[str]]
PERSON, SYSTEM, NOBODY = str(UUID(int=1)), "bureau", str(UUID(int=2))
PASSWORD = "a long enough password"
EVERY_ROLE = (
    "cadre", "captain", "assistant", "liaison", "township", "county", "approver", "evaluator", "auditor", "security",
    "system",
)  # fmt: skip


def furnish(service: str, engine: Engine) -> Pools:
    """Names as in the document: `path.household_id`, `query.village`. All lies in the callers' county."""
    for role in EVERY_ROLE:
        grant(engine, PERSON, role, OWN[:6])
    grant(engine, SYSTEM, CLIENT, OWN[:6])
    pools = (of_county if service == "county" else of_villages)(service, engine)
    return pools | plumbing(engine)


def plumbing(engine: Engine) -> Pools:
    job = uuid4()
    store(engine, Job(id=job, kind="example", key="example", asked_by=PERSON, due_at=NOW))
    return {"path.operation_id": [str(job)]}


def of_villages(service: str, engine: Engine) -> Pools:
    things = [FURNISH[service](engine, village) for village in (OWN, SIBLING)]
    names = {name for thing in things for name in thing.ids}
    places = [OWN, SIBLING, OWN[:9], OWN[:6]]
    pools = {f"path.{name}_id": [thing.ids[name] for thing in things] for name in names}
    return pools | {f"query.{name}": places for name in ("village", "village_prefix", "division", "county")}


def of_county(service: str, engine: Engine) -> Pools:
    return {}
