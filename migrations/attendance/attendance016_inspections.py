"""inspections, the villages they are drawn among, what was found, and the issues that asks for"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

from services.kit.store.barrier import DIVISIONS, HOLDER, expose, protect, roles, within_division

revision: str = "attendance016"
down_revision: str | None = "attendance015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

MINE = f"{HOLDER} = ANY (inspectors)"
DRAWN_HERE = f"EXISTS (SELECT FROM unnest(villages) AS drawn WHERE drawn ^@ {DIVISIONS})"
# An inspection is itself under its policy, and so is a finding.
OF_ITS_INSPECTION = "EXISTS (SELECT FROM inspection i WHERE i.id = inspection_id)"
OF_ITS_VILLAGE = (
    f"EXISTS (SELECT FROM inspection i WHERE i.id = inspection_id"
    f" AND ({within_division('village')} OR {within_division('i.division')} OR {HOLDER} = ANY (i.inspectors)))"
)
PROTECTED: Mapping[str, str] = {
    "inspection": f"{within_division('division')} OR {MINE} OR (closed_at IS NOT NULL AND {DRAWN_HERE})",
    "inspection_village": OF_ITS_INSPECTION,
    "inspection_finding": OF_ITS_VILLAGE,
    "inspection_sighting": "EXISTS (SELECT FROM inspection_finding f WHERE f.id = finding_id)",
    "inspection_issue": "EXISTS (SELECT FROM inspection_finding f WHERE f.id = finding_id)",
}


def moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def make_inspections() -> None:
    op.create_table(
        "inspection_number",
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county", "year"),
    )
    op.create_table(
        "inspection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("document_no", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("among", sa.String(), nullable=False),
        sa.Column("how_many", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("inspectors", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("inspector_names", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        moment("ordered_at"),
        sa.Column("seed", sa.String(), nullable=True),
        sa.Column("villages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=True),
        moment("drawn_at", nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        moment("closed_at", nullable=True),
        sa.Column("withdrawn_because", sa.String(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        moment("withdrawn_at", nullable=True),
        sa.CheckConstraint("kind IN ('announced', 'unannounced')", name="inspection_kind"),
        sa.CheckConstraint("among IN ('villages', 'team_villages')", name="inspection_among"),
        sa.CheckConstraint("first_day <= last_day", name="inspection_days"),
        sa.CheckConstraint(
            "cardinality(inspectors) > 0 AND cardinality(inspectors) = cardinality(inspector_names)",
            name="inspection_inspectors",
        ),
        sa.CheckConstraint("(drawn_at IS NULL) = (seed IS NULL)", name="inspection_seed"),
        sa.CheckConstraint("(drawn_at IS NULL) = (drawn_by IS NULL)", name="inspection_drawn_by"),
        sa.CheckConstraint(
            "cardinality(villages) = CASE WHEN drawn_at IS NULL THEN 0 ELSE how_many END", name="inspection_villages"
        ),
        sa.CheckConstraint("closed_at IS NULL OR drawn_at IS NOT NULL", name="inspection_closed"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="inspection_closed_by"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_because IS NULL)", name="inspection_withdrawn"),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="inspection_withdrawn_by"),
        sa.CheckConstraint("withdrawn_at IS NULL OR closed_at IS NULL", name="inspection_ended_once"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("inspection_number_once", "inspection", ["county", "year", "number"], unique=True)
    op.create_index("inspection_in", "inspection", ["division", "first_day"])
    op.create_index("inspection_by", "inspection", ["inspectors"], postgresql_using="gin")
    op.create_index("inspection_of", "inspection", ["villages"], postgresql_using="gin")
    op.create_table(
        "inspection_village",
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("kept_out", sa.String(), nullable=True),
        sa.CheckConstraint("kept_out IN ('own_village', 'own_township')", name="inspection_village_kept_out"),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"]),
        sa.PrimaryKeyConstraint("inspection_id", "village"),
    )
    op.create_index("inspection_village_turn", "inspection_village", ["inspection_id", "turn"], unique=True)


def make_findings() -> None:
    op.create_table(
        "inspection_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("sealed_said", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        moment("recorded_at"),
        sa.CheckConstraint(
            "verdict IN ('well', 'noted', 'repair', 'not_inspected')", name="inspection_finding_verdict"
        ),
        sa.CheckConstraint("(corrects IS NULL) = (version = 1)", name="inspection_finding_version"),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"]),
        sa.ForeignKeyConstraint(["corrects"], ["inspection_finding.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("inspection_finding_of", "inspection_finding", ["inspection_id", "village"])
    op.create_index("inspection_finding_chain", "inspection_finding", ["first_id", "version"], unique=True)
    op.create_index("inspection_finding_corrected_once", "inspection_finding", ["corrects"], unique=True)
    op.create_table(
        "inspection_sighting",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("cadre_id", sa.Uuid(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["inspection_finding.id"]),
        sa.ForeignKeyConstraint(["cadre_id"], ["cadre.id"]),
        sa.PrimaryKeyConstraint("finding_id", "cadre_id"),
    )
    op.create_index("inspection_sighting_of", "inspection_sighting", ["cadre_id"])
    op.create_table(
        "inspection_issue",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        moment("asked_at"),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        moment("answered_at", nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'opened', 'refused')", name="inspection_issue_state"),
        sa.CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name="inspection_issue_answered"),
        sa.CheckConstraint("(state = 'opened') = (number IS NOT NULL)", name="inspection_issue_number"),
        sa.CheckConstraint("(state = 'refused') = (code IS NOT NULL)", name="inspection_issue_code"),
        sa.ForeignKeyConstraint(["finding_id"], ["inspection_finding.id"]),
        sa.PrimaryKeyConstraint("finding_id"),
    )
    op.create_index(
        "inspection_issue_once", "inspection_issue", ["first_id"], unique=True, postgresql_where="state <> 'refused'"
    )
    op.create_index(
        "inspection_issue_waiting", "inspection_issue", ["inspection_id"], postgresql_where="state = 'waiting'"
    )


def upgrade() -> None:
    make_inspections()
    make_findings()
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)
    api, _ = roles(op.get_bind())
    op.execute(f'REVOKE DELETE ON inspection, inspection_number FROM "{api}"')
    # Appended to, and never changed.
    op.execute(f'REVOKE UPDATE, DELETE ON inspection_village, inspection_finding, inspection_sighting FROM "{api}"')


def downgrade() -> None:
    for table in reversed(list(PROTECTED)):
        for statement in expose(table):
            op.execute(statement)
        op.drop_table(table)
    op.drop_table("inspection_number")
