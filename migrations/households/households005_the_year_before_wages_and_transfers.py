"""facts of the year before, of wages and of transfers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households005"
down_revision: str | None = "households004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ADDED = ("net_income_before", "wage_income", "wage_income_before", "transfer_income")

# For households whose statements we hold already, as services/households/facts.py computes them from now on. A raised
# version tells who follows: the next comparison of digests finds it.
FILL = """
    WITH yearly AS (
        SELECT id, household_id, period_from, period_to, seq
        FROM statement WHERE period_to + 1 = period_from + interval '12 months'
    ), newest AS (
        SELECT DISTINCT ON (household_id) * FROM yearly ORDER BY household_id, period_to DESC, seq DESC
    ), earlier AS (
        SELECT DISTINCT ON (s.household_id) s.*
        FROM newest n JOIN yearly s ON s.household_id = n.household_id
         AND s.period_to < n.period_from AND s.period_to >= n.period_from - interval '12 months'
        ORDER BY s.household_id, s.period_to DESC, s.seq DESC
    ), summed AS (
        SELECT statement_id, coalesce(sum(amount) FILTER (WHERE kind = 'wage'), 0) AS wage,
               coalesce(sum(amount) FILTER (WHERE kind = 'transfer'), 0) AS transfer,
               coalesce(sum(amount) FILTER (WHERE kind IN ('wage', 'operating', 'property', 'transfer', 'other')), 0)
             - coalesce(sum(amount) FILTER (WHERE kind = 'production_cost'), 0) AS net
        FROM statement_line GROUP BY statement_id
    )
    UPDATE household_facts f
    SET net_income_before = before.net, wage_income_before = before.wage, wage_income = now.wage,
        transfer_income = now.transfer, version = f.version + 1, changed = pg_current_xact_id()
    FROM newest JOIN summed now ON now.statement_id = newest.id
    LEFT JOIN earlier ON earlier.household_id = newest.household_id
    LEFT JOIN summed before ON before.statement_id = earlier.id
    WHERE f.subject = newest.household_id
"""
# Of an expense nobody stated the gap was told as none.
UNKNOWN_GAPS = """
    UPDATE household_facts SET cash_gap = NULL, version = version + 1, changed = pg_current_xact_id()
    WHERE rigid_expense IS NULL AND cash_gap IS NOT NULL
"""


def upgrade() -> None:
    for name in ADDED:
        op.add_column("household_facts", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute(FILL)
    op.execute(UNKNOWN_GAPS)


def downgrade() -> None:
    for name in ADDED:
        op.drop_column("household_facts", name)
