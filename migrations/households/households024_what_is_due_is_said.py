"""what was said to be due is said to be so no more; measures that are overdue, notices that have hung their days"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households024"
down_revision: str | None = "households023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

NEW = (
    (
        "case_clock_to_stop", "case_clock",
        "done_on IS NOT NULL AND stop_told_at IS NULL AND (warned_at IS NOT NULL OR ran_out_at IS NOT NULL)",
    ),
    (
        "monitored_case_noticed", "monitored_case",
        "notice_told IS NOT NULL OR next_step = 'notice_ended' OR next_step = 'elimination_notice_ended'",
    ),
    ("measure_late", "measure", "late_as IS NOT NULL"),
)  # fmt: skip


def upgrade() -> None:
    """Built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        op.add_column("case_clock", sa.Column("stop_told_at", sa.DateTime(timezone=True)), if_not_exists=True)
        op.add_column("monitored_case", sa.Column("notice_told", sa.Uuid()), if_not_exists=True)
        op.add_column("measure", sa.Column("late_as", sa.Uuid()), if_not_exists=True)
        for name, table, where in NEW:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, table, ["id"], postgresql_where=where, postgresql_concurrently=True, if_not_exists=True
            )


def downgrade() -> None:
    for name, table, _ in NEW:
        op.drop_index(name, table)
    for table, column in (("case_clock", "stop_told_at"), ("monitored_case", "notice_told"), ("measure", "late_as")):
        op.drop_column(table, column)
