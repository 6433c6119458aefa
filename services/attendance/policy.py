"""Who may do what in attendance. Where, their grants say."""

from services.kit.web.auth import Caller, policy

FIELD = frozenset({"cadre", "captain"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "team:read": FIELD | OFFICE | {"assistant", "liaison", "evaluator", "auditor", "system"},
    "team:import": OFFICE,
    "station:write": OFFICE,
    "cadre:link": OFFICE | {"system"},
    "pairing:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "pairing:write": frozenset({"county"}),
    "check-in:write": FIELD | OFFICE,
    "check-in:record": OFFICE,  # for somebody else
    "check-in:read": FIELD | OFFICE | {"auditor", "liaison"},
    "check-in:read-all": OFFICE | {"auditor", "liaison"},  # of somebody else
    "visit:write": FIELD | OFFICE | {"assistant"},
    "visit:record": OFFICE,  # for somebody else
    "visit:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "visit-note:read": FIELD | OFFICE | {"assistant"},
    "round:write": OFFICE,
    "round:read": FIELD | OFFICE | {"assistant", "auditor"},
    "facts:read": frozenset[str](),  # our own services alone
    "grant:read": frozenset[str](),  # our own services alone
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
}

allow = policy(RIGHTS)


def may(caller: Caller, right: str) -> bool:
    """For a right that hangs on whom the request is about, and so cannot be asked at the door."""
    return right in caller.scopes or not RIGHTS[right].isdisjoint(caller.roles)
