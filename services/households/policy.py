"""Who may do what in households. Where (which villages) comes with the grants."""

from services.kit.web.auth import policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "household:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "household:write": FIELD | OFFICE,
    "household:import": OFFICE,
    "facts:read": frozenset[str](),  # our own services alone
    "operation:read": frozenset({"county", "system"}),  # of somebody else
    "subscription:write": frozenset({"system"}),
}

allow = policy(RIGHTS)
