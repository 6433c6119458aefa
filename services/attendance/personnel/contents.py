"""What is put on a cadre's record, as it is sent and read, with what they say of it."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.attendance.models.personnel import REPLY, WORDS, PersonnelRecord, PersonnelReply
from services.attendance.visits.contents import Moment
from services.kit.store.fields import Seal
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

PersonnelKind: TypeAlias = Literal["notice", "interview", "reminder", "recall", "honour", "thanks"]
PersonnelState: TypeAlias = Literal["told", "issued", "withdrawn"]
TakenBack: TypeAlias = Literal["mistake", "unfounded", "after_reply", "overruled"]
GOOD = ("honour", "thanks")  # nobody need be heard before they are praised


class RecordWords(BaseModel):
    """What is sealed. `evidence` refers to what it rests on: the number of an inspection, of a paper."""

    model_config = ConfigDict(extra="forbid")

    ground: Annotated[str, Field(min_length=2, max_length=1_000, title="事由")]
    evidence: Annotated[str | None, Field(min_length=1, max_length=200, title="佐证（编号）")] = None


class PersonnelRecordIn(RecordWords):
    """`number`: of the bulletin or the paper, in which several may stand. `title`: of an honour alone."""

    cadre_id: Annotated[UUID, Field(title="干部")]
    kind: Annotated[PersonnelKind, Field(title="类别（通报、约谈、提醒、召回、表彰、表扬）")]
    number: Annotated[str, Field(min_length=1, max_length=60, title="文号或期号")]
    day: Annotated[WrittenDay, Field(title="日期")]
    title: Annotated[str | None, Field(min_length=1, max_length=60, title="荣誉名称")] = None


class ReplyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=2_000, title="本人说明")]


class ReplyOut(ReplyIn):
    id: UUID
    replied_at: Moment


class RecordWithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    because: Annotated[TakenBack, Field(title="撤销原因（有误、不成立、采纳说明、上级撤销）")]


class PersonnelRecordOut(PersonnelRecordIn):
    """`told`: to the cadre, who may reply; then `issued`, or `withdrawn`. `division`: the village of the posting on
    that day."""

    id: UUID
    division: str
    day: CalendarDate
    state: PersonnelState
    replies: list[ReplyOut]
    recorded_by: str
    recorded_at: Moment
    issued_at: Moment | None
    withdrawn_because: TakenBack | None
    withdrawn_at: Moment | None

    @classmethod
    def whole(cls, seal: Seal, row: PersonnelRecord, replies: Sequence[PersonnelReply]) -> Self:
        said = row.model_dump(exclude={"sealed_words", "county", "issued_by", "withdrawn_by"})
        words = words_of(seal, row).model_dump()
        told = [
            ReplyOut(id=one.id, text=seal.open(one.sealed_reply, REPLY.place(one.id)), replied_at=one.replied_at)
            for one in replies
        ]
        return cls.model_validate(said | words | {"state": state_of(row), "replies": told})


class RecordSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一条人事记录。"
    en = "That id stands for another record already."


class RecordSaidWrongly(DomainError):
    zh = "日期不能晚于今天；表彰须写荣誉名称，其他类别不写。"
    en = "Its day is not after today; an honour has its title, and nothing else has one."


class NotOfOneself(DomainError):
    status = 409
    zh = "不能登记、印发或撤销本人的记录。"
    en = "Nobody records, issues or withdraws what is about themselves."


class ReplyAwaited(DomainError):
    status = 409
    zh = "本人尚未说明，说明期限也未满，暂不能印发。"
    en = "The person has not replied yet, and the days for it have not passed: it is not issued."


class RecordWithdrawn(DomainError):
    status = 409
    zh = "这条记录已撤销，不能再改。"
    en = "That record was withdrawn, and stays as it is."


class RepliedEnough(DomainError):
    status = 409
    zh = "本人说明已达20条。"
    en = "There are twenty replies already."


def words_of(seal: Seal, row: PersonnelRecord) -> RecordWords:
    return RecordWords.model_validate_json(seal.open(row.sealed_words, WORDS.place(row.id)))


def state_of(row: PersonnelRecord) -> PersonnelState:
    if row.withdrawn_at:
        return "withdrawn"
    return "issued" if row.issued_at else "told"
