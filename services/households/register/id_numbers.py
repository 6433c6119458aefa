"""Citizen identity numbers (GB 11643): what makes eighteen characters one, and what they say by themselves."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul

from services.kit.web.errors import DomainError

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
DEMO_PREFIX = "99"  # no division begins with it: such numbers are nobody's


class NotAnIdNumber(Exception):
    """Carries why, and never the number."""


class IdNumberUnsound(DomainError):
    zh = "证件号码有误；记不清可以不填。"
    en = "The ID number is not a valid one. It may be left out."


@dataclass(frozen=True)
class IdNumber:
    text: str
    birth_date: date
    sex: str  # GB/T 2261.1: 1 male, 2 female


def read_id_number(text: str, *, demo: bool) -> IdNumber:
    """Full-width digits, spaces and a small x are folded, and a number of fifteen digits (issued until 1999, for
    births in the 1900s) is written as the eighteen it became: one person, one index. The division prefix is not
    checked: divisions come and go."""
    plain = as_eighteen("".join(unicodedata.normalize("NFKC", text).split()).upper())
    body, check = plain[:17], plain[17:]
    if len(plain) != 18 or not (body.isascii() and body.isdigit()):
        raise NotAnIdNumber("eighteen characters, the first seventeen digits")
    if check != check_digit(body):
        raise NotAnIdNumber("the check digit does not fit")
    if body.startswith(DEMO_PREFIX) and not demo:
        raise NotAnIdNumber("numbers beginning with 99 are for demonstrations")
    return IdNumber(plain, birth_date_in(body), "1" if int(body[16]) % 2 else "2")


def as_eighteen(plain: str) -> str:
    """GB 11643-1999: the century goes in before the year, the check digit comes last."""
    if len(plain) != 15 or not (plain.isascii() and plain.isdigit()):
        return plain
    body = f"{plain[:6]}19{plain[6:]}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    return CHECKS[sum(map(mul, WEIGHTS, map(int, body))) % 11]


def birth_date_in(body: str) -> date:
    try:
        return date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        raise NotAnIdNumber("the birth date in it does not exist") from None
