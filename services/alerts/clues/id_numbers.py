"""Citizen identity numbers (GB 11643) as departments write them: folded to one way of writing, or refused."""

import re
import unicodedata
from datetime import date
from operator import mul

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
DEMO_PREFIX = "99"  # no division begins with it: such numbers are nobody's
EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
FIFTEEN = re.compile(r"[0-9]{15}")  # issued until 1999, for births in the 1900s


def read_id_number(told: str, *, demo: bool) -> str | None:
    """Eighteen characters, the one way they are indexed; none where they are no number."""
    plain = told if EIGHTEEN.fullmatch(told) else folded(told)
    sound = EIGHTEEN.fullmatch(plain) and plain[17] == check_digit(plain) and is_day(plain[6:14])
    return plain if sound and (demo or not plain.startswith(DEMO_PREFIX)) else None


def folded(told: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", told).split()).upper()
    if FIFTEEN.fullmatch(plain):
        plain = f"{plain[:6]}19{plain[6:]}"
        plain += check_digit(plain)
    return plain


def check_digit(digits: str) -> str:
    return CHECKS[sum(map(mul, WEIGHTS, map(int, digits[:17]))) % 11]


def is_day(written: str) -> bool:
    try:
        date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return False
    return True
