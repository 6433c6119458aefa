"""Whatever is written in whatever order, a household has one of a kind a day: held against a calendar."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Team
from services.attendance.pairings.pairings import PairedAlready, PairingOut, pair
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.attendance.conftest import VILLAGE, cadre_in
from tests.conftest import NOW

START, HORIZON = date(2026, 1, 1), 20
Spans = st.tuples(st.integers(0, 1), st.integers(0, 8), st.one_of(st.none(), st.integers(1, 6)))


class Calendar:
    """By day, which pairing holds; and which one is open."""

    def __init__(self) -> None:
        self.days: dict[int, int] = {}
        self.began: list[int] = []
        self.open: int | None = None

    def takes(self, begins: int, ends: int | None) -> bool:
        """No days but those of an open pairing that began before."""
        taken = {self.days[day] for day in range(begins, ends or HORIZON) if day in self.days}
        if taken - {self.open} or any(self.began[one] >= begins for one in taken):
            return False
        self.days = {day: one for day, one in self.days.items() if day < begins or one not in taken}
        self.open = None if taken else self.open
        number = len(self.began)
        self.began.append(begins)
        self.days |= dict.fromkeys(range(begins, ends or HORIZON), number)
        self.open = number if ends is None else self.open
        return True


@settings(max_examples=60, deadline=None)
@given(spans=st.lists(Spans, max_size=8))
def test_a_household_has_one_of_a_kind_a_day(
    engines: dict[str, Engine], seal: Seal, spans: list[tuple[int, int, int | None]]
) -> None:
    calendar, who_of, home = Calendar(), [], uuid4()
    with open_session(engines["attendance"]) as session:
        team = Team(name="示例队", village=VILLAGE)
        session.add(team)
        cadres = [cadre_in(session, seal, team, f"1000100000{n}") for n in (1, 2)]
        for who, begins, length in spans:
            ends = begins + length if length else None
            taken = paired(session, wanted(cadres[who], home, begins, ends))
            assert taken == calendar.takes(begins, ends)
            who_of += [cadres[who]] if taken else []
        held = session.scalars(select(Pairing).where(col(Pairing.household_id) == home)).all()
        assert sorted((day, one.cadre_id) for one in held for day in range(HORIZON) if holds(one, day)) == [
            (day, who_of[number]) for day, number in sorted(calendar.days.items())
        ]
        session.rollback()


def paired(session: Session, one: PairingOut) -> bool:
    try:
        pair(session, None, one, NOW)
    except PairedAlready:
        return False
    return True


def wanted(cadre: UUID, home: UUID, begins: int, ends: int | None) -> PairingOut:
    return PairingOut(
        id=uuid4(),
        cadre_id=cadre,
        household_id=home,
        village=VILLAGE,
        valid_from=START + timedelta(begins),
        valid_until=START + timedelta(ends) if ends else None,
        document_no="示例",
    )


def holds(one: Pairing, day: int) -> bool:
    return START + timedelta(day) in one.valid
