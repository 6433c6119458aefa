"""cases: profiles, episodes, the steps that were taken, who took part, papers and clocks"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import expose, protect, roles

revision: str = "households008"
down_revision: str | None = "households006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF_A_CASE = "EXISTS (SELECT FROM monitored_case c WHERE c.id = case_id)"  # itself under its policy
OF_AN_ENTRY = "EXISTS (SELECT FROM case_entry e WHERE e.id = entry_id)"

PROTECTED: Mapping[str, str] = {
    "monitored_case": "EXISTS (SELECT FROM household h WHERE h.id = household_id)",
    "case_entry": OF_A_CASE,
    "case_clock": OF_A_CASE,
    "case_participant": OF_AN_ENTRY,
    "case_document": OF_AN_ENTRY,
}
APPENDED_TO = ("case_entry", "case_participant", "case_document")
TABLES = (
    "case_profile",
    "case_profile_step",
    "monitored_case",
    "case_clock",
    "case_entry",
    "case_document",
    "case_participant",
)


def upgrade() -> None:
    op.create_table(
        "case_profile",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("categories", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "version"),
    )
    op.create_table(
        "case_profile_step",
        sa.Column("profile_key", sa.String(), nullable=False),
        sa.Column("profile_version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("documents", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("since", sa.String(), nullable=True),
        sa.Column("may_skip", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_key", "profile_version"],
            ["case_profile.key", "case_profile.version"],
        ),
        sa.PrimaryKeyConstraint("profile_key", "profile_version", "position"),
    )
    op.create_table(
        "monitored_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("profile_key", sa.String(), nullable=False),
        sa.Column("profile_version", sa.Integer(), nullable=False),
        sa.Column("profile_document_no", sa.String(), nullable=False),
        sa.Column("ground_kind", sa.String(), nullable=False),
        sa.Column("ground_service", sa.String(), nullable=False),
        sa.Column("ground_id", sa.Uuid(), nullable=False),
        sa.Column("ground_on", sa.Date(), nullable=False),
        sa.Column("risks", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("resumes_at", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("green", sa.Boolean(), nullable=False),
        sa.Column("identified_on", sa.Date(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("line_document_no", sa.String(), nullable=True),
        sa.Column("national_number", sa.String(), nullable=True),
        sa.Column("identified_month", sa.String(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("end_kind", sa.String(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("branched_from", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('ended', 'refused') = (closed_on IS NOT NULL)", name="monitored_case_closed"),
        sa.CheckConstraint("cardinality(risks) >= 1", name="monitored_case_risks"),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["household.id"],
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["monitored_case.id"]),
        sa.ForeignKeyConstraint(["branched_from"], ["monitored_case.id"]),
        sa.ForeignKeyConstraint(
            ["profile_key", "profile_version"],
            ["case_profile.key", "case_profile.version"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("monitored_case_episode", "monitored_case", ["household_id", "episode"], unique=True)
    op.create_index(
        "monitored_case_open", "monitored_case", ["household_id"], unique=True, postgresql_where="closed_on IS NULL"
    )
    op.create_table(
        "case_clock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("warn_days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ran_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["monitored_case.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "case_clock_due",
        "case_clock",
        ["due_on"],
        unique=False,
        postgresql_where="done_on IS NULL AND ran_out_at IS NULL",
    )
    op.create_index(
        "case_clock_running", "case_clock", ["case_id", "step"], unique=True, postgresql_where="done_on IS NULL"
    )
    op.create_table(
        "case_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_findings", sa.LargeBinary(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("attendance", sa.Integer(), nullable=True),
        sa.Column("votes_for", sa.Integer(), nullable=True),
        sa.Column("votes_against", sa.Integer(), nullable=True),
        sa.Column("minutes_no", sa.String(), nullable=True),
        sa.Column("complaint_phone", sa.String(), nullable=True),
        sa.Column("objections", sa.Integer(), nullable=True),
        sa.Column("national_number", sa.String(), nullable=True),
        sa.Column("identified_month", sa.String(), nullable=True),
        sa.Column("measure_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("income_steady_since", sa.Date(), nullable=True),
        sa.Column("rigid_spending_solved", sa.Boolean(), nullable=True),
        sa.Column("procedure_due_on", sa.Date(), nullable=True),
        sa.Column("skipped", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["monitored_case.id"],
        ),
        sa.ForeignKeyConstraint(
            ["corrects"],
            ["case_entry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "case_entry_corrected", "case_entry", ["corrects"], unique=True, postgresql_where="corrects IS NOT NULL"
    )
    op.create_index(
        "case_entry_noticed_once",
        "case_entry",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("step = 'notice' AND corrects IS NULL"),
    )
    op.create_index("case_entry_of", "case_entry", ["case_id", "seq"], unique=False)
    op.create_table(
        "case_document",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["case_entry.id"],
        ),
        sa.PrimaryKeyConstraint("entry_id", "position"),
    )
    op.create_table(
        "case_participant",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("cadre_id", sa.Uuid(), nullable=True),
        sa.Column("how", sa.String(), nullable=True),
        sa.Column("guardian", sa.String(), nullable=True),
        sa.Column("relation", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["case_entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("entry_id", "position"),
    )
    op.create_index(
        "case_participant_person", "case_participant", ["person_id"], postgresql_where="person_id IS NOT NULL"
    )
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    for table in APPENDED_TO:  # the worker seals anew under a new key
        op.execute(f'REVOKE UPDATE, DELETE ON {table} FROM "{api}"')


def downgrade() -> None:
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
    for table in reversed(TABLES):
        op.drop_table(table)
