"""What other services say is due, waits or is late becomes a matter: people are told of it while it stands. Each event
brings a matter one stage further or finishes it, in whatever order events come: the highest stage counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.alerts.telling.kinds import KINDS
from services.alerts.telling.notices import tell
from services.kit.post.events import CloudEvent
from services.kit.post.inbox import Handler, NotAnEvent
from services.kit.store.sets import as_array


@dataclass(frozen=True)
class Said:
    """What an event says of its matter. `family` begins the kind it is told as, `now` ends it, filled in from the
    event's data; without `now` the matter is finished. `id_in`: where in the data its id stands; else it is the
    subject."""

    family: str
    stage: int
    now: str | None = None
    id_in: str | None = None


REFUSED, ACCEPTED, VISITED = 3, 4, 6  # stages of a declaration: what came of it is read from them (tasks/folding.py)

HOUSEHOLDS: Mapping[str, Said] = {
    "case.clock_running_out": Said("case", 1, "due_{level}", "clock"),
    "case.clock_ran_out": Said("case", 2, "late_{level}", "clock"),
    "case.clock_stopped": Said("case", 3, None, "clock"),
    "case.notice_over": Said("notice", 1, "over", "notice"),
    "case.notice_answered": Said("notice", 2, None, "notice"),
    "case.gates_met": Said("gates", 1, "met", "met"),
    "case.gates_no_longer_met": Said("gates", 2, None, "met"),
    "measure.overdue": Said("measure", 1, "late", "lateness"),
    "measure.no_longer_overdue": Said("measure", 2, None, "lateness"),
    "issue.overdue": Said("issue", 1, "late_{level}", "lateness"),
    "issue.no_longer_overdue": Said("issue", 2, None, "lateness"),
    "self_declaration.received": Said("declaration", 1, "waiting"),
    "self_declaration.placed": Said("declaration", 2, "waiting", "declaration_id"),
    "self_declaration.refused": Said("declaration", REFUSED),
    "self_declaration.accepted": Said("declaration", ACCEPTED, None, "declaration_id"),
    "self_declaration.lapsed": Said("declaration", 5),
    "correction.filed": Said("correction", 1, "waiting"),
    "correction.answered": Said("correction", 2),
}
ATTENDANCE: Mapping[str, Said] = {
    "leave.requested": Said("leave", 1, "waiting_{level}"),
    "leave.passed_on": Said("leave", 2, "waiting_{level}"),
    "leave.approved": Said("leave", 3),
    "leave.refused": Said("leave", 3),
    "leave.cancelled": Said("leave", 3),
    "leave.return_overdue": Said("leave", 4, "return_late"),
    "leave.returned": Said("leave", 5),
}
SAID = {**HOUSEHOLDS, **ATTENDANCE}

# A matter that was finished before its beginning was heard of is kept as finished.
FURTHER = text(
    """
    INSERT INTO matter AS held (source, family, stage, kind, subject, division, told_at)
    SELECT source, family, stage, kind, subject, division, :now
    FROM unnest(CAST(:sources AS uuid[]), CAST(:families AS text[]), CAST(:stages AS int[]), CAST(:kinds AS text[]),
                CAST(:subjects AS uuid[]), CAST(:divisions AS text[]))
         AS told (source, family, stage, kind, subject, division)
    ORDER BY source, family
    ON CONFLICT (source, family) DO UPDATE SET stage = excluded.stage, kind = excluded.kind,
        division = excluded.division, subject = coalesce(excluded.subject, held.subject), told_at = excluded.told_at
    WHERE held.stage < excluded.stage
    RETURNING source
    """
)


@dataclass(frozen=True)
class Told:
    source: UUID
    family: str
    stage: int
    kind: str | None
    subject: UUID | None
    division: str


def on_matter(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """One statement for all that have come further, and one for all who are told."""
    told = {(one.source, one.family): one for one in sorted(read(events), key=lambda one: one.stage)}.values()
    rows = {
        "sources": as_array(one.source for one in told),
        "families": as_array(one.family for one in told),
        "stages": as_array(one.stage for one in told),
        "kinds": as_array(one.kind for one in told),
        "subjects": as_array(one.subject for one in told),
        "divisions": as_array(one.division for one in told),
    }
    tell(session, "matter", session.scalars(FURTHER, rows | {"now": now}).all(), now)


def read(events: Sequence[CloudEvent]) -> Iterator[Told]:
    """An event of an earlier release does not name its matter: there is nothing to tell by."""
    for event in events:
        said = SAID[event.type]
        try:
            kind = f"{said.family}_{said.now}".format(**event.data) if said.now else None
            source = event.data[said.id_in] if said.id_in else event.subject
        except KeyError:
            continue
        yield read_one(event, said, kind, source)


def read_one(event: CloudEvent, said: Said, kind: str | None, source: object) -> Told:
    household = event.data.get("household") or event.data.get("household_id")
    if kind and kind not in KINDS:
        raise NotAnEvent(str(event.id))
    try:
        subject = UUID(str(household)) if household else None
        return Told(UUID(str(source)), said.family, said.stage, kind, subject, event.division)
    except ValueError as error:
        raise NotAnEvent(str(event.id)) from error


MATTERS: Mapping[str, dict[str, Handler]] = {
    "households": dict.fromkeys(HOUSEHOLDS, on_matter),
    "attendance": dict.fromkeys(ATTENDANCE, on_matter),
}
