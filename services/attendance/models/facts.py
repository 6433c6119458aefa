"""What rules may ask of a team, as it was last computed."""

from datetime import date

from services.attendance.models.table import Table
from services.kit.post.facts import OwnedFacts


class TeamFacts(Table, OwnedFacts, table=True):
    """What rules may ask of a team. How many members it should have is a standard, not a fact."""

    __tablename__ = "team_facts"

    members: int  # open postings
    leaders: int  # of these, first secretaries and captains: often one person
    last_present_on: date | None = None  # of any member; empty: never
    leader_away_since: date | None = None  # the last day a leader was present, or came
    member_away_since: date | None = None  # of the member who has not been seen for longest, likewise
    longest_posted_since: date | None = None  # the first to have come
