"""the first answer to a write; who asked for a job and how far it is"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "kit007"
down_revision: str | None = "kit006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "repeat",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "operation", "key"),
    )
    op.add_column("job", sa.Column("asked_by", sa.String(), nullable=True))
    op.add_column("job", sa.Column("progress", sa.Integer(), nullable=True))
    op.add_column("job", sa.Column("problem", sa.String(), nullable=True))
    op.create_index("repeat_expiry", "repeat", ["expires_at"], unique=False)


def downgrade() -> None:
    for name in ("problem", "progress", "asked_by"):
        op.drop_column("job", name)
    op.drop_index("repeat_expiry", table_name="repeat")
    op.drop_table("repeat")
