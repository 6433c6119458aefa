"""facts of who leads a team, who is away and who came first"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "attendance005"
down_revision: str | None = "attendance003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

DAYS = ("leader_away_since", "member_away_since", "longest_posted_since")

# For teams we hold already, as services/attendance/facts.py computes them from now on.
# A raised version tells who follows.
FILL = """
    WITH people AS (
        SELECT team_id, role IN ('first_secretary', 'captain') AS leads, lower(valid) AS arrived,
               coalesce((SELECT max(day) FROM day_status d
                         WHERE d.cadre_id = p.cadre_id AND p.valid @> d.day AND d.status = 'present'),
                        lower(valid)) AS away_since
        FROM posting p WHERE upper_inf(valid)
    ), posted AS (
        SELECT team_id, count(*) FILTER (WHERE leads) AS leaders,
               max(away_since) FILTER (WHERE leads) AS leader_away_since,
               min(away_since) AS member_away_since, min(arrived) AS longest_posted_since
        FROM people GROUP BY team_id
    )
    UPDATE team_facts f
    SET leaders = posted.leaders, leader_away_since = posted.leader_away_since,
        member_away_since = posted.member_away_since, longest_posted_since = posted.longest_posted_since,
        version = f.version + 1, changed = pg_current_xact_id()
    FROM posted WHERE f.subject = posted.team_id
"""


def upgrade() -> None:
    op.add_column("team_facts", sa.Column("leaders", sa.Integer(), server_default="0", nullable=False))
    op.alter_column("team_facts", "leaders", server_default=None)
    for name in DAYS:
        op.add_column("team_facts", sa.Column(name, sa.Date(), nullable=True))
    op.execute(FILL)


def downgrade() -> None:
    for name in (*DAYS, "leaders"):
        op.drop_column("team_facts", name)
