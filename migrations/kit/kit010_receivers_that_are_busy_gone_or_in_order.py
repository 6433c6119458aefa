"""subscriptions in order, with two valid secrets, disabled for a reason; the feed and a subscriber's list by index"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "kit010"
down_revision: str | None = "kit009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("subscription", sa.Column("ordered", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("subscription", sa.Column("sealed_former_secret", sa.LargeBinary(), nullable=True))
    op.add_column("subscription", sa.Column("former_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription", sa.Column("disabled_because", sa.String(), nullable=True))
    op.create_index("event_feed", "event", ["xid", "id"])
    op.create_index("delivery_of", "delivery", ["subscription_id", "seq"])


def downgrade() -> None:
    op.drop_index("delivery_of", table_name="delivery")
    op.drop_index("event_feed", table_name="event")
    for name in ("disabled_because", "former_until", "sealed_former_secret", "ordered"):
        op.drop_column("subscription", name)
