"""visit tasks with their reasons, what was done with them and which visits they had"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "alerts007"
down_revision: str | None = "alerts005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ITS_TASK = "EXISTS (SELECT FROM task t WHERE t.id = task_id)"  # itself under its policy
PROTECTED: Mapping[str, str] = {
    "task": f"{within_division('division')} OR {in_a_set('subject')}",
    "task_reason": ITS_TASK,
    "task_step": ITS_TASK,
    "task_visit": ITS_TASK,
}
OPEN = sa.text("closed_at IS NULL")


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def column(name: str, kind: type[sa.types.TypeEngine[Any]], *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, kind(), nullable=nullable)


def make_tasks() -> None:
    op.create_table(
        "task",
        column("id", sa.Uuid),
        column("county", sa.String),
        column("subject", sa.Uuid),
        column("division", sa.String),
        moment("opened_at"),
        column("since", sa.Date),
        column("severity", sa.String),
        column("due_on", sa.Date, nullable=True),
        column("level", sa.Integer),
        column("handed_to", sa.String, nullable=True),
        column("acknowledged_by", sa.String, nullable=True),
        moment("acknowledged_at", nullable=True),
        column("postponed_until", sa.Date, nullable=True),
        moment("closed_at", nullable=True),
        column("closed_as", sa.String, nullable=True),
        column("version", sa.Integer),
        sa.CheckConstraint("level BETWEEN 0 AND 2", name="task_level"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_as IS NULL)", name="task_closed"),
        sa.CheckConstraint("closed_as IN ('answered', 'over')", name="task_closed_as"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_open", "task", ["subject"], unique=True, postgresql_where=OPEN)
    op.create_index("task_open_in", "task", ["division"], postgresql_where=OPEN)
    op.create_index("task_of", "task", ["subject"])


def make_reasons() -> None:
    op.create_table(
        "task_reason",
        column("task_id", sa.Uuid),
        column("source", sa.String),
        column("source_id", sa.Uuid),
        column("subject", sa.Uuid),
        column("division", sa.String),
        column("key", sa.String),
        column("severity", sa.String),
        column("since", sa.Date),
        column("due_on", sa.Date, nullable=True),
        moment("added_at"),
        moment("ended_at", nullable=True),
        column("ended_as", sa.String, nullable=True),
        column("ended_by", sa.Uuid, nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="task_reason_ended"),
        sa.CheckConstraint("ended_as IN ('over', 'confirmed', 'dismissed')", name="task_reason_ended_as"),
        sa.PrimaryKeyConstraint("task_id", "source", "source_id"),
    )
    columns = ["subject", "source", "source_id"]
    still = sa.text("ended_at IS NULL")
    op.create_index("task_reason_open", "task_reason", columns, unique=True, postgresql_where=still)


def make_steps_and_visits() -> None:
    op.create_table(
        "task_step",
        column("id", sa.Uuid),
        column("task_id", sa.Uuid),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        column("step", sa.String),
        column("recorded_by", sa.String),
        moment("recorded_at"),
        column("done_on", sa.Date, nullable=True),
        column("done_by", sa.Uuid, nullable=True),
        column("visit_id", sa.Uuid, nullable=True),
        column("until", sa.Date, nullable=True),
        column("because", sa.String, nullable=True),
        column("place", sa.String, nullable=True),
        sa.Column("risks", sa.ARRAY(sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_step_of", "task_step", ["task_id", "seq"])
    op.create_table(
        "task_visit",
        column("visit", sa.Uuid),
        column("version", sa.Integer),
        column("task_id", sa.Uuid),
        column("day", sa.Date),
        column("cadre", sa.Uuid, nullable=True),
        column("contact", sa.String),
        column("made", sa.Boolean),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"]),
        sa.PrimaryKeyConstraint("visit"),
    )
    op.create_index("task_visit_of", "task_visit", ["task_id"])


def upgrade() -> None:
    make_tasks()
    make_reasons()
    make_steps_and_visits()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
    for table in reversed(list(PROTECTED)):
        op.drop_table(table)
