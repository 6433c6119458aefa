"""what a role is told, in a county's own words"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "alerts018"
down_revision: str | None = "alerts017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "telling_text",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("division", "kind", "role", "language")),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("division", "kind", "role", "language", "since"),
    )


def downgrade() -> None:
    op.drop_table("telling_text")
