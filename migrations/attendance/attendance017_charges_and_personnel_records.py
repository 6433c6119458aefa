"""who answers for what and where, and what is on a cadre's record"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from services.kit.store.barrier import HOLDER, UNITS, expose, protect, roles, within_division

revision: str = "attendance017"
down_revision: str | None = "attendance016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Who is charged with a place is also told to whoever works in it: who answers for the county and the township above.
ABOVE = "EXISTS (SELECT FROM unnest(shouwang_list('divisions')) AS held WHERE held ^@ division)"
OWN = "(cadre_id IN (SELECT own_cadres()) OR about_cadre_id IN (SELECT own_cadres()))"
# By the county's six digits: no township and no village holds them. And the cadre's own, not their unit's.
ITS_CADRE = f"EXISTS (SELECT FROM cadre c WHERE c.id = cadre_id AND c.account = {HOLDER})"
PROTECTED: Mapping[str, str] = {
    "charge": f"{within_division('division')} OR {ABOVE} OR unit_id = {UNITS} OR about_unit_id = {UNITS} OR {OWN}",
    "personnel_record": f"{within_division('county')} OR {ITS_CADRE}",
    "personnel_reply": "EXISTS (SELECT FROM personnel_record r WHERE r.id = record_id)",
}
OUTCOMES = "'term_over', 'replaced', 'transferred', 'recalled', 'abolished', 'mistake', 'other'"
WHO = "coalesce(cadre_id::text, unit_id::text, name)"
ABOUT = "coalesce(about_cadre_id::text, about_unit_id::text, body, '')"
WHERE_AND_ABOUT = f"(coalesce(team_id::text, '') || ':' || {ABOUT})"


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def make_kinds() -> None:
    op.create_table(
        "charge_kind",
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.CheckConstraint("since < until", name="charge_kind_days"),
        sa.PrimaryKeyConstraint("division", "key"),
    )


def make_charges() -> None:
    op.create_table(
        "charge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("cadre_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("post", sa.String(), nullable=True),
        sa.Column("about_cadre_id", sa.Uuid(), nullable=True),
        sa.Column("about_unit_id", sa.Uuid(), nullable=True),
        sa.Column("about_name", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("function", sa.String(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("sealed_because", sa.LargeBinary(), nullable=True),
        sa.Column("document_no", sa.String(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        moment("recorded_at"),
        moment("replaced_at", nullable=True),
        sa.CheckConstraint("num_nonnulls(cadre_id, unit_id) < 2", name="charge_bearer"),
        sa.CheckConstraint("num_nonnulls(about_cadre_id, about_unit_id) < 2", name="charge_about"),
        sa.CheckConstraint(
            "(about_name IS NULL) = (num_nonnulls(about_cadre_id, about_unit_id) = 0)", name="charge_about_name"
        ),
        sa.CheckConstraint("function IN ('head', 'deputy', 'member', 'office')", name="charge_function"),
        sa.CheckConstraint("(body IS NULL) = (function IS NULL)", name="charge_body"),
        sa.CheckConstraint(f"outcome IN ({OUTCOMES})", name="charge_outcome"),
        sa.CheckConstraint("(until IS NULL) = (outcome IS NULL)", name="charge_end"),
        sa.CheckConstraint(
            "CASE WHEN outcome = 'mistake' THEN since = until ELSE since < until END", name="charge_days"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.ForeignKeyConstraint(["about_cadre_id"], ["cadre.id"]),
        sa.ForeignKeyConstraint(["about_unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        ExcludeConstraint(
            (sa.column("kind"), "="),
            (sa.column("division"), "="),
            (sa.text(WHO), "="),
            (sa.text(WHERE_AND_ABOUT), "="),
            (sa.text("daterange(since, until)"), "&&"),
            name="charge_once",
            using="gist",
            where=sa.text("replaced_at IS NULL"),
        ),
    )
    op.create_index("charge_version", "charge", ["charge_id", "version"], unique=True)
    op.create_index("charge_standing", "charge", ["charge_id"], unique=True, postgresql_where="replaced_at IS NULL")
    op.create_index("charge_in", "charge", ["division", "kind"])
    op.create_index("charge_of_team", "charge", ["team_id"])
    op.create_index("charge_of_cadre", "charge", ["cadre_id"])
    op.create_index("charge_of_unit", "charge", ["unit_id"])
    op.create_index("charge_about_cadre", "charge", ["about_cadre_id"])
    op.create_index("charge_about_unit", "charge", ["about_unit_id"])
    op.create_index("charge_taken_over", "charge", ["replaces"])


def make_personnel_records() -> None:
    op.create_table(
        "personnel_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("sealed_words", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        moment("recorded_at"),
        sa.Column("issued_by", sa.String(), nullable=True),
        moment("issued_at", nullable=True),
        sa.Column("withdrawn_because", sa.String(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        moment("withdrawn_at", nullable=True),
        sa.CheckConstraint(
            "kind IN ('notice', 'interview', 'reminder', 'recall', 'honour', 'thanks')", name="personnel_record_kind"
        ),
        sa.CheckConstraint("(kind = 'honour') = (title IS NOT NULL)", name="personnel_record_title"),
        sa.CheckConstraint("(issued_at IS NULL) = (issued_by IS NULL)", name="personnel_record_issued"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="personnel_record_withdrawn"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="personnel_record_withdrawn_by"),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("personnel_record_in", "personnel_record", ["county", "day"])
    op.create_index("personnel_record_of", "personnel_record", ["cadre_id", "day"])
    op.create_table(
        "personnel_reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_reply", sa.LargeBinary(), nullable=False),
        sa.Column("replied_by", sa.String(), nullable=False),
        moment("replied_at"),
        sa.ForeignKeyConstraint(["record_id"], ["personnel_record.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("personnel_reply_to", "personnel_reply", ["record_id", "replied_at"])


def upgrade() -> None:
    make_kinds()
    make_charges()
    make_personnel_records()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE DELETE ON charge, personnel_record FROM "{api}"')
    op.execute(f'REVOKE UPDATE, DELETE ON personnel_reply FROM "{api}"')


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
    op.drop_table("charge_kind")
