"""of which day a village's facts are, and by which standards"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households021"
down_revision: str | None = "households020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "facts_kept",
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("standards", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("village"),
    )


def downgrade() -> None:
    op.drop_table("facts_kept")
