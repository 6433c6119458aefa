"""a county may have codes of its own: a label of households, a risk"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "households025"
down_revision: str | None = "households024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "own_code",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("set_key", "code", "division", "zh")),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("set_key", "code"),
    )


def downgrade() -> None:
    op.drop_table("own_code")
