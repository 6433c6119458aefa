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
    "operation:read": frozenset({"county", "system"}),  # of somebody else
    "subscription:write": frozenset({"system"}),
}

allow = policy(RIGHTS)
