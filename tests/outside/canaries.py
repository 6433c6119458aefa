"""A hundred people who do not exist, and every way in which something of them could be written down.

All share a stem per kind of value that nobody else of a test has, so that one look for the stem finds any of them.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from services.cli.county_files.identity import id_number

SERIAL = 499 * 9998  # the region 9998 of the numbers that begin with 99; the demonstration begins at 0
BORN = date(1937, 1, 1)

NUMBER, NAME, PHONE, CARD, ILLNESS = "ID number", "name", "phone", "account", "illness"
STEMS = {NUMBER: "9999981937", NAME: "金丝雀", PHONE: "10009777", CARD: "99998888777766", ILLNESS: "雀花症"}
WRITTEN = "子丑寅卯辰巳午未申酉"


@dataclass(frozen=True)
class Canary:
    """`card` is an account at a bank, for which the services have no field at all."""

    id_number: str
    name: str
    phone: str
    card: str
    illness: str


def canary(place: int) -> Canary:
    odd = "".join(WRITTEN[int(digit)] for digit in f"{place:03d}")
    number = id_number(SERIAL + place, BORN + timedelta(days=3 * place), "女" if place % 2 else "男")
    phone, card = f"{STEMS[PHONE]}{place:03d}", f"{STEMS[CARD]}{place:05d}"
    return Canary(number, STEMS[NAME] + odd, phone, card, STEMS[ILLNESS] + odd)


PEOPLE = [canary(place) for place in range(100)]
NEVER_SENT = canary(110)  # for proving that a look can find something


def forms_of(text: str) -> Iterator[bytes]:
    """As it is, in a URL, in JSON, in the other Chinese encoding, as hex as PostgreSQL shows bytes, in base64."""
    plain = text.encode()
    yield plain
    if not text.isascii():
        yield quote(text).encode()
        yield quote(text).lower().encode()
        yield text.encode("unicode-escape")
        yield text.encode("unicode-escape").upper().replace(b"\\U", b"\\u")
        yield text.encode("gb18030")
    if text.isdigit():
        yield "".join(chr(ord("０") + int(digit)) for digit in text).encode()
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield from in_base64(plain)


def in_base64(plain: bytes) -> Iterator[bytes]:
    """Wherever it begins in what was encoded; without the characters that hang on its neighbours."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)
        first, last = -(-before * 4 // 3), (before + len(plain)) * 4 // 3
        yield encoded[first:last]
        yield base64.urlsafe_b64encode(bytes(before) + plain)[first:last]


def apart(stem: str) -> bytes:
    """With a space, a dash, or their URL encodings between any two digits."""
    return rb"(?:[ -]|%20|%2D|\+)?".join(re.escape(digit.encode()) for digit in stem)


FORMS = {kind: frozenset(forms_of(stem)) for kind, stem in STEMS.items()}
# Without the boundary a long run of hex digits would hold any short number now and then.
APART = {kind: re.compile(rb"(?<![0-9A-Za-z])" + apart(STEMS[kind])) for kind in (NUMBER, PHONE, CARD)}
# The part of an ID number that birth date and region do not tell, alone: with six digits and with eight.
ENDS = {
    end.encode()
    for one in (*PEOPLE, NEVER_SENT)
    for length in (6, 8)
    for end in (one.id_number[-length:], one.id_number[-length:].lower())
}
END = re.compile(rb"(?<![0-9A-Za-z.:+-])(?:\d{5}|\d{7})[\dXx](?![0-9A-Za-z.:-])")
# A plain hash of a number is as good as the number: a county has too few of them.
HASHES = {
    digest(text.encode()).hexdigest().encode()
    for one in (*PEOPLE, NEVER_SENT)
    for text in (one.id_number, one.id_number.lower(), one.phone, one.card)
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256)
}
HASH = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")


def in_plain(content: bytes) -> dict[str, int]:
    """As `told_in`, of what is large and encodes nothing."""
    return {kind: place for kind, stem in STEMS.items() if (place := content.find(stem.encode())) >= 0}


def told_in(content: bytes, *, ends: bool = True) -> dict[str, int]:
    """What kinds of values of our people stand in it, and where first. `ends=False` where sums of money stand, of
    which one could be the end of somebody's number."""
    found: dict[str, int] = {}
    for kind, forms in FORMS.items():
        places = [place for form in forms if (place := content.find(form)) >= 0]
        if kind in APART and (match := APART[kind].search(content)):
            places.append(match.start())
        if places:
            found[kind] = min(places)
    for pattern, wanted in ((END, ENDS if ends else set()), (HASH, HASHES)):
        if (first := first_of(pattern, wanted, content)) is not None:
            found.setdefault(NUMBER, first)
    return found


def first_of(pattern: re.Pattern[bytes], wanted: set[bytes], content: bytes) -> int | None:
    return next((match.start() for match in pattern.finditer(content) if match[0] in wanted), None)
