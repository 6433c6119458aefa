"""facts of more rules"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "alerts003"
down_revision: str | None = "alerts002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MONEY = ("net_income_before", "wage_income", "wage_income_before", "transfer_income")
DAYS = ("leader_away_since", "member_away_since", "longest_posted_since")


def upgrade() -> None:
    for name in MONEY:
        op.add_column("household_facts", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("team_facts", sa.Column("leaders", sa.Integer(), nullable=True))
    for name in DAYS:
        op.add_column("team_facts", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    for name in (*DAYS, "leaders"):
        op.drop_column("team_facts", name)
    for name in MONEY:
        op.drop_column("household_facts", name)
