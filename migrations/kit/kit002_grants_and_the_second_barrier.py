"""grants, members of sets, and the functions that the second barrier asks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import FUNCTIONS, privileges, roles

revision: str = "kit002"
down_revision: str | None = "kit001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_grant_held", "access_grant", ["holder"], postgresql_where="NOT revoked")
    op.create_table(
        "set_member",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("set_id", "subject"),
    )
    for statement in (*FUNCTIONS, *privileges(op.get_bind())):
        op.execute(statement)


def downgrade() -> None:
    for role in roles(op.get_bind()):
        op.execute(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{role}"')
        op.execute(f'ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM "{role}"')
    for function in ("may_hear(boolean, text, text, date)", "shouwang_subjects()", "shouwang_list(text)"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("set_member")
    op.drop_table("access_grant")
