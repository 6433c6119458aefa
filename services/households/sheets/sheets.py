"""The record of each sheet that was issued: what became of it, whether the register says otherwise by now, its copy."""

import re
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select
from sqlmodel import col

from services.households.exports.columns import Reader
from services.households.models.register import Household
from services.households.models.sheets import Sheet
from services.households.policy import allow, may
from services.households.sheets.asking import PrintedFile
from services.households.sheets.kinds import ANSWERING, KINDS, LETTERS, SheetKind
from services.households.sheets.making import contents_of, number_of, said, to_print
from services.households.sheets.pages import as_pdf
from services.households.sheets.posting import PostingOut, postings_of
from services.households.sheets.reach import reachable_sheets, sheet_in_reach
from services.households.sheets.signing import SignatureOut, signatures_of
from services.kit.store.db import Now, SessionDep
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/sheets", tags=["sheets"])

NUMBER = re.compile("([KBSZ])-(20[0-9]{2})-([0-9]{7,12})")


class SheetLine(BaseModel):
    """`number` stands on it, in its QR code too. `replaced_by` is the sheet that took its place."""

    id: UUID
    number: str
    kind: SheetKind
    wall: bool
    household_id: UUID
    village: str
    issued_on: date
    issued_by: str
    digest: str
    replaced_by: UUID | None

    @classmethod
    def of(cls, sheet: Sheet, **more: Any) -> Self:
        told = sheet.model_dump(include={*cls.model_fields})
        return cls.model_validate(told | {"number": number_of(sheet)} | more)


class SheetOut(SheetLine):
    """`changed`: the parts of which the register says otherwise by now; who answers for the family is asked elsewhere
    and not compared. Signatures are told to those who issue sheets."""

    changed: Annotated[list[str], Field(title="已有变化的部分")]
    postings: list[PostingOut]
    signatures: list[SignatureOut] | None


@router.get("", dependencies=[allow("sheet:read")])
def list_sheets(
    session: SessionDep,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    household_id: UUID | None = None,
    kind: SheetKind | None = None,
    number: Annotated[str | None, Query(pattern=f"^{NUMBER.pattern}$", title="单据编号")] = None,
    current: Annotated[bool, Query(title="只看未被取代的")] = False,
) -> Page[SheetLine]:
    """In the order they were issued."""
    wanted = reachable_sheets(session).where(col(Sheet.village).startswith(village))
    if household_id:
        wanted = wanted.where(col(Sheet.household_id) == household_id)
    if kind:
        wanted = wanted.where(col(Sheet.kind) == kind)
    if current:
        wanted = wanted.where(col(Sheet.replaced_by).is_(None))
    rows, following = paging.read(session, numbered(wanted, number), col(Sheet.serial), col(Sheet.id))
    return Page(rows=[SheetLine.of(row) for (row,) in rows], next=following)


@router.get("/{sheet_id}", dependencies=[allow("sheet:read")])
def get_sheet(sheet_id: UUID, request: Request, session: SessionDep, caller: CallerDep, now: Now) -> SheetOut:
    sheet, seal = sheet_in_reach(session, sheet_id), request.app.state.seal
    told = may(caller, "sheet:issue")
    signatures = [SignatureOut.of(row, seal) for row in signatures_of(session, sheet.id)] if told else None
    reader = Reader(session, seal, caller, now)
    return SheetOut.of(
        sheet, changed=changed(reader, sheet), postings=postings_of(session, sheet.id), signatures=signatures
    )


@router.get("/{sheet_id}/file", dependencies=[allow("sheet:issue")], response_class=PrintedFile)
def get_sheet_file(sheet_id: UUID, request: Request, session: SessionDep) -> PrintedFile:
    """As it was issued, to the byte, however often it is asked for."""
    sheet = sheet_in_reach(session, sheet_id)
    pdf = as_pdf(to_print(request.app.state.seal, sheet.kind, sheet.paper, [sheet]), sheet.created_at)
    tell(request, division=sheet.village, rows=1)
    name = f'attachment; filename="{number_of(sheet)}.pdf"'
    return PrintedFile(pdf, headers={"Content-Disposition": name})


def numbered(wanted: Select[Sheet], number: str | None) -> Select[Sheet]:
    written = NUMBER.fullmatch(number or "")
    if written is None:
        return wanted
    letter, year, serial = written.groups()
    issued = col(Sheet.issued_on).between(date(int(year), 1, 1), date(int(year), 12, 31))
    return wanted.where(col(Sheet.kind) == LETTERS[letter], issued, col(Sheet.serial) == int(serial))


def changed(reader: Reader, sheet: Sheet) -> list[str]:
    """`family`, or the name of a part."""
    home = reader.session.get_one(Household, sheet.household_id)
    held = said(reader.seal, sheet)
    now = contents_of(reader, KINDS[sheet.kind], sheet.wall, [home], {})[home.id]
    parts = [key for key, part in now["parts"].items() if key != ANSWERING and part != held["parts"].get(key)]
    return ["family", *parts] if now["family"] != held["family"] else parts
