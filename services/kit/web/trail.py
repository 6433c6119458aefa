"""The audit as an auditor reads it: by who, what and when, newest first; and where each chain ends."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.kit.post.events import source_of
from services.kit.store.audit import Audit, AuditHead, AuditSigned
from services.kit.store.db import SessionDep
from services.kit.web.paging import Page, PagingDep
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
        paging: PagingDep,
        actor: Text = None,
        object_id: Annotated[str | None, Query(max_length=200, title="对象编号")] = None,
        since: Annotated[WrittenMoment | None, Query(title="起（含）")] = None,
        until: Annotated[WrittenMoment | None, Query(title="止（不含）")] = None,
    ) -> Page[AuditLine]:
        """The newest first."""
        wanted = select(Audit)
        if actor is not None:
            wanted = wanted.where(col(Audit.actor) == actor)
        if object_id is not None:
            wanted = wanted.where(col(Audit.objects).contains([object_id]), col(Audit.objects) != [])
        if since is not None:
            wanted = wanted.where(col(Audit.at) >= since)
        if until is not None:
            wanted = wanted.where(col(Audit.at) < until)
        order = (col(Audit.at), col(Audit.slot), col(Audit.seq))
        rows, following = paging.read(session, wanted, *order, descending=True)
        return Page(rows=[shown(line) for (line,) in rows], next=following)

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
