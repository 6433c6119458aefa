"""What may be said of a visit: closed lists, so that figures can be counted and nothing needs to be written twice."""

from collections.abc import Mapping
from typing import Literal

Contact = Literal["home", "elsewhere", "telephone", "video", "neighbour", "not_reached", "away"]
Met = Literal["head", "member", "relative", "neighbour", "village_cadre"]
# The five of a pairing's handbook: explain policy, counsel, compare with the standards, fill the handbook, hygiene.
Duty = Literal["policy", "counsel", "standards", "handbook", "hygiene"]
Finding = Literal[
    "income_changed", "job_lost", "illness", "accident", "disaster", "school_left", "water_failed", "house_unsafe",
    "uninsured", "policy_missing", "debt", "members_changed", "moved_away", "moved_back", "complaint",
]  # fmt: skip
Because = Literal["mistake", "learnt_later", "not_made"]

# What a contact comes to where households are counted: one of four, so that they add up.
OUTCOMES: Mapping[str, str] = {
    "home": "met",
    "elsewhere": "met",
    "telephone": "contacted",
    "video": "contacted",
    "neighbour": "contacted",
    "away": "away",
    "not_reached": "not_reached",
}
MET = tuple(contact for contact, outcome in OUTCOMES.items() if outcome == "met")
NOT_MADE = "not_made"
