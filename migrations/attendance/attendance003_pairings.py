"""who answers for which household"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, protect, within_division

revision: str = "attendance003"
down_revision: str | None = "attendance002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

REACHED = f"{within_division('village')} OR cadre_id IN (SELECT own_cadres())"


def upgrade() -> None:
    op.create_table(
        "pairing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("household_id"), "="), (sa.column("kind"), "="), (sa.column("valid"), "&&"), using="gist"
        ),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("set_id"),
    )
    op.create_index("pairing_of_cadre", "pairing", ["cadre_id"], unique=False)
    op.create_index(op.f("ix_pairing_village"), "pairing", ["village"], unique=False)
    for statement in protect(op.get_bind(), "pairing", REACHED):
        op.execute(statement)


def downgrade() -> None:
    for statement in expose("pairing"):
        op.execute(statement)
    op.drop_table("pairing")
