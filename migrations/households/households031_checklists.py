"""checklists a county keeps, and what was found by them"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "households031"
down_revision: str | None = "households030"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

SUBJECTS = "subject IN ('village', 'household', 'person', 'team', 'site')"
PROTECTED: Mapping[str, str] = {
    "checklist_answer": f"{within_division('division')} OR {in_a_set('household_id')}",
    # Whoever sees an answer sees its verdicts.
    "checklist_verdict": "EXISTS (SELECT FROM checklist_answer a WHERE a.id = answer_id)",
}


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def make_checklists() -> None:
    op.create_table(
        "own_checklist",
        *texts("key", "division", "zh", "en", "subject"),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        *texts("document_no"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(SUBJECTS, name="own_checklist_subject"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "own_checklist_item",
        *texts("checklist", "key"),
        sa.Column("number", sa.Integer(), nullable=False),
        *texts("zh", "en"),
        *texts("fact", nullable=True),
        sa.ForeignKeyConstraint(["checklist"], ["own_checklist.key"]),
        sa.PrimaryKeyConstraint("checklist", "key"),
    )
    op.create_index("own_checklist_item_in_order", "own_checklist_item", ["checklist", "number"], unique=True)


def make_answers() -> None:
    op.create_table(
        "checklist_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        *texts("checklist", "subject", "division", "mode", "done_by", "recorded_by"),
        *texts("label", nullable=True),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("household_id", "person_id")),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(SUBJECTS, name="checklist_subject"),
        sa.CheckConstraint("mode IN ('self', 'cross', 'inspection')", name="checklist_mode"),
        sa.CheckConstraint(
            "(household_id IS NOT NULL) = (subject = 'household' OR subject = 'person')", name="checklist_household"
        ),
        sa.CheckConstraint("(person_id IS NOT NULL) = (subject = 'person')", name="checklist_person"),
        sa.CheckConstraint("(label IS NOT NULL) = (subject = 'team' OR subject = 'site')", name="checklist_label"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("checklist_answer_in", "checklist_answer", ["checklist", "division", "day"])
    for name, column in (("of_household", "household_id"), ("of_person", "person_id")):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"checklist_answer_{name}", "checklist_answer", [column], postgresql_where=where)
    op.create_table(
        "checklist_verdict",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        *texts("item", "verdict"),
        *texts("note", nullable=True),
        sa.CheckConstraint("verdict IN ('met', 'not_met', 'not_applicable', 'unknown')", name="checklist_verdict_says"),
        sa.ForeignKeyConstraint(["answer_id"], ["checklist_answer.id"]),
        sa.PrimaryKeyConstraint("answer_id", "item"),
    )


def upgrade() -> None:
    make_checklists()
    make_answers()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE UPDATE, DELETE ON checklist_answer, checklist_verdict FROM "{api}"')  # appended to alone


def downgrade() -> None:
    for table in ("checklist_verdict", "checklist_answer"):  # the policy of a verdict asks for its answer
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
    op.drop_table("own_checklist_item")
    op.drop_table("own_checklist")
