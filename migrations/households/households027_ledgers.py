"""ledgers: the kinds of counties, entries and their lines"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "households027"
down_revision: str | None = "households026"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECTED: Mapping[str, str] = {
    "ledger_line": f"{within_division('division')} OR {in_a_set('household_id')}",
    # Whoever sees a line sees of which entry it is.
    "ledger_entry": f"{within_division('division')} OR EXISTS (SELECT FROM ledger_line l WHERE l.entry_id = id)",
}
PRECISIONS = "('exact', 'about', 'more_than', 'less_than')"
ADD_UP = """
    CREATE FUNCTION ledger_lines_add_up() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF (SELECT sum(amount) FROM ledger_line WHERE entry_id = NEW.id) IS DISTINCT FROM NEW.amount THEN
            RAISE EXCEPTION 'the lines of an entry do not add up to it' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
"""
AT_THE_END = """
    CREATE CONSTRAINT TRIGGER ledger_entry_adds_up AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_lines_add_up()
"""


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def keys(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Uuid(), nullable=nullable) for name in names]


def make_kinds() -> None:
    op.create_table(
        "own_ledger_kind",
        *texts("key", "division", "zh", "en", "shape", "nature", "document_no"),
        *(sa.Column(name, sa.ARRAY(sa.Text()), nullable=False) for name in ("units", "actors", "beneficiaries")),
        sa.Column("goods", sa.Boolean(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("shape IN ('event', 'spell', 'level')", name="own_ledger_kind_shape"),
        sa.CheckConstraint("cardinality(units) > 0", name="own_ledger_kind_units"),
        sa.PrimaryKeyConstraint("key"),
    )


def make_entries() -> None:
    op.create_table(
        "ledger_entry",
        *keys("id", nullable=False),
        *texts("kind", "division", "shape", "nature", "unit", "precision", "recorded_by"),
        *texts("goods", "actor_kind", "actor_label", "fund_source", "document_no", "because", nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        *keys("actor_id", "part_of", "reverses"),
        sa.Column("part_certain", sa.Boolean(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("shape IN ('event', 'spell', 'level')", name="ledger_entry_shape"),
        sa.CheckConstraint(f"precision IN {PRECISIONS}", name="ledger_entry_precision"),
        sa.CheckConstraint(
            "CASE WHEN reverses IS NULL THEN amount >= 0 ELSE amount <= 0 END", name="ledger_entry_amount"
        ),
        sa.CheckConstraint("amount <> 0 OR shape = 'level'", name="ledger_entry_nought"),
        sa.CheckConstraint("(reverses IS NULL) = (because IS NULL)", name="ledger_entry_because"),
        sa.CheckConstraint("until IS NULL OR (shape = 'spell' AND day <= until)", name="ledger_entry_days"),
        sa.CheckConstraint("(part_of IS NULL) = (part_certain IS NULL)", name="ledger_entry_part"),
        sa.CheckConstraint("(actor_kind IS NULL) = (actor_label IS NULL)", name="ledger_entry_actor"),
        sa.CheckConstraint("actor_id IS NULL OR actor_kind IS NOT NULL", name="ledger_entry_actor_id"),
        sa.ForeignKeyConstraint(["part_of"], ["ledger_entry.id"]),
        sa.ForeignKeyConstraint(["reverses"], ["ledger_entry.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ledger_entry_in", "ledger_entry", ["division", "day"])
    for name in ("part_of", "reverses"):
        said = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ledger_entry_{name}", "ledger_entry", [name], unique=name == "reverses", postgresql_where=said
        )


def make_lines() -> None:
    op.create_table(
        "ledger_line",
        *keys("entry_id", nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *texts("division"),
        *texts("beneficiary_kind", "label", "heads_precision", nullable=True),
        *keys("household_id", "person_id", "party_id"),
        sa.Column("heads", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("heads > 0 AND (heads IS NULL) = (heads_precision IS NULL)", name="ledger_line_heads"),
        sa.CheckConstraint(f"heads_precision IN {PRECISIONS}", name="ledger_line_heads_precision"),
        sa.CheckConstraint("person_id IS NULL OR household_id IS NOT NULL", name="ledger_line_person"),
        sa.CheckConstraint("party_id IS NULL OR household_id IS NULL", name="ledger_line_party"),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"]),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("entry_id", "number"),
    )
    op.create_index("ledger_line_in", "ledger_line", ["division"])
    for name in ("household", "person"):
        said = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(f"ledger_line_of_{name}", "ledger_line", [f"{name}_id"], postgresql_where=said)


def upgrade() -> None:
    make_kinds()
    make_entries()
    make_lines()
    for statement in (ADD_UP, AT_THE_END, "REVOKE EXECUTE ON FUNCTION ledger_lines_add_up() FROM PUBLIC"):
        op.execute(statement)
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    for table in PROTECTED:  # appended to, and never changed
        op.execute(f'REVOKE UPDATE, DELETE ON {table} FROM "{api}"')


def downgrade() -> None:
    for table in ("ledger_entry", "ledger_line"):  # the policy of an entry asks for its lines
        for statement in expose(table):
            op.execute(statement)
    op.drop_table("ledger_line")
    op.drop_table("ledger_entry")
    op.execute("DROP FUNCTION ledger_lines_add_up()")
    op.drop_table("own_ledger_kind")
