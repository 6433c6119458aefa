"""filters kept with sets of households, and exports by case and clock"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import protect

revision: str = "households015"
down_revision: str | None = "households012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_SET = "EXISTS (SELECT FROM household_set s WHERE s.id = set_id)"  # itself under its policy


def upgrade() -> None:
    op.create_table(
        "set_filter",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("q", "village", "tag", "case_state")),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("due_within", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["household_set.id"]),
        sa.PrimaryKeyConstraint("set_id"),
    )
    for statement in protect(op.get_bind(), "set_filter", OF_A_SET):
        op.execute(statement)
    for name in ("q", "case_state"):
        op.add_column("export", sa.Column(name, sa.String(), nullable=True))
    op.add_column("export", sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("export", sa.Column("due_within", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("due_within", "overdue", "case_state", "q"):
        op.drop_column("export", name)
    op.drop_table("set_filter")
