"""What was known when: every version of a subject's facts that was learned, and the facts as of a moment."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlalchemy import Engine, Subquery, column, func, select, text, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from services.alerts.facts.learn import FACTS, REMEMBERED
from services.alerts.models.facts import Departed, FactHistory
from services.alerts.policy import allow
from services.alerts.rules.catalogue import SUBJECTS
from services.kit.post.facts import table_of
from services.kit.store.db import UnboundSessionDep, open_session
from services.kit.store.scope import Placed, scoped
from services.kit.store.work import Loop
from services.kit.web.errors import found
from services.kit.web.written import WrittenMoment

router = APIRouter(prefix="/v1/facts", tags=["facts"])

DAILY = 86_400.0  # seconds
AHEAD = timedelta(days=70)  # two months at least are made before they come

About = Annotated[str, Path(max_length=40)]


class KnownFacts(BaseModel):
    """`learned_at`: since when this version was known here. Money in fen; a fact that is empty was unknown."""

    about: str
    subject: UUID
    division: str
    version: int
    learned_at: datetime
    facts: dict[str, Any]


@router.get("/{about}/{subject}", dependencies=[allow("alert:read")])
def get_known_facts(
    about: About, subject: UUID, session: UnboundSessionDep, as_of: WrittenMoment | None = None
) -> KnownFacts:
    """The last version known at a moment, or now. Where it lay then is what must be within reach; before the first,
    and after the subject has gone, there is nothing."""
    kind = found(SUBJECTS.get(about))
    last = last_known(about, as_of, subject)
    placed = Placed(division=last.c.division, subject=last.c.subject)
    row = found(session.execute(scoped(session, select(last), placed)).mappings().first())
    facts = {fact.key: row["facts"].get(fact.key) for fact in kind.facts}
    return KnownFacts.model_validate(dict(row) | {"about": about, "facts": facts})


def last_known(about: str, moment: datetime | None, subject: UUID | None = None) -> Subquery:
    """Of each subject, or of one, the last version learned until then; none of whoever had gone since. Moments are of
    our database's clock; without one, everything counts that was learned."""
    wanted = select(FactHistory).where(col(FactHistory.about) == about)
    if moment:
        wanted = wanted.where(col(FactHistory.learned_at) <= moment)
    if subject:
        wanted = wanted.where(col(FactHistory.subject) == subject)
    newest = wanted.ext(distinct_on(col(FactHistory.subject))).order_by(
        col(FactHistory.subject), col(FactHistory.learned_at).desc(), col(FactHistory.version).desc()
    )
    last = newest.subquery("last_version")
    gone = select(Departed).where(
        col(Departed.kind) == about, col(Departed.subject) == last.c.subject, col(Departed.at) >= last.c.learned_at
    )
    if moment:
        gone = gone.where(col(Departed.at) <= moment)
    return select(last).where(~gone.exists()).subquery("last_known")


def facts_as_of(about: str, moment: datetime) -> Subquery:
    """What the table of facts held at a moment, column by column: a judge of the past reads this in its place."""
    last, table = last_known(about, moment), table_of(FACTS[about])
    names = [fact.key for fact in SUBJECTS[about].facts]
    typed = func.jsonb_to_record(last.c.facts).table_valued(*(column(name, table.c[name].type) for name in names))
    facts = typed.render_derived(name="typed", with_types=True)
    whole = select(*(last.c[name] for name in REMEMBERED), *(facts.c[name] for name in names))
    return whole.select_from(last.join(facts, true())).subquery("facts_as_of")


def make_months(engine: Engine, today: date) -> int:
    """The partitions of this month and of those to come. How many were made."""
    asked = {"today": today, "until": today + AHEAD}
    with open_session(engine) as session, session.begin():
        made: int = session.execute(text("SELECT make_months_of_facts(:today, :until)"), asked).scalar_one()
    return made


def makes_months(engine: Engine) -> Loop:
    """A month that was missed costs nothing: the default partition takes what comes."""

    def step(now: datetime) -> int:
        make_months(engine, now.date())
        return 0

    return Loop("months of facts", step, idle=DAILY)
