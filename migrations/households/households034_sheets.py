"""sheets printed for households: the runs they are made in, what each said, who signed it, where it hangs"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, expose, protect, roles, within_division

revision: str = "households034"
down_revision: str | None = "households033"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_SHEET = "EXISTS (SELECT FROM sheet s WHERE s.id = sheet_id)"  # itself under its policy
PROTECTED: Mapping[str, str] = {
    "sheet_run": f"asked_by = {HOLDER} OR {within_division('village')}",
    "sheet_piece": f"EXISTS (SELECT FROM sheet_run r WHERE r.id = run_id AND r.asked_by = {HOLDER})",
    "sheet": "EXISTS (SELECT FROM household h WHERE h.id = household_id)",
    "sheet_signature": OF_A_SHEET,
    "sheet_posting": OF_A_SHEET,
}


def columns(kind: Any, *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def make_runs() -> None:
    op.create_table(
        "sheet_run",
        *columns(sa.Uuid(), "id"),
        *columns(sa.String(), "kind", "paper", "village", "asked_by"),
        *columns(sa.Boolean(), "wall"),
        *columns(sa.Uuid(), "household_id", nullable=True),
        *columns(sa.Integer(), "households", "made"),
        *columns(sa.ARRAY(sa.Text()), "roles"),
        *columns(sa.DateTime(timezone=True), "created_at"),
        *columns(sa.DateTime(timezone=True), "done_at", nullable=True),
        *columns(sa.String(), "problem", nullable=True),
        sa.CheckConstraint("paper = 'a4' OR paper = 'a5'", name="sheet_run_paper"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    where = sa.text("household_id IS NOT NULL")
    op.create_index("sheet_run_of_household", "sheet_run", ["household_id"], postgresql_where=where)
    op.create_table(
        "sheet_piece",
        *columns(sa.Uuid(), "id", "run_id"),
        *columns(sa.Integer(), "seq"),
        *columns(sa.LargeBinary(), "sealed_content"),
        sa.ForeignKeyConstraint(["run_id"], ["sheet_run.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "seq"),
    )


def make_sheets() -> None:
    op.create_table(
        "sheet",
        *columns(sa.Uuid(), "id", "run_id", "household_id"),
        sa.Column("serial", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *columns(sa.String(), "kind", "paper", "village", "issued_by", "digest"),
        *columns(sa.Boolean(), "wall"),
        *columns(sa.Date(), "issued_on"),
        *columns(sa.LargeBinary(), "sealed_content"),
        *columns(sa.DateTime(timezone=True), "created_at"),
        *columns(sa.Uuid(), "replaced_by", nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["sheet_run.id"]),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["replaced_by"], ["sheet.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "household_id"),
        sa.UniqueConstraint("serial"),
    )
    op.create_index("sheet_of_household", "sheet", ["household_id", "kind", "wall"])
    op.create_index("sheet_in", "sheet", ["village", "serial"])
    where = sa.text("replaced_by IS NOT NULL")
    op.create_index("sheet_taken_by", "sheet", ["replaced_by"], postgresql_where=where)


def make_what_became_of_them() -> None:
    op.create_table(
        "sheet_signature",
        *columns(sa.Uuid(), "id", "sheet_id"),
        *columns(sa.String(), "capacity", "way", "digest", "recorded_by"),
        *columns(sa.Date(), "signed_on"),
        *columns(sa.LargeBinary(), "sealed_words"),
        *columns(sa.DateTime(timezone=True), "recorded_at"),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sheet_signature_of", "sheet_signature", ["sheet_id"])
    op.create_table(
        "sheet_posting",
        *columns(sa.Uuid(), "id", "sheet_id"),
        *columns(sa.String(), "place", "posted_by"),
        *columns(sa.Date(), "posted_on"),
        *columns(sa.DateTime(timezone=True), "recorded_at"),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sheet_posting_of", "sheet_posting", ["sheet_id"])


def upgrade() -> None:
    make_runs()
    make_sheets()
    make_what_became_of_them()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    for table in ("sheet_signature", "sheet_posting"):
        op.execute(f'REVOKE UPDATE, DELETE ON {table} FROM "{api}"')  # appended to alone
    op.execute(f'REVOKE DELETE ON sheet FROM "{api}"')


def downgrade() -> None:
    for table in ("sheet_posting", "sheet_signature", "sheet_piece", "sheet", "sheet_run"):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
