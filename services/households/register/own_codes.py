"""A county's own codes beside the country's: a label of households (such as 穿青人), a risk the national table has not,
a facility or a role of its villages.
A code never changes what it means: it begins and ends by its document, and what was told in it stays."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.models.register import OwnCode
from services.households.policy import allow
from services.households.register.code_sets import Key, code_sets, words_of
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/code-sets/{key}", tags=["code-sets"])

TAG, RISK, SAFEGUARD = "tag", "risk", "safeguard"
VILLAGE_SETS = ("village_status", "facility", "village_role")
# A risk of one's own lies under one of the country's, by its first two digits: what answers that one answers it. 99 is
# the country's own word for others.
OWN_ENDS = "(8[0-9]|9[0-8])"
OWN_WORD = r"own_[a-z0-9_]{1,30}"
OWN = {RISK: f"[0-9]{{2}}{OWN_ENDS}"} | dict.fromkeys((TAG, *VILLAGE_SETS), OWN_WORD)
SHARED = {key: (key,) for key in (TAG, *VILLAGE_SETS)}
BESIDE = SHARED | {RISK: (RISK, SAFEGUARD)}  # sets whose names stand in one column of a file
# One word of a list, in a file and in a drop-down. What is blank differs between languages in U+0085 and U+FEFF.
NAME = r"^[^\s\x00-\x1f\x7f-\x9f\ufeff\"、,，;；]+$"
CodePath = Annotated[str, InPath(pattern=rf"^({OWN_WORD}|{OWN[RISK]})$", title="自设代码")]


class OwnCodeIn(BaseModel):
    """`division`: the county (six digits) it is of, or a wider place. `valid_until`: the first day it may no longer be
    written; what is held in it is read as before."""

    model_config = ConfigDict(extra="forbid")

    division: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", title="适用区划")]
    zh: Annotated[str, Field(min_length=1, max_length=40, pattern=NAME, title="名称")]
    valid_from: Annotated[WrittenDay, Field(title="启用日")]
    valid_until: Annotated[WrittenDay | None, Field(title="停用日")] = None
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class OwnCodeOut(OwnCodeIn):
    code: str

    @classmethod
    def of(cls, row: OwnCode) -> Self:
        days = {"valid_from": row.valid.lower, "valid_until": row.valid.upper}
        return cls.model_validate(row.model_dump(include={*cls.model_fields}) | days)


class NotAnOwnCode(DomainError):
    zh = "该代码集不能自设代码，或代码形式不对：自设代码以 own_ 开头，风险的为国家两位代码后加 80 至 98。"
    en = "No set with codes of one's own, or no such code: own_ and a word; of a risk a national code and 80 to 98."


class CodeUpsideDown(DomainError):
    zh = "停用日须晚于启用日。"
    en = "A code ends after the day it begins."


class LabelTaken(DomainError):
    status = 409
    zh = "这个代码集中已有同名的代码。"
    en = "Another code of the set bears that name."


class NoSuchCode(DomainError):
    zh = "该地当日没有启用这个代码。"
    en = "The code is not one that holds there on that day."


@router.put("/own/{code}", dependencies=[allow("code:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_own_code(key: Key, code: CodePath, body: OwnCodeIn, session: SessionDep, edit: EditDep, now: Now) -> OwnCodeOut:
    """Within the caller's own county. A name that is mended is the same code's; another meaning takes another code."""
    refuse_form(key, code, body)
    take_turn(session, f"own-codes:{key}")
    held = session.get(OwnCode, (key, code))
    if not all(scope_of(session).covers(place) for place in {body.division, *({held.division} if held else ())}):
        raise NotThere
    wanted, shown = OwnCodeOut(code=code, **body.model_dump()), OwnCodeOut.of(held) if held else None
    edit.check(shown, wanted)
    if shown != wanted:
        if body.zh in names_of_others(session, key, code):
            raise LabelTaken
        row = held or OwnCode(set_key=key, code=code, valid=Range(), created_at=now, division="", zh="", document_no="")
        row.division, row.zh, row.document_no = body.division, body.zh, body.document_no
        row.valid = Range(body.valid_from, body.valid_until)
        session.add(row)
        session.flush()
    edit.told(wanted)
    return wanted


@router.get("/own/{code}", dependencies=[allow("household:read")], responses=SEEN)
def get_own_code(key: Key, code: CodePath, session: SessionDep, edit: EditDep) -> OwnCodeOut:
    shown = OwnCodeOut.of(found(session.get(OwnCode, (key, code))))
    edit.told(shown)
    return shown


@router.get("/own", dependencies=[allow("household:read")])
def list_own_codes(key: Key, session: SessionDep) -> list[OwnCodeOut]:
    """All of a set, those that have ended too. Everybody who reads households reads them."""
    found(code_sets().get(key))
    return [OwnCodeOut.of(row) for row in own_of(session, key)]


def refuse_form(key: str, code: str, body: OwnCodeIn) -> None:
    if not is_own(key, code):
        raise NotAnOwnCode
    if body.valid_until and body.valid_until <= body.valid_from:
        raise CodeUpsideDown


def is_own(key: str, code: str) -> bool:
    return key in OWN and re.fullmatch(OWN[key], code) is not None and (key != RISK or code[:2] in words_of(RISK))


def names_of_others(session: Session, key: str, code: str) -> set[str]:
    own = {zh for other, zh in own_words(session, key).items() if other != code}
    return own.union(*(words_of(beside).values() for beside in BESIDE[key]))


def own_words(session: Session, key: str) -> Mapping[str, str]:
    """Of every code there ever was: what is held in one that has ended is read as before."""
    return {row.code: row.zh for row in own_of(session, key)}


def own_of(session: Session, key: str) -> Sequence[OwnCode]:
    return session.scalars(select(OwnCode).where(col(OwnCode.set_key) == key).order_by(col(OwnCode.code))).all()


def holding(codes: Iterable[OwnCode], place: str, day: date) -> list[OwnCode]:
    """Those that may be written of a place on a day."""
    return [one for one in codes if place.startswith(one.division) and one.valid.contains(day)]


def unknown_codes(session: Session, key: str, codes: Collection[str], place: str, day: date) -> list[str]:
    """Which of them neither the country has nor the place's county on that day."""
    foreign = {code for code in codes if code not in words_of(key)}
    if not foreign:
        return []
    return sorted(foreign - {row.code for row in holding(own_of(session, key), place, day)})


def refuse_unknown(session: Session, key: str, codes: Collection[str], place: str, day: date) -> None:
    wrong = unknown_codes(session, key, codes, place, day)
    if wrong:
        raise NoSuchCode(", ".join(wrong))
