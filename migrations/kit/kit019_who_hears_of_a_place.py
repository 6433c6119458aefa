"""a subscriber hears of what happens where its grants reach, and not of everything because it has one"""

from collections.abc import Sequence

from alembic import op

from services.kit.store.barrier import MAY_HEAR

revision: str = "kit019"
down_revision: str | None = "kit007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute(MAY_HEAR)


def downgrade() -> None:
    """The one before compared a grant with itself. It is not brought back."""
