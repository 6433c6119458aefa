"""leave, absence on duty, returns, and what is put right of a day"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, protect, within_division

revision: str = "attendance009"
down_revision: str | None = "attendance008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A leave is reached where it begins and where its cadre is posted: the day sheet of a later village shows it.
ITS_CADRE = f"{within_division('village')} OR cadre_id IN (SELECT reachable_cadres())"
ITS_LEAVE = "EXISTS (SELECT FROM leave l WHERE l.id = leave_id)"  # itself under its policy
KINDS = (
    "'personal', 'sick', 'annual', 'marriage', 'maternity', 'bereavement', 'training', 'meeting', 'unit_work', 'errand'"
)
PROTECTED: Mapping[str, str] = {
    "leave": ITS_CADRE,
    "leave_decision": ITS_LEAVE,
    "leave_return": ITS_LEAVE,
    "day_correction": ITS_CADRE,
}


def upgrade() -> None:
    op.create_table(
        "leave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("cover_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("official", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("covers", postgresql.DATERANGE(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("working_only", sa.Boolean(), nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("chain", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("cadre_id"), "="),
            (sa.column("covers"), "&&"),
            where=sa.text("state IN ('approved', 'returned')"),
            using="gist",
            name="leave_one_at_a_time",
        ),
        sa.CheckConstraint(
            f"kind IN ({KINDS})",
            name="leave_kind",
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'refused', 'cancelled', 'returned', 'replaced')", name="leave_state"
        ),
        sa.CheckConstraint("approvals BETWEEN 0 AND cardinality(chain)", name="leave_approvals"),
        sa.CheckConstraint("cover_id <> cadre_id", name="leave_cover"),
        sa.CheckConstraint("first_day <= last_day", name="leave_days"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["cover_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "leave_corrected_once",
        "leave",
        ["corrects"],
        unique=True,
        postgresql_where="state = 'requested' OR state = 'approved' OR state = 'returned'",
    )
    op.create_index("leave_in", "leave", ["village", "first_day"], unique=False)
    op.create_index("leave_of_cover", "leave", ["cover_id"], postgresql_where="cover_id IS NOT NULL")
    op.create_index("leave_of_team", "leave", ["team_id"], unique=False)
    op.create_index("leave_of_cadre", "leave", ["cadre_id", "first_day"], unique=False)
    op.create_table(
        "leave_decision",
        sa.Column("leave_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(outcome = 'refused') = (code IS NOT NULL)", name="leave_decision_code"),
        sa.CheckConstraint("outcome IN ('approved', 'refused')", name="leave_decision_outcome"),
        sa.ForeignKeyConstraint(["leave_id"], ["leave.id"]),
        sa.PrimaryKeyConstraint("leave_id", "level"),
    )
    op.create_table(
        "leave_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leave_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(number = 1) = (because IS NULL)", name="leave_return_because"),
        sa.ForeignKeyConstraint(["leave_id"], ["leave.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("leave_return_number", "leave_return", ["leave_id", "number"], unique=True)
    op.create_table(
        "day_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="day_correction_decided"),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused', 'replaced')", name="day_correction_state"),
        sa.CheckConstraint(
            "status IN ('present', 'official', 'leave', 'rest', 'no_evidence')", name="day_correction_status"
        ),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "day_correction_holds",
        "day_correction",
        ["cadre_id", "day"],
        unique=True,
        postgresql_where="state = 'approved'",
    )
    op.create_index("day_correction_of_cadre", "day_correction", ["cadre_id", "day"], unique=False)
    op.create_index("day_correction_in", "day_correction", ["village", "day"], unique=False)
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
