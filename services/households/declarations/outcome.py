"""What has come of a declaration that was accepted: its case, told in a sentence, or that one is still to be opened."""

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from services.households.models.cases import Case
from services.households.models.voices import SelfDeclaration

WAITS = ("已受理，正待开立监测案卷。", "It has been accepted; a case is yet to be opened.")
CAME_OF_IT = {
    "identifying": ("已开立案卷，正在核实认定。", "A case is open and being looked into."),
    "monitored": ("已纳入监测对象，正在帮扶。", "The household has been identified and is being helped."),
    "eliminating": (
        "已纳入监测对象，正在核实风险是否消除。",
        "The household is monitored; whether the risk is over is being looked into.",
    ),
    "refused": (
        "经程序核实，未予纳入；理由由村里告知，可以申诉。",
        "It was not identified. The village tells the reason; an appeal is open.",
    ),
    "ended": ("案卷已办结。", "The case is closed."),
}  # fmt: skip


def came_of() -> ColumnElement[bool]:
    """A case opened on this ground; or one of the household that was open when it was accepted, or has been since."""
    still = or_(col(Case.closed_on).is_(None), col(Case.closed_on) >= func.date(col(SelfDeclaration.decided_at)))
    by_household = and_(col(Case.household_id) == col(SelfDeclaration.household_id), still)
    return or_(
        by_household, and_(col(Case.ground_kind) == "self_declaration", col(Case.ground_id) == SelfDeclaration.id)
    )


def without_a_case(wanted: Select[SelfDeclaration]) -> Select[SelfDeclaration]:
    """Those that somebody must open a case for."""
    none = ~select(col(Case.id)).where(came_of()).exists()
    return wanted.where(col(SelfDeclaration.state) == "accepted", none)


def told_of(session: Session, row: SelfDeclaration) -> tuple[str, str] | None:
    """Nothing of the household's values; none while nobody has accepted it."""
    if row.state != "accepted":
        return None
    mine = select(col(Case.state)).select_from(SelfDeclaration).join(Case, came_of())
    mine = mine.where(col(SelfDeclaration.id) == row.id)
    own_first = (col(Case.ground_id) == row.id).desc()
    state = session.scalar(mine.order_by(own_first, col(Case.episode).desc()).limit(1))
    return CAME_OF_IT[state] if state else WAITS
