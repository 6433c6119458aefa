"""who told a telephone; where an export reached when it was asked for; triggers are nobody's to call"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "households013"
down_revision: str | None = "households012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CALLABLE_BY_ALL = """
DO $$ DECLARE one regprocedure; BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
                                         AND pg_has_role(proowner, 'USAGE') LOOP
        EXECUTE format('{what}', one);
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.add_column("person_phone", sa.Column("told_by", sa.String(), nullable=True))
    op.add_column("export", sa.Column("reach", sa.String(), nullable=True))
    op.execute(CALLABLE_BY_ALL.format(what="REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC"))


def downgrade() -> None:
    op.execute(CALLABLE_BY_ALL.format(what="GRANT EXECUTE ON FUNCTION %s TO PUBLIC"))
    op.drop_column("export", "reach")
    op.drop_column("person_phone", "told_by")
