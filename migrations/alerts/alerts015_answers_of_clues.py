"""what a clue's answer rested on, and answers under ids that came later"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "alerts015"
down_revision: str | None = "alerts014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ANSWERED = ("answered_amount", "answered_semantics", "answered_data_on", "reopened_at")


def upgrade() -> None:
    """Of what was answered before, the figures of then are not known: it waits again at a higher level, as it did."""
    op.add_column("clue", sa.Column("answered_amount", sa.BigInteger(), nullable=True))
    op.add_column("clue", sa.Column("answered_semantics", sa.String(), nullable=True))
    op.add_column("clue", sa.Column("answered_data_on", sa.Date(), nullable=True))
    op.add_column("clue", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("clue_answer", sa.Column("repeats", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("clue_answer", "repeats")
    for name in reversed(ANSWERED):
        op.drop_column("clue", name)
