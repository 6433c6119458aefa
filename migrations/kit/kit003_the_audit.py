"""the audit: chained lines, the heads of the chains, and what was signed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import roles

revision: str = "kit003"
down_revision: str | None = "kit002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# The owner's rights, so that a writer needs none on the tables: whoever may only call this can neither write a line
# beside the chain nor move a head back. pg_temp comes last, or a temporary table could stand in for ours.
APPEND = """
CREATE FUNCTION audit_append(of_slot text, lines jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head public.audit_head;
    line record;
BEGIN
    SELECT * INTO head FROM public.audit_head WHERE slot = of_slot FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO public.audit_head VALUES (of_slot, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT head FROM public.audit_head WHERE slot = of_slot FOR UPDATE;
    END IF;
    FOR line IN SELECT * FROM jsonb_to_recordset(lines) AS one (at timestamptz, actor text, rights text, action text,
        objects text[], division text, status int, code text, request_id text, source text, detail text)
    LOOP
        head.seq := head.seq + 1;
        head.hash := sha256(head.hash || convert_to(array_to_json(ARRAY[of_slot, head.seq::text,
            to_char(line.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), line.actor, line.rights, line.action,
            array_to_json(line.objects)::text, line.division, line.status::text, line.code, line.request_id,
            line.source, line.detail])::text, 'UTF8'));
        INSERT INTO public.audit VALUES (of_slot, head.seq, line.at, line.actor, line.rights, line.action,
            line.objects, line.division, line.status, line.code, line.request_id, line.source, line.detail, head.hash);
    END LOOP;
    UPDATE public.audit_head SET seq = head.seq, hash = head.hash WHERE slot = of_slot;
    RETURN head.seq;
END $$
"""
FINAL = """
CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was audited is neither changed nor taken back' USING ERRCODE = 'insufficient_privilege';
END $$
"""
GUARD = """
CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final()
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("rights", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("objects", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("slot", "seq"),
    )
    op.create_index("audit_at", "audit", ["at", "slot", "seq"], unique=False)
    op.create_index("audit_actor", "audit", ["actor", "at"], unique=False)
    op.create_index(
        "audit_objects",
        "audit",
        ["objects"],
        unique=False,
        postgresql_using="gin",
        postgresql_where="objects <> '{}'",
    )
    op.create_table(
        "audit_head",
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("slot"),
    )
    op.create_table(
        "audit_signed",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hour"),
    )
    op.execute(APPEND)
    op.execute(FINAL)
    for table in ("audit", "audit_signed"):
        op.execute(GUARD.format(table=table))
    api, work = roles(op.get_bind())
    for statement in (
        f'REVOKE INSERT, UPDATE, DELETE ON audit, audit_head, audit_signed FROM "{api}", "{work}"',
        f'GRANT INSERT ON audit_signed TO "{work}"',
        "REVOKE EXECUTE ON FUNCTION audit_append(text, jsonb) FROM PUBLIC",
        f'GRANT EXECUTE ON FUNCTION audit_append(text, jsonb) TO "{api}", "{work}"',
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_append(text, jsonb)")
    op.drop_table("audit_signed")
    op.drop_table("audit_head")
    op.drop_table("audit")
    op.execute("DROP FUNCTION audit_is_final()")
