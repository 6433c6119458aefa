"""Views of ID numbers: who was shown one, and why.

Revision ID: households003
Revises: households001
Create Date: 2026-11-22
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import protect

revision: str = "households003"
down_revision: str | None = "households002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "id_number_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("id_number_view_of_person", "id_number_view", ["person_id", "at"])
    its_person = "EXISTS (SELECT FROM person p WHERE p.id = person_id)"
    for statement in protect(op.get_bind(), "id_number_view", its_person):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("id_number_view_of_person", table_name="id_number_view")
    op.drop_table("id_number_view")
