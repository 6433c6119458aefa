"""Who may do what in alerts. Where, their grants say."""

from services.kit.web.auth import policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "alert:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "clue:read": FIELD | OFFICE | {"auditor"},
    "clue:answer": OFFICE,
    "sweep:read": OFFICE | {"evaluator", "auditor", "system"},
    "sweep:start": frozenset({"county"}),
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
}

allow = policy(RIGHTS)
