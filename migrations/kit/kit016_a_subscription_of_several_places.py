"""a subscription names several places"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "kit016"
down_revision: str | None = "kit015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Those there are name one, and go on doing so."""
    several: sa.Column[object] = sa.Column(
        "divisions", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")
    )
    op.add_column("subscription", several)


def downgrade() -> None:
    op.drop_column("subscription", "divisions")
