"""One upload under way."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from services.kit.store.fields import Seal


@dataclass(frozen=True)
class Upload:
    session: Session
    seal: Seal
    today: date
