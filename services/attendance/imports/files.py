"""Teams, stations and pairings as files: a verdict per row, sound rows stored in sets, twice is harmless."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, File, Request, UploadFile

from services.attendance.facts import facts_changed_in_bulk
from services.attendance.imports import pairings as import_pairings
from services.attendance.imports import stations as import_stations
from services.attendance.imports import teams as import_teams
from services.attendance.imports.upload import Upload
from services.attendance.pairings.pairings import villages_of
from services.attendance.policy import allow
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.cells import ImportOut
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import Row, read_sheet

router = APIRouter(prefix="/v1", tags=["imports"], route_class=Repeatable)

KINDS = {"teams": import_teams, "stations": import_stations}


@router.post(
    "/team-imports/{kind}",
    status_code=201,
    dependencies=[allow("team:import")],
    openapi_extra=repeatable(HEADER, KEPT_FOR),
)
def create_import(
    kind: Literal["teams", "stations"],
    file: Annotated[UploadFile, File()],
    request: Request,
    session: UnboundSessionDep,
    today: Today,
    now: Now,
) -> ImportOut:
    """XLSX or CSV (UTF-8, GB18030) with the Chinese headers of docs/operations.md. All in one transaction. Rows of
    places outside the caller's are refused by row."""
    chosen = KINDS[kind]
    upload = Upload(session, scope_of(session), request.app.state.seal.pinned(), today, now)
    verdicts, changed = chosen.take(upload, rows_of(request, file, chosen.HEADERS))
    if changed:
        facts_changed_in_bulk(session, changed, now)
    return ImportOut.of(verdicts)


@router.post(
    "/pairing-imports",
    status_code=201,
    dependencies=[allow("pairing:write")],
    openapi_extra=repeatable(HEADER, KEPT_FOR),
)
def create_pairing_import(
    file: Annotated[UploadFile, File()],
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> ImportOut:
    """As a file of teams, for households that the caller sees in the register. A household that has
    somebody else of the kind is moved on the first day of the new one."""
    rows = rows_of(request, file, import_pairings.HEADERS)
    lie = villages_of(request, caller.token, import_pairings.households_in(rows))
    upload = Upload(session, scope_of(session), request.app.state.seal.pinned(), today, now)
    return ImportOut.of(import_pairings.take(upload, rows, lie))


def rows_of(request: Request, file: UploadFile, headers: tuple[str, ...]) -> list[Row]:
    content = file.file.read()
    rows = list(read_sheet(content, headers))
    tell(request, rows=len(rows), sha256=sha256(content).hexdigest())
    return rows
