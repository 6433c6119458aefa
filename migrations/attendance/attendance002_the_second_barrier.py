"""the policies by which the database shows an API no other place's teams, cadres and check-ins"""

from collections.abc import Mapping, Sequence

from alembic import op

from services.kit.store.barrier import HOLDER, UNITS, expose, protect, within_division

revision: str = "attendance002"
down_revision: str | None = "attendance001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = "kit002"

# Teams and cadres say of each other where they are; a policy that asked the other's table would ask itself again, so
# these are asked as the owner. A cadre is reached wherever ever posted: coarser than the queries, never narrower.
FUNCTIONS = (
    """
    CREATE FUNCTION own_cadres() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT id FROM cadre
       WHERE unit_id = ANY (shouwang_list('units')::uuid[]) OR account = current_setting('shouwang.holder', true) $$
    """,
    """
    CREATE FUNCTION reachable_cadres() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT own_cadres() UNION
       SELECT p.cadre_id FROM posting p JOIN team t ON t.id = p.team_id
       WHERE t.village ^@ ANY (shouwang_list('divisions')) $$
    """,
    """
    CREATE FUNCTION teams_of_own_cadres() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT team_id FROM posting WHERE cadre_id IN (SELECT own_cadres()) $$
    """,
)
ITS_TEAM = "EXISTS (SELECT FROM team t WHERE t.id = {})"
REACHABLE = "cadre_id IN (SELECT reachable_cadres())"

PROTECTED: Mapping[str, str] = {
    "team": f"{within_division('village')} OR id IN (SELECT teams_of_own_cadres())",
    "cadre": f"unit_id = {UNITS} OR account = {HOLDER} OR id IN (SELECT reachable_cadres())",
    "posting": f"{ITS_TEAM.format('team_id')} OR cadre_id IN (SELECT own_cadres())",
    "station": within_division("village"),
    "check_in": (
        f"{within_division('village')} OR cadre_id IN (SELECT own_cadres()) OR (village IS NULL AND {REACHABLE})"
    ),
    "day_status": REACHABLE,
    "team_facts": ITS_TEAM.format("subject"),
}


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    for table, reached in PROTECTED.items():
        for statement in protect(op.get_bind(), table, reached):
            op.execute(statement)


def downgrade() -> None:
    for table in PROTECTED:
        for statement in expose(table):
            op.execute(statement)
    for function in ("teams_of_own_cadres", "reachable_cadres", "own_cadres"):
        op.execute(f"DROP FUNCTION {function}()")
