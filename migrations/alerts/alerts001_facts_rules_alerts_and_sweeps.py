"""facts, rules, alerts and sweeps"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "alerts001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = ("alerts",)
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("rule_key", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_open", "alert", ["rule_key", "subject"], unique=True, postgresql_where="closed_at IS NULL")
    op.create_index("alert_open_in", "alert", ["county", "rule_key"], postgresql_where="closed_at IS NULL")
    op.create_index("alert_subject", "alert", ["subject"], unique=False)
    op.create_table(
        "departed",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("departed_at", "departed", ["county", "at"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("rule_key", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("facts_version", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "household_facts",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "known_since", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "learned_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("net_income", sa.BigInteger(), nullable=True),
        sa.Column("medical_self_paid", sa.BigInteger(), nullable=True),
        sa.Column("schooling_self_paid", sa.BigInteger(), nullable=True),
        sa.Column("rigid_expense", sa.BigInteger(), nullable=True),
        sa.Column("cash_gap", sa.BigInteger(), nullable=True),
        sa.Column("income_until", sa.Date(), nullable=True),
        sa.Column("uninsured_members", sa.Integer(), nullable=True),
        sa.Column("dropped_out_members", sa.Integer(), nullable=True),
        sa.Column("safe_house", sa.Boolean(), nullable=True),
        sa.Column("safe_water", sa.Boolean(), nullable=True),
        sa.Column("monitored", sa.Boolean(), nullable=True),
        sa.Column("formerly_poor", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index(op.f("ix_household_facts_county"), "household_facts", ["county"], unique=False)
    op.create_index(op.f("ix_household_facts_division"), "household_facts", ["division"], unique=False)
    op.create_table(
        "rule",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("explain_zh", sa.String(), nullable=False),
        sa.Column("explain_en", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", "version"),
    )
    op.create_table(
        "sweep",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registered", sa.Integer(), nullable=True),
        sa.Column("teams", sa.Integer(), nullable=True),
        sa.Column("tally", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("certificate", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("county", "period"),
    )
    op.create_index(
        "sweep_due", "sweep", ["due_at"], unique=False, postgresql_where="done_at IS NULL AND dead_at IS NULL"
    )
    op.create_table(
        "team_facts",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "known_since", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "learned_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("members", sa.Integer(), nullable=True),
        sa.Column("last_present_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index(op.f("ix_team_facts_county"), "team_facts", ["county"], unique=False)
    op.create_index(op.f("ix_team_facts_division"), "team_facts", ["division"], unique=False)
    op.create_table(
        "sweep_gap",
        sa.Column("sweep_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("rules", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("missing", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["sweep_id"],
            ["sweep.id"],
        ),
        sa.PrimaryKeyConstraint("sweep_id", "subject"),
    )


def downgrade() -> None:
    op.drop_table("sweep_gap")
    op.drop_index(op.f("ix_team_facts_division"), table_name="team_facts")
    op.drop_index(op.f("ix_team_facts_county"), table_name="team_facts")
    op.drop_table("team_facts")
    op.drop_index("sweep_due", table_name="sweep", postgresql_where="done_at IS NULL AND dead_at IS NULL")
    op.drop_table("sweep")
    op.drop_table("rule")
    op.drop_index(op.f("ix_household_facts_division"), table_name="household_facts")
    op.drop_index(op.f("ix_household_facts_county"), table_name="household_facts")
    op.drop_table("household_facts")
    op.drop_table("finding")
    op.drop_index("departed_at", table_name="departed")
    op.drop_table("departed")
    op.drop_index("alert_subject", table_name="alert")
    op.drop_index("alert_open_in", table_name="alert", postgresql_where="closed_at IS NULL")
    op.drop_index("alert_open", table_name="alert", postgresql_where="closed_at IS NULL")
    op.drop_table("alert")
