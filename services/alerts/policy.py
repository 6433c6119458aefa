"""Who may do what in alerts. Where, their grants say."""

from services.kit.web.auth import Caller, policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "alert:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "clue:read": FIELD | OFFICE | {"auditor"},
    "clue:answer": OFFICE,
    "clue:match": frozenset({"county"}),  # of whom the register does not know
    "clue:import": frozenset({"county"}),  # in the name of a department that has no system
    "clue:send": frozenset[str](),  # client systems alone, each for its own department
    "clue-kind:read": FIELD | OFFICE | {"auditor"},
    "clue-kind:write": frozenset({"county"}),
    "task:read": FIELD | OFFICE | {"auditor"},  # what visits came upon is among the reasons
    "task:write": FIELD | OFFICE,
    "task-yield:read": OFFICE | {"approver", "evaluator", "auditor"},
    "report:read": OFFICE | {"approver", "evaluator", "auditor"},
    "report:write": OFFICE,
    "report:sign": frozenset({"county", "approver"}),
    "rule:read": OFFICE | {"approver", "evaluator", "auditor"},
    "rule:write": frozenset({"county"}),
    "rule:approve": frozenset({"county", "approver"}),  # never of what one has written
    "notice:read": FIELD | OFFICE,  # one's own alone
    "notice-log:read": frozenset({"county", "system"}),  # what became of everybody's, without a word of them
    "telling-text:write": frozenset({"county"}),
    "sweep:read": OFFICE | {"evaluator", "auditor", "system"},
    "sweep:start": frozenset({"county"}),
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
}

allow = policy(RIGHTS)


def may(caller: Caller, right: str) -> bool:
    """For a right that hangs on what is answered, and so cannot be asked at the door."""
    return right in caller.scopes or not RIGHTS[right].isdisjoint(caller.roles)
