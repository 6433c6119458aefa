"""One upload under way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from services.kit.web.cells import RowReader

OUTSIDE = ("outside-your-places", "这个村不在您的辖区内。", "This village is not within your places.")


@dataclass(frozen=True)
class Upload:
    """For places within `scope` alone."""

    session: Session
    scope: Scope
    seal: Seal
    today: date
    now: datetime


def refuse_outside(scope: Scope, readers: Sequence[RowReader], sent: Sequence[Mapping[str, Any]]) -> None:
    for reader, row in zip(readers, sent, strict=True):
        if row["village"] and not scope.covers(row["village"]):
            reader.refuse("村代码", *OUTSIDE)
