"""What may be heard by whom: a subscription and a feed are ways of reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlmodel import Session

from services.kit.post.retries import DISABLED
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError, NotAllowed

Rights = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class EventType:
    """What an event tells, in Chinese, and the right one needs to hear it."""

    zh: str
    right: str


Published = Mapping[str, EventType]  # by event type

PREFIX = r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})?$"  # a place and all within it
READ_FACTS = "facts:read"  # events that carry values go to our own services alone
ABOUT_ITSELF: Published = {DISABLED: EventType("自己的一项订阅被停用", "subscription:write")}


class UnknownType(DomainError):
    zh = "没有这种事件。"
    en = "There is no such event type."


class PlaceBeyondGrants(DomainError):
    zh = "区划超出所获授权的范围。"
    en = "The division lies beyond what was granted."


@dataclass(frozen=True)
class Hearing:
    rights: Rights
    published: Published

    def check(self, types: Sequence[str], caller: Caller) -> None:
        for kind in types:
            if kind not in self.published:
                raise UnknownType(kind)
            if not self.may(kind, caller):
                raise NotAllowed(kind)

    def may(self, kind: str, caller: Caller) -> bool:
        right = self.published[kind].right
        return right in caller.scopes or bool(self.rights.get(right, frozenset()) & caller.roles)

    def all_of(self, caller: Caller) -> list[str]:
        return sorted(kind for kind in self.published if self.may(kind, caller))


def check_places(session: Session, divisions: Sequence[str], holder: str, today: date, *, own: bool = False) -> None:
    """Asked for by name, each must lie within a grant: who would hear little or nothing of it is told so."""
    for division in divisions:
        if not session.scalar(select(func.may_hear(own, holder, division, today))):
            raise PlaceBeyondGrants(division)
