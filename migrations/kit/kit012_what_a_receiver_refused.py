"""how often a receiver refused a delivery, which is not how often it was taken up: a relay of ours may have died"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "kit012"
down_revision: str | None = "kit011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """What is owed goes on where its schedule stood."""
    op.add_column("delivery", sa.Column("refusals", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE delivery SET refusals = attempts WHERE done_at IS NULL AND attempts > 0")


def downgrade() -> None:
    op.drop_column("delivery", "refusals")
