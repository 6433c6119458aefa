"""a mapping that was named for a header is that of the next file with it"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households019"
down_revision: str | None = "households018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEX, TABLE = "import_batch_header", "import_batch"


def upgrade() -> None:
    """The index is built beside whoever writes; one that was left half built is built anew."""
    op.add_column(TABLE, sa.Column("mapping_of", sa.Uuid(), nullable=True))
    op.add_column(TABLE, sa.Column("header", sa.String(), nullable=True))
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, TABLE, postgresql_concurrently=True, if_exists=True)
        op.create_index(INDEX, TABLE, ["asked_by", "kind", "header"], postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.drop_column(TABLE, "header")
    op.drop_column(TABLE, "mapping_of")
