"""records of villages: statuses, honours, facilities, roles, plans, rules and targets, and how each ended"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, in_a_set, protect, roles, within_division

revision: str = "households030"
down_revision: str | None = "households029"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KINDS = "'status', 'honour', 'facility', 'role', 'plan', 'rule', 'target'"
PROTECTED: Mapping[str, str] = {
    "village_record": f"{within_division('division')} OR {in_a_set('household_id')}",
    # Whoever sees a record sees how it ended.
    "village_record_ending": "EXISTS (SELECT FROM village_record r WHERE r.id = record_id)",
}


def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=nullable) for name in names]


def make_records() -> None:
    op.create_table(
        "village_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        *texts("kind", "division", "recorded_by"),
        *texts("what", "title", "state", "level", "given_by", "label", "meeting", "text", "document_no", nullable=True),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("person_id", "household_id", "replaces")),
        sa.Column("since", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("until", "adopted_on", "posted_on")),
        *(
            sa.Column(name, sa.Integer(), nullable=True)
            for name in ("present", "in_favour", "year", "households", "persons")
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="village_record_kind"),
        sa.CheckConstraint(
            "(what IS NOT NULL) = (kind = 'status' OR kind = 'facility' OR kind = 'role')", name="village_record_what"
        ),
        sa.CheckConstraint("(state IS NOT NULL) = (kind = 'facility')", name="village_record_state"),
        sa.CheckConstraint("(level IS NOT NULL) = (kind = 'honour')", name="village_record_level"),
        sa.CheckConstraint("(kind = 'role') = (num_nonnulls(person_id, label) = 1)", name="village_record_who"),
        sa.CheckConstraint("(person_id IS NULL) = (household_id IS NULL)", name="village_record_home"),
        sa.CheckConstraint("(kind = 'target') = (year IS NOT NULL)", name="village_record_year"),
        sa.CheckConstraint("kind <> 'target' OR num_nonnulls(households, persons) > 0", name="village_record_target"),
        sa.CheckConstraint("since <= until", name="village_record_days"),
        sa.CheckConstraint("(replaces IS NULL) = (version = 1)", name="village_record_version"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"]),
        sa.ForeignKeyConstraint(["replaces"], ["village_record.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("village_record_in", "village_record", ["division", "kind", "since"])
    for name, column in (("replaces", "replaces"), ("of_person", "person_id"), ("of_household", "household_id")):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"village_record_{name}", "village_record", [column], unique=name == "replaces", postgresql_where=where
        )


def make_endings() -> None:
    op.create_table(
        "village_record_ending",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("record_id", "id")),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mistaken", sa.Boolean(), nullable=False),
        *texts("because", "recorded_by"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["village_record.id"]),
        sa.PrimaryKeyConstraint("record_id"),
    )


def upgrade() -> None:
    make_records()
    make_endings()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE UPDATE, DELETE ON village_record, village_record_ending FROM "{api}"')  # appended to alone


def downgrade() -> None:
    for table in ("village_record_ending", "village_record"):  # the policy of an ending asks for its record
        for statement in expose(table):
            op.execute(statement)
    op.drop_table("village_record_ending")
    op.drop_table("village_record")
