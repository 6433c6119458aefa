"""Who may do what in households. Where, their grants say."""

from services.kit.web.auth import policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "household:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "household:write": FIELD | OFFICE,
    "household:import": OFFICE,
    "household-set:write": OFFICE,
    "facts:read": frozenset[str](),  # our own services alone
    "grant:read": frozenset[str](),  # our own services alone
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
}

allow = policy(RIGHTS)
