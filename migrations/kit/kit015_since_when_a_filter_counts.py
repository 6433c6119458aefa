"""since when a subscription's types and place are what they are"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "kit015"
down_revision: str | None = "kit014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Not known of those there are: nobody noted it."""
    op.add_column("subscription", sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("subscription", "counts_from")
