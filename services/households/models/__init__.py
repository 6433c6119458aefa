"""Households' tables, a file per room. Here they come together: the shape of the database, and what of it is sealed."""

from services.households.models import changes, facts, imports, income, register
from services.households.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = ["SEALED", "Table", "changes", "facts", "imports", "income", "register"]

SEALED = (*SEALED_EVERYWHERE, register.PHONE, register.ID_NUMBER, imports.FILE_PIECE, imports.STATE_BEFORE)
