"""The places one request may touch: read once from the grants, laid on every query, and told to the database, whose
own policies are the second barrier."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, SQLColumnExpression, event, false, or_, select, text
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col

from services.kit.store.grants import SetMember
from services.kit.web.errors import DomainError

Chosen = TypeVar("Chosen", bound="Select[*tuple[Any, ...]]")

EVERYWHERE = '{""}'  # every code begins with nothing


class NoOffice(DomainError):
    """Said before anything is looked up, so it tells nothing of what there is."""

    status = 403
    zh = "您目前没有任何辖区或职责范围，请联系县级管理员。"
    en = "You hold no office today. Please ask the county's administrator."


@dataclass(frozen=True)
class Asked:
    """Who asks, and the roles whose grants count for what is asked."""

    holder: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Scope:
    """What the grants that hold today come to. A division is the prefix of a code: it holds all below it."""

    holder: str
    today: date
    divisions: tuple[str, ...] = ()
    sets: tuple[UUID, ...] = ()
    units: tuple[UUID, ...] = ()
    departments: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    def covers(self, division: str) -> bool:
        return any(division.startswith(place) for place in self.divisions)

    @property
    def is_empty(self) -> bool:
        return not (self.divisions or self.sets or self.units or self.departments or self.figures)


@dataclass(frozen=True)
class Placed:
    """Where the rows of a table lie: the column of the division, of the subject a set may hold, of the unit."""

    division: SQLColumnExpression[str] | None = None
    subject: SQLColumnExpression[UUID] | None = None
    unit: SQLColumnExpression[UUID] | None = None


@dataclass(frozen=True)
class Binding:
    """What a session is told of its request. `asked` is looked at when the first statement runs: by then the caller is
    known. Unbound, the database hides nothing, and the statements look at the scope themselves."""

    asked: Callable[[], Asked | None]
    today: date
    bound: bool = True


# One indexed read, which also tells the database. It runs with the first statement of the transaction and not in a
# dependency: there a request would hold a connection while it waits for a thread, and a thread for a connection.
LOOK_UP = text(
    """
    WITH held AS (
        SELECT coalesce(array_agg(place) FILTER (WHERE kind = 'division'), '{}') AS divisions,
               coalesce(array_agg(place) FILTER (WHERE kind = 'set'), '{}') AS sets,
               coalesce(array_agg(place) FILTER (WHERE kind = 'unit'), '{}') AS units,
               coalesce(array_agg(place) FILTER (WHERE kind = 'department'), '{}') AS departments,
               coalesce(array_agg(place) FILTER (WHERE kind = 'figures'), '{}') AS figures
        FROM access_grant
        WHERE holder = CAST(:holder AS text) AND role = ANY (:roles)
          AND NOT revoked AND valid @> CAST(CAST(:today AS text) AS date)
    )
    SELECT held.*,
           set_config('shouwang.holder', CAST(:holder AS text), true),
           set_config('shouwang.today', CAST(:today AS text), true),
           set_config('shouwang.divisions', coalesce(:widened, CAST(divisions AS text)), true),
           set_config('shouwang.sets', CAST(sets AS text), true),
           set_config('shouwang.units', CAST(units AS text), true),
           set_config('shouwang.departments', CAST(departments AS text), true),
           set_config('shouwang.figures', CAST(figures AS text), true)
    FROM held
    """
)
LOOK_UP_PLAIN = re.sub(r"(?<!:):(\w+)", r"%(\1)s", LOOK_UP.text).encode()  # for the driver itself
UNBIND = text("SELECT set_config('shouwang.divisions', :everywhere, true)")


def widen(session: Session) -> None:
    """Unbinds a request's session, whether or not its first statement has run."""
    session.info["binding"] = replace(session.info["binding"], bound=False)
    if session.info.get("begun"):
        unbind(session)


def unbind(session: Session) -> None:
    """A session of an API process outside any request sees every row, as a worker's does."""
    session.execute(UNBIND, {"everywhere": EVERYWHERE})


@event.listens_for(Session, "after_begin")
def bind(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """A session without a binding is a worker's: its role sees everything, and has no scope to ask for."""
    binding: Binding | None = session.info.get("binding")
    if binding is None or transaction.nested:
        return
    asked = binding.asked()
    session.info["begun"] = True
    if asked:
        session.info["scope"] = look_up(connection, asked, binding)
    elif not binding.bound:
        connection.execute(UNBIND, {"everywhere": EVERYWHERE})


def look_up(connection: Connection, asked: Asked, binding: Binding) -> Scope:
    told = told_of(asked, binding.today) | {"widened": None if binding.bound else EVERYWHERE}
    return whole(connection.execute(LOOK_UP, told).mappings().one(), asked.holder, binding.today)


def told_of(asked: Asked, today: date) -> dict[str, Any]:
    return {"holder": asked.holder, "roles": sorted(asked.roles), "today": today.isoformat(), "widened": None}


def whole(held: Mapping[Any, Any], holder: str, today: date) -> Scope:
    return Scope(
        holder=holder,
        today=today,
        divisions=tuple(held["divisions"]),
        sets=ids(held["sets"]),
        units=ids(held["units"]),
        departments=tuple(held["departments"]),
        figures=tuple(held["figures"]),
    )


def ids(written: Iterable[str]) -> tuple[UUID, ...]:
    return tuple(UUID(one) for one in written)


def scope_of(session: Session) -> Scope:
    """Refuses who holds nothing at all today."""
    session.connection()
    return not_empty(session.info["scope"])


def not_empty(scope: Scope) -> Scope:
    if scope.is_empty:
        raise NoOffice
    return scope


def scoped(session: Session, statement: Chosen, placed: Placed) -> Chosen:
    """The statement, for rows within the scope alone. Every query of an endpoint carries it."""
    return statement.where(within(scope_of(session), placed))


def within(scope: Scope, placed: Placed) -> ColumnElement[bool]:
    """Nothing is granted by what a table does not say of its rows."""
    ways: list[ColumnElement[bool]] = []
    if placed.division is not None:
        ways += [placed.division.startswith(place, autoescape=True) for place in scope.divisions]
    if placed.subject is not None and scope.sets:
        ways.append(placed.subject.in_(members_of(scope)))
    if placed.unit is not None:
        ways.append(placed.unit.in_(scope.units))
    return or_(false(), *ways)


def members_of(scope: Scope) -> Select[Any]:
    in_sets = select(col(SetMember.subject)).where(col(SetMember.set_id).in_(scope.sets))
    return in_sets.where(~col(SetMember.revoked), col(SetMember.valid).contains(scope.today))
