"""no API makes temporary tables, and nobody calls the function of a trigger by itself"""

from collections.abc import Sequence

from alembic import op

from services.kit.store.barrier import roles

revision: str = "kit013"
down_revision: str | None = "kit012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

AS_OWNER = """
DO $$ BEGIN
    IF (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) THEN
        EXECUTE format('{what}', current_database());
    END IF;
END $$
"""


def upgrade() -> None:
    """Where the database is another's, its administrator decides (deploy/README.md)."""
    api, _ = roles(op.get_bind())
    op.execute(AS_OWNER.format(what=f'REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, "{api}"'))
    op.execute("REVOKE EXECUTE ON FUNCTION audit_is_final() FROM PUBLIC")


def downgrade() -> None:
    """PUBLIC had it in no database that was made as described."""
    api, _ = roles(op.get_bind())
    op.execute("GRANT EXECUTE ON FUNCTION audit_is_final() TO PUBLIC")
    op.execute(AS_OWNER.format(what=f'GRANT TEMPORARY ON DATABASE %I TO "{api}"'))
