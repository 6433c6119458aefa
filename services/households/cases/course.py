"""The order of a case: from where it stands, which step may come, and where that leads. Nothing but order is known
here: what a step must contain is asked in contents.py, who may take it in signers.py."""

from dataclasses import dataclass, replace

from services.households.cases.profiles import AFTER_CARE, Procedure
from services.kit.web.errors import DomainError

CARE_WHILE_GREEN = {"measures", "measure_done"}
ENDS = {"household_gone", "wrongly_included"}


class OutOfOrder(DomainError):
    """`detail` names the step that comes next."""

    status = 409
    zh = "按流程现在不能办理这一步。"
    en = "By the procedure this step cannot be taken now."


class NotToBeSkipped(DomainError):
    status = 409
    zh = "按流程这一步不能省略。"
    en = "The procedure does not let this step be skipped."


class NothingToRefuse(DomainError):
    zh = "这一步不作是否通过的决定。"
    en = "Nothing is decided at this step."


@dataclass(frozen=True)
class Standing:
    """Where a case stands. `resumes_at`: the step that refused it. `back`: it ended by elimination, which may be taken
    back. `watched`: and the household is still in after-care."""

    state: str = "identifying"
    next_step: str | None = None
    resumes_at: str | None = None
    identified: bool = False
    green: bool = False
    back: bool = False
    watched: bool = False


def onward(procedure: Procedure, now: Standing, kind: str, *, refused: bool = False, skips: str = "") -> Standing:
    """The next standing, or a refusal."""
    key = skips or kind
    step = procedure.step(key)
    if step is None:
        raise OutOfOrder(now.next_step or "")
    if skips and not (key == now.next_step and step.may_skip):
        raise NotToBeSkipped(key)
    if step.phase in ("identify", "eliminate"):
        return along(procedure, now, key, step.phase, refused)
    if step.phase == "refuse":
        return after_refusal(procedure, now, key, refused)
    if refused:
        raise NothingToRefuse(key)
    return care(now, key) if step.phase == "care" or key == "measure_done" else aside(now, key)


def along(procedure: Procedure, now: Standing, key: str, phase: str, refused: bool) -> Standing:
    begins = key == procedure.chain("eliminate")[0] and now.state == "monitored"
    if key != now.next_step and not begins:
        raise OutOfOrder(now.next_step or "")
    following = procedure.after(key)
    if refused:
        return turned_down(now, key, phase)
    if phase == "identify":
        state = "identifying" if following else "monitored"
        return replace(now, state=state, next_step=following, identified=now.identified or key == "county")
    if key == "elimination_county" or now.state == "ended":
        return replace(now, state="ended", next_step=following, back=True)
    return replace(now, state="eliminating", next_step=following)


def turned_down(now: Standing, key: str, phase: str) -> Standing:
    """A household that was not identified may appeal; one that was not eliminated goes on being cared for."""
    if key in ("notice", "elimination_notice", "elimination", "elimination_announcement") or now.identified == (
        phase == "identify"
    ):
        raise NothingToRefuse(key)
    if phase == "identify":
        return replace(now, state="refused", next_step="refusal_told", resumes_at=key)
    return replace(now, state="monitored", next_step=None)


def after_refusal(procedure: Procedure, now: Standing, key: str, refused: bool) -> Standing:
    if now.state != "refused" or key != now.next_step:
        raise OutOfOrder(now.next_step or "")
    if key != "appeal_decided":
        if refused:
            raise NothingToRefuse(key)
        return replace(now, next_step=procedure.after(key))
    if refused:
        return replace(now, next_step=None)
    return replace(now, state="identifying", next_step=now.resumes_at, resumes_at=None)


def care(now: Standing, key: str) -> Standing:
    """Measures and follow-up move nothing. Where help came first, measures do not wait for the procedure."""
    if now.state in ("ended", "refused") or not (now.identified or (now.green and key in CARE_WHILE_GREEN)):
        raise OutOfOrder(now.next_step or "")
    return now


def aside(now: Standing, key: str) -> Standing:
    is_open = now.state not in ("ended", "refused")
    if key == "green_channel" and is_open and not (now.identified or now.green):
        return replace(now, green=True)
    if (key == "household_gone" and is_open) or (key == "wrongly_included" and is_open and now.identified):
        return replace(now, state="ended", next_step=None, back=False)
    if key == "elimination_taken_back" and now.state == "ended" and now.back:
        return replace(now, state="monitored", next_step=None, back=False)
    if key == AFTER_CARE and now.watched:
        return now
    raise OutOfOrder(now.next_step or "")
