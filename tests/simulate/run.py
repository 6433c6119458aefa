"""Weeks of a county's phones, and what became of all they made: the books of both sides are compared at the end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from tests.simulate.county import HOUSEHOLDS, County
from tests.simulate.days import Device
from tests.simulate.phone import Item
from tests.simulate.wire import Cut, Wire

AT_ONCE = 4  # phones that sync at the same time
STORED = (
    "SELECT id::text FROM check_in UNION ALL SELECT id::text FROM visit UNION ALL SELECT id::text FROM leave"
    " UNION ALL SELECT id::text FROM day_correction"
)
# What was told of an item more than once had an effect more than once.
TOLD_TWICE = """
    SELECT count(*) FROM (
        SELECT 1 FROM event WHERE type <> 'grants.changed' AND type <> 'facts.changed'
        GROUP BY type, subject, data ->> 'version' HAVING count(*) > 1) AS twice
"""
# Everything that is counted of cadres and households, in one order; not when it came.
STATISTICS = """
    SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (
        SELECT row(cadre_id, day, status, evidence)::text AS line FROM day_status
        UNION ALL SELECT row(first_id, id, version, household_id, cadre_id, day, contact, findings)::text FROM visit
        UNION ALL SELECT row(first_id, kind, state)::text FROM visit_finding
        UNION ALL SELECT row(cadre_id, first_day, last_day, days, state, chain)::text FROM leave
        UNION ALL SELECT row(cadre_id, day, status, state)::text FROM day_correction
        UNION ALL SELECT row(subject, members, leaders, last_present_on, leader_away_since, member_away_since)::text
                  FROM team_facts) AS every
"""


def simulate(county: County, folder: Path, devices: int, days: int, seed: int, permutations: int) -> dict[str, Any]:
    """`lost`: made, not there, and on no phone either; `kept`: still on a phone, since it was refused or follows one
    that was (of a household that was passed on before the phone knew); `doubled`: there or told twice; `invented`:
    there and never made; `astray`: phones that hold something else than the server says they should; `different`:
    statistics that an order has changed."""
    county.fill(devices)
    chance = Random(seed)
    phones = [Device.of(number, county, folder, seed) for number in range(devices)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda one: one.phone.sync(), phones))
        for _ in range(days):
            county.days += 1
            for one in phones:
                one.live(county.now())
            list(pool.map(lambda one: one.phone.sync(), [one for one in phones if chance.random() < 0.4]))
            for _ in range(max(1, devices // 20)):
                county.pass_on(chance.randrange(devices * HOUSEHOLDS), chance.randrange(devices))
        for one in phones:
            one.wire.cut = 0.0
        county.days += 1  # whatever was passed on last has begun
        list(pool.map(lambda one: [one.phone.sync() for _ in range(3)], phones))
    found = compared(county, phones)
    return found | reordered(county, phones, permutations, chance)


def compared(county: County, phones: Sequence[Device]) -> dict[str, Any]:
    made = {item for one in phones for item in one.made}
    kept = {item for one in phones for item in one.phone.outbox.waiting}
    stored = [row[0] for row in county.rows(STORED)]
    return {
        "devices": len(phones),
        "days": county.days,
        "sent": len(made),
        "stored": len(stored),
        "lost": len(made - set(stored) - kept),
        "doubled": len(stored) - len(set(stored)) + county.rows(TOLD_TWICE)[0][0],
        "invented": len(set(stored) - made),
        "kept": len(kept),
        "refused": dict(Counter(code for one in phones for code in one.phone.refused.values())),
        "cuts": sum(one.wire.cuts for one in phones),
        "wrong_clocks": sum(abs(one.off.days) > 300 for one in phones),
        "astray": sum(is_astray(one) for one in phones),
    }


def is_astray(one: Device) -> bool:
    held = dict(one.phone.held)
    one.phone.begin()
    return held != one.phone.held


def reordered(county: County, phones: Sequence[Device], times: int, chance: Random) -> dict[str, Any]:
    """What a few phones of one village have sent, brought again to an empty server in other orders."""
    village, digests = phones[:3], set[str]()
    sent = [(one, item) for one in village for item in one.phone.outbox.done.values()]
    for _ in range(times):
        county.empty()
        chance.shuffle(sent)
        bring(county, sent, chance)
        digests.add(sha256(county.rows(STATISTICS)[0][0].encode()).hexdigest())
    return {"permutations": times, "different": max(len(digests) - 1, 0)}


def bring(county: County, sent: Sequence[tuple[Device, Item]], chance: Random) -> None:
    """What waits for something is sent again, as a phone does."""
    waiting = list(sent)
    for _ in range(20):
        rest: list[tuple[Device, Item]] = []
        for some in cut_up(waiting, chance):
            for one in {device.number: device for device, _ in some}.values():
                mine = [item for device, item in some if device is one]
                said = send(county, one, mine)
                rest += [(one, item) for item, outcome in zip(mine, said, strict=True) if outcome == "waiting"]
        if not rest:
            return
        waiting = rest
    raise Cut


def cut_up(sent: Sequence[Any], chance: Random) -> Iterator[Sequence[Any]]:
    while sent:
        size = chance.randint(1, 100)
        yield sent[:size]
        sent = sent[size:]


def send(county: County, one: Device, items: Sequence[Item]) -> list[str]:
    body = {"items": [{name: item[name] for name in ("kind", "v", "body")} for item in items]}
    answer = Wire(county.port, one.random).ask("POST", "/v1/sync/batches", county.token(one.number), body)
    return [row["outcome"] for row in answer.json()["rows"]]
