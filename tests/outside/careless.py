"""The hundred people where they do not belong: in refused rows, addresses, headers, fields that are not there."""

import base64
from typing import Any
from uuid import uuid4

import httpx

from services.cli.demo import COUNTY, ident
from tests.outside.canaries import PEOPLE, Canary
from tests.outside.telling import CADRE, HOUSEHOLD, MEMBER, STATEMENT, Teller, number, spaced

NOBODY = "00000000-0000-4000-8000-000000000000"


def tell_in_refused_rows(teller: Teller) -> None:
    """Every column holds what it should not, and one file is no table at all."""
    wrong = [
        (one.id_number, one.phone, one.name, "", one.card, one.illness, one.id_number, one.name, one.card)
        for one in PEOPLE
    ]
    for kind, header in (("households", HOUSEHOLD), ("members", MEMBER), ("statements", STATEMENT)):
        rows = [(row * 2)[: len(header)] for row in wrong]
        refused = teller.file("households", f"/v1/household-imports/{kind}", header, rows, encoding="gb18030")
        assert refused["refused"] == len(PEOPLE), refused
    rows = [row[: len(CADRE)] for row in wrong]
    assert teller.file("attendance", "/v1/team-imports/teams", CADRE, rows)["refused"] == len(PEOPLE)
    one = PEOPLE[1]
    teller.file("households", "/v1/household-imports/members", [one.id_number, one.name, one.phone], rows)
    for content in (one.id_number.encode(), b"PK" + one.id_number.encode(), f'"{one.name}\0'.encode()):
        teller.send("POST", "households", "/v1/household-imports/members", files={"file": (one.name, content)})
    teller.send("POST", "county", "/v1/division-imports", who="admin", files={"file": (one.name, one.name.encode())})
    twice = [(number(i), "x", one.id_number[:-1] + "Y", "户主", "", "", "", "") for i, one in enumerate(PEOPLE)]
    assert teller.file("households", "/v1/household-imports/members", MEMBER, twice)["refused"] == len(PEOPLE)


def values(one: Canary) -> list[str]:
    encoded = base64.b64encode(one.id_number.encode()).decode()
    return [one.id_number, one.id_number.lower(), spaced(one.id_number), encoded, one.name, one.phone, one.card]


def tell_in_addresses(teller: Teller, family: str) -> None:
    """Where a careless client puts what it looks for: in paths, queries and headers, at the origin and behind it."""
    for place, one in enumerate(PEOPLE):
        value = values(one)[place % len(values(one))]
        said = str(httpx.QueryParams({"v": value}))[2:]
        for service, path in (
            ("origin", f"/v1/households/{said}"),
            ("origin", f"/v1/households?village={COUNTY}&number={said}"),
            ("households", f"/v1/households?village={COUNTY}&id_number={said}"),
            ("households", f"/v1/households?village={said}&cursor={said}"),
            ("households", f"/v1/households/{family}/tags/{said}"),
            ("attendance", f"/v1/cadres?username={said}&{said}={said}"),
            ("alerts", f"/v1/alerts?division={COUNTY}&subject={said}"),
            ("county", f"/v1/{said}/{said}?{said}"),
        )[place % 4 :: 4]:
            teller.send("GET", service, path)
    one = PEOPLE[2]
    for value in (one.id_number, f"id-{one.id_number}", f"req.{one.phone}", one.card):
        named = (
            "x-request-id",
            "idempotency-key",
            "if-match",
            "user-agent",
            "referer",
            "x-forwarded-for",
            "traceparent",
        )
        for service, path in (("origin", f"/v1/households/{NOBODY}"), ("households", "/nowhere")):
            teller.send("GET", service, path, headers=dict.fromkeys(named, value))
    teller.send(
        "GET", "households", f"/v1/households/{NOBODY}", who="", headers={"authorization": f"Bearer {one.id_number}"}
    )
    teller.send(one.id_number[:4] + "X", "households", f"/v1/{one.id_number}")


def tell_in_bodies(teller: Teller, family: str) -> None:
    """Fields that are not there, values of another type, ids nobody has; names and passwords of sign-ins."""
    for one in PEOPLE[:40]:
        wrong: dict[str, Any] = {one.id_number: one.name, "id_number": one.id_number, "phone": [one.phone]}
        tag = {"since": one.id_number, "source": one.illness * 100, "account": one.card}
        teller.send("PUT", "households", f"/v1/households/{family}/tags/no_labour", json=tag)
        teller.send("PUT", "households", f"/v1/households/{NOBODY}/tags/no_labour", json={**tag, "since": "2026-01-01"})
        teller.send("POST", "households", f"/v1/households/{family}/statements", json=wrong | {"id": one.id_number})
        lines = [{"kind": one.name, "amount": one.card}, {one.id_number: one.phone}]
        teller.send("POST", "households", f"/v1/households/{family}/statements", json={"lines": lines})
        teller.send("PUT", "households", f"/v1/households/{family}/safeguards", json={"members": [wrong]})
        teller.send("POST", "attendance", "/v1/check-ins", who="cadre", json=wrong | {"at": one.id_number})
        for content in (f'{{"{one.id_number}": ', f'{{"a": "{one.name}", "a": "{one.phone}"}}', f"[{one.card}e9999]"):
            headers = {"content-type": "application/json"}
            teller.send("POST", "attendance", "/v1/check-ins", who="cadre", content=content.encode(), headers=headers)
    for one in PEOPLE[:4]:
        typed = {"username": one.id_number, "password": one.name + one.id_number}
        teller.send("POST", "county", "/v1/sign-in", who="", json=typed)
        teller.send("POST", "county", "/v1/refreshes", who="", json={"refresh_token": one.id_number})
        account = {
            "id": str(uuid4()),
            "username": one.name,
            "name": one.name,
            "password": one.id_number,
            "roles": [one.card],
        }
        teller.send("POST", "county", "/v1/accounts", who="admin", json=account)
        body = {"holder": ident("clerk"), "role": one.name, "kind": "division", "place": one.id_number}
        body |= {"valid_from": "2026-01-01", "document_no": "演示"}
        teller.send("PUT", "county", f"/v1/offices/{uuid4()}", who="admin", json=body)
        teller.send(
            "PUT", "households", f"/v1/household-sets/{uuid4()}", json={"name": "组", "households": [one.id_number]}
        )
        teller.send("POST", "households", "/v1/services/households/inbox/county", who="", json=typed)
