"""projects, loans, agreements and memberships, their steps, and which entries of ledgers are of them"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "households032"
down_revision: str | None = "households031"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECTED: Mapping[str, str] = {
    "undertaking": f"{within_division('division')} OR {in_a_set('household_id')}",
    # Whoever sees it sees its steps.
    "undertaking_step": "EXISTS (SELECT FROM undertaking u WHERE u.id = undertaking_id)",
}
CHECKS = {
    "kind": "kind = 'project' OR kind = 'loan' OR kind = 'agreement' OR kind = 'membership'",
    "title": "(kind = 'project') = (title IS NOT NULL)",
    "household": "(kind = 'project') = (household_id IS NULL)",
    "what": "(kind = 'membership') = (what IS NULL)",
    "labour": "(kind = 'membership') = (labour IS NOT NULL)",
    "amount": "amount >= 0 AND (amount > 0 OR kind <> 'loan')",
    "amount_said": "amount IS NOT NULL OR (kind <> 'project' AND kind <> 'loan')",
    "due": "kind <> 'loan' OR until IS NOT NULL",
    "days": "since <= until",
}


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def make_undertakings() -> None:
    op.create_table(
        "undertaking",
        sa.Column("id", sa.Uuid(), nullable=False),
        *texts("kind", "division", "recorded_by"),
        *texts("what", "title", "party", "fund_source", "document_no", nullable=True),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("household_id", "person_id")),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("labour", sa.Boolean(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.CheckConstraint(says, name=f"undertaking_{name}") for name, says in CHECKS.items()),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("undertaking_in", "undertaking", ["kind", "division", "since"])
    for name, column in (("of_household", "household_id"), ("of_person", "person_id")):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"undertaking_{name}", "undertaking", [column], postgresql_where=where)
    op.create_table(
        "undertaking_step",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "undertaking_id")),
        sa.Column("number", sa.Integer(), nullable=False),
        *texts("step", "recorded_by"),
        *texts("document_no", "note", nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(step = 'extended') = (until IS NOT NULL)", name="undertaking_step_until"),
        sa.ForeignKeyConstraint(["undertaking_id"], ["undertaking.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("undertaking_step_of", "undertaking_step", ["undertaking_id", "number"], unique=True)


def upgrade() -> None:
    make_undertakings()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE UPDATE, DELETE ON undertaking_step FROM "{api}"')  # appended to alone
    op.execute(f'REVOKE DELETE ON undertaking FROM "{api}"')
    op.add_column("ledger_entry", sa.Column("undertaking_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "ledger_entry_undertaking_id_fkey", "ledger_entry", "undertaking", ["undertaking_id"], ["id"],
        postgresql_not_valid=True,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_column("ledger_entry", "undertaking_id")
    for table in ("undertaking_step", "undertaking"):  # the policy of a step asks for what it is of
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
