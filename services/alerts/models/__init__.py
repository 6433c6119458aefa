"""Alerts' tables, a file per room. Here they come together: the shape of the database, and what of it is sealed."""

from services.alerts.models import clues, facts, reports, rules, sweep, tasks, telling, visits, watch
from services.alerts.models.clues import BATCH_PIECE, ID_NUMBER, NAME, NOTE
from services.alerts.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = ["SEALED", "Table", "clues", "facts", "reports", "rules", "sweep", "tasks", "telling", "visits", "watch"]

SEALED = (*SEALED_EVERYWHERE, BATCH_PIECE, ID_NUMBER, NAME, NOTE, *telling.SEALED)
