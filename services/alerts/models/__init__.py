"""Alerts' tables, a file per room. Here they come together: the shape of the database, and what of it is sealed."""

from services.alerts.models import facts, sweep, visits, watch
from services.alerts.models.table import Table
from services.kit.store.sealed import SEALED_EVERYWHERE

__all__ = ["SEALED", "Table", "facts", "sweep", "visits", "watch"]

SEALED = SEALED_EVERYWHERE
