"""lists taken out as files, and who agreed to the large ones"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, protect, within_division

revision: str = "households010b"
down_revision: str | None = "households010a"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECTED = {
    "export": f"asked_by = {HOLDER} OR {within_division('village')}",
    "export_piece": f"EXISTS (SELECT FROM export e WHERE e.id = export_id AND e.asked_by = {HOLDER})",
}


def moment(name: str, *, nullable: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("rights", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("approval_wanted", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        moment("approved_at", nullable=True),
        moment("created_at", nullable=False),
        moment("done_at", nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.CheckConstraint("approved_by <> asked_by", name="export_approved_by_another"),
        sa.CheckConstraint("approval_wanted OR approved_by IS NULL", name="export_approval_wanted"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "export_waiting",
        "export",
        ["village", "created_at"],
        postgresql_where="approval_wanted AND approved_by IS NULL",
    )
    op.create_table(
        "export_piece",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("export_id", "seq"),
    )
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(PROTECTED):
        op.drop_table(table)
