"""when the living were born, beside the name they are found by: doubles are looked for there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households016"
down_revision: str | None = "households015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As households010a has them; `born` is what is new.
KEEP = """
    CREATE OR REPLACE FUNCTION keep_member_names(homes uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
        DELETE FROM member_name WHERE household_id = ANY (homes);
        INSERT INTO member_name (household_id, subject, village, folded, initials{column})
        SELECT id, subject, village, folded, name_initials(folded){column}
        FROM (SELECT h.id, h.id AS subject, h.village, name_folded(h.head_name) AS folded, NULL::date AS born
              FROM household h WHERE h.id = ANY (homes)
              UNION ALL
              SELECT h.id, p.id, h.village, name_folded(p.name), CASE WHEN p.died_on IS NULL THEN p.birth_date END
              FROM household h JOIN membership m ON m.household_id = h.id AND upper_inf(m.valid)
              JOIN person p ON p.id = m.person_id WHERE h.id = ANY (homes) AND p.id <> h.id) AS named;
    $$
    """
TOUCHED = """
    CREATE OR REPLACE FUNCTION names_of_person_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE homes uuid[] := ARRAY(
        SELECT m.household_id FROM changed JOIN former USING (id)
        JOIN membership m ON m.person_id = changed.id AND upper_inf(m.valid)
        WHERE ({kept}) IS DISTINCT FROM ({before}));
    BEGIN
        IF homes <> '{{}}' THEN PERFORM keep_member_names(homes); END IF;
        RETURN NULL;
    END $$
    """
WATCHED = ("name", "birth_date", "died_on")


def touched(*columns: str) -> str:
    rows = {"kept": "changed", "before": "former"}
    return TOUCHED.format(**{key: ", ".join(f"{row}.{column}" for column in columns) for key, row in rows.items()})


def upgrade() -> None:
    """What is there is told of it after the functions are: a write in between has told its own. The index is built
    beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        op.add_column("member_name", sa.Column("born", sa.Date(), nullable=True), if_not_exists=True)
        op.execute(KEEP.format(column=", born"))
        op.execute(touched(*WATCHED))
        op.execute(
            "UPDATE member_name SET born = p.birth_date FROM person p"
            " WHERE p.id = subject AND p.died_on IS NULL AND born IS DISTINCT FROM p.birth_date"
        )
        op.drop_index("member_name_born", "member_name", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "member_name_born", "member_name", ["born", "folded"], postgresql_concurrently=True, if_not_exists=True
        )


def downgrade() -> None:
    op.execute(touched("name"))
    op.execute(KEEP.format(column=""))
    op.drop_index("member_name_born", "member_name")
    op.drop_column("member_name", "born")
