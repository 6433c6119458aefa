"""what a household has declared, and nobody has answered, is a reason to visit it"""

from collections.abc import Sequence

from alembic import op

revision: str = "alerts016"
down_revision: str | None = "alerts015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX, TABLE = "matter_declared", "matter"


def upgrade() -> None:
    """Built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, TABLE, postgresql_concurrently=True, if_exists=True)
        op.create_index(
            INDEX,
            TABLE,
            ["subject"],
            postgresql_where="kind = 'declaration_waiting'",
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
