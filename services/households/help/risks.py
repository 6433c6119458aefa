"""What a measure may answer: a risk of the household, or a safeguard that fails."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Field
from sqlmodel import Session

from services.households.register.code_sets import words_of
from services.households.register.own_codes import OWN_ENDS, RISK, SAFEGUARD, own_words

RISKS: Mapping[str, str] = words_of(RISK)
SAFEGUARDS: Mapping[str, str] = words_of(SAFEGUARD)
LABELS: Mapping[str, str] = {**RISKS, **SAFEGUARDS}


# A county's own lies under one of the country's. Whether there is one is looked up where it is written (own_codes.py).
OWN_RISKS = f"({'|'.join(key for key in RISKS if len(key) == 2)}){OWN_ENDS}"
Risk: TypeAlias = Annotated[str, Field(pattern=f"^({'|'.join(RISKS)}|{OWN_RISKS})$")]
Answered: TypeAlias = Annotated[str, Field(pattern=f"^({'|'.join(LABELS)}|{OWN_RISKS})$")]


def labels(session: Session) -> Mapping[str, str]:
    """The counties' own too."""
    return {**LABELS, **own_words(session, RISK)}


def answers(measure: str | None, risk: str) -> bool:
    """A measure against a flood answers the disaster, and one against disasters the flood."""
    return measure is not None and (risk.startswith(measure) or measure.startswith(risk))
