"""What attendance hears: the frame, where people may act, what becomes of households, and answers.
Its postings give the rest."""

from services.attendance.pairings.following import CHANGED, MERGED, on_household_changed, on_village_merged
from services.attendance.visits.answers import ANSWERED, on_clue_answered
from services.kit.post.frame import on_reference_changed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import on_grant_changed
from services.kit.post.inbox import Handlers, inbox

HANDLERS: Handlers = {
    "county": {"reference.changed": on_reference_changed, GRANT_CHANGED: on_grant_changed},
    "households": {CHANGED: on_household_changed, MERGED: on_village_merged},
    "alerts": {ANSWERED: on_clue_answered},
}

router = inbox("attendance", HANDLERS)
