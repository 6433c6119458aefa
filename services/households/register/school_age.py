"""Who is of the age of compulsory schooling on a day: from the law's ages, or a county's own by its document."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.households.nearest import nearest
from services.kit.store.reference import StandardKey

FROM = StandardKey("school_age_from", "number", "岁", "义务教育起始年龄", "Age at which compulsory schooling begins")
UNTIL = StandardKey("school_age_until", "number", "岁", "义务教育截止年龄", "Last age of compulsory schooling")
BY_LAW = {FROM.key: 6, UNTIL.key: 15}  # 义务教育法第二条、第十一条：满六周岁起，九年


def bound(key: str) -> str:
    return nearest(key, BY_LAW[key])


# Of each household: a member born after `too_old` and until `begun` is of that age today.
AGES = f"""
    SELECT h.id AS household_id,
           CAST(CAST(:today AS date) - make_interval(years => CAST({bound(FROM.key)} AS int)) AS date) AS begun,
           CAST(CAST(:today AS date) - make_interval(years => CAST({bound(UNTIL.key)} AS int) + 1) AS date) AS too_old
    FROM household h WHERE h.id = ANY (:ids)
    """  # noqa: S608  # of constants alone
OUT_OF_SCHOOL = text(
    f"""
    WITH ages AS ({AGES})
    SELECT CASE WHEN bool_or(p.schooling = 'dropped_out') THEN count(*) FILTER (WHERE p.schooling = 'dropped_out')
                WHEN NOT coalesce(bool_or(p.schooling IS NULL), false) THEN 0 END
    FROM ages LEFT JOIN membership m ON m.household_id = ages.household_id AND upper_inf(m.valid)
    LEFT JOIN person p ON p.id = m.person_id AND p.birth_date <= ages.begun AND p.birth_date > ages.too_old
    WHERE m.id IS NULL OR p.id IS NOT NULL
    """  # noqa: S608  # of constants alone
)


def out_of_school(session: Session, household_id: UUID, day: date) -> int | None:
    """How many have dropped out, of the age on that day; none where nobody has told us of one and no other has."""
    count: int | None = session.execute(OUT_OF_SCHOOL, {"ids": [household_id], "today": day}).scalar_one()
    return count
