"""What an issue may be about, and where it may come from."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.households.policy import allow

router = APIRouter(prefix="/v1/issue-kinds", tags=["issues"])

Kind: TypeAlias = Literal[
    "environment", "land", "demand", "rectification", "data", "work_style", "dispute", "family_dispute",
    "cadre_complaint", "other",
]  # fmt: skip
Source: TypeAlias = Literal[
    "visit", "inspection", "patrol", "petition", "self_declaration", "complaint", "self_check", "other_system"
]


class IssueKindOut(BaseModel):
    """Of a restricted one, what is in it is shown to its owner, whoever recorded it and the county's office alone."""

    key: Kind
    zh: str
    en: str
    restricted: Annotated[bool, Field(title="内容仅限承办人、登记人和县级主管")]


KINDS = {
    key: IssueKindOut.model_validate({"key": key} | said)
    for key, said in tomllib.loads((Path(__file__).parent / "kinds.toml").read_text()).items()
}


@router.get("", dependencies=[allow("issue:read")])
def list_issue_kinds() -> list[IssueKindOut]:
    return list(KINDS.values())
