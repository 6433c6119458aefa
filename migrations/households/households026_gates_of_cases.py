"""on which day it was last seen whether a case's gates are open"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households026"
down_revision: str | None = "households025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "case_gates_looked",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("looked_on", sa.Date(), nullable=False),
        sa.Column("met", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["monitored_case.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )


def downgrade() -> None:
    op.drop_table("case_gates_looked")
