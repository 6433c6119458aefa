"""the county reads what became of its notices"""

from collections.abc import Mapping, Sequence

from alembic import op

from services.kit.store.barrier import roles, within_division

revision: str = "alerts017"
down_revision: str | None = "alerts016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Beside the policies by which everybody reads what they were told themselves. Of a county, for whoever holds the whole
# of it: what people were told in one village is nobody else's in that village.
LOOKED_UP: Mapping[str, str] = {
    "notice": within_division("left(division, 6)"),
    "telling": within_division("county"),
    "telling_attempt": "EXISTS (SELECT FROM telling t WHERE t.id = telling_id)",  # itself under its policies
}


def upgrade() -> None:
    api, _ = roles(op.get_bind())
    for table, reached in LOOKED_UP.items():
        op.execute(f'CREATE POLICY looks_up ON {table} FOR SELECT TO "{api}" USING ({reached})')


def downgrade() -> None:
    for table in LOOKED_UP:
        op.execute(f"DROP POLICY looks_up ON {table}")
