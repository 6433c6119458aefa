"""what comes of tasks: alerts that stay quiet, cases that were asked for, and how far up a task was told"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "alerts008"
down_revision: str | None = "alerts007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ITS_TASK = "EXISTS (SELECT FROM task t WHERE t.id = task_id)"  # itself under its policy
PROTECTED: Mapping[str, str] = {
    "task_quiet": f"{within_division('division')} OR {in_a_set('subject')}",
    "task_case": ITS_TASK,
    "task_escalation": ITS_TASK,
}


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "task_quiet",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(digest IS NULL) <> (alert_id IS NULL)", name="task_quiet_while"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"]),
        sa.PrimaryKeyConstraint("subject", "key"),
    )
    op.create_index("task_quiet_of", "task_quiet", ["task_id"])
    op.create_table(
        "task_case",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("ground_kind", sa.String(), nullable=False),
        sa.Column("ground_id", sa.Uuid(), nullable=False),
        sa.Column("ground_on", sa.Date(), nullable=False),
        sa.Column("risks", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        moment("asked_at"),
        moment("answered_at", nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("case_version", sa.Integer(), nullable=False),
        moment("included_at", nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"]),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_index("task_case_case", "task_case", ["case_id"])
    op.create_table(
        "task_escalation",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        moment("told_at"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"]),
        sa.PrimaryKeyConstraint("task_id", "level"),
    )
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
    for table in reversed(list(PROTECTED)):
        op.drop_table(table)
