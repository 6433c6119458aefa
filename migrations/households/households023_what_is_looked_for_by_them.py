"""by whom somebody is guarded, which households stay watched, and what a row was: each has its index"""

from collections.abc import Sequence

from alembic import op

revision: str = "households023"
down_revision: str | None = "households022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES: Sequence[tuple[str, str, Sequence[str], str | None]] = (
    ("history_of_row", "history", ("row_id", "until"), None),
    ("case_participant_guardian", "case_participant", ("guardian_id",), "guardian_id IS NOT NULL"),
    (
        "monitored_case_watched_until",
        "monitored_case",
        ("after_care_until",),
        "after_care_until IS NOT NULL AND after_care_end IS NULL",
    ),
)


def upgrade() -> None:
    """Built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, of, names, where in INDEXES:
            op.drop_index(name, of, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name, of, list(names), postgresql_where=where, postgresql_concurrently=True, if_not_exists=True
            )
    op.execute("ALTER TABLE monitored_case VALIDATE CONSTRAINT monitored_case_watched")
    op.execute("ALTER TABLE case_participant VALIDATE CONSTRAINT case_participant_guardian_id_fkey")


def downgrade() -> None:
    for name, of, _, _ in INDEXES:
        op.drop_index(name, of)
