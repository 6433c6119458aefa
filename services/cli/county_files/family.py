"""Who lives together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from services.cli.county_files.identity import Sex, birth_date, id_number, person_name

OLDEST = 97
DROPOUT = 0.0045  # a child of 8 to 14: about 0.2 % of the households
SCHOOLING_BLANK = 0.003
UNINSURED = 0.0028  # a member: about 1 % of the households
INSURANCE_BLANK = 0.0008
NEWBORN_WITHOUT_NUMBER = 0.5


@dataclass(frozen=True)
class Member:
    """Birth date and sex are written down only for someone who has no ID number yet."""

    name: str
    relation: str
    sex: Sex
    age: int
    born: date
    id_number: str
    schooling: str
    insured: str


@dataclass(frozen=True)
class Person:
    """A member as a place in the family, before the papers."""

    relation: str
    sex: Sex
    age: int


@dataclass(frozen=True)
class Shape:
    """A kind of household: its share in a hundred, the head's age, and who lives with the head."""

    share: int
    head: range
    spouse: float = 0.0
    children: tuple[int, ...] = (0,)
    parents: tuple[int, ...] = (0,)
    grandchildren: tuple[int, ...] = (0,)
    heir: bool = False  # a grown son and his wife, whom the list of relations has no word for


SHAPES = (
    Shape(9, range(62, 89)),
    Shape(13, range(58, 84), spouse=1.0),
    Shape(39, range(28, 56), spouse=0.93, children=(1, 1, 2, 2, 2, 3)),
    Shape(23, range(32, 56), spouse=0.9, children=(1, 1, 2, 2, 3), parents=(1, 1, 2)),
    Shape(9, range(58, 75), spouse=0.7, grandchildren=(1, 1, 2)),
    Shape(7, range(52, 71), spouse=0.8, heir=True, grandchildren=(0, 1, 1, 2)),
)
SHARES = tuple(shape.share for shape in SHAPES)


def draw_family(rng: Random, serials: Iterator[int], as_of: date) -> list[Member]:
    """One to seven members, the head first; the blood relations of the head bear the head's surname."""
    shape = rng.choices(SHAPES, SHARES)[0]
    people = list(draw_people(shape, rng))
    surname = person_name(rng)[0]
    return [draw_papers(person, surname, rng, serials, as_of) for person in people]


def draw_people(shape: Shape, rng: Random) -> Iterator[Person]:
    head = Person("户主", "男" if rng.random() < 0.8 else "女", rng.choice(shape.head))
    yield head
    youngest = head.age
    if rng.random() < shape.spouse:
        spouse = Person("配偶", "女" if head.sex == "男" else "男", max(23, head.age + rng.randint(-4, 2)))
        youngest = min(youngest, spouse.age)
        yield spouse
    yield from draw_parents(head, rng.choice(shape.parents), rng)
    for _ in range(rng.choice(shape.children)):
        yield draw_child(rng, ("之子", "之女"), min(32, youngest - 20))
    if shape.heir:
        heir = Person("之子", "男", youngest - rng.randint(22, 26))
        yield heir
        yield Person("其他", "女", max(22, heir.age + rng.randint(-3, 1)))
    for _ in range(rng.choice(shape.grandchildren)):
        yield draw_child(rng, ("孙子", "孙女"), min(21, youngest - 46))


def draw_parents(head: Person, how_many: int, rng: Random) -> Iterator[Person]:
    mother = Person("之母", "女", min(OLDEST, head.age + rng.randint(20, 30)))
    father = Person("之父", "男", min(OLDEST, mother.age + rng.randint(0, 5)))
    if how_many == 2:
        yield father
    if how_many:
        yield mother


def draw_child(rng: Random, words: tuple[str, str], oldest: int) -> Person:
    """Words for a boy and for a girl."""
    boy = rng.random() < 0.52
    return Person(words[0] if boy else words[1], "男" if boy else "女", rng.randint(0, max(0, oldest)))


def draw_papers(person: Person, surname: str, rng: Random, serials: Iterator[int], as_of: date) -> Member:
    born = birth_date(rng, person.age, as_of)
    serial = next(serials)
    unregistered = person.age == 0 and rng.random() < NEWBORN_WITHOUT_NUMBER
    return Member(
        name=person_name(rng, "" if person.relation in ("配偶", "之母", "其他") else surname),
        relation=person.relation,
        sex=person.sex,
        age=person.age,
        born=born,
        id_number="" if unregistered else id_number(serial, born, person.sex),
        schooling=draw_schooling(rng, person.age),
        insured=draw_answer(rng, no=UNINSURED, blank=INSURANCE_BLANK),
    )


def draw_schooling(rng: Random, age: int) -> str:
    if 6 <= age <= 15:
        chance = rng.random()
        if chance < SCHOOLING_BLANK:
            return ""
        # Not at the edges: whether a child of 6 or 15 must be at school depends on the month and the county.
        return "失学辍学" if 8 <= age <= 14 and chance > 1 - DROPOUT else "在校"
    attending = {3: 0.6, 4: 0.8, 5: 0.9, 16: 0.93, 17: 0.93, 18: 0.8}.get(age, 0.5 if 19 <= age <= 22 else 0)
    return "在校" if rng.random() < attending else "非在校"


def draw_answer(rng: Random, *, no: float, blank: float) -> str:
    chance = rng.random()
    if chance < no:
        return "否"
    return "" if chance > 1 - blank else "是"
