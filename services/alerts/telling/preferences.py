"""How I want to be told beside the inbox: by which channels in turn, where, in which language, and when not."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.models.telling import Addressee
from services.alerts.policy import allow
from services.alerts.telling.addresses import NEEDED, opened, write_addresses
from services.alerts.telling.texts import Language
from services.kit.store.db import SessionDep
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/notice-preferences", tags=["notices"])

ChannelName = Literal["email", "sms", "dingtalk", "wecom", "feishu"]
Hour = Annotated[int, Field(ge=0, le=23)]
Email = Annotated[
    str, Field(max_length=200, pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,4}$")
]


class PreferencesIO(BaseModel):
    """Without channels the inbox alone tells. A channel the county has not connected is passed over."""

    model_config = ConfigDict(extra="forbid")

    channels: Annotated[list[ChannelName], Field(max_length=5, title="渠道（依次尝试）")] = []
    language: Annotated[Language, Field(title="语言")] = "zh"
    quiet_from: Annotated[Hour | None, Field(title="免打扰起（时），不填按县里规定")] = None
    quiet_until: Annotated[Hour | None, Field(title="免打扰止（时）")] = None
    email: Annotated[Email | None, Field(title="电子邮箱")] = None
    phone: Annotated[str | None, Field(pattern=r"^1[0-9]{10}$", title="手机号")] = None
    feishu_id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{4,64}$", title="飞书用户编号")] = None

    @classmethod
    def of(cls, seal: Seal, person: Addressee) -> Self:
        return cls.model_validate(person.model_dump(include=set(cls.model_fields)) | opened(seal, person))


class ChannelNamedTwice(DomainError):
    zh = "同一渠道只填一次。"
    en = "Each channel is named once."


class AddressWanting(DomainError):
    zh = "所选渠道缺少对应的邮箱、手机号或用户编号。"
    en = "A channel that was chosen has no address, telephone number or id."


class QuietHoursHalf(DomainError):
    zh = "免打扰的起、止须一并填写，或都不填。"
    en = "Quiet hours have a beginning and an end, or neither."


@router.get("", dependencies=[allow("notice:read")], responses=SEEN)
def get_notice_preferences(request: Request, session: SessionDep, caller: CallerDep, edit: EditDep) -> PreferencesIO:
    """Mine alone. Where I have set none, what holds without."""
    person = session.scalar(select(Addressee).where(col(Addressee.account) == caller.subject))
    held = PreferencesIO.of(request.app.state.seal, person) if person else None
    edit.told(held)
    return held or PreferencesIO()


@router.put("", dependencies=[allow("notice:read")], openapi_extra=repeatable("path"), responses=EDITED)
def put_notice_preferences(
    body: PreferencesIO, request: Request, session: SessionDep, caller: CallerDep, edit: EditDep
) -> PreferencesIO:
    """The whole of it. It holds from the next message on."""
    refuse_preferences(body)
    seal: Seal = request.app.state.seal
    person = my_row(session, caller.subject)
    held = PreferencesIO.of(seal, person) if person else None
    edit.check(held, body)
    if held != body:
        write(session, seal, person or Addressee(account=caller.subject, channels=[], language="zh"), body)
    edit.told(body)
    return body


def refuse_preferences(wanted: PreferencesIO) -> None:
    if len(set(wanted.channels)) < len(wanted.channels):
        raise ChannelNamedTwice
    if not all(getattr(wanted, NEEDED[channel]) for channel in wanted.channels):
        raise AddressWanting
    if (wanted.quiet_from is None) != (wanted.quiet_until is None):
        raise QuietHoursHalf


def my_row(session: Session, account: str) -> Addressee | None:
    """Two of one person's devices may write the first one at once: they take turns."""
    take_turn(session, f"addressee:{account}")
    return session.scalar(select(Addressee).where(col(Addressee.account) == account))


def write(session: Session, seal: Seal, person: Addressee, wanted: PreferencesIO) -> None:
    for name in ("channels", "language", "quiet_from", "quiet_until"):
        setattr(person, name, getattr(wanted, name))
    write_addresses(seal, person, wanted.model_dump())
    session.add(person)
