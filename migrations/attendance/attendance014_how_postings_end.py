"""who sent a cadre, and how a posting ended"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "attendance014"
down_revision: str | None = "attendance013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COLUMNS = ("channel", "outcome", "end_document_no")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("posting", sa.Column(name, sa.String()))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("posting", name)
