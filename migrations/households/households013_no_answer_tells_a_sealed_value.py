"""who told a telephone; where exports reach; doubles by birth date; triggers and temporary tables are the owner's"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households013"
down_revision: str | None = "households012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("person_phone", sa.Column("told_by", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("person_phone", "told_by")
