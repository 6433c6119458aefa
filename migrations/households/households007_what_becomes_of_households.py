"""What becomes of households: changes, where each was before, and what was known when."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint

from services.kit.store.barrier import HOLDER, expose, protect, roles
from services.kit.store.fields import HEADER

revision: str = "households007"
down_revision: str | None = "households010b"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# One moment for all that a transaction writes, drawn when it first does: its locks are held by then, so that of two
# writers of a household the later one has the later moment.
KNOWN_MOMENT = """
    CREATE FUNCTION known_moment() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
    DECLARE held text := nullif(current_setting('shouwang.known', true), '');
    BEGIN
        RETURN coalesce(held, set_config('shouwang.known', clock_timestamp()::text, true))::timestamptz;
    END $$
"""

# The arguments are the sealed column and its index: of these history says that something stood there, never what, so
# that a key can be retired and a number is kept once. A row that is only sealed anew has not changed.
KEEP_HISTORY = f"""
    CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        was jsonb := to_jsonb(OLD);
        became jsonb := to_jsonb(NEW);
        sealed text[] := coalesce(TG_ARGV, '{{}}');
        ended timestamptz;
        name text;
        home uuid := was ->> (CASE TG_TABLE_NAME WHEN 'household' THEN 'id' ELSE 'household_id' END);
    BEGIN
        IF TG_OP = 'UPDATE' AND (was = became
            OR (was - sealed = became - sealed AND left(was ->> sealed[0], {2 + 2 * HEADER})
                                                <> left(became ->> sealed[0], {2 + 2 * HEADER}))) THEN
            RETURN NEW;
        END IF;
        FOREACH name IN ARRAY sealed LOOP
            was := CASE WHEN was ->> name IS NULL THEN was ELSE jsonb_set(was, ARRAY[name], '"\\\\x"') END;
        END LOOP;
        IF TG_TABLE_NAME = 'statement_line' THEN
            SELECT household_id INTO home FROM statement WHERE id = (was ->> 'statement_id')::uuid;
        END IF;
        ended := greatest(known_moment(), OLD.known_since);
        IF OLD.known_since < ended THEN
            INSERT INTO history (table_name, row_id, household_id, person_id, known_since, until, held)
            VALUES (TG_TABLE_NAME, coalesce(was ->> 'id', was ->> 'statement_id')::uuid, home,
                    CASE TG_TABLE_NAME WHEN 'person' THEN (was ->> 'id')::uuid END, OLD.known_since, ended, was);
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        NEW.known_since := ended;
        RETURN NEW;
    END $$
"""  # noqa: S608  # a number of our own

# A village that is changed without a day was written wrongly before; with one, the household was there until then.
KEEP_VILLAGE = """
    CREATE FUNCTION keep_village() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO managed_before (id, household_id, village, valid)
        VALUES (gen_random_uuid(), OLD.id, OLD.village, daterange(OLD.managed_since, NEW.managed_since));
        RETURN NULL;
    END $$
"""
VILLAGE_KEPT = """
    CREATE TRIGGER village_kept AFTER UPDATE OF village ON household FOR EACH ROW
    WHEN (OLD.village <> NEW.village AND OLD.managed_since IS DISTINCT FROM NEW.managed_since)
    EXECUTE FUNCTION keep_village()
"""

REMEMBERED = {
    "household": "'sealed_phone'",
    "person": "'sealed_id_number', 'id_index'",
    "membership": "",
    "tag": "",
    "statement": "",
    "statement_line": "",
    "managed_before": "",
}

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = {}.household_id)"  # itself under its policy
PROTECTED = {
    "managed_before": OF_A_HOUSEHOLD.format("managed_before"),
    "household_change_part": OF_A_HOUSEHOLD.format("household_change_part"),
    "household_change": "EXISTS (SELECT FROM household_change_part p WHERE p.change_id = household_change.id)"
    f" OR recorded_by = {HOLDER}",
    "household_change_carried": "EXISTS (SELECT FROM household_change_part p"
    " WHERE p.change_id = household_change_carried.change_id)",
    "history": OF_A_HOUSEHOLD.format("history")
    + " OR EXISTS (SELECT FROM membership m WHERE m.person_id = history.person_id)",
}


def known_since() -> sa.Column[object]:
    default = sa.text("known_moment()")
    return sa.Column("known_since", sa.DateTime(timezone=True), nullable=False, server_default=default)


def upgrade() -> None:
    op.execute(KNOWN_MOMENT)
    make_tables()
    add_columns()
    op.execute(KEEP_HISTORY)
    op.execute(KEEP_VILLAGE)
    op.execute(VILLAGE_KEPT)
    for table, sealed in REMEMBERED.items():
        op.execute(
            f"CREATE TRIGGER history_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION keep_history({sealed})"
        )
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    for role in roles(op.get_bind()):
        op.execute(f'REVOKE INSERT, UPDATE, DELETE ON history FROM "{role}"')


def make_tables() -> None:
    op.create_table(
        "household_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "household_change_part",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("persons", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["household_change.id"]),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("change_id", "household_id"),
    )
    op.create_index("household_change_of", "household_change_part", ["household_id", "version"])
    op.create_table(
        "household_change_carried",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("thing", sa.String(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["household_change.id"]),
        sa.PrimaryKeyConstraint("change_id", "thing", "row_id"),
    )
    op.create_index("household_change_carried_row", "household_change_carried", ["row_id"])
    op.create_table(
        "managed_before",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("valid", DATERANGE(), nullable=False),
        known_since(),
        ExcludeConstraint((sa.column("household_id"), "="), (sa.column("valid"), "&&"), using="gist"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "history",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("history_until", "history", ["table_name", "until"])
    op.create_index("history_of_household", "history", ["household_id", "until"])
    op.create_index("history_of_person", "history", ["person_id", "until"])


def add_columns() -> None:
    """Before today no history was kept: what stands there counts as known ever since."""
    for table in REMEMBERED:
        if table != "managed_before":
            op.execute(f"ALTER TABLE {table} ADD known_since timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z'")
            op.execute(f"ALTER TABLE {table} ALTER known_since SET DEFAULT known_moment()")
    op.add_column("household", sa.Column("managed_since", sa.Date(), nullable=True))
    op.add_column("household", sa.Column("ended_on", sa.Date(), nullable=True))
    op.add_column("household", sa.Column("into_id", sa.Uuid(), nullable=True))
    op.add_column("household", sa.Column("version", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("person", sa.Column("number_missing", sa.String(), nullable=True))
    op.add_column("person", sa.Column("number_due_on", sa.Date(), nullable=True))
    op.add_column("person", sa.Column("died_on", sa.Date(), nullable=True))
    op.add_column("person", sa.Column("same_as", sa.Uuid(), nullable=True))
    op.add_column("membership", sa.Column("begun_by", sa.Uuid(), nullable=True))
    op.add_column("membership", sa.Column("ended_by", sa.Uuid(), nullable=True))
    for table, column in (("household", "into_id"), ("person", "same_as")):  # empty: there is nothing to validate
        op.execute(f"ALTER TABLE {table} ADD FOREIGN KEY ({column}) REFERENCES {table} (id) NOT VALID")


ADDED = {
    "household": ("managed_since", "ended_on", "into_id", "version"),
    "person": ("number_missing", "number_due_on", "died_on", "same_as"),
    "membership": ("begun_by", "ended_by"),
}


def downgrade() -> None:
    op.execute("DROP TRIGGER village_kept ON household")
    for table in REMEMBERED:
        op.execute(f"DROP TRIGGER history_kept ON {table}")
    for table in reversed(PROTECTED):
        for statement in expose(table):
            op.execute(statement)
    for table in ("history", "managed_before", "household_change_carried", "household_change_part", "household_change"):
        op.drop_table(table)
    for table in REMEMBERED:
        if table != "managed_before":
            op.drop_column(table, "known_since")
    for table, names in ADDED.items():
        for name in names:
            op.drop_column(table, name)
    op.execute("DROP FUNCTION keep_village(), keep_history(), known_moment()")
