"""What rules may speak of, for whoever writes or reads one: facts by subject, and standards, with labels and units."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.alerts.policy import allow
from services.alerts.rules.catalogue import STANDARDS, SUBJECTS, Type

router = APIRouter(prefix="/v1/vocabulary", tags=["rules"])


class FactOut(BaseModel):
    about: str
    owner: str
    key: str
    type: Type
    zh: str
    en: str


class StandardOut(BaseModel):
    key: str
    type: str
    unit: str
    zh: str
    en: str


class VocabularyOut(BaseModel):
    facts: list[FactOut]
    standards: list[StandardOut]


@router.get("", dependencies=[allow("alert:read")])
def get_vocabulary() -> VocabularyOut:
    facts = [
        FactOut(about=subject.kind, owner=subject.owner, key=fact.key, type=fact.type, zh=fact.zh, en=fact.en)
        for subject in SUBJECTS.values()
        for fact in subject.facts
    ]
    standards = [StandardOut(key=s.key, type=s.type, unit=s.unit, zh=s.zh, en=s.en) for s in STANDARDS.values()]
    return VocabularyOut(facts=facts, standards=standards)
