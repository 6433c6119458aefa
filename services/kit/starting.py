"""What must hold before a process starts. It says what is wrong and what to do, in both languages, and no value."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.kit.secrets_on_disk import Complaint, weak_secrets
from services.kit.settings import Settings

WRONG = 78  # EX_CONFIG of sysexits.h: starting again will not help

Told = TypeVar("Told", bound=Settings)


class Advice(NamedTuple):
    zh: str
    en: str


MISSING = Advice("没有设置。请在环境文件中写上。", "is not set. Put it into the environment file.")
EMPTY = Advice("是空的。请填写。", "is empty. Fill it in.")
MALFORMED = Advice("格式不对，请按 docs/operations.md 更正。", "is not of the right form; see docs/operations.md.")
NO_FOLDER = Advice(
    "不是本进程可读的目录。请更正路径或权限。", "is no folder this process can read. Mend path or owner."
)
WITH_PASSWORD = Advice(
    "含有密码。环境变量可被读取：请删去密码，写入密钥目录的 database/<角色> 文件。",
    "holds a password, and an environment can be read: take it out, put it into the file database/<role>.",
)


def settings_or_exit(kind: type[Told], *secrets: str) -> Told:
    """The settings of this process, whose `secrets` are there and strong; or its end, with a line for each fault."""
    try:
        settings = kind()  # type: ignore[call-arg]  # from the environment
    except ValidationError as error:
        give_up([complaint_about(str(fault["loc"][0]), fault["type"]) for fault in error.errors()])
    complaints = [*wrong_settings(settings)]
    if variable("secrets") not in {one.subject for one in complaints}:  # else it may be any folder, and a large one
        wanted = (*secrets, settings.password_file) if needs_password(settings) else secrets
        complaints += weak_secrets(settings.secrets, wanted)
    if complaints:
        give_up(complaints)
    return settings


def give_up(complaints: list[Complaint]) -> NoReturn:
    for one in complaints:
        sys.stderr.write(f"无法启动：{one.subject} {one.zh}\nCannot start: {one.subject} {one.en}\n")
    sys.exit(WRONG)


def complaint_about(field: str, fault: str) -> Complaint:
    return Complaint(variable(field), *(MISSING if fault == "missing" else MALFORMED))


def variable(field: str) -> str:
    return f"SHOUWANG_{field.upper()}"


def wrong_settings(settings: Settings) -> Iterator[Complaint]:
    for field, info in type(settings).model_fields.items():
        advice = wrong(field, info, getattr(settings, field))
        if advice:
            yield Complaint(variable(field), *advice)


def wrong(field: str, info: FieldInfo, value: object) -> Advice | None:
    """By the setting's name: a service adds settings of its own that end in `_url`."""
    if value == "":
        return EMPTY if info.is_required() else None
    if field == "secrets":
        return None if str(value) != "." and Path(str(value)).is_dir() else NO_FOLDER
    if field == "port":
        return None if not info.is_required() or (isinstance(value, int) and 0 < value < 65536) else MALFORMED
    if field == "zone":
        return None if known_zone(str(value)) else MALFORMED
    if field == "database_url":
        return wrong_database(str(value))
    if field.endswith("_url"):
        return None if urlsplit(str(value)).scheme in ("http", "https") and urlsplit(str(value)).hostname else MALFORMED
    return None


def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def wrong_database(value: str) -> Advice | None:
    try:
        url = make_url(value)
    except ArgumentError:
        return MALFORMED
    if url.password or "password" in url.query:
        return WITH_PASSWORD
    return None if url.drivername == "postgresql+psycopg" and url.database else MALFORMED


def needs_password(settings: Settings) -> bool:
    """Over a socket the server knows who asks, and a certificate says it too."""
    if not settings.database_url or wrong_database(settings.database_url):
        return False
    url = make_url(settings.database_url)
    return bool(url.host) and "sslcert" not in url.query


def collect_seldom() -> None:
    """What was imported stays for good and is not looked through again and again. What a crowd or a large file brings
    lives as long as its request or part: looked for every 700 things, as Python would, it took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
