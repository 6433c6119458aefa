"""a county may write a procedure of its own: whose it is stands beside it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households020"
down_revision: str | None = "households019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("case_profile", sa.Column("division", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("case_profile", "division")
