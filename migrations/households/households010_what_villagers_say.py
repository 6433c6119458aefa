"""declarations of hardship, codes to see one's own record by, corrections asked for"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import protect, within_division

revision: str = "households010"
down_revision: str | None = "households009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy
PROTECTED = {
    "self_declaration": within_division("village"),
    "view_code": OF_A_HOUSEHOLD,
    "correction": OF_A_HOUSEHOLD,
}


def moment(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "self_declaration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        moment("received_at", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        moment("decided_at", nullable=True),
        moment("purged_at", nullable=True),
        sa.CheckConstraint("(state = 'received') = (decided_at IS NULL)", name="self_declaration_decided"),
        sa.CheckConstraint("state IN ('received', 'accepted', 'refused')", name="self_declaration_state"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_self_declaration_household_id", "self_declaration", ["household_id"])
    op.create_index("self_declaration_queue", "self_declaration", ["village", "received_at"])
    op.create_index(
        "self_declaration_to_purge",
        "self_declaration",
        ["village", "decided_at"],
        postgresql_where="decided_at IS NOT NULL AND purged_at IS NULL",
    )
    op.create_table(
        "view_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        moment("issued_at", nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        moment("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_index"),
    )
    op.create_index("view_code_open", "view_code", ["household_id"], unique=True, postgresql_where="ended_at IS NULL")
    op.create_table(
        "correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        moment("filed_at", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        moment("answered_at", nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="correction_answered"),
        sa.CheckConstraint("outcome IN ('granted', 'declined')", name="correction_outcome"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("correction_of_household", "correction", ["household_id", "filed_at"])
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(PROTECTED):
        op.drop_table(table)
