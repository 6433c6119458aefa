"""The items of income, the policies and what of them was received, plans and measures.

Revision ID: households009
Revises: households005
Create Date: 2026-11-22
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import protect

revision: str = "households009"
down_revision: str | None = "households008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# The former shape knows families alone, and neither pay-outs nor what is not counted.
FOLD = """
    WITH gone AS (
        DELETE FROM statement_line WHERE item <> '' OR kind = 'insurance_payout' RETURNING statement_id, kind, amount
    )
    INSERT INTO statement_line (statement_id, kind, amount)
    SELECT statement_id, kind, sum(amount) FROM gone WHERE kind NOT IN ('uncounted', 'insurance_payout')
    GROUP BY statement_id, kind
"""
PRECISION = "precision IN ('exact', 'about', 'more_than', 'less_than')"
OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy
PROTECTED = {
    "received": OF_A_HOUSEHOLD,
    "measure": OF_A_HOUSEHOLD,
    "measure_step": "EXISTS (SELECT FROM measure m WHERE m.id = measure_id)",
    "plan": OF_A_HOUSEHOLD,
    "plan_measure": OF_A_HOUSEHOLD,
}


def upgrade() -> None:
    add_items()
    for made in (make_policies, make_received, make_measures, make_plans):
        made()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def add_items() -> None:
    op.add_column("statement", sa.Column("purpose", sa.String(), nullable=True))
    op.add_column("statement_line", sa.Column("item", sa.String(), server_default="", nullable=False))
    op.add_column("statement_line", sa.Column("precision", sa.String(), server_default="exact", nullable=False))
    op.add_column("statement_line", sa.Column("source", sa.String(), nullable=True))
    op.create_check_constraint("statement_line_precision_check", "statement_line", PRECISION)
    op.drop_constraint("statement_line_pkey", "statement_line")
    op.create_primary_key("statement_line_pkey", "statement_line", ["statement_id", "kind", "item"])


def text_columns(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def responsible() -> list[sa.Column[object]]:
    return [
        sa.Column("responsible_kind", sa.String(), nullable=False),
        sa.Column("responsible_id", sa.Uuid(), nullable=False),
        sa.Column("responsible_label", sa.String(), nullable=False),
    ]


def make_policies() -> None:
    op.create_table(
        "policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        *text_columns("key", "division", "name", "department", "family", "given_to", "document_no"),
        sa.Column("tag", sa.String(), nullable=True),
        sa.Column("monitored", sa.Boolean(), nullable=True),
        sa.Column("age_from", sa.Integer(), nullable=True),
        sa.Column("age_to", sa.Integer(), nullable=True),
        sa.Column("in_school", sa.Boolean(), nullable=True),
        postgresql.ExcludeConstraint((sa.column("key"), "="), (sa.column("valid"), "&&"), using="gist"),
        sa.CheckConstraint("given_to IN ('household', 'person')"),
        sa.PrimaryKeyConstraint("id"),
    )


def make_received() -> None:
    op.create_table(
        "received",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("sealed_account", sa.LargeBinary(), nullable=True),
        *text_columns("policy_key", "source", "recorded_by"),
        moment("created_at"),
        moment("withdrawn_at", nullable=True),
        sa.Column("continues", sa.Uuid(), nullable=True),
        *text_columns("withdrawn_by", "withdrawn_because", nullable=True),
        sa.CheckConstraint("amount >= 0"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["continues"], ["received.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("received_of_household", "received", ["household_id"])
    still = sa.text("withdrawn_at IS NULL")
    op.create_index("received_of_policy", "received", ["policy_key", "household_id"], postgresql_where=still)


def make_measures() -> None:
    op.create_table(
        "measure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        *text_columns("policy_key", "state"),
        *responsible(),
        sa.Column("due", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("done_on", "ends_on", "confirmed_on")),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        *text_columns("risk", "dropped_because", "fund_source", "evidence", "confirmed_by", nullable=True),
        *text_columns("recorded_by"),
        moment("created_at"),
        sa.CheckConstraint("state IN ('planned', 'under_way', 'done', 'dropped')"),
        sa.CheckConstraint("(state = 'done') = (done_on IS NOT NULL)"),
        sa.CheckConstraint("(state = 'dropped') = (dropped_because IS NOT NULL)"),
        sa.CheckConstraint("(confirmed_on IS NULL) = (confirmed_by IS NULL)"),
        sa.CheckConstraint("confirmed_on IS NULL OR state = 'done'"),
        sa.CheckConstraint("amount >= 0"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["monitored_case.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("measure_of_household", "measure", ["household_id", "id"])
    op.create_index("measure_of_case", "measure", ["case_id"], postgresql_where=sa.text("case_id IS NOT NULL"))
    op.create_index(
        "measure_due", "measure", ["due"], postgresql_where=sa.text("done_on IS NULL AND dropped_because IS NULL")
    )
    op.create_table(
        "measure_step",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        *text_columns("state", "recorded_by"),
        moment("at"),
        sa.ForeignKeyConstraint(["measure_id"], ["measure.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("measure_step_of", "measure_step", ["measure_id", "seq"])


def make_plans() -> None:
    op.create_table(
        "plan",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        *text_columns("reason", "goal"),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("risks", sa.ARRAY(sa.Text()), nullable=False),
        *responsible(),
        *text_columns("recorded_by"),
        moment("created_at"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("household_id", "version"),
    )
    op.create_table(
        "plan_measure",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["household_id", "version"], ["plan.household_id", "plan.version"]),
        sa.ForeignKeyConstraint(["measure_id"], ["measure.id"]),
        sa.PrimaryKeyConstraint("household_id", "version", "measure_id"),
    )


def downgrade() -> None:
    for table in ("plan_measure", "plan", "measure_step", "measure", "received", "policy"):
        op.drop_table(table)
    op.execute(FOLD)
    op.drop_constraint("statement_line_pkey", "statement_line")
    op.create_primary_key("statement_line_pkey", "statement_line", ["statement_id", "kind"])
    op.drop_constraint("statement_line_precision_check", "statement_line")
    for name in ("item", "precision", "source"):
        op.drop_column("statement_line", name)
    op.drop_column("statement", "purpose")
