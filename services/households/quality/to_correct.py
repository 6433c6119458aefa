"""A file of what to correct in the national system, in its own columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import col

from services.households.exports.asking import ALONE, TableFile
from services.households.exports.sheets import as_csv, as_xlsx
from services.households.imports.mapping import Mapped
from services.households.models.imports import ImportBatch
from services.households.models.quality import RegisterDifference
from services.households.policy import allow
from services.households.quality.comparisons import line, of_batch, own
from services.households.quality.fields import FIELDS, NUMBER, held_of
from services.households.search.filters import Place
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.reference import standard
from services.kit.web.audited import tell
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError

router = APIRouter(prefix="/v1/comparison-imports", tags=["quality"], dependencies=[allow("household:import")])

AT_ONCE = 500  # differences that are opened together
TO_CORRECT = [name for name, field in FIELDS.items() if not field.masked]


class CorrectionsTooMany(DomainError):
    status = 409
    zh = "更正文件的行数超过一人可自行导出的上限，请按乡镇或村分别下载。"
    en = "The file would hold more rows than one person may take out alone. Ask for a smaller place."


@router.get("/{comparison_id}/corrections", response_class=TableFile)
def get_register_corrections(
    comparison_id: UUID,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
    village: Annotated[Place, Query()],
    form: Annotated[Literal["xlsx", "csv"], Query(alias="format", title="格式")] = "xlsx",
) -> TableFile:
    """Ours, where theirs still differs, under their own headers; empty where nothing is to be corrected. Phones are
    left out: what is masked corrects nothing. Nothing is opened behind the row that is one too many."""
    batch, most = own(session, comparison_id), standard(session, ALONE, village, today)
    shown_here = of_batch(session, batch, village).where(col(RegisterDifference.field).in_(TO_CORRECT))
    told = session.execute(shown_here.order_by(col(RegisterDifference.number)).execution_options(yield_per=AT_ONCE))
    rows: dict[str, dict[str, str]] = {}
    for some in told.partitions():
        held = held_of(session, request.app.state.seal, list({home.id: home for _, home in some}.values()))
        for row, home in some:
            said = line(request.app.state.seal, caller, row, held[home.id])
            if not said.settled:
                rows.setdefault(row.told_number or home.number, {})[row.field] = said.ours
            if len(rows) > most:
                raise CorrectionsTooMany
    tell(request, batch.id, division=village, rows=len(rows))
    numbered = [{NUMBER: number} | said for number, said in rows.items()]
    return as_file(batch, numbered, (NUMBER,), tuple(FIELDS), mark_of(caller, now), f"corrections.{form}")


def mark_of(caller: Caller, now: datetime) -> str:
    return f"更正文件 · {caller.subject} · {now:%Y-%m-%d %H:%M}"


def as_file(
    batch: ImportBatch,
    rows: Sequence[dict[str, str]],
    first: Sequence[str],
    fields: Sequence[str],
    mark: str,
    name: str,
) -> TableFile:
    """`first` always, and those of `fields` that any row has, under the headers of the file that was sent."""
    mapped = Mapped.model_validate(batch.mapping)
    columns = [*first, *(field for field in fields if any(field in row for row in rows))]
    headers = [mapped.columns.get(column, column) for column in columns]
    table = [[row.get(column, "") for column in columns] for row in rows]
    content = as_csv(headers, table, mark) if name.endswith("csv") else as_xlsx(headers, {}, table, mark)
    return TableFile(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})
