"""issues: one number for the county, and the steps each has gone through"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "households028"
down_revision: str | None = "households027"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECTED: Mapping[str, str] = {
    "issue": f"{within_division('division')} OR {in_a_set('household_id')}",
    # Whoever sees an issue sees its steps.
    "issue_step": "EXISTS (SELECT FROM issue i WHERE i.id = issue_id)",
}


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def make_issues() -> None:
    op.create_table(
        "issue_number",
        *texts("county"),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county", "year"),
    )
    op.create_table(
        "issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        *texts("county", "division", "kind", "source", "owner_kind", "owner_label", "state", "recorded_by"),
        *texts("source_ref", "owner_id", "satisfaction", nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("year", "number")),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("household_id", "merged_into", "late_as")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("restricted", "on_the_spot")),
        sa.Column("raised_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("due_on", "ended_on")),
        sa.Column("sealed_said", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closed', 'withdrawn', 'merged')", name="issue_state"),
        sa.CheckConstraint("(state = 'open') = (ended_on IS NULL)", name="issue_ended"),
        sa.CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="issue_merged"),
        sa.CheckConstraint("state = 'closed' OR NOT on_the_spot", name="issue_on_the_spot"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["merged_into"], ["issue.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("issue_number_once", "issue", ["county", "year", "number"], unique=True)
    op.create_index("issue_in", "issue", ["division", "raised_on"])
    for name, columns, where in (
        ("issue_open", ["due_on"], "state = 'open'"),
        ("issue_late", ["id"], "late_as IS NOT NULL"),
        ("issue_of_household", ["household_id"], "household_id IS NOT NULL"),
        ("issue_merged_into", ["merged_into"], "merged_into IS NOT NULL"),
    ):
        op.create_index(name, "issue", columns, postgresql_where=sa.text(where))


def make_steps() -> None:
    op.create_table(
        "issue_step",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "issue_id")),
        sa.Column("number", sa.Integer(), nullable=False),
        *texts("kind", "done_by"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sealed_said", sa.LargeBinary(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("issue_step_of", "issue_step", ["issue_id", "number"], unique=True)


def upgrade() -> None:
    make_issues()
    make_steps()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE DELETE ON issue, issue_number FROM "{api}"')
    op.execute(f'REVOKE UPDATE, DELETE ON issue_step FROM "{api}"')  # appended to, and never changed


def downgrade() -> None:
    for table in ("issue_step", "issue"):  # the policy of a step asks for its issue
        for statement in expose(table):
            op.execute(statement)
    op.drop_table("issue_step")
    op.drop_table("issue")
    op.drop_table("issue_number")
