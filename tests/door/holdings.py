"""What a caller may hold, and which of five places that reaches: the truth the matrix is held against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range

from services.kit.store.db import open_session
from services.kit.store.grants import SetMember
from tests.callers import Headers, Sign, grant
from tests.clock import TODAY

OWN, SIBLING, TOWNSHIP, COUNTY = "520621001005", "520621001006", "520621002001", "520622001001"
VILLAGES = (OWN, SIBLING, TOWNSHIP, COUNTY)  # the same village; next to it; of another township; of another county
SET, PAIRED = UUID(int=7), UUID(int=8)

ALWAYS = Range(date(2026, 1, 1), None)
UNTIL_YESTERDAY = Range(date(2026, 1, 1), TODAY)
FROM_TOMORROW = Range(TODAY + timedelta(days=1), None)
TODAY_ALONE = Range(TODAY, TODAY + timedelta(days=1))


@dataclass(frozen=True)
class Holding:
    """Grants as (kind, place, what else), and the villages they reach; `none` where the caller holds nothing today."""

    name: str
    grants: Sequence[tuple[str, str, dict[str, Any]]]
    reaches: frozenset[str] = frozenset()
    none: bool = False
    members: Sequence[dict[str, Any]] = field(default=())


def division(name: str, place: str, *villages: str, **said: Any) -> Holding:
    return Holding(name, [("division", place, said)], frozenset(villages))


def nothing(name: str, kind: str, place: str, **said: Any) -> Holding:
    return Holding(name, [(kind, place, said)], none=True)


def of_set(name: str, *villages: str, **member: Any) -> Holding:
    return Holding(name, [("set", str(SET), {})], frozenset(villages), members=[member])


def pairing(name: str, *villages: str, none: bool = False, **days: Any) -> Holding:
    """As attendance gives it: a set of its own, from a day until a day."""
    given = {"owner": "attendance"} | days
    return Holding(name, [("set", str(PAIRED), given)], frozenset(villages), none, [{"set_id": PAIRED} | given])


HOLDINGS = (
    division("its village", OWN, OWN),
    division("the village beside", SIBLING, SIBLING),
    division("its township", OWN[:9], OWN, SIBLING),
    division("another township", TOWNSHIP[:9], TOWNSHIP),
    division("the county", OWN[:6], OWN, SIBLING, TOWNSHIP),
    division("another county", COUNTY[:6], COUNTY),
    division("the prefecture", OWN[:4], *VILLAGES),
    division("today alone", OWN, OWN, valid=TODAY_ALONE),
    nothing("nothing since today", "division", OWN, valid=UNTIL_YESTERDAY),
    nothing("nothing until tomorrow", "division", OWN, valid=FROM_TOMORROW),
    nothing("what was taken back", "division", OWN, revoked=True),
    Holding("one village and one that was left",
            [("division", SIBLING, {}), ("division", OWN, {"valid": UNTIL_YESTERDAY})], frozenset({SIBLING})),
    of_set("a set with it", OWN),
    of_set("a set it has left", valid=UNTIL_YESTERDAY),
    of_set("a set it was taken out of", revoked=True),
    pairing("a pairing with it", OWN),
    pairing("a pairing with it, today alone", OWN, valid=TODAY_ALONE),
    pairing("a pairing that has ended", none=True, valid=UNTIL_YESTERDAY),
    Holding("figures of the county", [("figures", OWN[:6], {})]),
    Holding("a department", [("department", "medical", {})]),
    Holding("a unit of nobody", [("unit", str(uuid4()), {})]),
    Holding("a place of a code with wildcards", [("division", "5206210010__", {}), ("division", "%", {})]),
)  # fmt: skip


def hold(engine: Engine, sign: Sign, role: str, holding: Holding, subject: UUID) -> Headers:
    """A new caller in that role; `subject` is what the set has."""
    holder = str(uuid4())
    for kind, place, said in holding.grants:
        grant(engine, holder, role, place, kind, **said)
    with open_session(engine) as session, session.begin():
        for said in holding.members:
            fixed: dict[str, Any] = {
                "set_id": SET,
                "owner": "households",
                "version": 1,
                "valid": ALWAYS,
                "revoked": False,
            }
            session.merge(SetMember(subject=subject, **(fixed | said)))
    return sign(holder, role)


@dataclass(frozen=True)
class Thing:
    """What a village has, by names the probes use."""

    village: str
    ids: dict[str, str]


@dataclass(frozen=True)
class Probe:
    """One way of asking for a thing: an operation, the place where its id stands, and the answer. `by_sets`: a grant
    of a set reaches it. `seen` says whether the answer shows the thing."""

    right: str
    operation: str
    id_stands_in: str
    ask: Callable[[Any, Headers, Thing], Any]
    seen: Callable[[Any, Thing], bool] = lambda answer, _: answer.status_code < 300
    by_sets: bool = True
    unbound: bool = False  # the second barrier does not stand before it
    same_bytes: bool = True  # false where a number's uniqueness or a total must be told
