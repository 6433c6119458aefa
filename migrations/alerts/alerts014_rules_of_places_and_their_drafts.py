"""rules of provinces and counties, their drafts, and what judges in the shadow"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "alerts014"
down_revision: str | None = "alerts013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MODES = "mode IN ('effective', 'shadow', 'retired', 'inherited')"
# A draft of a place is read above it and below it: below is where it would judge.
OF_A_PLACE = f"""{within_division("division")}
    OR EXISTS (SELECT FROM unnest(shouwang_list('divisions')) place WHERE place ^@ division)"""
OF_A_SUBJECT = f"{within_division('division')} OR {in_a_set('subject')}"


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    """Rules that judge already are the product's, and in effect."""
    op.add_column("rule", sa.Column("division", sa.String(), server_default="", nullable=False))
    op.add_column("rule", sa.Column("mode", sa.String(), server_default="effective", nullable=False))
    op.add_column("rule", sa.Column("draft_id", sa.Uuid(), nullable=True))
    op.add_column("rule", sa.Column("written_by", sa.String(), nullable=True))
    op.add_column("rule", sa.Column("approved_by", sa.String(), nullable=True))
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        *words("division", "key", "about", "severity", "mode", "condition"),
        *words("title_zh", "title_en", "explain_zh", "explain_en", "written_by"),
        moment("written_at"),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("measured", postgresql.JSONB(), nullable=True),
        moment("proposed_at", nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        moment("decided_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.CheckConstraint(MODES, name="rule_draft_mode"),
        sa.CheckConstraint("num_nulls(since, measured, proposed_at) IN (0, 3)", name="rule_draft_proposed"),
        sa.CheckConstraint("num_nulls(decided_by, decided_at, approved) IN (0, 3)", name="rule_draft_decided"),
        sa.CheckConstraint("decided_by <> written_by", name="rule_draft_second_person"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rule_draft_in", "rule_draft", ["written_at", "id"])
    op.create_table(
        "shadow_finding",
        sa.Column("rule_key", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("sweep_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweep.id"]),
        sa.PrimaryKeyConstraint("rule_key", "rule_version", "sweep_id", "subject"),
    )
    op.create_index(op.f("ix_shadow_finding_sweep_id"), "shadow_finding", ["sweep_id"])
    for table, reached in (("rule_draft", OF_A_PLACE), ("shadow_finding", OF_A_SUBJECT)):
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    """What a place has put in force is taken for the product's by the code before: retire it first."""
    for table in ("shadow_finding", "rule_draft"):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
    for column in ("approved_by", "written_by", "draft_id", "mode", "division"):
        op.drop_column("rule", column)
