"""What becomes of what was told of a person whose record is joined with another: it is one human being."""

from uuid import UUID

from sqlalchemy import text

from services.households.changes.change import Doing
from services.households.models.register import Person

# Of two that were told of the same day, year or month the one told later counts.
TOLD = {
    table: text(f"UPDATE {table} SET person_id = :kept WHERE person_id = :double RETURNING id")  # noqa: S608
    for table in (
        "person_circumstances",
        "person_residence",
        "person_health",
        "person_phone",
        "person_insurance",
        "work_month",
    )
}
# In the household where the kept record is; what stays in another as history stays under the record it was written of.
THERE = {
    table: text(
        f"UPDATE {table} SET person_id = :kept WHERE person_id = :double AND household_id = :home RETURNING id"  # noqa: S608
    )
    for table in ("measure", "received")
}


def records_go(doing: Doing, kept: Person, double: Person, home: UUID) -> None:
    told = {"kept": kept.id, "double": double.id}
    doing.session.flush()
    for table, statement in (TOLD | THERE).items():
        going = doing.session.scalars(statement, told | ({"home": home} if table in THERE else {}))
        doing.carried(f"{table}.person_id", going.all(), double.id, kept.id)
    kept.schooling = double.schooling if kept.schooling is None else kept.schooling
    kept.insured = double.insured if kept.insured is None else kept.insured
