"""what was known of cases and of help, and when; households stay watched once their risk was eliminated; who signs for
whom, and until when a letter is good"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "households022"
down_revision: str | None = "households021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What is only added to was known when it was written down.
WRITTEN: Mapping[str, str] = {"case_entry": "recorded_at", "measure_step": "at", "plan": "created_at"}
# The argument is the sealed column (households007).
REMEMBERED: Mapping[str, str] = {"monitored_case": "", "measure": "", "received": "'sealed_account'"}
KNOWN = (*WRITTEN, *REMEMBERED, "case_clock")
NEW: Mapping[str, Mapping[str, type[sa.Date | sa.Integer | sa.String | sa.Uuid[UUID]]]] = {
    "monitored_case": {
        "after_care_until": sa.Date,
        "after_care_every": sa.Integer,
        "after_care_document_no": sa.String,
        "after_care_end": sa.String,
    },
    "case_entry": {"valid_until": sa.Date, "outcome": sa.String},
    "case_participant": {"guardian_id": sa.Uuid, "guardian_relation": sa.String, "guardian_document_no": sa.String},
}


def upgrade() -> None:
    """Before today no history was kept: what stands there, and may have changed, counts as known ever since."""
    for table, columns in NEW.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind(), nullable=True))
    op.add_column("case_clock", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    for table in KNOWN:
        op.execute(f"ALTER TABLE {table} ADD known_since timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z'")
        op.execute(f"ALTER TABLE {table} ALTER known_since SET DEFAULT known_moment()")
    for table, written in WRITTEN.items():
        op.execute(f"UPDATE {table} SET known_since = {written}")  # noqa: S608  # names of our own
    for table, sealed in REMEMBERED.items():
        op.execute(
            f"CREATE TRIGGER history_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION keep_history({sealed})"
        )
    op.execute(  # empty: there is nothing to validate
        "ALTER TABLE case_participant ADD CONSTRAINT case_participant_guardian_id_fkey"
        " FOREIGN KEY (guardian_id) REFERENCES person (id) NOT VALID"
    )
    op.execute(
        "ALTER TABLE monitored_case ADD CONSTRAINT monitored_case_watched CHECK ("
        "(after_care_until IS NULL) = (after_care_every IS NULL)"
        " AND (after_care_until IS NULL) = (after_care_document_no IS NULL)"
        " AND (after_care_until IS NULL OR closed_on IS NOT NULL)"
        " AND (after_care_end IS NULL OR after_care_until IS NOT NULL)) NOT VALID"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE monitored_case DROP CONSTRAINT monitored_case_watched")
    for table in REMEMBERED:
        op.execute(f"DROP TRIGGER history_kept ON {table}")
    for table in KNOWN:
        op.drop_column(table, "known_since")
    for table, columns in NEW.items():
        for name in columns:
            op.drop_column(table, name)
    op.drop_column("case_clock", "stopped_at")
