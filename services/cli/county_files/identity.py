"""Names, ID numbers and telephone numbers that nobody has."""

from datetime import date
from random import Random
from typing import Literal

Sex = Literal["男", "女"]

SURNAMES = "示例样演试拟虚设"
STEMS = "甲乙丙丁戊己庚辛壬癸"
BRANCHES = "子丑寅卯辰巳午未申酉戌亥一二三四五六七八九十"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
NUMBERS_A_REGION = 499  # per sex: 001 to 997 for men, 002 to 998 for women


def person_name(rng: Random, surname: str = "") -> str:
    return (surname or rng.choice(SURNAMES)) + rng.choice(STEMS) + rng.choice(BRANCHES)


def id_number(serial: int, born: date, sex: Sex) -> str:
    """Eighteen characters by GB 11643. Another serial, below 4,990,000, is another number on any birthday."""
    region, place = divmod(serial, NUMBERS_A_REGION)
    body = f"99{region:04d}{born:%Y%m%d}{2 * place + (1 if sex == '男' else 2):03d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    return CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11]


def household_phone(serial: int) -> str:
    return f"10000{serial % 1_000_000:06d}"


def cadre_phone(serial: int) -> str:
    return f"10001{serial:06d}"


def birth_date(rng: Random, age: int, as_of: date) -> date:
    """Of somebody so many full years old. Counted from the 28th at the latest: every February has it."""
    birthday = as_of.replace(year=as_of.year - age, day=min(as_of.day, 28))
    return date.fromordinal(birthday.toordinal() - rng.randrange(360))
