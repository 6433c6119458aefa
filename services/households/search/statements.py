"""What a search asks of the database: written out, so that it is planned once, and reads what an index holds.

Each names the caller's reach itself, beside the policies of the tables it reads.
"""

from collections.abc import Mapping
from functools import cache
from typing import LiteralString

from services.kit.store.barrier import HOLDER, in_a_set, within_division

VILLAGE = 12  # digits: asked for as itself, which an index answers; a longer place is a prefix

LINE: LiteralString = "h.id, h.number, h.village, h.group_name, h.head_name"
BY_NUMBER: LiteralString = f"""
    SELECT {LINE} FROM household h
    WHERE {{reach}} {{narrowed}} ORDER BY h.number LIMIT %(most)s
    """  # noqa: S608  # text of ours
# Each in the order of an index: when there are enough, nobody else of that name is looked at.
BY_NAME: LiteralString = f"""
    SELECT {LINE}, found.folded AS matched
    FROM (SELECT DISTINCT n.folded, n.household_id FROM member_name n
          WHERE {{named}} AND {{reach}} {{narrowed}}
          ORDER BY n.folded, n.household_id LIMIT %(most)s) AS found
    JOIN household h ON h.id = found.household_id AND {{reach_home}}
    ORDER BY found.folded, found.household_id
    """  # noqa: S608  # text of ours
BY_INITIALS: LiteralString = f"""
    SELECT {LINE}, found.folded AS matched, found.initials
    FROM (SELECT DISTINCT n.initials, n.folded, n.household_id FROM member_name n
          WHERE {{named}} AND {{reach}} {{narrowed}}
          ORDER BY n.initials, n.folded, n.household_id LIMIT %(most)s) AS found
    JOIN household h ON h.id = found.household_id AND {{reach_home}}
    ORDER BY found.initials, found.folded, found.household_id
    """  # noqa: S608  # text of ours
TAGGED: LiteralString = (
    "SELECT FROM tag t WHERE t.household_id = {household} AND t.key = %(tag)s AND upper_inf(t.valid)"
)
IN_STATE: LiteralString = """
    SELECT latest.household_id FROM (SELECT DISTINCT ON (c.household_id) c.household_id, c.state FROM monitored_case c
    ORDER BY c.household_id, c.episode DESC) latest WHERE latest.state = %(case_state)s"""
RUNNING_OUT: LiteralString = """
    SELECT c.household_id FROM monitored_case c JOIN case_clock k ON k.case_id = c.id
    WHERE c.closed_on IS NULL AND k.done_on IS NULL
      AND k.due_on BETWEEN CAST(%(due_from)s AS date) AND CAST(%(due_until)s AS date)"""
# A filter that was kept with a set, of the sets that are listed to the caller.
SAVED: LiteralString = f"""
    SELECT f.q, f.village, f.tag, f.case_state, f.overdue, f.due_within
    FROM set_filter f JOIN household_set s ON s.id = f.set_id
    WHERE f.set_id = %(saved)s AND ({within_division("s.division")} OR s.created_by = {HOLDER})
    """  # noqa: S608  # text of ours
AFTER_NAME: LiteralString = "(n.folded, n.household_id) > (%(matched)s, %(id)s::uuid)"
AFTER_INITIALS: LiteralString = "(n.initials, n.folded, n.household_id) > (%(initials)s, %(matched)s, %(id)s::uuid)"
AFTER_NUMBER: LiteralString = "h.number > %(number)s"
# The database folds what is asked as it folds what it keeps.
INITIALS: LiteralString = "starts_with(n.initials, lower(%(q)s))"
FOLDED: LiteralString = "starts_with(n.folded, name_folded(%(q)s))"
# By whether initials were asked for, a name, or (None) neither.
FORMS: Mapping[bool | None, LiteralString] = {None: BY_NUMBER, False: BY_NAME, True: BY_INITIALS}
AFTER: Mapping[bool | None, LiteralString] = {None: AFTER_NUMBER, False: AFTER_NAME, True: AFTER_INITIALS}


@cache
def statement(letters: bool | None, place: int, tagged: bool, in_state: bool, due: bool, later: bool) -> LiteralString:
    """`letters` is None where no name is asked for; `place` is how many digits its code has. Who has a tag has it
    today: none lies in the future, so an open one holds."""
    village, household = ("h.village", "h.id") if letters is None else ("n.village", "n.household_id")
    narrowed = ""
    if place:
        narrowed += f" AND {village} = %(village)s" if place == VILLAGE else f" AND starts_with({village}, %(village)s)"
    if tagged:
        narrowed += f" AND EXISTS ({TAGGED.format(household=household)})"
    if in_state:
        narrowed += f" AND {household} IN ({IN_STATE})"
    if due:
        narrowed += f" AND {household} IN ({RUNNING_OUT})"
    if later:
        narrowed += f" AND {AFTER[letters]}"
    form = FORMS[letters]
    return form.format(
        named=INITIALS if letters else FOLDED,
        reach=reached(village, household),
        narrowed=narrowed,
        reach_home=reached("h.village", "h.id"),
    )


def reached(village: LiteralString, household: LiteralString) -> str:
    return f"({within_division(village)} OR {in_a_set(household)})"
