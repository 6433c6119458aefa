"""One request of a phone: its items as they were read, what became of each, and whose rights they are stored with."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import Session

from services.attendance.policy import RIGHTS, may
from services.attendance.sync.items import Conflict, ItemKind
from services.attendance.sync.scopes import Leaving
from services.kit.store.grants import CLIENT
from services.kit.store.scope import Asked, Scope, look_up
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError, NotAllowed


@dataclass(frozen=True)
class Sent:
    """An item as it was read, in the newest form."""

    index: int
    kind: ItemKind
    body: Any


@dataclass(frozen=True)
class Became:
    """`refused` and `waits_for` are both empty where it is stored, now or (`known`) before."""

    known: bool = False
    refused: DomainError | None = None
    waits_for: UUID | None = None
    conflict: Conflict | None = None
    words: str | None = None


@dataclass(frozen=True)
class Bringing:
    """One request. `register`: where the households lie, as the caller sees it; none while it is away."""

    request: Request
    session: Session
    caller: Caller
    now: datetime
    cadre: UUID
    register: Mapping[UUID, str] | None

    def speak(self, right: str, *, bound: bool = True) -> None:
        """From here on the session reaches what the caller's grants reach for that right, as at its own operation."""
        if not may(self.caller, right):
            raise NotAllowed(right)
        asked = Asked(self.caller.subject, self.roles(right))
        binding = replace(self.session.info["binding"], asked=lambda: asked, bound=bound)
        scope = look_up(self.session.connection(), asked, binding)
        if scope.is_empty:
            scope = Leaving(**{one.name: getattr(scope, one.name) for one in fields(Scope)})
        self.session.info |= {"binding": binding, "scope": scope}

    def roles(self, right: str) -> frozenset[str]:
        return frozenset({CLIENT}) if right in self.caller.scopes else RIGHTS[right]
