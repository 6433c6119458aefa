"""month sheets as frozen, and allowances"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, protect, within_division

revision: str = "attendance010"
down_revision: str | None = "attendance009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OWN_CADRES = f"{within_division('village')} OR cadre_id IN (SELECT own_cadres())"
PROTECTED: Mapping[str, str] = {
    "month_sheet": f"{within_division('village')} OR team_id IN (SELECT teams_of_own_cadres())",
    "month_line": OWN_CADRES,
    "allowance_line": OWN_CADRES,
}


def upgrade() -> None:
    op.create_table(
        "month_sheet",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by", sa.String(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(frozen_by IS NULL) = (frozen_at IS NULL)", name="month_sheet_frozen"),
        sa.CheckConstraint("extract(day FROM month) = 1", name="month_sheet_month"),
        sa.CheckConstraint("frozen_by <> confirmed_by", name="month_sheet_by_two"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.PrimaryKeyConstraint("team_id", "month"),
    )
    op.create_index("month_sheet_in", "month_sheet", ["month", "village"], unique=False)
    op.create_table(
        "month_line",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("of_month", sa.Date(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("official", sa.Integer(), nullable=False),
        sa.Column("leave", sa.Integer(), nullable=False),
        sa.Column("rest", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("no_evidence", sa.Integer(), nullable=False),
        sa.CheckConstraint("of_month <= month", name="month_line_of_month"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.PrimaryKeyConstraint("month", "team_id", "cadre_id", "of_month"),
    )
    op.create_index("month_line_of_cadre", "month_line", ["cadre_id", "of_month"], unique=False)
    op.create_index("month_line_of_team", "month_line", ["team_id", "of_month"], unique=False)
    op.create_table(
        "allowance_line",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("of_month", sa.Date(), nullable=False),
        sa.Column("rate", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount = days * rate", name="allowance_line_amount"),
        sa.CheckConstraint("days <> 0", name="allowance_line_days"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.PrimaryKeyConstraint("month", "team_id", "cadre_id", "of_month", "rate", "document_no"),
    )
    op.create_index("allowance_line_in", "allowance_line", ["month", "village"], unique=False)
    op.create_index("allowance_line_of_cadre", "allowance_line", ["cadre_id", "of_month"], unique=False)
    op.create_index("allowance_line_of_team", "allowance_line", ["team_id", "of_month"], unique=False)
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
