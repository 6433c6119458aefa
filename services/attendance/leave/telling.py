"""What becomes of a leave is told by ids, states and levels alone: its kind may say that somebody is ill."""

from datetime import datetime

from sqlmodel import Session

from services.attendance.models.leave import Leave
from services.kit.post.events import emit


def tell_leave(session: Session, leave: Leave, what: str, now: datetime) -> None:
    """`official`: away on duty, which is no leave. `level`: whose decision it waits for, where it does."""
    data = {"cadre": str(leave.cadre_id), "team": str(leave.team_id), "official": leave.official}
    if leave.state == "requested":
        data["level"] = leave.chain[leave.approvals]
    emit(session, f"leave.{what}", leave.id, now, division=leave.village, data=data)
