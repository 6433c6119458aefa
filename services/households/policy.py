"""Who may do what in households. Where, their grants say."""

from services.kit.web.auth import Caller, policy

FIELD = frozenset({"cadre", "captain", "assistant"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "household:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "household:write": FIELD | OFFICE,
    "household:import": OFFICE,
    "household-set:write": OFFICE,
    "policy:write": frozenset({"county"}),
    "case-profile:write": frozenset({"county"}),
    "code:write": frozenset({"county"}),  # codes and kinds of its own beside those that are shipped
    "ledger:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "ledger:write": FIELD | OFFICE,
    "village:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},  # statuses, facilities, roles, plans, rules
    "village:write": frozenset({"cadre", "captain"}) | OFFICE,
    "checklist:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "checklist:write": FIELD | OFFICE | {"evaluator"},
    "issue:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "issue:confidential": frozenset({"county"}),  # restricted ones; their owner and their recorder see them without it
    "issue:write": FIELD | OFFICE,
    "issue:open": frozenset[str](),  # our own services alone: what was found there
    "issue:hear": FIELD | OFFICE | {"approver", "evaluator", "auditor"},  # that one is overdue
    "household-change:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},  # and our own services
    "household:change": OFFICE,  # births, splits, moves and the like
    "village:merge": frozenset({"county"}),
    "name:read": FIELD | OFFICE | {"approver", "evaluator"},  # others see surnames
    "phone:recognise": FIELD | OFFICE,  # masked, the last four digits to be seen
    "id-number:read": OFFICE,  # one at a time, with a reason
    "health:read": frozenset({"cadre", "captain"}) | OFFICE,  # one person at a time
    "health:write": frozenset({"cadre", "captain"}) | OFFICE,
    "case:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "case:write": FIELD | OFFICE | {"approver"},  # which step whom, the procedure says: cases/signers.py
    "case:open": frozenset[str](),  # our own services alone: what a person has confirmed there
    "case:count": frozenset[str](),  # our own alerts alone: figures for its reports
    "voice:read": OFFICE,  # what villagers have declared, and what they object to
    "voice:hear": OFFICE,  # that there is one, and that it has an answer; nothing of what is in it
    "voice:answer": OFFICE,
    "measure:hear": FIELD | OFFICE | {"approver", "evaluator", "auditor"},  # that one is overdue
    "view-code:write": OFFICE,
    "household:export": OFFICE,
    "sheet:issue": frozenset({"cadre", "captain"}) | OFFICE,  # printed for a family, signed, put up
    "sheet:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},  # that there is one, not what it says
    "export:approve": frozenset({"county", "approver"}),  # of somebody else's
    "quality:read": FIELD | OFFICE | {"approver", "evaluator", "auditor"},
    "quality:answer": FIELD | OFFICE,  # that what a check finds is right
    "quality:run": OFFICE,
    "duplicate:decide": OFFICE,  # one human being or two
    "facts:read": frozenset[str](),  # our own services alone
    "household:match": frozenset[str](),  # our own alerts alone: whether a number is in the register is a secret
    "grant:read": frozenset[str](),  # our own services alone
    "subscription:write": frozenset[str](),  # client systems alone
    "audit:read": frozenset({"auditor"}),
    "operation:read": frozenset({"county", "system"}),  # of somebody else
}

allow = policy(RIGHTS)


def may(caller: Caller, right: str) -> bool:
    """For what an answer holds, which hangs on who asks."""
    return right in caller.scopes or not RIGHTS[right].isdisjoint(caller.roles)
