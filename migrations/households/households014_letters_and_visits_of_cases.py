"""who signed for somebody else, and the visit a follow-up refers to"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households014"
down_revision: str | None = "households013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("case_participant", sa.Column("proxy", sa.String(), nullable=True))
    op.add_column("case_participant", sa.Column("proxy_because", sa.String(), nullable=True))
    op.add_column("case_entry", sa.Column("visit_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("case_entry", "visit_id")
    op.drop_column("case_participant", "proxy_because")
    op.drop_column("case_participant", "proxy")
