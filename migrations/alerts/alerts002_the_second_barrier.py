"""the policies by which the database shows an API no other place's facts, findings and alerts"""

from collections.abc import Mapping, Sequence

from alembic import op

from services.kit.store.barrier import DIVISIONS, FIGURES, expose, in_a_set, protect, within_division

revision: str = "alerts002"
down_revision: str | None = "alerts001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = "kit002"

OF_A_SUBJECT = f"{within_division('division')} OR {in_a_set('subject')}"
# A county's sweep is figures: whoever holds the county, a place in it, or its figures may read them.
OF_A_COUNTY = f"""county ^@ {DIVISIONS} OR county ^@ {FIGURES}
    OR EXISTS (SELECT FROM unnest(shouwang_list('divisions') || shouwang_list('figures')) place
               WHERE place ^@ county)"""

PROTECTED: Mapping[str, str] = {
    "household_facts": OF_A_SUBJECT,
    "team_facts": OF_A_SUBJECT,
    "departed": within_division("county"),
    "alert": OF_A_SUBJECT,
    "finding": "EXISTS (SELECT FROM alert a WHERE a.subject = finding.subject AND a.rule_key = finding.rule_key)",
    "sweep": OF_A_COUNTY,
    "sweep_gap": OF_A_SUBJECT,
}


def upgrade() -> None:
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
