"""pairings know which version of a household they follow"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "attendance007"
down_revision: str | None = "attendance006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("pairing", sa.Column("household_version", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("pairing", "household_version")
