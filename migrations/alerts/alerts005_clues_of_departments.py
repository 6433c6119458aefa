"""clues of departments: batches, what they tell of whom, and what they were answered"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, in_a_set, protect, within_division
from services.kit.store.tables import Xid8

revision: str = "alerts005"
down_revision: str | None = "alerts004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OWN = "department = ANY ((SELECT shouwang_list('departments'))::text[])"
OF_A_BATCH = "EXISTS (SELECT FROM clue_batch b WHERE b.id = batch_id)"
OF_A_CLUE = f"{OWN} OR EXISTS (SELECT FROM clue c WHERE c.id = clue_id)"
PROTECTED = {
    "clue_batch": f"{OWN} OR sender = {HOLDER}",
    "clue_batch_piece": OF_A_BATCH,
    "clue_row": OF_A_BATCH,
    "clue": f"{OWN} OR {within_division('division')} OR {in_a_set('household')}",
    "clue_reading": OF_A_CLUE,
    "clue_answer": OF_A_CLUE,
}


def upgrade() -> None:
    op.create_table(
        "clue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("id_index", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_id_number", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=True),
        sa.Column("candidate", sa.Uuid(), nullable=True),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("semantics", sa.String(), nullable=True),
        sa.Column("data_on", sa.Date(), nullable=False),
        sa.Column("threshold_version", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("matched_by", sa.String(), nullable=True),
        sa.Column("answered_level", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('matched', 'confirmed', 'dismissed')) <= (household IS NOT NULL)", name="clue_matched"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("county", "department", "kind", "year", "id_index"),
    )
    op.create_index("clue_in", "clue", ["division", "state", "received_at", "id"])
    op.create_index("clue_open_of", "clue", ["household"], postgresql_where="state = 'matched'")
    op.create_index("clue_waiting", "clue", ["county", "id"], postgresql_where="state = 'waiting'")
    op.create_table(
        "clue_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["replaces"], ["clue_batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "clue_kind",
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("threshold", sa.String(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("division", "key"),
    )
    op.create_table(
        "clue_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("clue_id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("records", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(outcome = 'confirmed') = (code IS NULL)", name="clue_answer_code"),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("clue_answer_feed", "clue_answer", ["department", "xid", "id"])
    op.create_index("clue_answer_of", "clue_answer", ["clue_id"])
    op.create_table(
        "clue_batch_piece",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sealed_content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["clue_batch.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("batch_id", "seq"),
    )
    op.create_table(
        "clue_reading",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("clue_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("data_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("semantics", sa.String(), nullable=True),
        sa.Column("threshold_version", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clue_id"], ["clue.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("clue_reading_in", "clue_reading", ["batch_id"])
    op.create_index("clue_reading_of", "clue_reading", ["clue_id", "data_on", "seq"])
    op.create_table(
        "clue_row",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("batch_id", "number"),
    )
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in ("clue_row", "clue_batch_piece", "clue_answer", "clue_reading", "clue", "clue_batch", "clue_kind"):
        op.drop_table(table)
