"""facts of more rules, and the history of all facts"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "alerts003"
down_revision: str | None = "alerts002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MONEY = ("net_income_before", "wage_income", "wage_income_before", "transfer_income")
DAYS = ("leader_away_since", "member_away_since", "longest_posted_since")
FACTS: Mapping[str, str] = {"household": "household_facts", "team": "team_facts"}
OF_A_SUBJECT = f"{within_division('division')} OR {in_a_set('subject')}"

# Partitions are made by whoever owns the table; a worker may only ask for them. What has come to the default partition
# meanwhile moves. A partition shows nobody anything by itself: rows are reached through their parent and its policies.
MAKE_MONTHS = """
    CREATE FUNCTION make_months_of_facts(since date, until date) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        month date := date_trunc('month', since);
        made int := 0;
        name text;
        begins timestamptz;
        ends timestamptz;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('make_months_of_facts', 0));
        WHILE month <= until LOOP
            name := 'fact_history_' || to_char(month, 'YYYY_MM');
            begins := month::timestamp AT TIME ZONE 'UTC';
            ends := (month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I (LIKE fact_history INCLUDING ALL)', name);
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
                LOCK TABLE fact_history_default IN ACCESS EXCLUSIVE MODE;
                EXECUTE format('WITH moved AS (DELETE FROM fact_history_default
                                               WHERE learned_at >= %L AND learned_at < %L RETURNING *)
                                INSERT INTO %I SELECT * FROM moved', begins, ends, name);
                EXECUTE format('ALTER TABLE fact_history ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                               name, begins, ends);
                made := made + 1;
            END IF;
            month := month + interval '1 month';
        END LOOP;
        RETURN made;
    END $$
"""
MONTHS_OF_WHAT_IS_KNOWN = """
    SELECT make_months_of_facts(CAST(coalesce(min(learned_at), now()) AS date),
                                CAST(now() + interval '3 months' AS date))
    FROM (SELECT learned_at FROM household_facts UNION ALL SELECT learned_at FROM team_facts) AS known
"""
REMEMBER = """
    INSERT INTO fact_history (about, subject, county, division, version, known_since, learned_at, facts)
    SELECT '{about}', subject, county, division, version, known_since, learned_at,
           jsonb_strip_nulls(to_jsonb(held) - 'subject' - 'county' - 'division' - 'version' - 'known_since'
                             - 'learned_at')
    FROM {table} AS held
"""


def upgrade() -> None:
    for name in MONEY:
        op.add_column("household_facts", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("team_facts", sa.Column("leaders", sa.Integer(), nullable=True))
    for name in DAYS:
        op.add_column("team_facts", sa.Column(name, sa.Date(), nullable=True))
    op.create_table(
        "fact_history",
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "learned_at"),
        postgresql_partition_by="RANGE (learned_at)",
    )
    op.execute("CREATE TABLE fact_history_default PARTITION OF fact_history DEFAULT")
    op.execute("ALTER TABLE fact_history_default ENABLE ROW LEVEL SECURITY")
    for statement in protect(op.get_bind(), "fact_history", OF_A_SUBJECT):
        op.execute(statement)
    op.execute(MAKE_MONTHS)
    op.execute("REVOKE EXECUTE ON FUNCTION make_months_of_facts(date, date) FROM PUBLIC")
    op.execute(f'GRANT EXECUTE ON FUNCTION make_months_of_facts(date, date) TO "{roles(op.get_bind())[1]}"')
    remember_what_is_known()


def remember_what_is_known() -> None:
    """History begins with what we hold; what it was before, nobody has kept."""
    op.execute(MONTHS_OF_WHAT_IS_KNOWN)
    for about, table in FACTS.items():
        op.execute(REMEMBER.format(about=about, table=table))


def downgrade() -> None:
    op.execute("DROP FUNCTION make_months_of_facts(date, date)")
    for statement in expose("fact_history"):
        op.execute(statement)
    op.drop_table("fact_history")
    for name in (*DAYS, "leaders"):
        op.drop_column("team_facts", name)
    for name in MONEY:
        op.drop_column("household_facts", name)
