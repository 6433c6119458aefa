"""Which forms of an item are understood. A phone that has not been updated sends the form before for half a year: it is
lifted to the newest here, once, and judged like all others."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from services.attendance.sync.items import ItemKind
from services.kit.web.errors import DomainError

Body: TypeAlias = Mapping[str, Any]

NEWEST: Mapping[ItemKind, int] = {"check_in": 1, "visit": 1, "leave": 1, "leave_return": 1, "day_correction": 1}


class VersionTooOld(DomainError):
    zh = "手机应用版本过旧，请更新后再上传；本机记录会保留。"
    en = "The app on this phone is too old. Update it and send again; nothing on the phone is lost."


class VersionUnknown(DomainError):
    zh = "服务端还不认识这个版本的内容，请稍后再上传；本机记录会保留。"
    en = "The server does not know that form yet. Keep it on the phone and send it later."


class Upgrade(NamedTuple):
    """To the next form; accepted up to that day."""

    lift: Callable[[Body], Body]
    last_day: date


UPGRADES: Mapping[tuple[ItemKind, int], Upgrade] = {}  # by the form they start from: none has had a successor yet


def newest(kind: ItemKind, v: int, body: Body, today: date) -> Body:
    if v > NEWEST[kind]:
        raise VersionUnknown
    while v < NEWEST[kind]:
        upgrade = UPGRADES.get((kind, v))
        if upgrade is None or today > upgrade.last_day:
            raise VersionTooOld
        body, v = upgrade.lift(body), v + 1
    return body
