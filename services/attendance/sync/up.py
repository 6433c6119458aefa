"""What a phone brings back: any number of items of any kind, in any order, however often; of each is said what became
of it, and nothing that was stored is ever overwritten."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError

from services.attendance.policy import allow
from services.attendance.presence.check_in_batches import problem_of
from services.attendance.sync.bringing import Became, Bringing, Sent
from services.attendance.sync.conflicts import conflict_of
from services.attendance.sync.cursors import Horizon
from services.attendance.sync.items import READ, ItemKind, ItemLine, Outcome, SyncIn, SyncItem, SyncOut
from services.attendance.sync.leavers import Tenure
from services.attendance.sync.scopes import own_cadre, scopes_of
from services.attendance.sync.storing import STORES
from services.attendance.sync.versions import newest
from services.attendance.visits.contents import VisitIn
from services.attendance.visits.known import ask_register
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import NoOffice
from services.kit.web.audited import tell
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotUnderstood, language_of
from services.kit.web.faults import Fault, fault_of
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/sync", tags=["sync"])

ITEM: TypeAdapter[SyncItem] = TypeAdapter(SyncItem)
OUTCOMES: Sequence[Outcome] = ("stored", "duplicate", "waiting", "conflict", "refused")
AGAIN = 503  # of a refusal that says nothing of the item


class Malformed(NotUnderstood):
    """With what is wrong, and where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults

    @classmethod
    def code(cls) -> str:
        return NotUnderstood.code()


@router.post("/batches", dependencies=[allow("sync:write")], openapi_extra=repeatable("body.items.id"))
def create_sync_batch(request: Request, body: SyncIn, session: SessionDep, caller: CallerDep, now: Now) -> SyncOut:
    """Each is stored, a duplicate, waiting, in conflict or refused by itself. What was stored by an answer that was
    lost on the way is a duplicate when it is sent again."""
    language = language_of(request)
    read = {index: read_item(index, one, now.date(), language) for index, one in enumerate(body.items)}
    sent = in_one_order([one for one in read.values() if isinstance(one, Sent)], body.items)
    register = register_as_seen(request, caller, sent)
    cadre = own_cadre(session, caller.subject).id
    bringing = Bringing(request, session, caller, now, cadre, register)
    became = {index: Became(refused=one) for index, one in read.items() if isinstance(one, DomainError)}
    became |= store(bringing, sent)
    rows = [line(index, id_of(one), became[index], language) for index, one in enumerate(body.items)]
    said = Counter(row.outcome for row in rows)
    counts: dict[str, int] = {outcome: said[outcome] for outcome in OUTCOMES}
    tell(request, **counts)  # type: ignore[arg-type]  # none is `division`
    return SyncOut(server_time=now, rows=rows)


def read_item(index: int, sent: Any, today: date, language: str) -> Sent | DomainError:
    try:
        item = ITEM.validate_python(sent)
        body = newest(item.kind, item.v, item.body, today)
        return Sent(index, item.kind, READ[item.kind].validate_python(body))
    except DomainError as refused:
        return refused
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_input=False)
        return Malformed([fault_of({**error, "loc": ("body", *error["loc"])}, language) for error in errors])


def in_one_order(read: Sequence[Sent], items: Sequence[Any]) -> list[Sent]:
    """Where two of a batch exclude each other, which of them is stored does not hang on their order in it."""
    return sorted(read, key=lambda one: (str(one.body.id), json.dumps(items[one.index], sort_keys=True)))


def register_as_seen(request: Request, caller: Caller, sent: Sequence[Sent]) -> Mapping[UUID, str] | None:
    """Before the first statement: no connection waits for its answer. Whoever has left sees nothing there."""
    visits = [one.body for one in sent if isinstance(one.body, VisitIn)]
    try:
        return ask_register(request, caller, visits) if visits else {}
    except NoOffice:
        return {}


def store(bringing: Bringing, sent: Sequence[Sent]) -> Mapping[int, Became]:
    """A kind after the other: none hangs on one that comes later."""
    tenure = tenure_of(bringing)
    became: dict[int, Became] = {}
    for kind in STORES:
        allowed: list[Sent] = []
        for one in (one for one in sent if one.kind == kind):
            try:
                tenure.refuse(one.body)
                allowed.append(one)
            except DomainError as refused:
                became[one.index] = Became(refused=refused)
        became |= store_kind(bringing, kind, allowed) if allowed else {}
    return became


def store_kind(bringing: Bringing, kind: ItemKind, sent: Sequence[Sent]) -> Mapping[int, Became]:
    try:
        became = dict(STORES[kind](bringing, sent))
    except DomainError as refused:  # said of the caller, or of the hour, and so of each
        return {one.index: Became(refused=refused) for one in sent}
    for one in sent:  # while the session reaches what it does for this kind
        refusal = became[one.index].refused
        if refusal:
            became[one.index] = replace(became[one.index], conflict=conflict_of(bringing, one, refusal))
    return became


def tenure_of(bringing: Bringing) -> Tenure:
    held = scopes_of(bringing.session, bringing.cadre, Horizon.now(bringing.session))
    return Tenure(bringing.session, held, bringing.now)


def line(index: int, named: UUID | None, became: Became, language: str) -> ItemLine:
    refused = became.refused
    if refused is None:
        outcome: Outcome = "duplicate" if became.known else "stored"
        return ItemLine(index=index, id=named, outcome=outcome, words=became.words)
    faults = list(refused.faults) if isinstance(refused, Malformed) else []
    problem = problem_of(refused, faults, language)
    if became.waits_for or refused.status == AGAIN:
        return ItemLine(index=index, id=named, outcome="waiting", waits_for=became.waits_for, problem=problem)
    outcome = "conflict" if became.conflict else "refused"
    return ItemLine(index=index, id=named, outcome=outcome, conflict=became.conflict, problem=problem)


def id_of(item: Any) -> UUID | None:
    """As far as it can be read: by it a phone finds the item again."""
    try:
        return UUID(item["body"]["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
