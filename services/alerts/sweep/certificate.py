"""What a sweep can be held to: how many households there were, that each was judged or is named, and by which rules."""

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlmodel import Session

from services.alerts.models.sweep import Sweep
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.sweep.reconcile import our_digests
from services.kit.store.signing import digest_of, signed

OPEN = text(
    "SELECT rule_key, count(*) FROM alert WHERE county = :county AND closed_at IS NULL GROUP BY rule_key ORDER BY 1"
)
MISSING = text(
    "SELECT fact, count(*) FROM sweep_gap, unnest(missing) AS fact WHERE sweep_id = :id GROUP BY fact ORDER BY fact"
)


def certificate_of(session: Session, sweep: Sweep, key: Ed25519PrivateKey, now: datetime) -> dict[str, Any]:
    """It balances when register + came − went = judged + not judgeable: nobody was left out. Signed with the key of the
    audit, so that it can be shown elsewhere: `shouwang certificate verify`. Of a month that was missed, `late`, the
    alerts are those whose rules held by what was known at its end (late.py)."""
    tally = (sweep.tally or {})[HOUSEHOLD]
    said = {
        "county": sweep.county,
        "period": sweep.period.isoformat(),
        "cut_at": sweep.reconciled_at.isoformat() if sweep.reconciled_at else None,
        "certified_at": now.isoformat(),
        "late": "late" in (sweep.tally or {}),
        "register": sweep.registered,
        "judged": tally["judged"],
        "not_judgeable": tally["not_judgeable"],
        "not_judgeable_for_want_of": counts(session, MISSING, id=sweep.id),
        "came": tally["came"],
        "went": tally["went"],
        "balances": balances(sweep.registered or 0, tally),
        "teams": sweep.teams,
        "rules": {about: (sweep.tally or {})[about]["rules"] for about in (HOUSEHOLD, TEAM)},
        "changed": {
            about: {word: (sweep.tally or {})[about][word] for word in ("opened", "refreshed", "closed")}
            for about in (HOUSEHOLD, TEAM)
        },
        "open_alerts": (sweep.tally or {})["open_alerts"],
        "facts_digest": (sweep.tally or {})["facts_digest"],
    }
    return signed(said | {"sha256": digest_of(said)}, key)


def judged_by(session: Session, sweep: Sweep) -> dict[str, Any]:
    """Read in the transaction that judges: what is sealed is what was judged, and not what came a moment later."""
    return {
        "open_alerts": counts(session, OPEN, county=sweep.county),
        "facts_digest": digest_of(our_digests(session, HOUSEHOLD, sweep.county)),
    }


def balances(register: int, tally: dict[str, Any]) -> bool:
    expected = register + len(tally["came"]) - len(tally["went"])
    return bool(expected == tally["judged"] + tally["not_judgeable"])


def counts(session: Session, query: Any, **parameters: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(query, parameters)}
