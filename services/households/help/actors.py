"""Whoever is named in a record: a key of the service that keeps them, and what they were called then."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.households.models.help import Measure, Plan

ActorKind = Literal["person", "household", "team", "cadre", "unit", "company", "association", "donor"]


class Actor(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[ActorKind, Field(title="类别")]
    id: Annotated[UUID, Field(title="编号")]
    label: Annotated[str, Field(min_length=1, max_length=60, title="当时名称")]

    @classmethod
    def responsible_for(cls, row: Measure | Plan) -> Self:
        told = {"kind": row.responsible_kind, "id": row.responsible_id, "label": row.responsible_label}
        return cls.model_validate(told)

    def as_columns(self) -> dict[str, object]:
        return {"responsible_kind": self.kind, "responsible_id": self.id, "responsible_label": self.label}
