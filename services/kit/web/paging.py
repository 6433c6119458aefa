"""Long lists in pages: by the sort key of the last row seen, so that pages neither repeat nor skip what stays.

A cursor is sealed: it tells nothing of the row it stands for, and it opens for the caller and the query it was made
for, with the same filters, alone. The size of a page may change on the way.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import Select, Text, cast, literal, tuple_
from sqlmodel import Session

from services.kit.store.fields import Seal, SealBroken
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError

RowOut = TypeVar("RowOut")

Cursor = Annotated[str | None, Query(max_length=2_000, pattern=r"^[A-Za-z0-9_=-]+$", title="上一页的 next")]
Limit = Annotated[int, Query(ge=1, le=200, title="每页条数")]


class Page(BaseModel, Generic[RowOut]):
    """`next` is the `cursor` of the following page; empty on the last."""

    rows: list[RowOut]
    next: str | None


class NotACursorOfThisQuery(DomainError):
    zh = "翻页标记不属于这个查询，请从第一页重新开始。"
    en = "The cursor does not belong to this query. Please begin at the first page."


@dataclass(frozen=True)
class Paging:
    """`query` is what a cursor is bound to."""

    seal: Seal
    query: str
    cursor: str | None
    limit: int

    def read(
        self, session: Session, wanted: Select[*tuple[Any, ...]], *keys: Any, descending: bool = False
    ) -> tuple[list[Any], str | None]:
        """The rows of one page and the cursor of the next. `keys` together are unique and never empty."""
        if self.cursor:
            told = tuple_(*(cast(literal(v, Text), k.type) for k, v in zip(keys, self.opened(len(keys)), strict=True)))
            wanted = wanted.where(tuple_(*keys) < told if descending else tuple_(*keys) > told)
        ordered = wanted.order_by(*(key.desc() if descending else key for key in keys))
        found = session.execute(ordered.add_columns(*keys).limit(self.limit + 1)).all()
        page, following = self.cut(found, lambda row: row[-len(keys) :])
        return [row[: -len(keys)] for row in page], following

    def cut(self, found: Sequence[RowOut], key: Callable[[RowOut], Any]) -> tuple[Sequence[RowOut], str | None]:
        """Of one row more than a page holds; `key` reads what a row is ordered by."""
        page = found[: self.limit]
        return page, self.closed(key(page[-1])) if len(found) > self.limit else None

    def told(self, *names: str) -> dict[str, Any]:
        """To a statement that is written out: after which keys, by these names, to begin, and how many to read."""
        after = self.opened(len(names)) if self.cursor else []
        return {"most": self.limit + 1, **dict(zip(names, after, strict=False))}

    def closed(self, key: Any) -> str:
        sealed = self.seal.close(json.dumps([str(value) for value in key]), self.query)
        return base64.urlsafe_b64encode(sealed).decode()

    def opened(self, how_many: int) -> list[str]:
        try:
            told = json.loads(self.seal.open(base64.urlsafe_b64decode(self.cursor or ""), self.query))
        except (SealBroken, binascii.Error, ValueError) as error:
            raise NotACursorOfThisQuery from error
        if not isinstance(told, list) or len(told) != how_many:
            raise NotACursorOfThisQuery
        return told


async def asked_page(request: Request, caller: CallerDep, cursor: Cursor = None, limit: Limit = 50) -> Paging:
    return paging_of(request, caller.subject, cursor, limit)


def paging_of(request: Request, subject: str, cursor: str | None, limit: int) -> Paging:
    filters = sorted((n, v) for n, v in request.query_params.multi_items() if n not in ("cursor", "limit"))
    query = json.dumps(["cursor", subject, request.url.path, filters])
    return Paging(request.app.state.seal, query, cursor, limit)


PagingDep = Annotated[Paging, Depends(asked_page)]
