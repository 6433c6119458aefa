"""Households' tables, a file per room. Here they come together: the shape of the database, and what of it is sealed."""

from services.households.models import facts, imports, income, living, people, register
from services.households.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = ["SEALED", "Table", "facts", "imports", "income", "living", "people", "register"]
from services.households.models import cases, changes

__all__ = ["SEALED", "Table", "changes", "facts", "imports", "income", "register"]

__all__ = ["SEALED", "Table", "cases", "facts", "imports", "income", "register"]

from services.households.models import help  # noqa: A004  # a room, not the builtin

__all__ = ["SEALED", "Table", "facts", "help", "imports", "income", "register"]

from services.households.models import exports, names, voices

__all__ = ["SEALED", "Table", "exports", "facts", "imports", "income", "names", "register", "voices"]

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
)
