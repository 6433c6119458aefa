"""names to search by: folded, and by the initials of their pinyin; kept by triggers"""

from collections.abc import Iterator, Sequence
from unicodedata import normalize

import sqlalchemy as sa
from alembic import op
from pypinyin.constants import PINYIN_DICT

from services.kit.store.barrier import in_a_set, protect, within_division

revision: str = "households010a"
down_revision: str | None = "households010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# The dot between the parts of a name is written in many ways, and left out as often.
FOLDED = r"""
    CREATE FUNCTION name_folded(name text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT lower(regexp_replace(normalize(name, NFKC), '[·•‧・⋅∙●.\s]', '', 'g')) $$
    """

# Characters that are read otherwise as a surname, and how.
SURNAMES, READ = "曾单解仇区查翟覃尉繁折种乜秘", "zsxqozzqypscnb"
FIRST, LAST = 0x3400, 0x9FFF  # the characters in a table of bytes; the rarer planes beside it
PLANE_TWO, END = 0x20000, 0x2A6DF

# The bytes stand in the expressions: as variables they would be copied for each name.
INITIALS = """
    CREATE FUNCTION name_initials(folded text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
        told text := '';
        letter text; code int; known int;
    BEGIN
        FOR at IN 1 .. char_length(folded) LOOP
            letter := substr(folded, at, 1);
            code := ascii(letter);
            IF at = 1 AND strpos('{surnames}', letter) > 0 THEN
                known := ascii(translate(letter, '{surnames}', '{read}'));
            ELSIF code BETWEEN {first} AND {last} THEN
                known := get_byte('\\x{common}'::bytea, code - {first});
            ELSIF code BETWEEN {plane_two} AND {end} THEN
                known := get_byte('\\x{rare}'::bytea, code - {plane_two});
            ELSE
                known := 0;
            END IF;
            told := told || CASE WHEN known > 0 THEN chr(known) ELSE letter END;
        END LOOP;
        RETURN told;
    END $$
    """

KEEP = """
    CREATE FUNCTION keep_member_names(homes uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
        DELETE FROM member_name WHERE household_id = ANY (homes);
        INSERT INTO member_name (household_id, subject, village, folded, initials)
        SELECT id, subject, village, folded, name_initials(folded)
        FROM (SELECT h.id, h.id AS subject, h.village, name_folded(h.head_name) AS folded
              FROM household h WHERE h.id = ANY (homes)
              UNION ALL
              SELECT h.id, p.id, h.village, name_folded(p.name)
              FROM household h JOIN membership m ON m.household_id = h.id AND upper_inf(m.valid)
              JOIN person p ON p.id = m.person_id WHERE h.id = ANY (homes) AND p.id <> h.id) AS named;
    $$
    """

# What each kind of write touches: `changed` and `former` are the rows after and before it.
TOUCHED = {
    ("household", "INSERT"): "SELECT id FROM changed",
    ("household", "UPDATE"): "SELECT id FROM changed JOIN former USING (id)"
    " WHERE (changed.village, changed.head_name) IS DISTINCT FROM (former.village, former.head_name)",
    ("membership", "INSERT"): "SELECT household_id FROM changed WHERE upper_inf(valid)",
    ("membership", "UPDATE"): "SELECT household_id FROM changed UNION SELECT household_id FROM former",
    ("membership", "DELETE"): "SELECT household_id FROM former",
    ("person", "UPDATE"): "SELECT m.household_id FROM changed JOIN former USING (id)"
    " JOIN membership m ON m.person_id = changed.id AND upper_inf(m.valid) WHERE changed.name <> former.name",
}
ROWS = {
    "INSERT": "NEW TABLE AS changed",
    "UPDATE": "NEW TABLE AS changed OLD TABLE AS former",
    "DELETE": "OLD TABLE AS former",
}


def read_letters(first: int, last: int) -> str:
    """A byte for each character: the first letter of its usual reading, or none."""
    return bytes(ord(letter_of(PINYIN_DICT.get(code, ""))) for code in range(first, last + 1)).hex()


def letter_of(readings: str) -> str:
    first = normalize("NFD", readings)[:1]
    return first if first.isascii() and first.isalpha() else "\0"


def functions() -> Iterator[str]:
    yield FOLDED
    yield INITIALS.format(
        common=read_letters(FIRST, LAST), rare=read_letters(PLANE_TWO, END), surnames=SURNAMES,
        read=READ, first=FIRST, last=LAST, plane_two=PLANE_TWO, end=END,
    )  # fmt: skip
    yield KEEP


def triggers() -> Iterator[str]:
    for (table, write), touched in TOUCHED.items():
        name = f"names_of_{table}_{write.lower()}"
        yield f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = public, pg_temp AS $$
            DECLARE homes uuid[] := ARRAY({touched});
            BEGIN
                IF homes <> '{{}}' THEN PERFORM keep_member_names(homes); END IF;
                RETURN NULL;
            END $$
            """
        yield (
            f"CREATE TRIGGER {name} AFTER {write} ON {table} REFERENCING {ROWS[write]}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def upgrade() -> None:
    op.create_table(
        "member_name",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(collation="C"), nullable=False),
        sa.Column("folded", sa.String(collation="C"), nullable=False),
        sa.Column("initials", sa.String(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("household_id", "subject"),
    )
    connection = op.get_bind()
    for statement in (*functions(), *triggers()):
        connection.exec_driver_sql(statement.replace("%", "%%"))
    op.execute("SELECT keep_member_names(ARRAY(SELECT id FROM household))")
    op.create_index("member_name_folded", "member_name", ["folded", "household_id"])
    op.create_index("member_name_initials", "member_name", ["initials", "household_id"])
    op.create_index("member_name_village", "member_name", ["village", "folded", "household_id"])
    for statement in protect(connection, "member_name", f"{within_division('village')} OR {in_a_set('household_id')}"):
        op.execute(statement)


def downgrade() -> None:
    for table, write in TOUCHED:
        name = f"names_of_{table}_{write.lower()}"
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP FUNCTION keep_member_names(uuid[])")
    op.drop_table("member_name")
    op.execute("DROP FUNCTION name_initials(text)")
    op.execute("DROP FUNCTION name_folded(text)")
