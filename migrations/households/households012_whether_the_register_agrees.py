"""whether the register agrees: checks, what they found, double records, other registers, paper, stated figures"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import HOLDER, protect, within_division

revision: str = "households012"
down_revision: str | None = "households007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_HOUSEHOLD = "EXISTS (SELECT FROM household h WHERE h.id = household_id)"  # itself under its policy
OF_A_PERSON = "EXISTS (SELECT FROM membership m WHERE m.person_id = duplicate_decision.person_id)"
PROTECTED = {
    "quality_run": f"asked_by = {HOLDER} OR {within_division('village')}",
    "quality_finding": OF_A_HOUSEHOLD,
    "quality_word": OF_A_HOUSEHOLD,
    "claimed_elsewhere": OF_A_HOUSEHOLD,
    "duplicate_decision": OF_A_PERSON,
    "paper_check": OF_A_HOUSEHOLD,
    "paper_difference": "EXISTS (SELECT FROM paper_check c WHERE c.id = check_id)",
    "stated_figure": OF_A_HOUSEHOLD,
    "register_difference": OF_A_HOUSEHOLD,
}


def uuid(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def word(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def words(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.ARRAY(sa.Text()), nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def drawn() -> sa.Column[Any]:
    return sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False)


def of_a_household() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["household_id"], ["household.id"])


def upgrade() -> None:
    make_checks()
    make_doubles()
    make_paper_and_stated()
    make_others()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def make_checks() -> None:
    op.create_table(
        "quality_run",
        uuid("id"),
        word("village"),
        word("asked_by"),
        moment("created_at"),
        moment("done_at", nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Integer(), nullable=True),
        words("not_judged"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "quality_finding",
        uuid("id"),
        word("check_key"),
        uuid("household_id"),
        uuid("subject"),
        words("told"),
        moment("since"),
        uuid("run_id"),
        of_a_household(),
        sa.ForeignKeyConstraint(["run_id"], ["quality_run.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("household_id", "check_key", "subject"),
    )
    op.create_index("quality_finding_of_check", "quality_finding", ["check_key", "household_id", "subject"])
    op.create_table(
        "quality_word",
        uuid("id"),
        word("check_key"),
        uuid("household_id"),
        uuid("subject"),
        words("told"),
        word("because"),
        word("doer"),
        word("recorded_by"),
        moment("recorded_at"),
        of_a_household(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("quality_word_of", "quality_word", ["household_id", "check_key", "subject"])


def make_doubles() -> None:
    op.create_table(
        "claimed_elsewhere",
        uuid("id"),
        uuid("person_id"),
        uuid("household_id"),
        word("told_by"),
        moment("told_at"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        of_a_household(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "household_id"),
    )
    op.create_table(
        "duplicate_decision",
        uuid("id"),
        uuid("person_id"),
        uuid("other_id"),
        word("verdict"),
        word("because"),
        word("recorded_by"),
        moment("recorded_at"),
        sa.CheckConstraint("verdict IN ('same', 'different', 'stays', 'moves')"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("duplicate_decision_of", "duplicate_decision", ["person_id", "other_id"])


def make_paper_and_stated() -> None:
    op.create_table(
        "paper_check",
        uuid("id"),
        uuid("household_id"),
        drawn(),
        sa.Column("checked_on", sa.Date(), nullable=False),
        word("doer"),
        word("card_number", nullable=True),
        word("recorded_by"),
        moment("recorded_at"),
        of_a_household(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("paper_check_newest", "paper_check", ["household_id", "checked_on", "seq"])
    op.create_table(
        "paper_difference",
        uuid("check_id"),
        word("field"),
        word("to_mend"),
        sa.CheckConstraint("to_mend IN ('paper', 'register', 'unclear')"),
        sa.ForeignKeyConstraint(["check_id"], ["paper_check.id"]),
        sa.PrimaryKeyConstraint("check_id", "field"),
    )
    op.create_table(
        "stated_figure",
        uuid("id"),
        uuid("household_id"),
        drawn(),
        word("key"),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        word("source"),
        word("document_no", nullable=True),
        word("doer"),
        word("recorded_by"),
        moment("recorded_at"),
        of_a_household(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stated_figure_newest", "stated_figure", ["household_id", "key", "on_day", "seq"])


def make_others() -> None:
    op.create_table(
        "register_difference",
        uuid("id"),
        uuid("batch_id"),
        uuid("household_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        word("field"),
        sa.Column("sealed_theirs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"]),
        of_a_household(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("batch_id", "household_id", "field"),
    )


def downgrade() -> None:
    for table in reversed(PROTECTED):
        op.drop_table(table)
