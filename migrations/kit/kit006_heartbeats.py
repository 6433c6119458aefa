"""heartbeats of workers and of the scheduler; dead deliveries are found without reading the others"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "kit006"
down_revision: str | None = "kit005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slot"),
    )
    op.create_index("delivery_dead", "delivery", ["dead_at"], postgresql_where="dead_at IS NOT NULL")


def downgrade() -> None:
    op.drop_index("delivery_dead", table_name="delivery")
    op.drop_table("heartbeat")
