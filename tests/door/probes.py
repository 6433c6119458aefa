"""Every operation that names something with a place, once for each place where the id may stand."""

import csv
import io
import zipfile
from typing import Any
from uuid import uuid4

from services.attendance.imports import pairings as import_pairings
from services.attendance.imports import stations as import_stations
from services.attendance.imports import teams as import_teams
from services.households.imports import cases as import_cases
from services.households.imports import households as import_households
from services.households.imports import measures as import_measures
from services.households.imports import members as import_members
from services.households.imports import received as import_received
from services.households.imports import statements as import_statements
from tests.callers import Headers
from tests.clock import NOW, TODAY
from tests.door.holdings import Probe, Thing
from tests.door.world import DIGEST


def rows(answer: Any, _: Thing) -> bool:
    return answer.status_code == 200 and bool(answer.json()["rows"])


def listed(answer: Any, _: Thing) -> bool:
    return answer.status_code == 200 and bool(answer.json())


def texts_of(workbook: bytes) -> str:
    """What stands in the cells of a workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if "sheet" in name or "shared" in name)


def edited(method: str, client: Any, path: str, headers: Headers) -> Headers:
    """As somebody edits: what was read is named. Where nothing could be read, nothing is."""
    seen = client.get(path, headers=headers).headers.get("etag") if method == "PUT" else None
    return headers | ({"if-match": seen} if seen else {})


def stored(answer: Any, _: Thing) -> bool:
    return answer.status_code == 201 and not answer.json()["refusals"]


def get(right: str, path: str, where: str, **said: Any) -> Probe:
    """`path` is filled with the thing's ids; a query is written in it."""

    def ask(client: Any, headers: Headers, thing: Thing) -> Any:
        return client.get(path.format(village=thing.village, **thing.ids), headers=headers)

    return Probe(right, "GET " + path.partition("?")[0], where, ask, **said)


def send(method: str, right: str, path: str, where: str, body: Any, **said: Any) -> Probe:
    """`body` is made of the thing, anew each time."""

    def ask(client: Any, headers: Headers, thing: Thing) -> Any:
        filled = path.format(village=thing.village, new=uuid4(), **thing.ids)
        return client.request(method, filled, json=body(thing), headers=edited(method, client, filled, headers))

    return Probe(right, f"{method} {path}", where, ask, **said)


def upload(right: str, path: str, header: tuple[str, ...], row: Any, **said: Any) -> Probe:
    def ask(client: Any, headers: Headers, thing: Thing) -> Any:
        written = io.StringIO()
        csv.writer(written).writerows((header, row(thing)))
        sent = {"file": ("a.csv", written.getvalue().encode())}
        return client.post(path, files=sent, headers=headers)

    return Probe(right, f"POST {path}", "batch item", ask, seen=stored, unbound=True, **said)


def statement(_: Thing) -> dict[str, Any]:
    period = {"period_from": "2025-11-01", "period_to": "2026-10-31"}
    return {"id": str(uuid4()), **period, "lines": [{"kind": "wage", "amount": 1}]}


def case_of(thing: Thing) -> dict[str, Any]:
    ground = {"kind": "alert", "service": "alerts", "id": str(uuid4()), "day": "2026-11-02"}
    return {"id": str(uuid4()), "household_id": thing.ids["household"], "ground": ground, "risks": ["09"]}


def step(_: Thing) -> dict[str, Any]:
    by = [{"name": "示甲"}]
    return {"kind": "measures", "id": str(uuid4()), "done_on": "2026-11-20", "done_by": by}


def answered(code: str) -> Any:
    """What only whoever sees the thing is told of it."""
    return lambda answer, _: answer.status_code >= 400 and answer.json()["code"] == code


def found_or_own(answer: Any, thing: Thing) -> bool:
    """Whose office lies in that village alone does not inspect it, and is told so."""
    return answer.status_code < 300 or answered("own-village")(answer, thing) is True


def measured(_: Thing) -> dict[str, Any]:
    return {"policy_key": "cash", "due": "2026-12-01", "responsible": {"kind": "cadre", "id": CADRE, "label": "示甲"}}


def planned(_: Thing) -> dict[str, Any]:
    who = {"kind": "cadre", "id": CADRE, "label": "示甲"}
    return {"since": "2026-01-02", "reason": "示例", "goal": "示例", "responsible": who}


def received(_: Thing) -> dict[str, Any]:
    days = {"since": "2026-01-01", "until": "2026-01-31"}  # over: who is asked for later is still left out
    return {"id": str(uuid4()), "policy_key": "cash", "source": "示例"} | days


QUALITY = "quality:read"
CADRE = "5b0c1e0e-6d6f-4a63-9a0a-3f3f1d3a0042"


def about_change() -> dict[str, Any]:
    return {"id": str(uuid4()), "on": "2026-11-20", "ground": "示例", "done_by": "示己"}


def entered(where: str) -> Any:
    """Into a ledger: of the place, or for the household."""

    def body(thing: Thing) -> dict[str, Any]:
        said = {"id": str(uuid4()), "kind": "relief", "day": "2026-11-02", "unit": "fen", "amount": 100}
        line = {"beneficiary": {"kind": "household", "id": thing.ids["household"]}}
        return said | {"division": thing.village} | ({"lines": [line]} if where == "household" else {})

    return body


def undertaken(kind: str) -> Any:
    """Of the place, or of the household."""

    def body(thing: Thing) -> dict[str, Any]:
        said = {"id": str(uuid4()), "kind": kind, "since": "2026-11-02"}
        if kind == "project":
            return said | {"division": thing.village, "title": "示例", "what": "industry", "amount": 100}
        return said | {"household_id": thing.ids["household"], "party": "示例合作社", "labour": True}

    return body


def extended(_: Thing) -> dict[str, Any]:
    return {"id": str(uuid4()), "step": "extended", "day": TODAY.isoformat(), "until": "2029-01-01"}


FIVE = "checklist=household_five&division={village}"


def checked(thing: Thing) -> dict[str, Any]:
    said = {"id": str(uuid4()), "checklist": "household_five", "household_id": thing.ids["household"]}
    verdicts = [{"item": "house", "verdict": "met"}]
    return said | {"day": "2026-11-02", "mode": "cross", "done_by": "示例组", "verdicts": verdicts}


def in_village(kind: str) -> Any:
    """Of the place, or of somebody there."""

    def body(thing: Thing) -> dict[str, Any]:
        said = {"id": str(uuid4()), "kind": kind, "division": thing.village, "since": "2026-11-02"}
        if kind == "role":
            return said | {"what": "grid_member", "person_id": thing.ids["person"]}
        return said | {"what": "clinic", "state": "in_use"}

    return body


def problem_of(thing: Thing) -> dict[str, Any]:
    said = {"division": thing.village, "household_id": thing.ids["household"], "kind": "demand", "source": "visit"}
    return said | {"raised_on": "2026-11-02", "text": "示例", "owner": {"kind": "unit", "label": "示例镇政府"}}


def noted(_: Thing) -> dict[str, Any]:
    return {"kind": "note", "day": TODAY.isoformat(), "text": "已上门"}


def taken_back(_: Thing) -> dict[str, Any]:
    return {"id": str(uuid4()), "day": TODAY.isoformat(), "because": "登记有误"}


def birth(thing: Thing) -> dict[str, Any]:
    child = {"name": "示庚", "birth_date": "2026-11-01", "sex": "2", "number_missing": "新生儿"}
    child |= {"number_due_on": "2026-12-01"}
    return about_change() | {
        "kind": "birth", "household_id": thing.ids["household"], "person": child, "relation": "30",
    }  # fmt: skip


def made(answer: Any, _: Thing) -> bool:
    return bool(answer.status_code == 201)


READ, WRITE, LEDGERS = "household:read", "household:write", "ledger:read"
MEMBER = "/v1/households/{household}/members/{person}"
CASE = "case:read"
HOUSEHOLDS = (
    get(READ, "/v1/households/{household}", "path"),
    get(READ, "/v1/households/{household}/statements", "path"),
    get(READ, "/v1/households/{household}/safeguards", "path"),
    get(READ, "/v1/households/{household}/tags", "path"),
    get(READ, "/v1/households/{household}/tags/monitored", "path"),
    get(READ, "/v1/households?village={village}", "query", seen=rows),
    get(READ, "/v1/household-figures?village={village}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["total"]["households"] > 0),
    get(READ, "/v1/household-places?household={household}", "query", seen=listed),
    get(READ, "/v1/households?village={village}&number={number}", "filter", seen=rows),
    get(READ, "/v1/households?village={village}&limit=1", "cursor", seen=rows),
    send("POST", WRITE, "/v1/households/{household}/statements", "path", statement),
    send("PUT", WRITE, "/v1/households/{household}/safeguards", "path", lambda _: {"housing_grade": "A"}),
    send("PUT", WRITE, "/v1/households/{household}/tags/formerly_poor", "path",
         lambda _: {"since": "2026-01-05", "source": "示例"}),
    send("POST", "id-number:read", "/v1/households/{household}/members/{person}/id-number-views", "path",
         lambda _: {"reason": "核对证件"}),
    send("PUT", "household-set:write", "/v1/household-sets/{new}", "body",
         lambda thing: {"name": "示例组", "households": [thing.ids["household"]]}, by_sets=False),
    get(READ, "/v1/households/{household}?as_of=2026-11-20", "query"),
    get(READ, "/v1/households?village={village}&known_at=2027-01-01T00:00:00Z", "query", seen=rows),
    get("household-change:read", "/v1/households/{household}/changes", "path"),
    send("POST", "household:change", "/v1/household-changes", "body", birth, seen=made, unbound=True),
    get(READ, "/v1/household-sets/{set}", "path", by_sets=False),
    get(READ, "/v1/household-sets", "list", seen=lambda answer, thing: thing.ids["set"] in answer.text, by_sets=False),
    get(READ, "/v1/households/{household}/conditions", "path"),
    send("PUT", WRITE, "/v1/households/{household}/conditions", "path",
         lambda _: {"since": "2026-01-05", "farmland": 1}),
    get(READ, "/v1/households/{household}/housing", "path"),
    send("PUT", WRITE, "/v1/households/{household}/housing", "path", lambda _: {"since": "2026-01-05", "grade": "A"}),
    get(READ, "/v1/households/{household}/water", "path"),
    send("PUT", WRITE, "/v1/households/{household}/water", "path", lambda _: {"since": "2026-01-05", "quality": True}),
    get(READ, "/v1/households/{household}/places", "path"),
    send("PUT", WRITE, "/v1/households/{household}/places", "path", lambda _: {"since": "2026-01-05", "grid": "示例"}),
    get(READ, MEMBER, "path"),
    send("PUT", WRITE, MEMBER, "path", lambda _: {"since": "2026-01-05", "ethnicity": "01"}),
    get(READ, MEMBER + "/residence", "path"),
    send("PUT", WRITE, MEMBER + "/residence", "path", lambda _: {"since": "2026-01-05", "registered": True}),
    get("health:read", MEMBER + "/health", "path"),
    send("PUT", "health:write", MEMBER + "/health", "path",
         lambda _: {"since": "2026-01-05", "conditions": ["chronic"]}),
    get(READ, MEMBER + "/phones", "path"),
    get(READ, MEMBER + "/phones/{phone}", "path"),
    send("PUT", WRITE, MEMBER + "/phones/{phone}", "path", lambda _: {"since": "2026-01-05", "whose": "own"}),
    get(READ, MEMBER + "/insurances", "path"),
    get(READ, MEMBER + "/insurances/2026/resident", "path"),
    send("PUT", WRITE, MEMBER + "/insurances/2026/resident", "path", lambda _: {"enrolled": True}),
    get(READ, MEMBER + "/work-months", "path"),
    get(READ, MEMBER + "/work-months/2026-09", "path"),
    send("PUT", WRITE, MEMBER + "/work-months/2026-09", "path", lambda _: {"working": True}),
    send("PUT", WRITE, "/v1/households/{household}/work-months/2026-10/as-before", "path", lambda _: {}),
    get(READ, "/v1/households/{household}/income", "path"),
    get(READ, "/v1/households/{household}/statements/draft?purpose=identification", "path"),
    get(READ, "/v1/households/{household}/received", "path", seen=rows),
    get(READ, "/v1/households/{household}/measures", "path", seen=rows),
    get(READ, "/v1/households/{household}/measures/{measure}", "path"),
    get(READ, "/v1/households/{household}/measures/{measure}/steps", "path"),
    get(READ, "/v1/households/{household}/plan", "path"),
    get(READ, "/v1/households/{household}/plan/versions", "path", seen=rows),
    get(READ, "/v1/households/{household}/gaps", "path"),
    get("issue:read", "/v1/issues/{issue}", "path"),
    get("issue:read", "/v1/issues?division={village}", "query", seen=rows),
    get("issue:read", "/v1/issues?division={village}&household_id={household}", "filter", seen=rows),
    get("issue:read", "/v1/issues?division={village}&limit=1", "cursor", seen=rows),
    get("issue:read", "/v1/issue-counts?division={village}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["counts"])),
    send("PUT", "issue:write", "/v1/issues/{new}", "body", problem_of),
    send("PUT", "issue:write", "/v1/issues/{issue}/steps/{new}", "path", noted),
    get(READ, "/v1/work-figures?village={village}&month=2026-11", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["members"] > 0),
    get(LEDGERS, "/v1/undertakings/{loan}", "path"),
    get(LEDGERS, "/v1/undertakings?division={village}", "query", seen=rows),
    get(LEDGERS, "/v1/undertakings?division={village}&household_id={household}", "filter", seen=rows),
    get(LEDGERS, "/v1/undertakings?division={village}&limit=1", "cursor", seen=rows),
    get(LEDGERS, "/v1/undertaking-totals?division={village}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["totals"])),
    send("POST", "ledger:write", "/v1/undertakings", "body", undertaken("project"), seen=made, by_sets=False),
    send("POST", "ledger:write", "/v1/undertakings", "body item", undertaken("membership"), seen=made),
    send("POST", "ledger:write", "/v1/undertakings/{loan}/steps", "path", extended, by_sets=False,
         seen=lambda answer, _: answer.status_code in (201, 422)),
    get("checklist:read", "/v1/checklist-answers/{answer}", "path"),
    get("checklist:read", "/v1/checklist-answers?division={village}", "query", seen=rows),
    get("checklist:read", "/v1/checklist-answers?division={village}&household_id={household}", "filter", seen=rows),
    get("checklist:read", "/v1/checklist-answers?division={village}&limit=1", "cursor", seen=rows),
    get("checklist:read", f"/v1/checklist-results?{FIVE}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["checked"] > 0),
    get("checklist:read", f"/v1/checklist-gaps?{FIVE}&item=house&mode=self", "query", seen=rows),
    send("POST", "checklist:write", "/v1/checklist-answers", "body", checked, seen=made),
    get("village:read", "/v1/village-records/{record}", "path"),
    get("village:read", "/v1/village-records?division={village}", "query", seen=rows),
    get("village:read", "/v1/village-records?division={village}&person_id={person}", "filter", seen=rows),
    get("village:read", "/v1/village-records?division={village}&limit=1", "cursor", seen=rows),
    get("village:read", "/v1/village-record-counts?division={village}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["counts"])),
    get("village:read", "/v1/village-profiles/{village}", "path", by_sets=False),
    send("POST", "village:write", "/v1/village-records", "body", in_village("facility"), seen=made, by_sets=False),
    send("POST", "village:write", "/v1/village-records", "body item", in_village("role"), seen=made, by_sets=False),
    send("POST", "village:write", "/v1/village-records/{record}/ending", "path", taken_back, by_sets=False,
         seen=lambda answer, _: answer.status_code in (201, 409)),
    get(LEDGERS, "/v1/ledger-entries/{entry}", "path"),
    get(LEDGERS, "/v1/ledger-entries?division={village}", "query", seen=rows),
    get(LEDGERS, "/v1/ledger-entries?division={village}&household_id={household}", "filter", seen=rows),
    get(LEDGERS, "/v1/ledger-entries?division={village}&limit=1", "cursor", seen=rows),
    get(LEDGERS, "/v1/ledger-totals?division={village}", "query", same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["totals"])),
    get(LEDGERS, "/v1/point-balances?division={village}", "query", seen=rows),
    get(LEDGERS, "/v1/point-balances?division={village}&household_id={household}", "filter", seen=rows),
    send("POST", "ledger:write", "/v1/ledger-entries", "body", entered("place"), seen=made, by_sets=False),
    send("POST", "ledger:write", "/v1/ledger-entries", "body item", entered("household"), seen=made, by_sets=False),
    send("POST", "ledger:write", "/v1/ledger-entries/{entry}/reversal", "path", taken_back, by_sets=False,
         seen=lambda answer, _: answer.status_code in (201, 409)),
    get(READ, "/v1/measures?village={village}", "query", seen=rows),
    get(READ, "/v1/measures?village={village}&limit=1", "cursor", seen=rows),
    get(READ, "/v1/policies/cash/gaps?village={village}", "query", seen=rows),
    send("POST", WRITE, "/v1/households/{household}/received", "path", received),
    send("PUT", WRITE, "/v1/households/{household}/received/{received}/withdrawn", "path",
         lambda _: {"because": "登记错户"}),
    send("PUT", WRITE, "/v1/households/{household}/measures/{new}", "path", measured),
    send("PUT", WRITE, "/v1/households/{household}/plan", "path", planned),
    upload("household:import", "/v1/household-imports/statements", import_statements.HEADERS,
           lambda thing: (thing.ids["number"], "2025-11", "2026-10", *["1"] * 9)),
    upload("household:import", "/v1/household-imports/received", import_received.HEADERS,
           lambda thing: (thing.ids["number"], "cash", "", "2026-02-01", "2026-02-28", "1", "", "示例")),
    upload("household:import", "/v1/household-imports/measures", import_measures.HEADERS,
           lambda thing: (thing.ids["number"], "cash", "", "", "计划", CADRE, "示甲", "2026-12-02", *[""] * 5)),
    upload("household:import", "/v1/household-imports/cases", import_cases.HEADERS,
           lambda thing: (
               thing.ids["number"], "2020-01-01", "突发严重困难户", "99", "1", "示例", "帮扶消除", "2020-09-01", "")),
    upload("household:import", "/v1/household-imports/members", import_members.HEADERS,
           lambda thing: (thing.ids["number"], "示甲", "", "户主", "1960-01-01", "男", "", "")),
    upload("household:import", "/v1/household-imports/households", import_households.HEADERS,
           lambda thing: (thing.ids["number"], thing.village, "", "示甲", "", "一般农户", "是", "A", "是"),
           same_bytes=False, by_sets=False),
    get(CASE, "/v1/cases/{case}", "path"),
    get(CASE, "/v1/cases/{case}/gates", "path"),
    get(CASE, "/v1/cases/{case}/notice", "path"),
    get(CASE, "/v1/cases?village={village}", "query", seen=rows),
    get(CASE, "/v1/cases?village={village}&household_id={household}", "filter", seen=rows),
    get(CASE, "/v1/cases?village={village}&limit=1", "cursor", seen=rows),
    send("POST", "case:write", "/v1/cases", "body", case_of, seen=answered("open-case-already")),
    send("POST", "case:write", "/v1/cases/{case}/steps", "path", step, seen=answered("seen-nothing")),
    get("voice:read", "/v1/self-declarations?village={village}", "query", seen=rows, by_sets=False),
    get("voice:read", "/v1/self-declarations/{declaration}", "path", by_sets=False),
    send("PUT", "voice:answer", "/v1/self-declarations/{declaration}/decision", "path",
         lambda _: {"outcome": "refused", "reason": "示例理由"}, by_sets=False),
    send("PUT", "voice:answer", "/v1/self-declarations/{own_declaration}/decision", "body",
         lambda thing: {"outcome": "accepted", "household_id": thing.ids["household"]}, by_sets=False),
    get("voice:read", "/v1/corrections?village={village}", "query", seen=rows),
    get("voice:read", "/v1/corrections/{correction}", "path"),
    send("PUT", "voice:answer", "/v1/corrections/{correction}/answer", "path",
         lambda _: {"outcome": "declined", "reason": "示例答复"}),
    send("POST", "view-code:write", "/v1/households/{household}/view-codes", "path", lambda _: {"id": str(uuid4())}),
    get("name:read", "/v1/household-search?village={village}", "query", seen=rows),
    get("name:read", "/v1/household-search?q=sj&village={village}", "filter", seen=rows),
    get("name:read", "/v1/household-search?q=示", "list",
        seen=lambda answer, thing: thing.ids["household"] in answer.text, same_bytes=False),
    send("POST", "name:read", "/v1/household-search/id-number", "body",
         lambda thing: {"id_number": thing.ids["id_number"]}),
    send("POST", WRITE, "/v1/households", "body",
         lambda thing: {"id": str(uuid4()), "number": f"{uuid4()}", "village": thing.village, "head_name": "示甲",
                        "members": []}, by_sets=False),
    send("POST", "household:export", "/v1/exports", "body",
         lambda thing: {"id": str(uuid4()), "kind": "members", "village": thing.village},
         seen=lambda answer, _: answer.status_code == 202 and answer.json()["rows"] > 0, same_bytes=False),
    send("POST", "sheet:issue", "/v1/sheet-runs", "body",
         lambda thing: {"id": str(uuid4()), "kind": "income_sheet", "village": thing.village},
         seen=lambda answer, _: answer.status_code == 202 and answer.json()["households"] > 0, same_bytes=False),
    get("sheet:read", "/v1/sheets?village={village}", "query", seen=rows),
    get("sheet:read", "/v1/sheets/{sheet}", "path"),
    get("sheet:issue", "/v1/sheets/{sheet}/file", "path"),
    send("PUT", "sheet:issue", "/v1/sheets/{sheet}/signatures/{person}", "path",
         lambda thing: {"digest": DIGEST * 2, "capacity": "head", "name": "示甲",
                        "signed_on": TODAY.isoformat()}),
    send("PUT", "sheet:issue", "/v1/sheets/{sheet}/postings/{person}", "path",
         lambda _: {"place": "handed_over", "posted_on": TODAY.isoformat()}),
    get("export:approve", "/v1/exports?village={village}", "query", seen=rows, by_sets=False),
    send("PUT", "export:approve", "/v1/exports/{export}/approval", "path", lambda _: {}, by_sets=False),
    get(QUALITY, "/v1/quality-findings?village={village}", "query", seen=rows),
    get(QUALITY, "/v1/quality-findings?village={village}&check=no-head", "filter", seen=rows),
    get(QUALITY, "/v1/quality-counts?village={village}", "query", seen=listed),
    get(QUALITY, "/v1/households/{household}/quality", "path"),
    send("POST", "quality:answer", "/v1/households/{household}/quality-words", "path",
         lambda thing: {"id": str(uuid4()), "check": "no-head", "subject": thing.ids["household"],
                        "values_tag": "x", "because": "示例"}, seen=answered("not-found-any-more")),
    send("POST", "quality:run", "/v1/quality-runs", "body",
         lambda thing: {"id": str(uuid4()), "village": thing.village},
         seen=lambda answer, _: answer.status_code == 202, by_sets=False, same_bytes=False),
    get("quality:run", "/v1/quality-runs/{run}", "path", by_sets=False),
    get("duplicate:decide", "/v1/duplicate-persons?village={village}", "query", seen=rows, by_sets=False),
    get("duplicate:decide", "/v1/claimed-persons?village={village}", "query", seen=rows, by_sets=False),
    send("POST", "duplicate:decide", "/v1/duplicate-decisions", "body",
         lambda thing: {"id": str(uuid4()), "verdict": "different", "person_id": thing.ids["person"],
                        "other_id": thing.ids["third"], "because": "示例"}, seen=made, unbound=True, by_sets=False),
    send("POST", "quality:answer", "/v1/households/{household}/paper-checks", "path",
         lambda _: {"id": str(uuid4()), "checked_on": "2020-01-01"}, seen=made),
    get(QUALITY, "/v1/households/{household}/paper-checks", "path", seen=rows),
    get(QUALITY, "/v1/unchecked-cards?village={village}&since=2026-11-20", "query", seen=rows),
    send("POST", WRITE, "/v1/households/{household}/stated-figures", "path",
         lambda _: {"id": str(uuid4()), "key": "persons", "on_day": "2026-11-20", "value": 1, "source": "paper"},
         seen=made),
    get(QUALITY, "/v1/stated-figures?village={village}", "query", seen=rows),
)  # fmt: skip


def register_id(thing: Thing) -> str:
    """Of a household of that village, in whichever register is asked: a new one each time (tests/door/world.py)."""
    return f"{uuid4()}"[:-12] + thing.village


def paired(thing: Thing) -> dict[str, Any]:
    who = {"cadre_id": thing.ids["cadre"], "household_id": register_id(thing)}
    return who | {"valid_from": "2026-01-05", "document_no": "示例"}


def handed(thing: Thing) -> dict[str, Any]:
    return {"cadre_id": thing.ids["gone"], "day": "2026-12-01", "document_no": "示例", "takers": []}


def activity(thing: Thing) -> dict[str, Any]:
    return {"kind": "meeting", "day": "2026-11-20", "team_id": thing.ids["team"]}


def inspection(thing: Thing) -> dict[str, Any]:
    said = {"kind": "unannounced", "document_no": "示例", "division": thing.village, "how_many": 1}
    days = {"first_day": TODAY.isoformat(), "last_day": TODAY.isoformat()}
    return said | days | {"inspectors": [{"account": "an-inspector", "name": "示甲"}]}


def inspected(thing: Thing) -> dict[str, Any]:
    return {"village": thing.village, "day": TODAY.isoformat(), "verdict": "well"}


def visited(thing: Thing) -> dict[str, Any]:
    said = {"id": str(uuid4()), "household_id": register_id(thing), "cadre_id": thing.ids["cadre"]}
    return said | {"at": NOW.isoformat()}


def charge(thing: Thing) -> dict[str, Any]:
    bearer = {"kind": "person", "name": "示丙"}
    return {"kind": "grid_member", "division": thing.village, "bearer": bearer, "since": "2026-01-05"}


CHARGES, PERSONNEL = "charge:read", "personnel:read-all"
TEAM, CHECK_INS, PAIRINGS, HANDOVERS = "team:read", "check-in:read", "pairing:read", "handover:read"
POSTINGS, ACTIVITIES, INSPECTIONS = "posting:read", "activity:read", "inspection:read"
VISITS, ROUNDS, LEAVES, MONTHS = "visit:read", "round:read", "leave:read-all", "month:read-all"
ATTENDANCE = (
    get(TEAM, "/v1/teams/{team}", "path", by_sets=False),
    get(TEAM, "/v1/teams?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(TEAM, "/v1/teams?name={team_name}", "filter", seen=rows, by_sets=False),
    get(TEAM, "/v1/cadres?team_id={team}", "query", seen=rows, by_sets=False),
    get(TEAM, "/v1/cadres?username={username}", "filter", seen=rows, by_sets=False),
    get(POSTINGS, "/v1/postings/{posting}", "path", by_sets=False),
    get(POSTINGS, "/v1/postings?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(POSTINGS, "/v1/postings?team_id={team}", "filter", seen=rows, by_sets=False),
    get(POSTINGS, "/v1/postings?cadre_id={gone}&limit=1", "cursor", seen=rows, by_sets=False),
    send("PUT", "posting:write", "/v1/postings/{posting}", "path",
         lambda _: {"channel": "city", "until": "2026-06-01", "outcome": None}, by_sets=False, unbound=True),
    get(TEAM, "/v1/staffing?division={village}&day=2026-11-20", "query", by_sets=False,
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["cadres"] == 1, same_bytes=False),
    get(TEAM, "/v1/stations?village_prefix={village}", "query", seen=listed, by_sets=False),
    get(TEAM, "/v1/villages?village_prefix={village}", "query", seen=listed, by_sets=False),
    get(TEAM, "/v1/villages", "list", by_sets=False, same_bytes=False,
        seen=lambda answer, thing: thing.village in answer.text),
    get(TEAM, "/v1/team-days?day=2026-11-20&village_prefix={village}", "query", unbound=True, by_sets=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["teams"]), same_bytes=False),
    get(TEAM, "/v1/stations/{village}/boundary", "path", by_sets=False),
    get("cadre:link", "/v1/cadres/{cadre}/account", "path", by_sets=False),
    get("check-in:read-all", "/v1/check-ins?cadre_id={cadre}", "query", seen=rows, by_sets=False),
    send("PUT", "station:write", "/v1/stations/{village}/boundary", "path", lambda _: {"corners": []}, by_sets=False),
    send("PUT", "cadre:link", "/v1/cadres/{cadre}/account", "path",
         lambda thing: {"account_id": thing.ids["account"]}, by_sets=False, unbound=True),
    send("POST", "check-in:record", "/v1/check-ins", "body",
         lambda thing: {"id": str(uuid4()), "at": NOW.isoformat(), "cadre_id": thing.ids["cadre"]},
         by_sets=False, unbound=True),
    send("POST", "check-in:record", "/v1/check-in-batches", "batch item",
         lambda thing: {"check_ins": [{"id": str(uuid4()), "at": NOW.isoformat(), "cadre_id": thing.ids["cadre"]}]},
         seen=lambda answer, _: answer.status_code == 200 and answer.json()["rows"][0]["outcome"] == "stored",
         by_sets=False, unbound=True),
    get(VISITS, "/v1/visits/{visit}", "path"),
    get(VISITS, "/v1/visits?village_prefix={village}", "query", seen=rows),
    get(VISITS, "/v1/visits?household_id={household}", "filter", seen=rows),
    get(VISITS, "/v1/visits?cadre_id={cadre}&limit=1", "cursor", seen=rows),
    get(VISITS, "/v1/visit-lists?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(VISITS, "/v1/visit-lists?cadre_id={cadre}", "filter", seen=rows, by_sets=False),
    send("POST", "visit:record", "/v1/visits", "body", visited, by_sets=False),
    send("POST", "visit:record", "/v1/visit-batches", "batch item", lambda thing: {"visits": [visited(thing)]},
         seen=lambda answer, _: answer.status_code == 200 and answer.json()["rows"][0]["outcome"] == "stored",
         by_sets=False),
    get(ROUNDS, "/v1/visit-rounds/{round}", "path"),
    get(ROUNDS, "/v1/visit-rounds", "list", same_bytes=False,
        seen=lambda answer, thing: thing.ids["round"] in answer.text),
    get(ROUNDS, "/v1/visit-rounds/{round}/sheet", "path"),
    get(ROUNDS, "/v1/visit-rounds/{round}/sheet?village_prefix={village}", "query"),
    get(ROUNDS, "/v1/visit-rounds/{round}/tasks", "path"),
    get(ROUNDS, "/v1/visit-rounds/{round}/tasks?village_prefix={village}&outcome=not_tried", "filter", seen=rows),
    send("PUT", "round:write", "/v1/visit-rounds/{round}/closing", "path", lambda _: {}, by_sets=False, unbound=True),
    send("POST", "round:write", "/v1/visit-rounds", "body",
         lambda thing: {"id": str(uuid4()), "name": "示例", "division": thing.village, "first_day": "2026-11-01",
                        "last_day": "2026-11-30", "document_no": "示例"}, by_sets=False),
    get(LEAVES, "/v1/leaves/{leave}", "path", by_sets=False),
    get(LEAVES, "/v1/leaves?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(LEAVES, "/v1/leaves?cadre_id={cadre}&overdue=false&limit=1", "filter", seen=rows, by_sets=False),
    send("POST", "leave:record", "/v1/leaves", "body", lambda thing: {
        "id": str(uuid4()), "cadre_id": thing.ids["cadre"], "kind": "personal", "first_day": "2026-11-24",
        "last_day": "2026-11-25"}, by_sets=False, unbound=True),
    send("PUT", "leave:decide", "/v1/leaves/{leave}/decisions/county", "path", lambda _: {"outcome": "approved"},
         seen=lambda answer, _: answer.status_code in (200, 403, 409) and answer.json().get("code") != "no-office",
         by_sets=False),
    send("PUT", "leave:record", "/v1/leaves/{leave}/cancellation", "path", lambda _: {}, by_sets=False,
         seen=lambda answer, _: answer.status_code in (200, 409)),
    send("POST", "leave:record", "/v1/leaves/{leave}/returns", "path",
         lambda _: {"id": str(uuid4()), "day": "2026-10-07"}, by_sets=False,
         seen=lambda answer, _: answer.status_code in (201, 409)),
    get(MONTHS, "/v1/cadre-days?cadre_id={cadre}&month=2026-10", "query", by_sets=False, unbound=True),
    send("POST", "day-correction:record", "/v1/day-corrections", "body", lambda thing: {
        "id": str(uuid4()), "cadre_id": thing.ids["cadre"], "day": "2026-10-09", "status": "present",
        "because": "forgotten", "evidence": "register"}, by_sets=False),
    get(MONTHS, "/v1/day-corrections?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(MONTHS, "/v1/day-corrections?cadre_id={cadre}", "filter", seen=rows, by_sets=False),
    send("PUT", "day-correction:decide", "/v1/day-corrections/{correction}/decision", "path",
         lambda _: {"outcome": "approved"}, by_sets=False),
    get(MONTHS, "/v1/month-sheets/2026-09?village_prefix={village}", "query", seen=rows, by_sets=False, unbound=True),
    get(MONTHS, "/v1/month-sheets/2026-09/teams/{team}", "path", by_sets=False, unbound=True),
    send("PUT", "month:confirm", "/v1/month-sheets/2026-09/teams/{team}/confirmation", "path",
         lambda _: {"digest": "9e107d9d372bb6826bd81d3542a419d6"}, by_sets=False, unbound=True),
    send("PUT", "month:freeze", "/v1/month-sheets/2026-09/divisions/{village}/freezing", "path", lambda _: {},
         by_sets=False, unbound=True),
    get(MONTHS, "/v1/allowances/2026-09?village_prefix={village}", "query", by_sets=False,
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["teams"])),
    get(MONTHS, "/v1/month-sheets/2026-09/teams/{team}/workbook", "path", by_sets=False, unbound=True),
    get(MONTHS, "/v1/allowances/2026-09/workbook?village_prefix={village}", "query", by_sets=False,
        seen=lambda answer, thing: answer.status_code == 200 and thing.village in texts_of(answer.content)),
    get(MONTHS, "/v1/allowances/2026-09/lines?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(MONTHS, "/v1/allowances/2026-09/lines?team_id={team}", "filter", seen=rows, by_sets=False),
    get(MONTHS, "/v1/allowances/2026-09/lines?cadre_id={cadre}&limit=1", "cursor", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/pairings/{pairing}", "path", by_sets=False),
    get(PAIRINGS, "/v1/pairings?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/pairings?household_id={household}", "filter", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/pairings?cadre_id={cadre}&limit=1", "cursor", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/left-pairings?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/left-pairings?cadre_id={gone}", "filter", seen=rows, by_sets=False),
    get(PAIRINGS, "/v1/left-pairings?team_id={team}", "filter", seen=rows, by_sets=False),
    send("PUT", "pairing:write", "/v1/pairings/{new}", "body", paired, by_sets=False),
    get(ACTIVITIES, "/v1/activities/{activity}", "path", by_sets=False),
    get(ACTIVITIES, "/v1/activities?division={village}", "query", seen=rows, by_sets=False),
    get(ACTIVITIES, "/v1/activities?team_id={team}&limit=1", "cursor", seen=rows, by_sets=False),
    get(ACTIVITIES, "/v1/activity-figures?division={village}&day_from=2026-01-01&day_to=2026-12-31", "query",
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["kinds"]), by_sets=False,
        same_bytes=False),
    send("PUT", "activity:write", "/v1/activities/{new}", "body", activity, by_sets=False, unbound=True),
    send("PUT", "activity:write", "/v1/activities/{activity}", "path", activity, by_sets=False, unbound=True),
    send("PUT", "activity:write", "/v1/activities/{mistaken}/withdrawal", "path", lambda _: {"because": "mistake"},
         by_sets=False, unbound=True),
    get(CHARGES, "/v1/charges/{charge}", "path", by_sets=False),
    get(CHARGES, "/v1/charges?division={village}", "query", seen=rows, by_sets=False),
    get(CHARGES, "/v1/charges?cadre_id={cadre}&limit=1", "cursor", seen=rows, by_sets=False),
    get(CHARGES, "/v1/charges?team_id={team}", "filter", seen=rows, by_sets=False),
    get(CHARGES, "/v1/charge-counts?division={village}", "query", seen=rows, by_sets=False),
    get(CHARGES, "/v1/charge-gaps?division={village}", "query", seen=rows, by_sets=False),
    get(CHARGES, "/v1/charge-grid?division={village}", "query", by_sets=False, same_bytes=False,
        seen=lambda answer, _: answer.status_code == 200 and any(one["charges"] for one in answer.json()["levels"])),
    send("PUT", "charge:write", "/v1/charges/{new}", "body", charge, by_sets=False, unbound=True,
         seen=lambda answer, _: answer.status_code in (200, 409)),
    send("PUT", "charge:write", "/v1/charges/{mistaken_charge}", "path", charge, by_sets=False, unbound=True,
         seen=lambda answer, _: answer.status_code in (200, 409)),
    get(PERSONNEL, "/v1/personnel-records/{record}", "path", by_sets=False),
    get(PERSONNEL, "/v1/personnel-records?division={village}", "query", seen=rows, by_sets=False),
    get(PERSONNEL, "/v1/personnel-records?cadre_id={cadre}&limit=1", "cursor", seen=rows, by_sets=False),
    get(PERSONNEL, "/v1/personnel-figures?division={village}&day_from=2026-01-01&day_to=2026-12-31", "query",
        seen=lambda answer, _: answer.status_code == 200 and bool(answer.json()["figures"]), by_sets=False,
        same_bytes=False),
    send("PUT", "personnel:write", "/v1/personnel-records/{record}/issuing", "path", lambda _: {}, by_sets=False,
         unbound=True),
    send("PUT", "personnel:write", "/v1/personnel-records/{mistaken_record}/withdrawal", "path",
         lambda _: {"because": "mistake"}, by_sets=False, unbound=True),
    get(INSPECTIONS, "/v1/inspections/{inspection}", "path", by_sets=False),
    get(INSPECTIONS, "/v1/inspections?division={village}", "query", seen=rows, by_sets=False),
    get(INSPECTIONS, "/v1/inspections?division={village}&limit=1", "cursor", seen=rows, by_sets=False),
    get(INSPECTIONS, "/v1/inspections/{inspection}/population", "path", seen=rows, by_sets=False),
    get(INSPECTIONS, "/v1/inspections/{inspection}/findings", "path", seen=rows, by_sets=False),
    get("inspection:read-open", "/v1/inspections/{open_inspection}", "path", by_sets=False),
    get("inspection:read-open", "/v1/inspections/{open_inspection}/findings", "path", seen=rows, by_sets=False),
    send("PUT", "inspection:write", "/v1/inspections/{new}", "body", inspection, by_sets=False, unbound=True),
    send("PUT", "inspection:write", "/v1/inspections/{inspection}/draw", "path", lambda _: {}, by_sets=False,
         unbound=True),
    send("PUT", "inspection:write", "/v1/inspections/{inspection}/closing", "path", lambda _: {}, by_sets=False,
         unbound=True),
    send("PUT", "inspection:write", "/v1/inspections/{inspection}/withdrawal", "path",
         lambda _: {"because": "mistake"}, by_sets=False, unbound=True, seen=answered("inspection-closed")),
    send("PUT", "inspection:write", "/v1/inspections/{open_inspection}/findings/{new}", "path", inspected,
         by_sets=False, unbound=True, seen=found_or_own),
    get(HANDOVERS, "/v1/handovers/{handover}", "path", by_sets=False),
    get(HANDOVERS, "/v1/handovers?village_prefix={village}", "query", seen=rows, by_sets=False),
    get(HANDOVERS, "/v1/handovers?cadre_id={gone}&limit=1", "cursor", seen=rows, by_sets=False),
    get(HANDOVERS, "/v1/handovers/{handover}/sheet", "path", by_sets=False, unbound=True),
    send("PUT", "handover:write", "/v1/handovers/{new}", "body", handed, by_sets=False, unbound=True),
    send("PUT", "handover:write", "/v1/handovers/{handover}", "path", handed, by_sets=False, unbound=True),
    send("PUT", "handover:sign", "/v1/handovers/{handover}/signatures/{gone}", "path", lambda _: {"hash": "0" * 64},
         by_sets=False, unbound=True, seen=answered("signs-with-their-account")),
    send("PUT", "handover:write", "/v1/handovers/{handover}/paper-signatures/{gone}", "path",
         lambda _: {"hash": "0" * 64, "because": "gone", "paper_no": "示例"}, by_sets=False, unbound=True,
         seen=answered("handover-sheet-changed")),
    send("PUT", "handover:write", "/v1/handovers/{handover}/effect", "path", lambda _: {}, by_sets=False,
         unbound=True, seen=answered("not-all-handed-over")),
    upload("pairing:write", "/v1/pairing-imports", import_pairings.HEADERS,
           lambda thing: (register_id(thing), "帮扶责任人", thing.ids["mobile"], "2026-01-05", "", "示例"),
           by_sets=False),
    upload("team:import", "/v1/team-imports/stations", import_stations.HEADERS,
           lambda thing: (thing.village, "示例便民中心", "27.7", "108.8", "WGS-84", "500"), by_sets=False),
    upload("team:import", "/v1/team-imports/teams", import_teams.HEADERS,
           lambda thing: (thing.ids["team_name"], thing.village, "示例局", "示甲", thing.ids["mobile"], "队员",
                          "2026-01-01", thing.ids["username"]), same_bytes=False, by_sets=False),
)  # fmt: skip

ALERT, SWEEP, REPORT = "alert:read", "sweep:read", "report:read"
ALERTS = (
    get(ALERT, "/v1/alerts/{alert}", "path"),
    get(ALERT, "/v1/alerts?division={village}", "query", seen=rows),
    get(ALERT, "/v1/alert-counts?division={village}", "query",
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["open"] == 1),
    get(ALERT, "/v1/alert-counts", "list", same_bytes=False,
        seen=lambda answer, thing: thing.village in answer.text),
    get(ALERT, "/v1/fact-coverage?division={village}", "query",
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["households"] > 0),
    get(ALERT, "/v1/fact-coverage", "list", same_bytes=False,
        seen=lambda answer, thing: thing.village in answer.text),
    get(ALERT, "/v1/facts/household/{household}", "path", unbound=True),
    get(ALERT, "/v1/facts/household/{household}?as_of=2026-11-20T00:00:00Z", "query", unbound=True),
    get(ALERT, "/v1/rule-answers/household/{household}", "path", unbound=True,
        seen=lambda answer, _: answer.status_code in (200, 409)),  # rules that are shipped want standards
    get(ALERT, "/v1/alerts?division={village}&subject={household}", "filter", seen=rows),
    get("clue:read", "/v1/visit-clues?division={village}", "query", seen=rows),
    get("clue:read", "/v1/visit-clues?division={village}&subject={household}", "filter", seen=rows),
    get("clue:read", "/v1/clues?division={village}", "query", seen=rows),
    get("clue:read", "/v1/clues?division={village}&household={household}", "filter", seen=rows),
    get("clue:read", "/v1/clues/{told}", "path"),
    send("PUT", "clue:answer", "/v1/clues/{answered}/answer", "path", lambda _: {"outcome": "confirmed"}),
    send("PUT", "clue:answer", "/v1/visit-clues/{clue}/answer", "path", lambda _: {"outcome": "accepted"},
         unbound=True),
    get("task:read", "/v1/tasks/{task}", "path"),
    get("task:read", "/v1/tasks", "list", seen=lambda answer, thing: thing.ids["household"] in answer.text),
    get("task:read", "/v1/tasks?division={village}", "query", seen=rows),
    get("task:read", "/v1/tasks?household={household}", "filter", seen=rows),
    send("POST", "task:write", "/v1/tasks/{task}/steps", "path",
         lambda _: {"id": str(uuid4()), "step": "acknowledged"}, seen=answered("seen-nothing"), unbound=True),
    get("task-yield:read", "/v1/task-yield?division={village}", "query",
        seen=lambda answer, _: answer.status_code == 200 and answer.json()["sent"] > 0),
    get("task-yield:read", "/v1/task-yield", "list", same_bytes=False,
        seen=lambda answer, thing: thing.village in answer.text),
    get(REPORT, "/v1/reports/{report}", "path", by_sets=False, unbound=True),
    get(REPORT, "/v1/reports/{report}/workbook", "path", by_sets=False, unbound=True),
    get(REPORT, "/v1/reports/{report}/bulletin", "path", by_sets=False, unbound=True),
    get(REPORT, "/v1/reports?division={village}", "query", seen=rows, by_sets=False),
    send("POST", "report:write", "/v1/reports", "body",
         lambda thing: {"id": str(uuid4()), "division": thing.village, "span": "month", "first": "2026-10-01"},
         seen=answered("report-begun-already"), by_sets=False, unbound=True),
    send("PUT", "report:sign", "/v1/reports/{report}/signature", "path", lambda _: {"digest": "0" * 64},
         seen=answered("figures-have-changed"), by_sets=False, unbound=True),
    get(SWEEP, "/v1/sweeps/{sweep}/gaps?division={village}", "filter", by_sets=False, same_bytes=False,
        seen=lambda answer, thing: thing.ids["household"] in answer.text),
    get(SWEEP, "/v1/sweeps/{sweep}/gaps", "list", by_sets=False, same_bytes=False,
        seen=lambda answer, thing: thing.ids["household"] in answer.text),
)  # fmt: skip
PROBES = {"households": HOUSEHOLDS, "attendance": ATTENDANCE, "alerts": ALERTS}
