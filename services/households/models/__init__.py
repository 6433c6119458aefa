"""Households' tables, a file per room. Here they come together: the shape of the database, and what of it is sealed."""

from services.households.models import (
    cases,
    changes,
    checklists,
    exports,
    facts,
    help,  # noqa: A004  # a room, not the builtin
    imports,
    income,
    issues,
    ledgers,
    living,
    names,
    people,
    quality,
    register,
    villages,
    voices,
)
from services.households.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = [
    "SEALED",
    "Table",
    "cases",
    "changes",
    "checklists",
    "exports",
    "facts",
    "help",
    "imports",
    "income",
    "issues",
    "ledgers",
    "living",
    "names",
    "people",
    "quality",
    "register",
    "villages",
    "voices",
]

SEALED = (
    *SEALED_EVERYWHERE,
    register.PHONE,
    register.ID_NUMBER,
    imports.FILE_PIECE,
    imports.STATE_BEFORE,
    people.CARD_NUMBER,
    people.PERSON_PHONE,
    cases.FINDINGS,
    cases.REASON,
    help.ACCOUNT,
    exports.FILE,
    voices.WORDS,
    voices.SECRET,
    voices.REASON,
    voices.ASKED,
    voices.ANSWER,
    quality.THEIRS,
    quality.MEMBERS_THEIRS,
    issues.SAID,
    issues.STEP_SAID,
)
