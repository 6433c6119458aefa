"""Events as the world sees them (CloudEvents 1.0), and the one way to announce: a row in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlmodel import Session

from services.kit.store.months import made_at
from services.kit.store.tables import Event

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


class CloudEvent(BaseModel):
    """`source` is /v1/services/{service}; `division` is an extension: the place it is about."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    division: str = ""
    data: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, event: Event, service: str) -> "CloudEvent":
        return cls(
            id=event.id,
            source=source_of(service),
            type=event.type,
            subject=event.subject,
            time=event.occurred_at,
            division=event.division,
            data=event.data,
        )


def source_of(service: str) -> str:
    return f"/v1/services/{service}"


def emit(
    session: Session,
    kind: str,
    subject: str | UUID,
    now: datetime,
    *,
    division: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """One row, however many listen. A statement that opens thousands of things writes its events itself, in SQL."""
    session.add(
        Event(
            id=made_at(now),
            type=kind,
            subject=str(subject),
            division=division,
            occurred_at=now,
            data=dict(data or {}),
        )
    )
