"""the register"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.tables import Xid8

revision: str = "households001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = ("households",)
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("head_name", sa.String(), nullable=False),
        sa.Column("sealed_phone", sa.LargeBinary(), nullable=True),
        sa.Column("housing_grade", sa.String(), nullable=True),
        sa.Column("safe_water", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(op.f("ix_household_village"), "household", ["village"], unique=False)
    op.create_table(
        "household_facts",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
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
        sa.Column("monitored", sa.Boolean(), nullable=False),
        sa.Column("formerly_poor", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_index(op.f("ix_household_facts_division"), "household_facts", ["division"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sealed_id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_index", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("schooling", sa.String(), nullable=True),
        sa.Column("insured", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id_index"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        postgresql.ExcludeConstraint((sa.column("person_id"), "="), (sa.column("valid"), "&&"), using="gist"),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "membership_open", "membership", ["household_id"], unique=False, postgresql_where="upper_inf(valid)"
    )
    op.create_table(
        "statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("statement_newest", "statement", ["household_id", "period_to", "seq"], unique=False)
    op.create_table(
        "tag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="), (sa.column("key"), "="), (sa.column("valid"), "&&"), using="gist"
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "statement_line",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statement.id"],
        ),
        sa.PrimaryKeyConstraint("statement_id", "kind"),
    )


def downgrade() -> None:
    op.drop_table("statement_line")
    op.drop_table("tag")
    op.drop_index("statement_newest", table_name="statement")
    op.drop_table("statement")
    op.drop_index("membership_open", table_name="membership", postgresql_where="upper_inf(valid)")
    op.drop_table("membership")
    op.drop_table("person")
    op.drop_index(op.f("ix_household_facts_division"), table_name="household_facts")
    op.drop_table("household_facts")
    op.drop_index(op.f("ix_household_village"), table_name="household")
    op.drop_table("household")
