"""Who may do what in alerts. Where (which villages) comes with the grants."""

from services.kit.web.auth import policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "alert:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "sweep:read": OFFICE | {"evaluator", "auditor", "system"},
    "sweep:start": frozenset({"county"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
    "subscription:write": frozenset({"system"}),
}

allow = policy(RIGHTS)
