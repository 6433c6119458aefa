"""The audit as an auditor reads it: by who, what and when, newest first; and where each chain ends."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select, tuple_
from sqlmodel import col

from services.kit.post.events import source_of
from services.kit.store.audit import Audit, AuditHead, AuditSigned
from services.kit.store.db import SessionDep
from services.kit.web.paging import NotACursorOfThisQuery
from services.kit.web.written import WrittenMoment

READ_AUDIT = "audit:read"
Text = Annotated[str | None, Query(max_length=200)]


class AuditLine(BaseModel):
    slot: str
    seq: int
    at: datetime
    actor: str
    rights: str
    action: str
    objects: list[str]
    division: str
    status: int
    code: str
    request_id: str
    source: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    rows: list[AuditLine]
    after: str | None


class HeadOut(BaseModel):
    slot: str
    seq: int
    sha256: str


class HeadsOut(BaseModel):
    """`signed` is the newest signed statement, with its Ed25519 signature in hex."""

    heads: list[HeadOut]
    signed: str | None
    signature: str | None


def trail(service: str, allow: Callable[[str], Any]) -> APIRouter:
    """Reading it leaves a line too."""
    router = APIRouter(prefix=f"{source_of(service)}/audit", tags=["audit"])
    may = [allow(READ_AUDIT)]

    @router.get("", dependencies=may)
    def list_audit(
        session: SessionDep,
        actor: Text = None,
        object_id: Annotated[str | None, Query(max_length=200, title="对象编号")] = None,
        since: Annotated[WrittenMoment | None, Query(title="起（含）")] = None,
        until: Annotated[WrittenMoment | None, Query(title="止（不含）")] = None,
        after: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,60}\.[0-9]{1,18}$", title="上一页末行")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> AuditPage:
        """`after` is the slot and number of the last line of the page before."""
        wanted = select(Audit).order_by(col(Audit.at).desc(), col(Audit.slot).desc(), col(Audit.seq).desc())
        if actor is not None:
            wanted = wanted.where(col(Audit.actor) == actor)
        if object_id is not None:
            wanted = wanted.where(col(Audit.objects).contains([object_id]), col(Audit.objects) != [])
        if since is not None:
            wanted = wanted.where(col(Audit.at) >= since)
        if until is not None:
            wanted = wanted.where(col(Audit.at) < until)
        if after is not None:
            slot, _, seq = after.rpartition(".")
            last = session.get(Audit, (slot, int(seq)))
            if last is None:
                raise NotACursorOfThisQuery
            place = tuple_(col(Audit.at), col(Audit.slot), col(Audit.seq))
            wanted = wanted.where(place < tuple_(last.at, last.slot, last.seq))
        lines = [shown(line) for line in session.scalars(wanted.limit(limit))]
        full = len(lines) == limit
        return AuditPage(rows=lines, after=f"{lines[-1].slot}.{lines[-1].seq}" if full else None)

    @router.get("/heads", dependencies=may)
    def list_heads(session: SessionDep) -> HeadsOut:
        heads = session.scalars(select(AuditHead).order_by(col(AuditHead.slot)))
        signed = session.scalars(select(AuditSigned).order_by(col(AuditSigned.hour).desc()).limit(1)).first()
        return HeadsOut(
            heads=[HeadOut(slot=head.slot, seq=head.seq, sha256=head.hash.hex()) for head in heads],
            signed=signed.statement if signed else None,
            signature=signed.signature.hex() if signed else None,
        )

    return router


def shown(line: Audit) -> AuditLine:
    return AuditLine(**line.model_dump(exclude={"hash", "detail"}), detail=json.loads(line.detail))
