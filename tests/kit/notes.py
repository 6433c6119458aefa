"""A small service whose writes are counted: each effect is one row of `event`."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI, File, UploadFile
from pydantic import BaseModel
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from services.kit.post.events import emit
from services.kit.settings import Settings
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from services.kit.web.app import create_app
from services.kit.web.auth import Keys, policy
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sunset import deprecated

allow = policy({"note:write": frozenset({"county"}), "note:read": frozenset({"county"})})
router = APIRouter(route_class=Repeatable)

Create = Callable[[Settings, Engine, Keys], FastAPI]


class NoteIn(BaseModel):
    id: UUID
    text: str = ""


class NoteOut(BaseModel):
    """`made` differs each time the endpoint runs: only a kept answer can be the same."""

    made: UUID
    text: str


class NotWelcome(DomainError):
    zh = "不接受。"
    en = "Not welcome."


def write(session: Session, text: str, now: Now) -> NoteOut:
    if text == "refused":
        raise NotWelcome
    emit(session, "note.made", text, now, division="520621", data={})
    return NoteOut(made=uuid4(), text=text)


@router.post(
    "/v1/notes",
    status_code=201,
    dependencies=[allow("note:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_note(body: NoteIn, session: SessionDep, now: Now) -> NoteOut:
    return write(session, body.text, now)


class CallIn(BaseModel):
    text: str = ""


@router.post(
    "/v1/calls", status_code=201, dependencies=[allow("note:write")], openapi_extra=repeatable(HEADER, KEPT_FOR)
)
def create_call(body: CallIn, session: SessionDep, now: Now) -> NoteOut:
    return write(session, body.text, now)


@router.post(
    "/v1/letters", status_code=201, dependencies=[allow("note:write")], openapi_extra=repeatable(HEADER, KEPT_FOR)
)
def create_letter(body: CallIn, session: SessionDep, now: Now) -> NoteOut:
    return write(session, body.text, now)


@router.post(
    "/v1/sheets", status_code=201, dependencies=[allow("note:write")], openapi_extra=repeatable(HEADER, KEPT_FOR)
)
def create_sheet(file: Annotated[UploadFile, File()], session: SessionDep, now: Now) -> NoteOut:
    return write(session, file.file.read().decode(), now)


def notes(seal: Seal) -> Create:
    def create(settings: Settings, engine: Engine, keys: Keys) -> FastAPI:
        return create_app(settings, [router], title="notes", engine=engine, keys=keys, state={"seal": seal})

    return create


@router.get("/v1/notes", dependencies=[allow("note:read")])
def list_notes(text: str = "", limit: int = 1) -> list[str]:
    return [text or "示例"] * limit


@router.get(
    "/v1/old-notes",
    dependencies=[allow("note:read")],
    openapi_extra=deprecated(on=date(2026, 11, 1), ends=date(2027, 5, 1), instead="/v1/notes"),
)
def list_old_notes() -> list[str]:
    return ["示例"]


class EventOut(BaseModel):
    id: UUID
    subject: str


@router.get("/v1/events", dependencies=[allow("note:read")])
def list_events(session: SessionDep, paging: PagingDep, division: str, newest: bool = False) -> Page[EventOut]:
    wanted = select(Event).where(col(Event.division) == division)
    rows, following = paging.read(session, wanted, col(Event.occurred_at), col(Event.id), descending=newest)
    return Page(rows=[EventOut(id=event.id, subject=event.subject) for (event,) in rows], next=following)


@router.get("/v1/broken", dependencies=[allow("note:read")])
def get_broken() -> None:
    raise RuntimeError("12345")
