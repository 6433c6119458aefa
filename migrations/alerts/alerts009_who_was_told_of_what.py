"""who was told of what, by which message, and how its delivery went"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, expose, in_a_set, protect, roles, within_division
from services.kit.store.tables import Xid8

revision: str = "alerts009"
down_revision: str | None = "alerts008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MINE = f"recipient = {HOLDER}"
PROTECTED: Mapping[str, str] = {
    # Whoever has left an office no longer reads what it was told of there.
    "notice": f"{MINE} AND ({within_division('division')} OR {in_a_set('subject')})",
    "telling": MINE,
    "telling_attempt": f"EXISTS (SELECT FROM telling t WHERE t.id = telling_id AND t.{MINE})",
}


def upgrade() -> None:
    op.create_table(
        "telling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("after_xid", Xid8(), nullable=False),
        sa.Column("until_xid", Xid8(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("given_up", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("told_by", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recipient", "urgent", "until_xid"),
    )
    op.create_index("telling_digest", "telling", ["recipient", "day"], unique=True, postgresql_where="NOT urgent")
    op.create_index("telling_dead", "telling", ["dead_at"], postgresql_where="dead_at IS NOT NULL")
    op.create_index("telling_due", "telling", ["due_at"], postgresql_where="done_at IS NULL AND dead_at IS NULL")
    op.create_table(
        "notice",
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=True),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.PrimaryKeyConstraint("recipient", "kind", "source"),
    )
    op.create_index("notice_of", "notice", ["recipient", "id"])
    op.create_index("notice_since", "notice", ["recipient", "urgent", "xid"])
    op.create_table(
        "telling_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("telling_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["telling_id"], ["telling.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("telling_attempt_of", "telling_attempt", ["telling_id"])
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    # Whoever does what others are told of writes notices that are not its own.
    api, _ = roles(op.get_bind())
    op.execute(f'CREATE POLICY tells ON notice FOR INSERT TO "{api}" WITH CHECK (true)')


def downgrade() -> None:
    op.execute("DROP POLICY tells ON notice")
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
    for table in ("telling_attempt", "notice", "telling"):
        op.drop_table(table)
