"""activities, their counts and the days they show"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import UNITS, expose, protect, within_division

revision: str = "attendance015"
down_revision: str | None = "attendance014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PROTECTED: Mapping[str, str] = {
    "activity": f"{within_division('division')} OR unit_id = {UNITS} OR cadre_ids && ARRAY(SELECT own_cadres())",
    "activity_count": "EXISTS (SELECT FROM activity v WHERE v.id = version_id)",  # itself under its policy
    "activity_day": "cadre_id IN (SELECT reachable_cadres())",
}


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def make_terms() -> None:
    op.create_table(
        "activity_term",
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.CheckConstraint("term IN ('kind', 'label')", name="activity_term_term"),
        sa.CheckConstraint("since < until", name="activity_term_days"),
        sa.PrimaryKeyConstraint("division", "term", "key"),
    )


def make_activities() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        moment("starts_at", nullable=True),
        moment("ends_at", nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("place_words", sa.String(), nullable=True),
        sa.Column("place_kind", sa.String(), nullable=True),
        sa.Column("cadre_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("capacities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("labels", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        moment("recorded_at"),
        moment("replaced_at", nullable=True),
        sa.Column("withdrawn_because", sa.String(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("mode IN ('on_site', 'telephone', 'message', 'live')", name="activity_mode"),
        sa.CheckConstraint("day <= last_day", name="activity_days"),
        sa.CheckConstraint("starts_at < ends_at", name="activity_span"),
        sa.CheckConstraint("cardinality(cadre_ids) = cardinality(capacities)", name="activity_cadres"),
        sa.CheckConstraint("answered_on IS NULL OR asks", name="activity_answer"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="activity_withdrawn"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="activity_withdrawn_by"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("activity_version", "activity", ["activity_id", "version"], unique=True)
    op.create_index(
        "activity_standing", "activity", ["activity_id"], unique=True, postgresql_where="replaced_at IS NULL"
    )
    op.create_index("activity_in", "activity", ["division", "day"])
    op.create_index("activity_of_team", "activity", ["team_id", "day"])
    op.create_index("activity_of_unit", "activity", ["unit_id", "day"])
    op.create_index("activity_with", "activity", ["cadre_ids"], postgresql_using="gin")


def make_counts_and_days() -> None:
    op.create_table(
        "activity_count",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.CheckConstraint("what IN ('households', 'persons', 'person_times')", name="activity_count_what"),
        sa.CheckConstraint(
            "precision IN ('exact', 'about', 'more_than', 'less_than')", name="activity_count_precision"
        ),
        sa.CheckConstraint("number >= 0", name="activity_count_number"),
        sa.ForeignKeyConstraint(["version_id"], ["activity.id"]),
        sa.PrimaryKeyConstraint("version_id", "capacity", "what"),
    )
    op.create_table(
        "activity_day",
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("by_another", sa.Boolean(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        moment("changed_at"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("cadre_id", "day", "activity_id"),
    )
    op.create_index("activity_day_of", "activity_day", ["activity_id"])


def upgrade() -> None:
    make_terms()
    make_activities()
    make_counts_and_days()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
    op.drop_table("activity_term")
