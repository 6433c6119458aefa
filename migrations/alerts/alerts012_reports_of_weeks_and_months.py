"""reports of weeks and months, and who signed them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, protect, within_division

revision: str = "alerts012"
down_revision: str | None = "alerts011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What somebody has signed stays as it was signed, whoever asks.
FINAL = """
    CREATE FUNCTION report_is_final() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a signed report is final' USING ERRCODE = 'restrict_violation'; END $$
    """
KEPT = """
    CREATE TRIGGER report_is_final BEFORE UPDATE OR DELETE ON report FOR EACH ROW
    WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION report_is_final()
    """


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=True),
        moment("asked_at"),
        sa.Column("cases", postgresql.JSONB(), nullable=True),
        moment("cases_until", nullable=True),
        moment("cases_asked_at", nullable=True),
        sa.Column("figures", postgresql.JSONB(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        moment("signed_at", nullable=True),
        sa.CheckConstraint("span IN ('week', 'month')", name="report_span"),
        sa.CheckConstraint("(version = 1) = (corrects IS NULL)", name="report_version"),
        sa.CheckConstraint("(cases IS NULL) = (cases_until IS NULL)", name="report_cases"),
        sa.CheckConstraint("num_nulls(figures, digest, signed_by, signed_at) IN (0, 4)", name="report_signed"),
        sa.ForeignKeyConstraint(["corrects"], ["report.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("corrects"),
        sa.UniqueConstraint("division", "span", "first", "version"),
    )
    unsigned = sa.text("signed_at IS NULL")
    op.create_index("report_draft", "report", ["division", "span", "first"], unique=True, postgresql_where=unsigned)
    op.create_index("report_in", "report", ["first", "id"])
    for statement in protect(op.get_bind(), "report", within_division("division")):
        op.execute(statement)
    op.execute(FINAL)
    op.execute("REVOKE EXECUTE ON FUNCTION report_is_final() FROM PUBLIC")
    op.execute(KEPT)


def downgrade() -> None:
    op.execute("DROP TRIGGER report_is_final ON report")
    op.execute("DROP FUNCTION report_is_final()")
    for statement in expose("report"):
        op.execute(statement)
    op.drop_table("report")
