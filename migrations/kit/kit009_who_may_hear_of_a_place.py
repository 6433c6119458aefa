"""who may hear of a place is asked of the place, not of the grant's own"""

from collections.abc import Sequence

from alembic import op

from services.kit.store.barrier import FUNCTIONS

revision: str = "kit009"
down_revision: str | None = "kit007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """As it was first made, a parameter was hidden by a column of its name: an office anywhere heard of everywhere."""
    op.execute(FUNCTIONS[0])


def downgrade() -> None:
    """The mended function stays: the one before was wrong."""
