"""what attendance has told of visits and rounds, in reports"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "alerts013"
down_revision: str | None = "alerts012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Those that were signed without it stay without it."""
    op.add_column("report", sa.Column("visiting", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("report", "visiting")
