"""A file of teams: one row per cadre, known again by the mobile. Whoever is in another team than before has moved."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import not_, select, text
from sqlmodel import Session, col

from services.attendance.facts import lock_teams
from services.attendance.grants.postings import cadres_of, grant_postings
from services.attendance.imports.upload import Upload, refuse_outside
from services.attendance.imports.write_teams import write
from services.attendance.models.teams import MOBILE, Cadre, Team
from services.attendance.reach import TEAMS
from services.kit.store.scope import within
from services.kit.store.sealed import take_turn
from services.kit.web.cells import TWICE, CellRefused, RowReader, RowVerdict, day, division_code, one_of, text_up_to
from services.kit.web.sheets import Row

HEADERS = ("工作队", "村代码", "派出单位", "姓名", "手机号", "职务", "到任日期", "登录账号")
SAID = ("team", "village", "unit", "name", "role", "arrived", "username")  # what a row says of its cadre

role = one_of({"第一书记": "first_secretary", "队长": "captain", "队员": "member"})

ELSEWHERE = (
    "team-in-two-villages",
    "文件中前面的行说这支工作队在另一个村。",
    "An earlier row of the file puts this team in another village.",
)
TEAM_OUTSIDE = (
    "team-elsewhere",
    "这支工作队现在您辖区以外的村。",
    "This team is stationed outside your places.",
)
CADRE_OUTSIDE = (
    "cadre-elsewhere",
    "此人现在您辖区以外任职，须由县级调整。",
    "This cadre is posted outside your places; the county moves them.",
)
TAKEN = ("username-taken", "这个登录账号已属于另一名干部。", "That username belongs to another cadre.")
NOT_YET = ("in-the-future", "到任日期不能晚于今天。", "Nobody has arrived after today.")
BEFORE_THE_LAST = (
    "before-the-last-posting",
    "到任日期必须晚于此人上一次任职的起始日，且不早于其截止日。",
    "The arrival must follow this cadre's posting before.",
)

# With the open posting, and the first day on which another could begin.
KNOWN = text(
    """
    SELECT c.id, c.mobile_index, c.name, c.username, u.name AS unit, t.name AS team, t.village, p.role,
           lower(p.valid) AS arrived,
           (SELECT max(upper(valid)) FROM posting WHERE cadre_id = c.id AND NOT upper_inf(valid)) AS last_ended
    FROM cadre c JOIN unit u ON u.id = c.unit_id
    LEFT JOIN posting p ON p.cadre_id = c.id AND upper_inf(p.valid)
    LEFT JOIN team t ON t.id = p.team_id
    WHERE c.mobile_index = ANY (:indexes)
    ORDER BY c.id FOR UPDATE OF c
    """
)


def take(upload: Upload, rows: Sequence[Row]) -> tuple[list[RowVerdict], list[UUID]]:
    """Nothing of a refused row is stored. Answers the teams somebody has come to, left or changed in."""
    one_at_a_time(upload.session)
    readers = [RowReader(row) for row in rows]
    sent = [read_cadre(upload, reader) for reader in readers]
    held = known(upload.session, sent)
    holders = usernames(upload.session, sent)
    refuse_repeats(readers, sent)
    refuse_outside(upload.scope, readers, sent)
    elsewhere = teams_outside(upload, sent)
    for reader, cadre in zip(readers, sent, strict=True):
        known_as = holder(cadre, held)
        match(reader, cadre, known_as, holders)
        if cadre["team"] in elsewhere:
            reader.refuse("工作队", *TEAM_OUTSIDE)
        if known_as and known_as["village"] and not upload.scope.covers(known_as["village"]):
            reader.refuse("手机号", *CADRE_OUTSIDE)
    verdicts = [reader.verdict() for reader in readers]
    for verdict, cadre in zip(verdicts, sent, strict=True):
        if verdict.outcome == "stored" and cadre["said_before"]:
            verdict.outcome = "unchanged"
    fresh = [c for verdict, c in zip(verdicts, sent, strict=True) if verdict.outcome == "stored"]
    names = {c["team"] for c in fresh} | {c["team_before"] for c in fresh}
    lock_teams(upload.session, teams_named(upload.session, names))
    write(upload, fresh)
    teams = teams_named(upload.session, names)
    grant_postings(upload.session, cadres_of(upload.session, teams), upload.now)
    return verdicts, teams


def one_at_a_time(session: Session) -> None:
    """Two files that bring the same new cadre would otherwise make two. Check-ins and writes by hand go on meanwhile:
    a lock of the table would meet whoever holds a cadre's row and is about to change it."""
    take_turn(session, MOBILE.turn)


def read_cadre(upload: Upload, reader: RowReader) -> dict[str, Any]:
    mobile = reader.read("手机号", mobile_number)
    arrived = reader.read("到任日期", day)
    if arrived and arrived > upload.today:
        reader.refuse("到任日期", *NOT_YET)
    return {
        "team": reader.read("工作队", text_up_to(60)),
        "village": reader.read("村代码", division_code),
        "unit": reader.read("派出单位", text_up_to(60)),
        "name": reader.read("姓名", text_up_to(60)),
        "mobile": mobile,
        "mobile_index": upload.seal.index(mobile) if mobile else None,
        "indexes": upload.seal.indexes(mobile) if mobile else [],
        "role": reader.read("职务", role),
        "arrived": arrived,
        "username": reader.read("登录账号", sign_in_name, needed=False),
    }


def mobile_number(text: str) -> str:
    if not re.fullmatch(r"1[0-9]{10}", text):
        raise CellRefused("not-a-mobile", "手机号须为 1 开头的 11 位数字。", "A mobile number is 1 and ten digits.")
    return text


def sign_in_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9._-]{1,39}", text):
        raise CellRefused("not-a-username", "登录账号须以小写字母开头。", "A username begins with a small letter.")
    return text


def known(session: Session, sent: Sequence[Mapping[str, Any]]) -> dict[bytes, dict[str, Any]]:
    asked = {"indexes": [index for cadre in sent for index in cadre["indexes"]]}
    return {bytes(row["mobile_index"]): dict(row) for row in session.execute(KNOWN, asked).mappings()}


def teams_outside(upload: Upload, sent: Sequence[Mapping[str, Any]]) -> set[str]:
    named = select(col(Team.name)).where(col(Team.name).in_({cadre["team"] for cadre in sent if cadre["team"]}))
    return set(upload.session.scalars(named.where(not_(within(upload.scope, TEAMS)))))


def holder(cadre: Mapping[str, Any], held: Mapping[bytes, dict[str, Any]]) -> dict[str, Any] | None:
    """Whoever we know by that mobile, under any key."""
    return next((held[index] for index in cadre["indexes"] if index in held), None)


def usernames(session: Session, sent: Sequence[Mapping[str, Any]]) -> dict[str, UUID]:
    """Who holds the usernames of the file already."""
    asked = {cadre["username"] for cadre in sent if cadre["username"]}
    held = select(col(Cadre.username), col(Cadre.id)).where(col(Cadre.username).in_(asked))
    return {row.username: row.id for row in session.execute(held)}


def refuse_repeats(readers: Sequence[RowReader], sent: Sequence[Mapping[str, Any]]) -> None:
    """A cadre and a username stand once in a file; a team, in one village."""
    seen: set[tuple[str, str]] = set()
    villages: dict[str, str] = {}
    for reader, cadre in zip(readers, sent, strict=True):
        for header, name, fault in (("手机号", "mobile", TWICE), ("登录账号", "username", TAKEN)):
            if cadre[name] and (name, cadre[name]) in seen:
                reader.refuse(header, *fault)
            seen.add((name, cadre[name]))
        team, village = cadre["team"], cadre["village"]
        if team and village and villages.setdefault(team, village) != village:
            reader.refuse("村代码", *ELSEWHERE)


def match(
    reader: RowReader, cadre: dict[str, Any], held: Mapping[str, Any] | None, holders: Mapping[str, UUID]
) -> None:
    """Give a row its cadre, one we know or a new one, and see whether it can be true beside what we know."""
    cadre["id"] = held["id"] if held else uuid4()
    cadre["team_before"] = held["team"] if held else None
    cadre["said_before"] = held is not None and all(cadre[name] == held[name] for name in SAID)
    if holders.get(cadre["username"], cadre["id"]) != cadre["id"]:
        reader.refuse("登录账号", *TAKEN)
    if held and cadre["arrived"] and cadre["arrived"] < earliest_arrival(cadre, held):
        reader.refuse("到任日期", *BEFORE_THE_LAST)


def earliest_arrival(cadre: Mapping[str, Any], held: Mapping[str, Any]) -> date:
    """Another team is joined after the day the present one was; the same one, not before the last posting's end."""
    if held["team"] and held["team"] != cadre["team"]:
        began: date = held["arrived"]
        return began + timedelta(days=1)
    return held["last_ended"] or date.min


def teams_named(session: Session, names: set[str | None]) -> list[UUID]:
    return list(session.scalars(select(col(Team.id)).where(col(Team.name).in_(names)).order_by(col(Team.id))))
