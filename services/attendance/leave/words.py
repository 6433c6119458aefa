"""What may be said of a leave: closed lists, so that days can be counted and no illness need be written."""

from typing import Literal, TypeAlias

from services.kit.web.errors import DomainError

Kind: TypeAlias = Literal[
    "personal", "sick", "annual", "marriage", "maternity", "bereavement", "training", "meeting", "unit_work", "errand"
]
# Away on duty: training, a meeting, work at one's own unit, an errand of the village. The others are leave.
OFFICIAL = frozenset({"training", "meeting", "unit_work", "errand"})
Level: TypeAlias = Literal["captain", "township", "county"]
State: TypeAlias = Literal["requested", "approved", "refused", "cancelled", "returned", "replaced"]
HELD = ("approved", "returned")
Outcome: TypeAlias = Literal["approved", "refused"]
Code: TypeAlias = Literal["too_few_left", "dates_do_not_suit", "no_ground", "papers_missing", "quota_used_up", "other"]
Because: TypeAlias = Literal["mistake", "learnt_later"]


class YourOwn(DomainError):
    status = 403
    zh = "不能审批本人的、本人登记的或本人已审批过的事项。"
    en = "Nobody decides about themselves, about what they wrote down, or twice."


class NotYourLevel(DomainError):
    status = 403
    zh = "这一级不由您审批，或还没有到这一级。"
    en = "That step is not yours, or its turn has not come."


class DecisionStands(DomainError):
    status = 409
    zh = "已有审批结果，不能更改；情况有变的，另行提交更正。"
    en = "It has been decided. If something has changed, send a correction."


class CodeOfARefusal(DomainError):
    zh = "不同意的写明原因，同意的不写。"
    en = "A refusal says why; an approval does not."
