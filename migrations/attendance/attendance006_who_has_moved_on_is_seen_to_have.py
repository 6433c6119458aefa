"""a posting is shown to whoever sees an earlier one of the same cadre, which would pass for the latest otherwise"""

from collections.abc import Mapping, Sequence

from alembic import op

from services.kit.store.barrier import expose, protect

revision: str = "attendance006"
down_revision: str | None = "attendance005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

BEFORE = "EXISTS (SELECT FROM team t WHERE t.id = team_id) OR cadre_id IN (SELECT own_cadres())"
REACHED: Mapping[str, str] = {"before": BEFORE, "after": f"{BEFORE} OR cadre_id IN (SELECT reachable_cadres())"}


def upgrade() -> None:
    protect_anew(REACHED["after"])


def downgrade() -> None:
    protect_anew(REACHED["before"])


def protect_anew(reached: str) -> None:
    for statement in (*expose("posting"), *protect(op.get_bind(), "posting", reached)):
        op.execute(statement)
