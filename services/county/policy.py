"""Who may do what in county. A right not listed here cannot be asked for by any endpoint."""

from services.kit.web.auth import policy

EVERYBODY = frozenset(
    {"cadre", "captain", "assistant", "liaison", "township", "county", "approver", "auditor", "system"}
)

RIGHTS = {
    "account:write": frozenset({"system"}),
    "client:write": frozenset({"system"}),
    "frame:write": frozenset({"system", "county"}),
    "frame:read": EVERYBODY,
    "office:write": frozenset({"security"}),
    "second-factor:remove": frozenset({"security"}),  # never one's own
    "office:read": frozenset({"security", "auditor", "county"}),
    "grant:read": frozenset[str](),  # our own services alone
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
}

allow = policy(RIGHTS)
