"""events, deliveries and receipts by month, so that a month goes as a whole; the end of an audit's oldest lines

An event's id says when it was made (UUID version 7), and so does whatever is keyed by it: one range of ids is a month
of each of the three tables, and their keys stay what they were. What was written before this stays where it is, as the
default partition; so does whatever has an id of another kind.
"""

from collections.abc import Sequence

from alembic import op

from services.kit.store.barrier import roles

revision: str = "kit011"
down_revision: str | None = "kit010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What each is parted by, its key, and its other indexes.
TABLES = {
    "event": ("id", "id"),
    "delivery": ("event_id", "event_id, subscription_id"),
    "receipt": ("event_id", "source, event_id"),
}
INDEXES = {
    "event_fresh": ("event", "(xid, id) WHERE NOT fanned_out"),
    "event_feed": ("event", "(xid, id)"),
    "delivery_due": ("delivery", "(due_at) WHERE done_at IS NULL AND dead_at IS NULL"),
    "delivery_dead": ("delivery", "(dead_at) WHERE dead_at IS NOT NULL"),
    "delivery_of": ("delivery", "(subscription_id, seq)"),
    "delivery_id": ("delivery", "(id)"),
}

# PostgreSQL has uuidv7() from 18 on; we also run on 15.
UUID_AT = """
CREATE FUNCTION uuid_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS
$$ SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
       substring(int8send(floor(extract(epoch FROM uuid_at.at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
       52, 1), 53, 1), 'hex')::uuid $$
"""
FIRST_UUID_OF = """
CREATE FUNCTION first_uuid_of(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT rpad(lpad(to_hex((extract(epoch FROM first_uuid_of.month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint),
                    12, '0'), 32, '0')::uuid $$
"""
# Partitions are made and dropped by whoever owns the tables; a worker may only ask. Nobody waits long for it: while
# somebody writes, it gives up and is asked again.
MAKE = """
CREATE FUNCTION make_months_of_events(since date, until date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    month date := date_trunc('month', since);
    made int := 0;
    lo uuid;
    hi uuid;
    events event[];
    owed delivery[];
    receipts receipt[];
BEGIN
    WHILE month <= until LOOP
        IF to_regclass('event_' || to_char(month, 'YYYY_MM')) IS NULL THEN
            lo := first_uuid_of(month);
            hi := first_uuid_of((month + interval '1 month')::date);
            LOCK TABLE event, delivery, receipt IN ACCESS EXCLUSIVE MODE;
            -- What came to the default partition meanwhile, or has an id that only looks like one of this month, moves.
            WITH moved AS (DELETE FROM delivery_default WHERE event_id >= lo AND event_id < hi RETURNING *)
            SELECT array_agg(moved::delivery) INTO owed FROM moved;
            WITH moved AS (DELETE FROM event_default WHERE id >= lo AND id < hi RETURNING *)
            SELECT array_agg(moved::event) INTO events FROM moved;
            WITH moved AS (DELETE FROM receipt_default WHERE event_id >= lo AND event_id < hi RETURNING *)
            SELECT array_agg(moved::receipt) INTO receipts FROM moved;
            EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
                           'event_' || to_char(month, 'YYYY_MM'), lo, hi);
            EXECUTE format('CREATE TABLE %I PARTITION OF delivery FOR VALUES FROM (%L) TO (%L)',
                           'delivery_' || to_char(month, 'YYYY_MM'), lo, hi);
            EXECUTE format('CREATE TABLE %I PARTITION OF receipt FOR VALUES FROM (%L) TO (%L)',
                           'receipt_' || to_char(month, 'YYYY_MM'), lo, hi);
            -- A partition shows nobody anything by itself: rows are reached through their parent.
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'event_' || to_char(month, 'YYYY_MM'));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'delivery_' || to_char(month, 'YYYY_MM'));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'receipt_' || to_char(month, 'YYYY_MM'));
            INSERT INTO event SELECT (unnest(events)).*;
            INSERT INTO delivery OVERRIDING SYSTEM VALUE SELECT (unnest(owed)).*;
            INSERT INTO receipt SELECT (unnest(receipts)).*;
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$
"""
# A month of events goes with its deliveries once all of it is older than `before`. What is still owed, and dead letters
# of after `dead_before`, stay behind with their events. Receipts go by a day of their own. Here too the default
# partition holds what has no month: some of it at a time.
FORGET = """
CREATE FUNCTION forget_events(before date, dead_before date, receipts_before date, at_once int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    part record;
    events event[];
    owed delivery[];
    gone int := 0;
    more int;
BEGIN
    FOR part IN SELECT relname AS name, substr(relname, 7) AS month FROM pg_class
        WHERE relispartition AND relkind = 'r' AND relname ~ '^event_[0-9]{4}_[0-9]{2}$' LOOP
        CONTINUE WHEN (to_date(part.month, 'YYYY_MM') + interval '1 month')::date > before;
        LOCK TABLE event, delivery IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('SELECT array_agg(d::delivery) FROM %I d
                        WHERE done_at IS NULL AND (dead_at IS NULL OR dead_at >= %L)',
                       'delivery_' || part.month, dead_before) INTO owed;
        EXECUTE format('SELECT array_agg(e::event) FROM %I e WHERE NOT fanned_out OR id = ANY ($1)', part.name)
            INTO events USING ARRAY(SELECT event_id FROM unnest(owed));
        EXECUTE format('DROP TABLE %I', 'delivery_' || part.month);
        EXECUTE format('ALTER TABLE event DETACH PARTITION %I', part.name);
        EXECUTE format('DROP TABLE %I', part.name);
        INSERT INTO event SELECT (unnest(events)).*;
        INSERT INTO delivery OVERRIDING SYSTEM VALUE SELECT (unnest(owed)).*;
    END LOOP;
    FOR part IN SELECT relname AS name, substr(relname, 9) AS month FROM pg_class
        WHERE relispartition AND relkind = 'r' AND relname ~ '^receipt_[0-9]{4}_[0-9]{2}$' LOOP
        CONTINUE WHEN (to_date(part.month, 'YYYY_MM') + interval '1 month')::date > receipts_before;
        EXECUTE format('DROP TABLE %I', part.name);
    END LOOP;
    DELETE FROM delivery_default WHERE ctid = ANY (ARRAY(SELECT ctid FROM delivery_default
        WHERE done_at < before OR dead_at < dead_before LIMIT at_once FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM event_default WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_default AS old
        WHERE occurred_at < before AND fanned_out AND NOT EXISTS (SELECT FROM delivery WHERE event_id = old.id)
        LIMIT at_once FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    gone := gone + more;
    DELETE FROM receipt_default WHERE ctid = ANY (ARRAY(SELECT ctid FROM receipt_default
        WHERE received_at < receipts_before LIMIT at_once FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS more = ROW_COUNT;
    RETURN gone + more;
END $$
"""

# Up to the line of each slot that the statement names, when that line is there as named, and half a year old by our
# clock, whatever was asked. Nobody but the owner may call it; the others have no right to delete a line either.
IS_FINAL = """
CREATE OR REPLACE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit' AND current_setting('shouwang.purging', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'what was audited is neither changed nor taken back' USING ERRCODE = 'insufficient_privilege';
END $$
"""
WAS_FINAL = """
CREATE OR REPLACE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was audited is neither changed nor taken back' USING ERRCODE = 'insufficient_privilege';
END $$
"""
PURGE = """
CREATE FUNCTION audit_purge(said text, signed bytea, said_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    chain record;
    gone bigint := 0;
    more bigint;
BEGIN
    FOR chain IN SELECT key AS slot, CAST(value ->> 0 AS bigint) AS seq, decode(value ->> 1, 'hex') AS hash
        FROM jsonb_each(CAST(said AS jsonb) -> 'purged') LOOP
        IF NOT EXISTS (SELECT FROM audit WHERE slot = chain.slot AND seq = chain.seq AND hash = chain.hash) THEN
            RAISE EXCEPTION 'the audit has no such line' USING ERRCODE = 'no_data_found';
        END IF;
        IF EXISTS (SELECT FROM audit WHERE slot = chain.slot AND seq <= chain.seq
                   AND at > now() - interval '183 days') THEN
            RAISE EXCEPTION 'the audit is kept for 183 days' USING ERRCODE = 'insufficient_privilege';
        END IF;
        PERFORM set_config('shouwang.purging', 'on', true);
        DELETE FROM audit WHERE slot = chain.slot AND seq <= chain.seq;
        GET DIAGNOSTICS more = ROW_COUNT;
        PERFORM set_config('shouwang.purging', 'off', true);
        gone := gone + more;
    END LOOP;
    INSERT INTO audit_signed VALUES (said_at, said, signed);
    RETURN gone;
END $$
"""


def upgrade() -> None:
    """No row moves: the tables as they are become the default partitions. All locks at once, or none and once more:
    before anybody who holds one of them and waits for another is taken for dead (deadlock_timeout, 1 s)."""
    op.execute("SET LOCAL lock_timeout = '500ms'")
    op.execute("LOCK TABLE subscription, event, delivery, receipt IN ACCESS EXCLUSIVE MODE")
    for statement in (
        "ALTER TABLE delivery DROP CONSTRAINT delivery_event_id_fkey",
        "ALTER TABLE delivery DROP CONSTRAINT delivery_pkey",
        "ALTER TABLE delivery DROP CONSTRAINT delivery_event_id_subscription_id_key",
        "ALTER TABLE delivery ADD PRIMARY KEY (event_id, subscription_id)",
        "CREATE INDEX delivery_id ON delivery (id)",
    ):
        op.execute(statement)
    for table in TABLES:
        part(table)
    op.execute("ALTER TABLE delivery ADD FOREIGN KEY (subscription_id) REFERENCES subscription (id)")
    op.execute("ALTER TABLE delivery ADD FOREIGN KEY (event_id) REFERENCES event (id)")
    count_on()
    for function in (UUID_AT, FIRST_UUID_OF, MAKE, FORGET, IS_FINAL, PURGE):
        op.execute(function)
    for function in ("make_months_of_events(date, date)", "forget_events(date, date, date, int)"):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f'GRANT EXECUTE ON FUNCTION {function} TO "{roles(op.get_bind())[1]}"')
    op.execute("REVOKE EXECUTE ON FUNCTION audit_purge(text, bytea, timestamptz) FROM PUBLIC")
    op.execute("SELECT make_months_of_events(current_date, current_date + 70)")


def part(table: str) -> None:
    """The indexes of the whole find those of the default partition, which are the same, and take them in."""
    by, key = TABLES[table]
    mine = {name: rows for name, (of, rows) in INDEXES.items() if of == table}
    op.execute(f"ALTER TABLE {table} RENAME TO {table}_default")
    for name in (f"{table}_pkey", *mine):
        op.execute(f"ALTER INDEX {name} RENAME TO {name}_default")
    op.execute(
        f"CREATE TABLE {table} (LIKE {table}_default INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE ({by})"
    )
    if table == "delivery":  # a partition counts by the whole's
        op.execute("ALTER TABLE delivery_default ALTER COLUMN seq DROP IDENTITY")
    op.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_default DEFAULT")
    op.execute(f"ALTER TABLE {table}_default ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})")
    for name, rows in mine.items():
        op.execute(f"CREATE INDEX {name} ON {table} {rows}")


def count_on() -> None:
    last = "SELECT coalesce(max(seq), 0) + 1 FROM delivery"
    op.execute(f"SELECT setval(pg_get_serial_sequence('delivery', 'seq'), ({last}), false)")


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_purge(text, bytea, timestamptz)")
    op.execute(WAS_FINAL)
    op.execute("DROP FUNCTION forget_events(date, date, date, int)")
    op.execute("DROP FUNCTION make_months_of_events(date, date)")
    op.execute("DROP FUNCTION first_uuid_of(date)")
    op.execute("DROP FUNCTION uuid_at(timestamptz)")
    for table in ("delivery", "event", "receipt"):
        op.execute(f"CREATE TABLE {table}_whole (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY)")
        op.execute(f"INSERT INTO {table}_whole OVERRIDING SYSTEM VALUE SELECT * FROM {table}")  # noqa: S608  # our words
        op.execute(f"DROP TABLE {table}")
        op.execute(f"ALTER TABLE {table}_whole RENAME TO {table}")
    for table, key in {"event": "id", "delivery": "id", "receipt": "source, event_id"}.items():
        op.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})")
    for name, (table, rows) in INDEXES.items():
        if name != "delivery_id":
            op.execute(f"CREATE INDEX {name} ON {table} {rows}")
    op.execute("ALTER TABLE delivery ADD UNIQUE (event_id, subscription_id)")
    op.execute("ALTER TABLE delivery ADD FOREIGN KEY (subscription_id) REFERENCES subscription (id)")
    op.execute("ALTER TABLE delivery ADD FOREIGN KEY (event_id) REFERENCES event (id)")
    count_on()
