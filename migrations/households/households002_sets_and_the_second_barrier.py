"""sets of households, and the policies by which the database shows an API no other place's rows"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, expose, in_a_set, protect, within_division

revision: str = "households002"
down_revision: str | None = "households001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = "kit002"

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy

PROTECTED: Mapping[str, str] = {
    "household": f"{within_division('village')} OR {in_a_set('id')}",
    "membership": OF_A_HOUSEHOLD,
    "person": "EXISTS (SELECT FROM membership m WHERE m.person_id = person.id)",
    "tag": OF_A_HOUSEHOLD,
    "statement": OF_A_HOUSEHOLD,
    "statement_line": "EXISTS (SELECT FROM statement s WHERE s.id = statement_id)",
    "household_facts": "EXISTS (SELECT FROM household h WHERE h.id = subject)",
    "household_set": f"{within_division('division')} OR created_by = {HOLDER}",
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
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
    op.drop_table("household_set")
