"""What there is to be asked for, and the names by which it is asked: real ids, so that more than refusals is seen."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib import import_module
from itertools import chain
from typing import Any, get_args
from uuid import UUID, uuid4

from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range

from services.county.accounts import Role
from services.county.clients import hash_of
from services.county.models import Account, ClientSystem
from services.county.passwords import hasher
from services.kit.store.grants import CLIENT
from services.kit.store.tables import Division, Job, Standard, Subscription
from tests.callers import grant
from tests.clock import NOW
from tests.door.holdings import OWN, SIBLING
from tests.door.world import DIGEST, FURNISH, SEAL, inspected, store

Pools = dict[str, list[str]]
PERSON, OTHER, NOBODY = UUID(int=1), UUID(int=2), UUID(int=3)
SYSTEM, PASSWORD = "bureau", "a long enough password"
EVERY_ROLE: tuple[str, ...] = get_args(Role)
RECEIVER = "http://127.0.0.1:9/events"


def furnish(service: str, engine: Engine) -> Pools:
    """Names as in the document: `path.household_id`, `query.village`. All lies in the callers' county."""
    for role in EVERY_ROLE:
        grant(engine, str(PERSON), role, OWN[:6])
    grant(engine, SYSTEM, CLIENT, OWN[:6])
    furnished = of_county(engine) if service == "county" else of_villages(service, engine)
    return furnished | plumbing(service, engine)


def plumbing(service: str, engine: Engine) -> Pools:
    job, subscription = uuid4(), uuid4()
    published = sorted(import_module(f"services.{service}.main").PUBLISHED)
    store(
        engine,
        Job(id=job, kind="example", key="example", asked_by=str(PERSON), due_at=NOW, done_at=NOW),
        Subscription(
            id=subscription, subscriber=SYSTEM, url=RECEIVER, types=published, created_at=NOW,
            sealed_secret=SEAL.close("whsec_" + "A" * 40, f"subscription.sealed_secret:{subscription}"),
        ),
    )  # fmt: skip
    return {
        "path.operation_id": [str(job)],
        "path.subscription_id": [str(subscription)],
        "body.url": [RECEIVER],
        "body.types[*]": published,
    }


def of_villages(service: str, engine: Engine) -> Pools:
    things = [FURNISH[service](engine, village) for village in (OWN, SIBLING)]
    ids = {name: [thing.ids[name] for thing in things] for name in things[0].ids}
    pools = {f"path.{name}_id": values for name, values in ids.items() if name != "uuid"}
    pools |= {f"query.{name}": [OWN, SIBLING, OWN[:9], OWN[:6]] for name in ("village", "village_prefix", "division")}
    pools |= {"path.village": [OWN, SIBLING], "header.if-match": ["*"], "path.kind": KINDS[service]}
    pools |= {"body.households[*]": ids["household"]} if service == "households" else {}
    pools |= {"query.household": ids["household"]} if service == "households" else {}
    pools |= {"path.undertaking_id": ids["loan"], "body.undertaking_id": ids["loan"]} if service == "households" else {}
    pools |= joined(PEOPLE, HELP, LEDGERS, ISSUES, VILLAGES) if service == "households" else {}
    if service == "households":
        store(engine, Division(code=OWN[:6], name="示例县", level="county", version=1))
        pools |= {"body.village": [OWN, SIBLING], "body.household_id": ids["household"]}
        pools |= {"query.q": ["示", "sj"], "body.id_number": ids["id_number"]}
    if service == "households":
        pools |= {f"body.{name}": ids["household"] for name in ("household_id", "into_id", "merged[*]")}
        pools |= {f"body.{name}": ids["person"] for name in ("person_id", "duplicate_id", "persons[*]")}
        pools |= {"body.village": [OWN, SIBLING], "body.from_villages[*]": [SIBLING], "body.into_village": [OWN]}
    if service == "households":
        pools |= {"query.check": ["no-head"], "body.check": ["no-head"], "body.subject": ids["household"]}
        pools |= {"body.other_id": ids["third"], "query.since": ["2026-11-20"], "body.on_day": ["2026-11-20"]}
    pools |= {"body.cadre_id": ids["cadre"], "query.team_id": ids["team"]} if service == "attendance" else {}
    pools |= {"body.household_id": [f"{uuid4()}"[:-12] + OWN for _ in range(50)]} if service == "attendance" else {}
    pools |= {"body.corrects": [*ids["visit"], *ids["leave"]]} if service == "attendance" else {}
    pools |= {"body.takers[*].cadre_id": ids["gone"]} if service == "attendance" else {}
    pools |= {"body.cadres[*].cadre_id": ids["cadre"], "body.team_id": ids["team"]} if service == "attendance" else {}
    pools |= joined(LEAVES, ACTIVITIES, INSPECTIONS, CHARGES) if service == "attendance" else {}
    if service == "attendance":
        fresh = [uuid4() for _ in range(30)]  # nothing was found yet: of others few may be withdrawn or recorded
        store(engine, *(inspected(one, SIBLING, number) for number, one in enumerate(fresh, 10)))
        pools |= {"path.inspection_id": [*ids["inspection"], *map(str, fresh)]}
        give_a_phone(engine, ids["cadre"][0])
    pools |= clues(engine, ids) if service == "alerts" else {}
    pools |= {"query.household": ids["household"], "body.to": [OWN, OWN[:9]]} if service == "alerts" else {}
    pools |= {"body.verdicts[*].source_id": ids["alert"]} if service == "alerts" else {}
    pools |= joined(REPORTS, RULES) if service == "alerts" else {}
    return pools | PERIODS


def give_a_phone(engine: Engine, cadre: str) -> None:
    """What a phone is told and brings is asked by a cadre's own account."""
    with engine.begin() as connection:
        own = {"account": str(PERSON), "cadre": cadre}
        connection.execute(text("UPDATE cadre SET account = :account WHERE id = CAST(:cadre AS uuid)"), own)


def clues(engine: Engine, ids: Pools) -> Pools:
    """A department's, sent by the system that asks; and the days that a county must have set before any is taken."""
    grant(engine, SYSTEM, CLIENT, "medical-insurance", "department")
    days = {"clue_data_days": 120, "clue_kept_days": 90}
    whole: dict[str, Any] = {
        "division": OWN[:6],
        "valid": Range(date(2026, 1, 1), None),
        "unit": "",
        "document_no": "",
        "version": 1,
    }
    store(engine, *(Standard(key=key, value=Decimal(value), **whole) for key, value in days.items()))
    return {
        "path.clue_id": [*ids["clue"], *ids["told"], *ids["answered"], *ids["unknown"]],
        "body.household": ids["household"],
        "query.household": ids["household"],
        "query.replaces": ids["batch"],
        "path.division": [OWN[:6]],
    }


def joined(*pools: Pools) -> Pools:
    """Two rooms may give one name values of their own."""
    return {name: [value for one in pools for value in one.get(name, ())] for name in dict.fromkeys(chain(*pools))}


KINDS: Mapping[str, list[str]] = {
    "households": ["household", "households", "resident"],
    "attendance": ["team", "stations"],
    "alerts": ["household"],
}
REPORTS: Pools = {
    "body.division": [OWN, OWN[:9], OWN[:6]],
    "body.first": ["2026-11-09", "2026-10-01", "2026-11-02"],
}
RULES: Pools = {
    "path.key": ["safe-water"],
    "body.key": ["safe-water", "own-rule"],
    "query.county": [OWN[:6], ""],
    "query.older": ["1"],
    "query.newer": ["1"],
    "query.version": ["1"],
    "body.about": ["household"],
    "body.text.about": ["household"],
    "body.text.condition": ["not safe_water", "persons > 3"],
    "body.text.explain_zh": ["{persons} 人"],
    "body.text.explain_en": ["{persons}"],
    "body.since": ["2026-12-01"],
}
PEOPLE: Pools = {
    "path.key": ["monitored", "schooling", "ethnicity"],
    "path.year": ["2026"],
    "path.month": ["2026-09", "2026-11"],
    "body.since": ["2026-01-05", "2026-03-01"],
}
LEAVES: Pools = {
    "path.month": ["2026-09", "2026-10"],
    "query.month": ["2026-10", "2026-11"],
    "path.division": [OWN, OWN[:9]],
    "body.first_day": ["2026-11-02", "2026-11-23"],
    "body.last_day": ["2026-11-02", "2026-11-24"],
    "body.day": ["2026-10-07", "2026-11-03"],
    "body.digest": [DIGEST],
}
ACTIVITIES: Pools = {
    "path.term": ["kind", "label"],
    "path.key": ["preaching", "six"],
    "body.kind": ["preaching", "meeting"],
    "query.kind": ["preaching", "meeting"],
    "query.day_from": ["2026-01-01"],
    "query.day_to": ["2026-12-31"],
}
INSPECTIONS: Pools = {
    "body.kind": ["announced", "unannounced"],
    "query.kind": ["announced"],
    "body.division": [OWN[:6], OWN[:9]],
    "body.inspectors[*].account": [str(PERSON)],
    "body.first_day": ["2026-11-21"],
    "body.last_day": ["2026-11-30"],
    "body.village": [OWN, SIBLING],
    "body.day": ["2026-11-21"],
}
CHARGES: Pools = {
    "path.key": ["own_class", "grid_member"],
    "path.division": [OWN[:6]],
    "body.kind": ["grid_member", "informant", "interview", "thanks"],
    "query.kind": ["grid_member", "presence", "interview"],
    "body.since": ["2026-03-01", "2026-05-01"],
    "query.as_of": ["2026-11-20"],
    "query.day_from": ["2026-01-01"],
    "query.day_to": ["2026-12-31"],
    "body.day": ["2026-11-20"],
}
LEDGERS: Pools = {
    "path.key": ["own_mushrooms"],
    "body.unit": ["fen", "items", "households"],
    "body.units[*]": ["fen", "jin"],
    "query.unit": ["fen"],
    "query.day_from": ["2026-01-01"],
    "query.day_to": ["2026-12-31"],
}
VILLAGES: Pools = {
    "body.checklist": ["household_five", "village_seven"],
    "query.checklist": ["household_five"],
    "query.item": ["house", "water"],
    "body.verdicts[*].item": ["house", "clinic"],
    "body.what": ["clinic", "grid_member", "out_of_poverty"],
    "query.what": ["clinic", "grid_member"],
    "body.since": ["2026-01-01"],
    "query.as_of": ["2026-11-20"],
}
ISSUES: Pools = {
    "body.raised_on": ["2026-01-01", "2026-11-20"],
    "body.day": ["2026-11-20"],
    "query.raised_from": ["2026-01-01"],
    "query.raised_to": ["2026-12-31"],
}
HELP: Pools = {
    "path.key": ["cash", "monitored", "tag", "risk"],
    "path.code": ["own_chuanqing", "0781"],
    "query.policy": ["cash"],
    "body.policy_key": ["cash"],
    "body.division": [OWN, OWN[:6]],
    "body.since": ["2026-01-01", "2026-06-01"],
    "query.on": ["2026-11-20"],
}
PERIODS: Pools = {
    "body.period_from": ["2025-01-01", "2025-04-01"],
    "body.period_to": ["2025-06-30", "2025-12-31"],
    "body.at": ["2026-11-20T08:30:00+08:00"],
    "body.done_on": ["2026-11-03", "2026-11-20"],
    "body.ground.day": ["2026-11-02"],
    "body.risks[*]": ["01", "09"],
}


def of_county(engine: Engine) -> Pools:
    standard, kept = uuid4(), hasher.hash(PASSWORD)
    people = {PERSON: "first", OTHER: "second"}
    store(
        engine,
        *(
            Account(id=one, username=name, name="示甲", password_hash=kept, roles=list(EVERY_ROLE), created_at=NOW)
            for one, name in people.items()
        ),
        ClientSystem(name=SYSTEM, secret_hash=hash_of(PASSWORD), scopes=["frame:read"], created_at=NOW),
        ClientSystem(name="archive", secret_hash=hash_of(PASSWORD), scopes=["frame:read"], created_at=NOW),
        Division(code=OWN[:6], name="示例县", level="county", version=1),
        Standard(
            id=standard, key="monitoring_line", division=OWN[:6], valid=Range(date(2020, 1, 1), date(2021, 1, 1)),
            value=Decimal(6_000), unit="元", document_no="示例〔2020〕1号", version=1,
        ),
    )  # fmt: skip
    return {
        "path.account_id": [str(OTHER)],
        "path.name": ["archive", "museum"],
        "body.name": ["museum"],
        "path.standard_id": [str(standard)],
        "path.day": ["2026-11-20", "2026-11-21"],
        "header.if-match": ["*"],
        "query.key": ["monitoring_line"],
        "query.start": ["2026-01-01"],
        "query.end": ["2026-12-31"],
        "body.username": ["first", "second"],
        "body.current": [PASSWORD],
        "body.holder": [str(OTHER)],
        "body.role": ["township", "county"],
        "body.kind": ["division"],
        "body.password": [PASSWORD],
        "body.place": [OWN[:6], OWN[:9]],
        "body.valid_until": ["2027-01-01"],
    }
