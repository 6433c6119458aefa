"""事实完整性: of how many households what is known, by fact and by village, and how old it is. What is unknown closes
no alert and opens none: here stands what to ask for, and in the gaps of a sweep of whom."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import Select, func, select
from sqlmodel import col

from services.alerts.models.facts import HouseholdFacts
from services.alerts.policy import allow
from services.alerts.reach import FACTS
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.errors import language_of

router = APIRouter(prefix="/v1/fact-coverage", tags=["alerts"])

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
KNOWN = SUBJECTS[HOUSEHOLD].facts


class FactKnown(BaseModel):
    """`known`: of how many households. `oldest` and `median`: of facts that are a day, such as the end of the period
    that an income is of."""

    key: str
    title: str
    known: int
    oldest: Annotated[date | None, Field(title="最早日期")]
    median: Annotated[date | None, Field(title="日期中位数")]


class CoverageOfAVillage(BaseModel):
    """`known`: of how many households, by fact. `told_since`: nothing new was told of any household for longer."""

    division: str
    households: int
    known: dict[str, int]
    told_since: Annotated[Moment, Field(title="最久未更新的一户更新于")]


class FactCoverageOut(BaseModel):
    """In the order of the catalogue of facts, and of the villages' codes."""

    households: int
    facts: list[FactKnown]
    villages: list[CoverageOfAVillage]


@router.get("", dependencies=[allow("alert:read")])
def get_fact_coverage(
    request: Request,
    session: SessionDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
) -> FactCoverageOut:
    """Of the households the caller reaches, in a place or anywhere."""

    def counted(*by: Any) -> Sequence[Any]:
        here = figures(*by).where(col(HouseholdFacts.division).startswith(division))
        wanted = scoped(session, here, FACTS)
        return session.execute(wanted.group_by(*by).order_by(*by) if by else wanted).mappings().all()

    (whole,) = counted()
    language = language_of(request)
    return FactCoverageOut(
        households=whole["households"],
        facts=[
            FactKnown(
                key=fact.key,
                title=fact.en if language == "en" else fact.zh,
                known=whole[fact.key],
                oldest=whole.get(f"oldest {fact.key}"),
                median=whole.get(f"median {fact.key}"),
            )
            for fact in KNOWN
        ],
        villages=[
            CoverageOfAVillage(known={fact.key: row[fact.key] for fact in KNOWN}, **row)
            for row in counted(col(HouseholdFacts.division))
        ],
    )


def figures(*by: Any) -> Select[*tuple[Any, ...]]:
    held = HouseholdFacts.__table__.c  # type: ignore[attr-defined]  # by the name of the fact
    days = [fact.key for fact in KNOWN if fact.type == "date"]
    return select(
        *by,
        func.count().label("households"),
        func.min(held.learned_at).label("told_since"),
        *(func.count(held[fact.key]).label(fact.key) for fact in KNOWN),
        *(func.min(held[key]).label(f"oldest {key}") for key in days),
        *(func.percentile_disc(0.5).within_group(held[key]).label(f"median {key}") for key in days),
    )
