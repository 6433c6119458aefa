"""pairings that are gone, for the phones that hold them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, protect

revision: str = "attendance011"
down_revision: str | None = "attendance010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# As the owner: whoever deletes a pairing sees no row of this table but their own.
FUNCTION = """
    CREATE FUNCTION pairing_departs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO departed (pairing_id, cadre_id) VALUES (OLD.id, OLD.cadre_id)
        ON CONFLICT (pairing_id) DO UPDATE SET cadre_id = excluded.cadre_id;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.create_table(
        "departed",
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("pairing_id"),
    )
    op.create_index("ix_departed_cadre_id", "departed", ["cadre_id"], unique=False)
    for statement in protect(op.get_bind(), "departed", "cadre_id IN (SELECT own_cadres())"):
        op.execute(statement)
    op.execute(FUNCTION)
    op.execute("REVOKE EXECUTE ON FUNCTION pairing_departs() FROM PUBLIC")
    op.execute("CREATE TRIGGER departs AFTER DELETE ON pairing FOR EACH ROW EXECUTE FUNCTION pairing_departs()")


def downgrade() -> None:
    op.execute("DROP TRIGGER departs ON pairing")
    op.execute("DROP FUNCTION pairing_departs()")
    for statement in expose("departed"):
        op.execute(statement)
    op.drop_table("departed")
