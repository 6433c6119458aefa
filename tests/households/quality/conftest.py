"""A county whose standards are set."""

from datetime import date
from typing import cast

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from services.households.cases.profiles import ship
from tests.clock import NOW
from tests.households.quality.families import BOUNDS
from tests.households.standards import set_standards


@pytest.fixture
def session(households: Session) -> Session:
    ship(cast("Engine", households.get_bind()), NOW)
    set_standards(households, date(2020, 1, 1), **BOUNDS)
    return households
