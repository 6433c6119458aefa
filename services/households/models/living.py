"""How and where a household lives, as somebody told it on a day."""

from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.households.models.table import Table
from services.households.models.told import ToldSince, numbered


class HouseholdConditions(Table, ToldSince, table=True):
    """What a household produces with and lives among. Land in hundredths of a mu, distance in metres."""

    __tablename__ = "household_conditions"
    __table_args__ = (Index("household_conditions_newest", "household_id", "since", "seq"),)

    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = numbered()
    farmland: int | None = None
    forest_land: int | None = None
    grassland: int | None = None
    water_surface: int | None = None
    road: str | None = None
    distance_to_road: int | None = None
    electricity: bool | None = None
    broadband: bool | None = None
    sanitary_toilet: bool | None = None
    fuel: str | None = None
    in_cooperative: bool | None = None
    with_leading_firm: bool | None = None


class HousingAppraisal(Table, ToldSince, table=True):
    """What somebody found a house to be on a day. Its grade is the household's from then on."""

    __tablename__ = "housing_appraisal"
    __table_args__ = (Index("housing_appraisal_newest", "household_id", "since", "seq"),)

    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = numbered()
    grade: str | None = None  # A, B safe; C to be repaired, D to be rebuilt
    area: int | None = None  # hundredths of a square metre
    document_no: str | None = None


class WaterFinding(Table, ToldSince, table=True):
    """A household's water by its four indicators on a day, and what the standards of that day made of them."""

    __tablename__ = "water_finding"
    __table_args__ = (Index("water_finding_newest", "household_id", "since", "seq"),)

    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = numbered()
    litres: int | None = None  # a person and day
    quality: bool | None = None
    quality_basis: str | None = None
    quality_report: str | None = None
    piped: bool | None = None
    fetch_minutes: int | None = None
    fetch_metres: int | None = None
    fetch_climb: int | None = None  # metres
    outage_days: int | None = None  # a year
    enough: bool | None = None
    near: bool | None = None
    reliable: bool | None = None
    safe: bool | None = None


class HouseholdPlaces(Table, ToldSince, table=True):
    """Where a household is registered and where it lives; the village that manages it is its own column there."""

    __tablename__ = "household_places"
    __table_args__ = (Index("household_places_newest", "household_id", "since", "seq"),)

    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = numbered()
    registered_village: str | None = None  # twelve digits
    registered_address: str | None = None
    living_kind: str | None = None  # village, site, away
    living_village: str | None = None
    living_site: str | None = None
    living_destination: str | None = None
    grid: str | None = None
    ten_household_unit: str | None = None
