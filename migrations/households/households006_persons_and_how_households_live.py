"""what is recorded of persons, and how and where households live"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.kit.store.barrier import protect

revision: str = "households006"
down_revision: str | None = "households005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

OF = {
    "person": "EXISTS (SELECT FROM person p WHERE p.id = person_id)",  # itself under its policy, as is
    "household": "EXISTS (SELECT FROM household h WHERE h.id = household_id)",
}
TABLES = {
    "person_circumstances": "person",
    "person_health": "person",
    "person_phone": "person",
    "person_insurance": "person",
    "work_month": "person",
    "household_conditions": "household",
    "housing_appraisal": "household",
    "water_finding": "household",
    "household_places": "household",
}


def upgrade() -> None:
    texts = ("ethnicity", "political_status", "schooling_level", "school_state", "dropout_reason", "marital")
    newest("person_circumstances", since(), *map(text, (*texts, "occupation", "labour_capacity")))
    newest(
        "person_health",
        since(),
        sa.Column("conditions", sa.ARRAY(sa.Text()), nullable=True),
        *map(text, ("disability_category", "disability_grade")),
        sa.Column("sealed_card_number", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(disability_category IS NULL) = (disability_grade IS NULL)", name="disability_whole"),
    )
    told(
        "person_phone",
        sa.Column("sealed_number", sa.LargeBinary(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
    )
    op.create_index("person_phone_of", "person_phone", ["person_id"])
    newest(
        "person_insurance",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("enrolled", sa.Boolean(), nullable=False),
        *(text("paid_by"), number("amount", sa.BigInteger()), text("receipt")),
        of_each=("year", "kind"),
    )
    newest(
        "work_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        *map(text, ("area", "place", "employer", "occupation")),
        number("pay", sa.BigInteger()),
        sa.CheckConstraint("extract(day FROM month) = 1", name="month_by_its_first_day"),
        of_each=("month",),
    )
    of_households()
    for table, subject in TABLES.items():
        for statement in protect(op.get_bind(), table, OF[subject]):
            op.execute(statement)


def of_households() -> None:
    newest(
        "household_conditions",
        since(),
        *map(number, ("farmland", "forest_land", "grassland", "water_surface")),
        *(text("road"), number("distance_to_road"), flag("electricity"), flag("broadband"), flag("sanitary_toilet")),
        *(text("fuel"), flag("in_cooperative"), flag("with_leading_firm")),
    )
    newest("housing_appraisal", since(), text("grade"), number("area"), text("document_no"))
    newest(
        "water_finding",
        since(),
        *(number("litres"), flag("quality"), text("quality_basis"), text("quality_report"), flag("piped")),
        *map(number, ("fetch_minutes", "fetch_metres", "fetch_climb", "outage_days")),
        *map(flag, ("enough", "near", "reliable", "safe")),
    )
    living = ("living_kind", "living_village", "living_site", "living_destination")
    registered = ("registered_village", "registered_address")
    newest("household_places", since(), *map(text, (*registered, *living, "grid", "ten_household_unit")))


def told(table: str, *columns: sa.schema.SchemaItem) -> None:
    subject = TABLES[table]
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(f"{subject}_id", sa.Uuid(), nullable=False),
        *columns,
        sa.Column("doer", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint([f"{subject}_id"], [f"{subject}.id"]),
    )


def newest(table: str, *columns: sa.schema.SchemaItem, of_each: Sequence[str] = ("since",)) -> None:
    """Rows of which the one with the highest `seq` counts."""
    told(table, sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False), *columns)
    op.create_index(f"{table}_newest", table, [f"{TABLES[table]}_id", *of_each, "seq"])


def since() -> sa.Column[object]:
    return sa.Column("since", sa.Date(), nullable=False)


def text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(), nullable=True)


def flag(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(), nullable=True)


def number(name: str, kind: sa.types.TypeEngine[int] | None = None) -> sa.Column[object]:
    return sa.Column(name, kind or sa.Integer(), nullable=True)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
