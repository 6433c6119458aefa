"""What of a person each role is shown. Whole ID numbers are asked for one by one, with a reason: id_number_views.py."""

from services.households.policy import may
from services.kit.web.auth import Caller
from services.kit.web.masks import masked

REGION = 6  # digits


def shown_name(caller: Caller, name: str) -> str:
    """The surname alone to whoever checks records and visits nobody."""
    return name if may(caller, "name:read") else masked(name, first=1)


def shown_phone(caller: Caller, phone: str | None) -> str | None:
    """Enough to ask a family whether it is still theirs; nothing to whoever does not call families."""
    return masked(phone, first=3, last=4) if phone and may(caller, "phone:recognise") else None


def shown_id_number(number: str | None) -> str | None:
    """The region and no digit more. Birth date and sex stand beside it: with them, five hundred numbers of a region are
    possible. The usual "first six, last four" would leave one, the check digit alone about forty-five."""
    return masked(number, first=REGION) if number else None
