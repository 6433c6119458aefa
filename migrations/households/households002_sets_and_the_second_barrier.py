"""sets of households, and the policies by which the database shows an API no other place's rows"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, within_division

revision: str = "households002"
down_revision: str | None = "households001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = "kit010"

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy

PROTECTED: Mapping[str, tuple[str, str | None]] = {
    "household": (f"{within_division('village')} OR {in_a_set('id')}", None),
    "membership": (OF_A_HOUSEHOLD, None),
    "person": ("EXISTS (SELECT FROM membership m WHERE m.person_id = person.id)", "true"),  # written before it belongs
    "tag": (OF_A_HOUSEHOLD, None),
    "statement": (OF_A_HOUSEHOLD, None),
    "statement_line": ("EXISTS (SELECT FROM statement s WHERE s.id = statement_id)", None),
    "household_facts": ("EXISTS (SELECT FROM household h WHERE h.id = subject)", None),
    "household_set": (within_division("division"), None),
}


def upgrade() -> None:
    op.create_table(
        "household_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, (using, check) in PROTECTED.items():
        for statement in protect(op.get_bind(), table, using, check):
            op.execute(statement)


def downgrade() -> None:
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
    op.drop_table("household_set")
