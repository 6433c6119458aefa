"""entries of an undertaking are found by it; every one names one that is there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households033"
down_revision: str | None = "households032"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE ledger_entry VALIDATE CONSTRAINT ledger_entry_undertaking_id_fkey")
    with op.get_context().autocommit_block():
        op.drop_index("ledger_entry_of_undertaking", "ledger_entry", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "ledger_entry_of_undertaking", "ledger_entry", ["undertaking_id"], postgresql_concurrently=True,
            if_not_exists=True, postgresql_where=sa.text("undertaking_id IS NOT NULL"),
        )  # fmt: skip


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ledger_entry_of_undertaking", "ledger_entry", postgresql_concurrently=True, if_exists=True)
