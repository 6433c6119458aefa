"""each reference has its index: undoing a file asked every other table, whole, for each row it took away"""

from collections.abc import Sequence

from alembic import op

revision: str = "households018"
down_revision: str | None = "households016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Of what most rows leave out, those alone that have it.
NEW: Sequence[tuple[str, str, str, bool]] = (
    ("case_clock_of", "case_clock", "case_id", True),
    ("claimed_elsewhere_of", "claimed_elsewhere", "household_id", True),
    ("household_into", "household", "into_id", False),
    ("measure_of_person", "measure", "person_id", False),
    ("member_difference_of_household", "member_difference", "household_id", True),
    ("member_difference_of_person", "member_difference", "person_id", False),
    ("membership_of_household", "membership", "household_id", True),
    ("monitored_case_branched", "monitored_case", "branched_from", False),
    ("monitored_case_merged", "monitored_case", "merged_into", False),
    ("person_same", "person", "same_as", False),
    ("plan_measure_of", "plan_measure", "measure_id", True),
    ("received_continued", "received", "continues", False),
    ("received_of_person", "received", "person_id", False),
    ("register_difference_of", "register_difference", "household_id", True),
    ("view_code_of", "view_code", "household_id", True),
)


def upgrade() -> None:
    """Built beside whoever writes; one that was left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, table, column, always in NEW:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                table,
                [column],
                postgresql_where=None if always else f"{column} IS NOT NULL",
                postgresql_concurrently=True,
                if_not_exists=True,
            )
        op.drop_index("membership_open", "membership", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    op.create_index("membership_open", "membership", ["household_id"], postgresql_where="upper_inf(valid)")
    for name, table, _, _ in NEW:
        op.drop_index(name, table)
