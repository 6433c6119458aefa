"""Who may do what in attendance. Where, their grants say."""

from services.kit.web.auth import Caller, policy

FIELD = frozenset({"cadre", "captain"})
OFFICE = frozenset({"township", "county"})

RIGHTS = {
    "team:read": FIELD | OFFICE | {"assistant", "liaison", "evaluator", "auditor", "system"},
    "team:import": OFFICE,
    "posting:read": OFFICE | {"liaison", "auditor"},  # how somebody's posting ended too
    "posting:write": OFFICE,
    "station:write": OFFICE,
    "cadre:link": OFFICE | {"system"},
    "pairing:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "pairing:write": frozenset({"county"}),
    "card:fill": frozenset[str](),  # our own households alone: whom a family may call
    "handover:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "handover:write": frozenset({"county"}),
    "handover:sign": FIELD | OFFICE | {"assistant"},  # for oneself
    "check-in:write": FIELD | OFFICE,
    "check-in:record": OFFICE,  # for somebody else
    "check-in:read": FIELD | OFFICE | {"auditor", "liaison"},
    "check-in:read-all": OFFICE | {"auditor", "liaison"},  # of somebody else
    "visit:write": FIELD | OFFICE | {"assistant"},
    "visit:record": OFFICE,  # for somebody else
    "visit:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "visit:count": frozenset[str](),  # our own alerts alone: figures for its reports
    "visit-note:read": FIELD | OFFICE | {"assistant"},
    "activity:write": FIELD | OFFICE,
    "activity:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "activity-words:read": FIELD | OFFICE,
    "activity-term:write": frozenset({"county"}),
    "activity-term:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "unit:write": frozenset({"county"}),
    "charge:write": OFFICE,
    "charge:read": FIELD | OFFICE | {"assistant", "liaison", "auditor"},
    "charge-kind:write": frozenset({"county"}),
    "personnel:write": frozenset({"county"}),
    "personnel:read": FIELD | {"county"},
    "personnel:read-all": frozenset({"county"}),  # of somebody else
    "personnel:reply": FIELD,  # for oneself
    "inspection:write": frozenset({"county"}),  # ordered, drawn, closed
    "inspection:record": FIELD | OFFICE | {"evaluator"},  # by its inspectors
    "inspection:read": FIELD | OFFICE | {"liaison", "evaluator", "auditor"},  # when it is closed; its inspectors before
    "inspection:read-open": frozenset({"county", "auditor"}),
    "inspection-words:read": FIELD | OFFICE,
    "round:write": OFFICE,
    "round:read": FIELD | OFFICE | {"assistant", "auditor"},
    "leave:write": FIELD | OFFICE,
    "leave:record": OFFICE,  # for somebody else
    "leave:decide": frozenset({"captain"}) | OFFICE,
    "leave:read": FIELD | OFFICE | {"liaison", "auditor"},
    "leave:read-all": frozenset({"captain", "liaison", "auditor"}) | OFFICE,  # of somebody else
    "leave:hear": frozenset({"captain", "liaison", "auditor"}) | OFFICE,  # that one waits, is decided, is overdue
    "leave-reason:read": frozenset({"captain"}) | OFFICE,  # of somebody else
    "day-correction:write": FIELD | OFFICE,
    "day-correction:record": OFFICE,  # for somebody else
    "day-correction:decide": OFFICE,
    "month:read": FIELD | OFFICE | {"liaison", "auditor"},
    "month:read-all": frozenset({"captain", "liaison", "auditor"}) | OFFICE,  # of somebody else
    "month:confirm": frozenset({"captain"}) | OFFICE,
    "month:freeze": OFFICE,
    "sync:read": FIELD | {"assistant"},
    "sync:write": FIELD | {"assistant"},  # and then what each kind asks for
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
