"""what is a department's own is told to the department"""

from collections.abc import Sequence

from alembic import op

from services.kit.store.barrier import FUNCTIONS

revision: str = "kit014"
down_revision: str | None = "kit013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Until now nothing was: the place of every event was a division."""
    op.execute(FUNCTIONS[0])


def downgrade() -> None:
    """The wider function stays: where no event has a department for its place, it answers as the one before."""
