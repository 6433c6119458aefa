"""visits, what they found, and rounds of every household"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "attendance008"
down_revision: str | None = "attendance007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ITS_VISIT = "EXISTS (SELECT FROM visit v WHERE v.id = first_id)"  # itself under its policy
ITS_PLACE = f"{within_division('village')} OR {in_a_set('household_id')}"
HAS_A_TASK = "EXISTS (SELECT FROM round_task t WHERE t.round_id = visit_round.id)"
PROTECTED: Mapping[str, str] = {
    "visit": f"{ITS_PLACE} OR cadre_id IN (SELECT own_cadres())",
    "visit_finding": ITS_VISIT,
    "round_task": ITS_PLACE,
    "visit_round": f"{within_division('division')} OR {HAS_A_TASK}",
}


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def words(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.ARRAY(sa.Text()), nullable=False) for name in names]


def make_visits() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        moment("at"),
        moment("received_at"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        *words("met", "undone", "findings"),
        sa.Column("away_since", sa.Date(), nullable=True),
        sa.Column("away_to", sa.String(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "contact IN ('home', 'elsewhere', 'telephone', 'video', 'neighbour', 'not_reached', 'away')",
            name="visit_contact",
        ),
        sa.CheckConstraint("(corrects IS NULL) = (because IS NULL)", name="visit_because"),
        sa.CheckConstraint("(corrects IS NULL) = (version = 1 AND first_id = id)", name="visit_first"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("corrects"),
    )
    op.create_index(op.f("ix_visit_first_id"), "visit", ["first_id"])
    op.create_index("visit_of_household", "visit", ["household_id", "day"])
    op.create_index("visit_of_cadre", "visit", ["cadre_id", "household_id", "day"])
    op.create_index("visit_in", "visit", ["village", "day"])
    op.create_table(
        "visit_finding",
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        moment("answered_at", nullable=True),
        sa.CheckConstraint("state IN ('told', 'accepted', 'refused', 'withdrawn')", name="visit_finding_state"),
        sa.CheckConstraint(
            "(state IN ('accepted', 'refused')) = (answered_at IS NOT NULL)", name="visit_finding_answer"
        ),
        sa.ForeignKeyConstraint(["first_id"], ["visit.id"]),
        sa.PrimaryKeyConstraint("first_id", "kind"),
    )


def make_rounds() -> None:
    op.create_table(
        "visit_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        moment("created_at"),
        moment("opened_at", nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        moment("closed_at", nullable=True),
        sa.CheckConstraint("first_day <= last_day", name="visit_round_days"),
        sa.CheckConstraint("closed_at IS NULL OR opened_at IS NOT NULL", name="visit_round_closed"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("visit_round_in", "visit_round", ["division", "first_day"])
    op.create_table(
        "round_task",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["visit_round.id"]),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"]),
        sa.PrimaryKeyConstraint("round_id", "household_id"),
    )
    op.create_index("round_task_in", "round_task", ["round_id", "village"])


def upgrade() -> None:
    make_visits()
    make_rounds()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
    for table in ("round_task", "visit_round", "visit_finding", "visit"):
        op.drop_table(table)
