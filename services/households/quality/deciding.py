"""One human being or two: somebody decides, with the reason. What follows for the households is a change like any
other, carried out whole with the decision, or not at all."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError

from services.households.changes.change import Doing, MemberRelation, home_of
from services.households.changes.changes import carry_out
from services.households.changes.re_registrations import ReRegistration
from services.households.changes.transfers import Transfer
from services.households.models.quality import DuplicateDecision
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.relations import Relation
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/duplicate-decisions", tags=["quality"], route_class=Repeatable)

Because = Annotated[str, Field(min_length=2, max_length=200, title="理由")]


class Decision(BaseModel):
    """`id` is the client's own and makes the write repeatable; a change that follows bears it too."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    person_id: UUID
    because: Because


class Followed(Decision):
    """As of a change: the day from which it holds, and who handled it."""

    on: Annotated[WrittenDay, Field(title="生效日")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号")] = None
    done_by: Annotated[str, Field(min_length=1, max_length=60, title="经办人")]
    relations: Annotated[list[MemberRelation], Field(max_length=50, title="留下成员与户主的新关系")] = []


class Same(Followed):
    """`person_id` stays where it is; the other record goes into it, and its membership ends."""

    verdict: Literal["same"]
    other_id: UUID


class Different(Decision):
    verdict: Literal["different"]
    other_id: UUID


class Stays(Decision):
    """The file was wrong: the person stays, and the household it named is not theirs."""

    verdict: Literal["stays"]
    household_id: UUID


class Moves(Followed):
    """The file was right: the person joins that household."""

    verdict: Literal["moves"]
    household_id: UUID
    relation: Relation


Decided = Annotated[Same | Different | Stays | Moves, Body(discriminator="verdict")]


class DecisionOut(BaseModel):
    id: UUID
    person_id: UUID
    other_id: UUID
    verdict: str


class DecidedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一项决定。"
    en = "That id stands for another decision already."


class OneRecord(DomainError):
    zh = "须是两条不同的登记，或另一户。"
    en = "Two records, or another household, are decided on."


@router.post(
    "", status_code=201, dependencies=[allow("duplicate:decide")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_duplicate_decision(
    body: Decided, request: Request, session: UnboundSessionDep, caller: CallerDep, today: Today, now: Now
) -> DecisionOut:
    """All it touches must be within reach. The decision is kept with who made it."""
    state = request.app.state
    on = body.on if isinstance(body, Followed) else today
    doing = Doing(session, state.seal, state.settings.demo_people, body.id, on, today, now)
    homes = homes_of(doing, body)
    row = row_of(body, caller.subject, doing)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise DecidedBefore from error
    if change := change_of(body, homes[0]):
        carry_out(doing, change, caller.subject)
    tell(request, row.id, *sorted(set(homes)), verdict=body.verdict)
    return DecisionOut(**row.model_dump(include=set(DecisionOut.model_fields)))


def homes_of(doing: Doing, body: Same | Different | Stays | Moves) -> tuple[UUID, UUID]:
    """The person's, and the other's or the one that was claimed."""
    home = home_of(doing, body.person_id)
    other = home_of(doing, body.other_id) if isinstance(body, Same | Different) else body.household_id
    for one in (home, other):
        reachable(doing.session, one)
    if other == home or (isinstance(body, Same | Different) and body.other_id == body.person_id):
        raise OneRecord
    return home, other


def row_of(body: Same | Different | Stays | Moves, who: str, doing: Doing) -> DuplicateDecision:
    """Of two records the one with the smaller key comes first, as the queue has them."""
    if isinstance(body, Same | Different):
        first, second = sorted((body.person_id, body.other_id))
    else:
        first, second = body.person_id, body.household_id
    said = {"verdict": body.verdict, "because": body.because, "recorded_by": who}
    return DuplicateDecision(id=body.id, person_id=first, other_id=second, recorded_at=doing.now, **said)


def change_of(body: Same | Different | Stays | Moves, home: UUID) -> ReRegistration | Transfer | None:
    if isinstance(body, Same):
        return ReRegistration(
            **about(body), kind="re_registration", person_id=body.person_id, duplicate_id=body.other_id
        )
    if isinstance(body, Moves):
        moved = [MemberRelation(person_id=body.person_id, relation=body.relation)]
        return Transfer(
            **about(body), kind="transfer", household_id=home, into_id=body.household_id, why="other", persons=moved
        )
    return None


def about(body: Same | Moves) -> dict[str, Any]:
    """Validated already: a day is a day here, and no longer as it was written."""
    return {name: getattr(body, name) for name in ("id", "on", "document_no", "done_by", "relations")} | {
        "ground": body.because
    }
