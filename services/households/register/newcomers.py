"""What is sent of a household that comes into the register, and why it may not come."""

from datetime import date
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.households.register.relations import Relation
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

Name = Annotated[str, Field(min_length=1, max_length=60, title="姓名")]


class NewMember(BaseModel):
    """Birth date and sex are read from the ID number; they are asked for only where there is none."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    name: Name
    relation: Relation
    id_number: Annotated[str | None, Field(pattern=r"^([0-9]{15}|[0-9]{17}[0-9Xx])$", title="证件号码")] = None
    birth_date: Annotated[WrittenDay | None, Field(title="出生日期")] = None
    sex: Annotated[Literal["1", "2", "9"] | None, Field(title="性别")] = None


class NewHousehold(BaseModel):
    """`id` is the client's own and makes the write repeatable, as each member's is."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    number: Annotated[str, Field(min_length=1, max_length=40, title="户编号")]
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
    group_name: Annotated[str, Field(max_length=60, title="村民小组")] = ""
    head_name: Annotated[str, Field(min_length=1, max_length=60, title="户主姓名")]
    phone: Annotated[str | None, Field(pattern=r"^\+?[0-9]{5,20}$", title="联系电话")] = None
    members: Annotated[list[NewMember], Field(max_length=50, title="成员")]


class Told(NamedTuple):
    """Of a member, whether a number said it or the columns."""

    number: str | None
    birth_date: date
    sex: str


class HouseholdMade(BaseModel):
    id: UUID
    number: str
    village: str
    members: list[UUID]


class NumberTaken(DomainError):
    status = 409
    zh = "这个户编号或成员编号已被使用。"
    en = "That household number or id is in use already."


class MemberElsewhere(DomainError):
    status = 409
    zh = "此人已在登记册中，或在名单中出现两次。"
    en = "That person is in the register already, or twice on the list."


class BornWhen(DomainError):
    zh = "没有证件号码的成员须填写出生日期和性别；出生日期不能晚于今天。"
    en = "Without an ID number, a member's birth date and sex are needed; nobody is born after today."
