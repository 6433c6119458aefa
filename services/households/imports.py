"""Households, members and statements as files: a verdict per row, sound rows stored in sets, twice is harmless."""

from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, File, Request, UploadFile

from services.households import import_households, import_members, import_statements
from services.households.facts import facts_changed_in_bulk
from services.households.policy import allow
from services.households.upload import Upload
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.cells import ImportOut
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import read_sheet

router = APIRouter(prefix="/v1/household-imports", tags=["imports"], route_class=Repeatable)

KINDS = {"households": import_households, "members": import_members, "statements": import_statements}


@router.post(
    "/{kind}", status_code=201, dependencies=[allow("household:import")], openapi_extra=repeatable(HEADER, KEPT_FOR)
)
def create_import(
    kind: Literal["households", "members", "statements"],
    file: Annotated[UploadFile, File()],
    request: Request,
    session: UnboundSessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> ImportOut:
    """XLSX or CSV (UTF-8, GB18030) with the Chinese headers of docs/operations.md. All in one transaction. Rows of
    places outside the caller's are refused by row."""
    chosen = KINDS[kind]
    content = file.file.read()
    rows = list(read_sheet(content, chosen.HEADERS))
    tell(request, rows=len(rows), sha256=sha256(content).hexdigest())
    state = request.app.state
    seal, demo = state.seal.pinned(), state.settings.demo_people
    upload = Upload(session, scope_of(session), seal, caller.subject, today, now, demo)
    verdicts, changed = chosen.take(upload, rows)
    if changed:
        facts_changed_in_bulk(session, changed, now)
    return ImportOut.of(verdicts)
