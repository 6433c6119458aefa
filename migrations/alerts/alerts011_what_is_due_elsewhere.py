"""what other services say is due, and until when finished tasks may be gone"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "alerts011"
down_revision: str | None = "alerts010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "matter",
        sa.Column("source", sa.Uuid(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "family"),
    )
    for statement in protect(op.get_bind(), "matter", f"{within_division('division')} OR {in_a_set('subject')}"):
        op.execute(statement)
    op.create_table(
        "task_purge",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("closed_until", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("county"),
    )


def downgrade() -> None:
    op.drop_table("task_purge")
    for statement in expose("matter"):
        op.execute(statement)
    op.drop_table("matter")
