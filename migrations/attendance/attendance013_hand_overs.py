"""hand-overs, and who signed them"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, protect, within_division

revision: str = "attendance013"
down_revision: str | None = "attendance012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ITS_HANDOVER = "EXISTS (SELECT FROM handover h WHERE h.id = handover_id)"  # itself under its policy
PROTECTED: Mapping[str, str] = {
    "handover": f"{within_division('village')} OR cadre_id IN (SELECT own_cadres())"
    " OR taker_ids && ARRAY(SELECT own_cadres())",
    "handover_household": ITS_HANDOVER,
    "handover_thing": ITS_HANDOVER,
    "handover_signature": ITS_HANDOVER,
}


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("taker_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("rest_to", sa.Uuid(), nullable=True),
        sa.Column("sheet", sa.String(), nullable=True),
        sa.Column("effected_by", sa.String(), nullable=True),
        sa.Column("effected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(effected_at IS NULL) = (sheet IS NULL)", name="handover_sheet"),
        sa.CheckConstraint("(effected_at IS NULL) = (effected_by IS NULL)", name="handover_effected"),
        sa.CheckConstraint("cadre_id <> ALL (taker_ids)", name="handover_to_others"),
        sa.CheckConstraint("rest_to IS NULL OR rest_to = ANY (taker_ids)", name="handover_rest"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("handover_of_cadre", "handover", ["cadre_id", "id"], unique=False)
    op.create_index("handover_in", "handover", ["village", "id"], unique=False)
    op.create_index("handover_to", "handover", ["taker_ids"], unique=False, postgresql_using="gin")
    op.create_table(
        "handover_household",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"]),
        sa.PrimaryKeyConstraint("handover_id", "household_id"),
    )
    op.create_table(
        "handover_thing",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('key', 'document', 'equipment', 'other')", name="handover_thing_kind"),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"]),
        sa.PrimaryKeyConstraint("handover_id", "line"),
    )
    op.create_table(
        "handover_signature",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("paper_no", sa.String(), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("because IN ('gone', 'ill', 'dead', 'no_account')", name="handover_signature_because"),
        sa.CheckConstraint("(because IS NULL) = (paper_no IS NULL)", name="handover_signature_paper"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"]),
        sa.PrimaryKeyConstraint("handover_id", "cadre_id"),
    )
    op.create_index("handover_signature_of", "handover_signature", ["cadre_id"], unique=False)
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
