"""An activity as it is sent and read. A kind, a day and a team are enough: on site, in the team's village."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.attendance.activities.terms import TermKey
from services.attendance.models.activities import WORDS, Activity, ActivityCount
from services.attendance.presence.check_ins import FIRST, LAST
from services.attendance.visits.contents import Moment
from services.kit.store.fields import Seal
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay, WrittenMoment

Mode: TypeAlias = Literal["on_site", "telephone", "message", "live"]
PlaceKind: TypeAlias = Literal[
    "village_office", "courtyard", "home", "field", "school", "relocation_site", "township", "county", "workplace",
    "shop", "lodging", "other",
]  # fmt: skip
Part: TypeAlias = Literal["led", "spoke", "attended", "sat_in", "wrote_down", "called", "reached", "not_reached"]
OF_CALLS = ("called", "reached", "not_reached")
Capacity: TypeAlias = Literal[
    "villagers", "monitored", "migrants", "party_members", "village_cadres", "cadres", "students", "teachers",
    "officials", "others",
]  # fmt: skip
What: TypeAlias = Literal["households", "persons", "person_times"]
Precision: TypeAlias = Literal["exact", "about", "more_than", "less_than"]
NotHeld: TypeAlias = Literal["mistake", "twice", "not_held"]

Number = Annotated[int, Field(ge=0, le=10**9, title="数量"), WRITTEN_NUMBER]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class Count(BaseModel):
    """约/近: `about`; 余、多: `more_than`."""

    model_config = ConfigDict(extra="forbid")

    capacity: Annotated[Capacity, Field(title="参加者身份")] = "villagers"
    what: Annotated[What, Field(title="计量单位（户、人、人次）")]
    number: Number
    precision: Annotated[Precision, Field(title="准确程度")] = "exact"


class Participant(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cadre_id: UUID
    part: Annotated[Part, Field(title="身份")] = "attended"


class Asking(BaseModel):
    """请示、请求: of whom what was asked, and the answer once there is one."""

    model_config = ConfigDict(extra="forbid")

    of: Annotated[str, Field(min_length=1, max_length=100, title="请示对象")]
    text: Annotated[Text, Field(title="请示内容")]
    answer: Annotated[Text | None, Field(title="答复")] = None
    answered_on: Annotated[WrittenDay | None, Field(title="答复日")] = None


class Words(BaseModel):
    """What is sealed."""

    outcome: str | None
    request: Asking | None


def in_order(counts: list[Count]) -> list[Count]:
    return sorted(counts, key=lambda one: (one.capacity, one.what))


def by_cadre(cadres: list[Participant]) -> list[Participant]:
    return sorted(cadres, key=lambda one: one.cadre_id)


def sorted_once(keys: list[str]) -> list[str]:
    return sorted(set(keys))


class ActivityIn(BaseModel):
    """Of a team, or of the office of a place (`division`). `day` may be left out where `starts_at` is said: it is then
    the day of duty it began on. Without any place an activity on site is in the team's village."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[TermKey, Field(title="活动类别")]
    day: Annotated[WrittenDay | None, Field(title="日期")] = None
    last_day: Annotated[WrittenDay | None, Field(title="最后一天")] = None
    starts_at: Annotated[WrittenMoment | None, Field(ge=FIRST, lt=LAST, title="开始时间")] = None
    ends_at: Annotated[WrittenMoment | None, Field(ge=FIRST, lt=LAST, title="结束时间")] = None
    team_id: Annotated[UUID | None, Field(title="工作队")] = None
    division: Annotated[
        str | None, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="举办单位所在区划（无工作队时）")
    ] = None
    unit_id: Annotated[UUID | None, Field(title="派出单位")] = None
    mode: Annotated[Mode, Field(title="方式")] = "on_site"
    place: Annotated[str | None, Field(pattern=r"^[0-9]{2,12}$", title="地点区划代码")] = None
    place_words: Annotated[str | None, Field(min_length=1, max_length=60, title="地点（不写姓名）")] = None
    place_kind: Annotated[PlaceKind | None, Field(title="地点类别")] = None
    counts: Annotated[list[Count], Field(max_length=30, title="参加数"), AfterValidator(in_order)] = []
    cadres: Annotated[list[Participant], Field(max_length=200, title="干部"), AfterValidator(by_cadre)] = []
    labels: Annotated[list[TermKey], Field(max_length=20, title="标签"), AfterValidator(sorted_once)] = []
    outcome: Annotated[Text | None, Field(title="成效")] = None
    request: Annotated[Asking | None, Field(title="请示")] = None


class ActivityLine(BaseModel):
    """Without its words."""

    id: UUID
    version: int
    division: str
    team_id: UUID | None
    unit_id: UUID | None
    kind: str
    mode: Mode
    day: CalendarDate
    last_day: CalendarDate
    starts_at: Moment | None
    ends_at: Moment | None
    place: str | None
    place_words: str | None
    place_kind: PlaceKind | None
    counts: list[Count]
    cadres: list[Participant]
    labels: list[str]
    asks: bool
    answered_on: CalendarDate | None
    recorded_by: str
    recorded_at: Moment
    withdrawn_because: NotHeld | None

    @classmethod
    def of(cls, row: Activity, counts: Sequence[ActivityCount], known_at: datetime | None = None) -> Self:
        """As it was known then: what was withdrawn later stood."""
        told = row.model_dump(exclude={"id", "activity_id", "sealed_words"}) | {"id": row.activity_id}
        named = zip(row.cadre_ids, row.capacities, strict=True)
        told |= {"cadres": [{"cadre_id": cadre, "part": part} for cadre, part in named]}
        told |= {"counts": [one.model_dump(exclude={"version_id"}) for one in counts]}
        if known_at and row.withdrawn_at and row.withdrawn_at > known_at:
            told["withdrawn_because"] = None
        return cls.model_validate(told)


class ActivityOut(ActivityLine):
    outcome: str | None
    request: Asking | None

    @classmethod
    def whole(
        cls, seal: Seal, row: Activity, counts: Sequence[ActivityCount], known_at: datetime | None = None
    ) -> Self:
        return cls.model_validate(
            ActivityLine.of(row, counts, known_at).model_dump() | words_of(seal, row).model_dump()
        )


class ActivityNotSaid(DomainError):
    zh = "须写明日期或开始时间，以及工作队或举办单位所在区划（只写一个）。"
    en = "Say the day or when it began, and either the team or the place of the office that held it."


class ActivitySpanWrong(DomainError):
    zh = "活动不能晚于今天，结束须晚于开始，日期须与时间相符，最长92天。"
    en = "It is not after today, ends after it begins, its days are those of its hours, and they are 92 at most."


class SaidTwice(DomainError):
    zh = "同一名干部或同一身份的同一计量单位写了两次。"
    en = "A cadre, or the same unit of one capacity, is said twice."


class NotACall(DomainError):
    zh = "“打电话的、接通的、未接通的”只在电话、消息、在线方式中填写；现场活动写参加的人。"
    en = "Who called, was reached or was not is said of telephone, message and live alone, not of what is on site."


class AnswerWithoutItsDay(DomainError):
    zh = "答复与答复日须同时填写，答复日不早于请示、不晚于今天。"
    en = "An answer comes with its day, which is neither before the request nor after today."


def words_of(seal: Seal, row: Activity) -> Words:
    if row.sealed_words is None:
        return Words(outcome=None, request=None)
    return Words.model_validate_json(seal.open(row.sealed_words, WORDS.place(row.id)))
