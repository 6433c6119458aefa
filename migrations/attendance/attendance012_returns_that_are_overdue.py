"""returns from leave that are overdue"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "attendance012"
down_revision: str | None = "attendance011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        op.add_column("leave", sa.Column("overdue_told_at", sa.DateTime(timezone=True)), if_not_exists=True)
        op.drop_index("leave_out", "leave", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "leave_out", "leave", ["last_day"], if_not_exists=True,
            postgresql_where="state = 'approved' AND overdue_told_at IS NULL", postgresql_concurrently=True,
        )  # fmt: skip


def downgrade() -> None:
    op.drop_index("leave_out", "leave")
    op.drop_column("leave", "overdue_told_at")
