"""how people want to be told"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, expose, protect

revision: str = "alerts010"
down_revision: str | None = "alerts009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "addressee",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("channels", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("sealed_email", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_phone", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_feishu_id", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="addressee_quiet"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account"),
    )
    for statement in protect(op.get_bind(), "addressee", f"account = {HOLDER}"):
        op.execute(statement)


def downgrade() -> None:
    for statement in expose("addressee"):
        op.execute(statement)
    op.drop_table("addressee")
