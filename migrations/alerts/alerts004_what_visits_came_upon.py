"""what visits came upon, and who answered it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "alerts004"
down_revision: str | None = "alerts003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_SUBJECT = f"{within_division('division')} OR {in_a_set('subject')}"


def upgrade() -> None:
    op.create_table(
        "visit_told",
        sa.Column("visit", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("visit"),
    )
    op.create_table(
        "visit_clue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("visit", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('told', 'accepted', 'refused', 'withdrawn')", name="visit_clue_state"),
        sa.CheckConstraint("(state IN ('accepted', 'refused')) = (answered_at IS NOT NULL)", name="visit_clue_answer"),
        sa.CheckConstraint("(state = 'refused') = (code IS NOT NULL)", name="visit_clue_code"),
        sa.ForeignKeyConstraint(["visit"], ["visit_told.visit"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("visit", "kind"),
    )
    op.create_index("visit_clue_in", "visit_clue", ["division", "state"])
    op.create_index("visit_clue_of", "visit_clue", ["subject"])
    for statement in protect(op.get_bind(), "visit_clue", OF_A_SUBJECT):
        op.execute(statement)


def downgrade() -> None:
    for statement in expose("visit_clue"):
        op.execute(statement)
    for table in ("visit_clue", "visit_told"):
        op.drop_table(table)
