"""filters kept with household sets, exports by case and clock, comparisons of members, who counts as living there"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import protect

revision: str = "households015"
down_revision: str | None = "households014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy
OF_A_PERSON = "EXISTS (SELECT FROM person p WHERE p.id = person_id)"
OF_A_SET = "EXISTS (SELECT FROM household_set s WHERE s.id = set_id)"  # itself under its policy


def upgrade() -> None:
    op.create_table(
        "set_filter",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("q", "village", "tag", "case_state")),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("due_within", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["household_set.id"]),
        sa.PrimaryKeyConstraint("set_id"),
    )
    for statement in protect(op.get_bind(), "set_filter", OF_A_SET):
        op.execute(statement)
    for name in ("q", "case_state"):
        op.add_column("export", sa.Column(name, sa.String(), nullable=True))
    op.add_column("export", sa.Column("overdue", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("export", sa.Column("due_within", sa.Integer(), nullable=True))
    op.add_column("register_difference", sa.Column("told_number", sa.String(), nullable=True))
    make_member_differences()
    make_residence()


def make_member_differences() -> None:
    op.create_table(
        "member_difference",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "batch_id", "household_id")),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("told_number", "field")),
        sa.Column("sealed_theirs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"]),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("member_difference_of", "member_difference", ["batch_id", "number"])
    for statement in protect(op.get_bind(), "member_difference", OF_A_HOUSEHOLD):
        op.execute(statement)


def make_residence() -> None:
    op.create_table(
        "person_residence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.Boolean(), nullable=True)
            for name in ("registered", "lives_together", "usually_resident")
        ),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("doer", "recorded_by")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("person_residence_newest", "person_residence", ["person_id", "since", "seq"])
    for statement in protect(op.get_bind(), "person_residence", OF_A_PERSON):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("person_residence")
    op.drop_table("member_difference")
    op.drop_column("register_difference", "told_number")
    for name in ("due_within", "overdue", "case_state", "q"):
        op.drop_column("export", name)
    op.drop_table("set_filter")
