"""Editing what others edit too: nobody overwrites what they have not seen.

What stands at an address has an `ETag`. Changing it takes `If-Match` with the one that was seen: without it 428, with
an older one 412, and of two at once the second gets 412. Where nothing stands yet nothing need be said. A change that
has been made already is answered as made: its first answer may have been lost.
"""

import base64
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, TypeAdapter

from services.kit.store.fields import Seal
from services.kit.web.errors import DomainError

ANY: TypeAdapter[Any] = TypeAdapter(Any)
TAG = {"headers": {"ETag": {"description": "当前内容的版本", "schema": {"type": "string"}}}}
SEEN: dict[int | str, dict[str, Any]] = {200: TAG}  # for `responses` of what is read
EDITED: dict[int | str, dict[str, Any]] = SEEN | {  # and of what is changed
    412: {"description": "内容已被他人修改"},
    428: {"description": "须带 If-Match"},
}


class SeenNothing(DomainError):
    status = 428
    zh = "修改前请先读取，并在 If-Match 中带上读到的 ETag。"
    en = "Read it first, and send the ETag you saw as If-Match."


class ChangedMeanwhile(DomainError):
    status = 412
    zh = "内容已被他人修改，请重新读取后再改。"
    en = "It has changed since you read it. Please read it again."


@dataclass(frozen=True)
class Edit:
    """`matches` and `none_matches` as they were sent. A tag is a keyed hash: it tells nothing of what stands there."""

    seal: Seal
    path: str
    matches: str
    none_matches: str
    response: Response

    def check(self, held: Any, wanted: Any) -> None:
        """`held` and `wanted` in the same form; `held` is None where nothing stands yet. Ask with its row locked."""
        if held == wanted:
            return
        if (held is None and self.matches) or (held is not None and self.none_matches.strip() == "*"):
            raise ChangedMeanwhile
        if held is not None and not self.matches:
            raise SeenNothing
        if self.matches and self.matches.strip() != "*" and self.tag(held) not in tags_in(self.matches):
            raise ChangedMeanwhile

    def told(self, held: Any) -> None:
        """Puts the tag of what stands there now on the answer."""
        if held is not None:
            self.response.headers["ETag"] = self.tag(held)

    def tag(self, held: Any) -> str:
        shown = held.model_dump_json() if isinstance(held, BaseModel) else ANY.dump_json(held).decode()
        return '"' + base64.urlsafe_b64encode(self.seal.index(f"{self.path} {shown}")[:15]).decode() + '"'


def tags_in(header: str) -> set[str]:
    """A weak one (W/…) is equal to none."""
    return {tag.strip() for tag in header.split(",")}


async def asked_edit(
    request: Request,
    response: Response,
    if_match: Annotated[str, Header(max_length=1_000)] = "",
    if_none_match: Annotated[str, Header(max_length=1_000)] = "",
) -> Edit:
    return Edit(request.app.state.seal, request.url.path, if_match, if_none_match, response)


EditDep = Annotated[Edit, Depends(asked_edit)]
