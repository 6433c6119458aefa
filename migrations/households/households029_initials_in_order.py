"""names are found by their initials in the order of an index: when there are enough, the rest is not read and sorted"""

from collections.abc import Sequence

from alembic import op

revision: str = "households029"
down_revision: str | None = "households028"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    change("member_name_by_initials", ["initials", "folded", "household_id"], "member_name_initials")


def downgrade() -> None:
    change("member_name_initials", ["initials", "household_id"], "member_name_by_initials")


def change(name: str, columns: list[str], former: str) -> None:
    """The index is built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        op.drop_index(name, "member_name", postgresql_concurrently=True, if_exists=True)
        op.create_index(name, "member_name", columns, postgresql_concurrently=True, if_not_exists=True)
        op.drop_index(former, "member_name", postgresql_concurrently=True, if_exists=True)
