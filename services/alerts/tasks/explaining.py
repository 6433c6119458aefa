"""What each reason of a task means, in plain words: the rule's own sentence, or what was found."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.alerts import explain, whole_alerts, written
from services.alerts.clues.kinds import kinds_of
from services.alerts.models.clues import Clue, ClueKind
from services.alerts.models.tasks import TaskReason
from services.alerts.models.visits import VisitClue
from services.alerts.models.watch import Alert
from services.alerts.tasks.reasons import ALERT, CLUE, DECLARATION, VISIT_CLUE
from services.kit.store.sets import among

WORDS = Path(__file__).with_name("words.toml")

DECLARED = ("农户自主申报", "A declaration of hardship")
UNREAD = ("内容由乡镇、县级在自主申报中查看。", "What it says, the office reads among self-declarations.")

Words: TypeAlias = tuple[str, str]  # a title, and what was seen
Explained: TypeAlias = Mapping[UUID, Words]


def explained(session: Session, reasons: Iterable[TaskReason], language: str) -> Explained:
    """By the reason's id. One whose record has gone has its key alone for a title."""
    by_source: dict[str, list[UUID]] = {}
    for one in reasons:
        by_source.setdefault(one.source, []).append(one.source_id)
    told: dict[UUID, Words] = {}
    for source, ids in by_source.items():
        told |= EXPLAINED[source](session, ids, language)
    return told


def of_alerts(session: Session, ids: Sequence[UUID], language: str) -> Explained:
    """As of the latest finding: of one that has closed, what held last."""
    return {
        alert.id: (
            rule.title_en if language == "en" else rule.title_zh,
            explain(rule, finding.evidence["shown"], language),
        )
        for alert, finding, rule in session.execute(whole_alerts().where(among(col(Alert.id), ids)))
    }


def of_visit_clues(session: Session, ids: Sequence[UUID], language: str) -> Explained:
    told = {}
    for clue in session.scalars(select(VisitClue).where(among(col(VisitClue.id), ids))):
        title = words().get(clue.kind, (clue.kind, clue.kind))[language == "en"]
        seen = f"Found on a visit on {clue.day}." if language == "en" else f"{clue.day} 走访时发现。"
        told[clue.id] = (title, seen)
    return told


def of_clues(session: Session, ids: Sequence[UUID], language: str) -> Explained:
    """By the newest figures, with whose they are."""
    told: dict[UUID, Words] = {}
    kinds: dict[str, dict[str, ClueKind]] = {}
    for clue in session.scalars(select(Clue).where(among(col(Clue.id), ids))):
        if clue.county not in kinds:
            kinds[clue.county] = kinds_of(session, clue.county)
        known = kinds[clue.county].get(clue.kind)
        title = (known.en if language == "en" else known.zh) if known else clue.kind
        amount = "" if clue.amount is None else written(clue.amount, "money")
        if language == "en":
            seen = f"Told by {clue.department}, as of {clue.data_on}" + (f": {amount} yuan." if amount else ".")
        else:
            seen = f"{clue.department} 反馈，数据日期 {clue.data_on}" + (f"，金额 {amount} 元。" if amount else "。")
        told[clue.id] = (title, seen)
    return told


def of_declarations(session: Session, ids: Sequence[UUID], language: str) -> Explained:
    """Nothing of what it says is known here."""
    english = language == "en"
    return dict.fromkeys(ids, (DECLARED[english], UNREAD[english]))


@cache
def words() -> Mapping[str, Sequence[str]]:
    return tomllib.loads(WORDS.read_text())


EXPLAINED: Mapping[str, Callable[[Session, Sequence[UUID], str], Explained]] = {
    ALERT: of_alerts,
    VISIT_CLUE: of_visit_clues,
    CLUE: of_clues,
    DECLARATION: of_declarations,
}
