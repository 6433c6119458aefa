"""A blank workbook for each kind of file: our headers, and drop-downs where a cell takes one of some words."""

from collections.abc import Iterable, Mapping
from typing import Literal

from fastapi import APIRouter

from services.households.cases.words import words
from services.households.exports.asking import TableFile
from services.households.exports.columns import CLASSES, GRADES, OFFERED, SCHOOLING, SEXES, YES_OR_NO, Labels
from services.households.exports.help_columns import ANSWERED, offered
from services.households.exports.sheets import as_xlsx
from services.households.help.risks import LABELS
from services.households.imports.batches import KINDS, optional_headers
from services.households.imports.cases import STATES as CASE_STATES
from services.households.imports.circumstances import COLUMNS
from services.households.imports.measures import STATES
from services.households.policy import allow
from services.households.register.code_sets import lasting_labels
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of

router = APIRouter(prefix="/v1/household-imports", tags=["imports"])


def themselves(said: Iterable[str]) -> Labels:
    return {word: word for word in said}


CATEGORIES = [word.zh for word in words("category").values()]
CHOICES: Mapping[str, Mapping[str, Labels]] = {
    "households": {"户类型": CLASSES, "监测对象": YES_OR_NO, "住房等级": GRADES, "饮水安全": YES_OR_NO},
    "members": {"与户主关系": OFFERED, "性别": SEXES, "学业状况": SCHOOLING, "参加基本医保": YES_OR_NO}
    | {header: themselves(lasting_labels(key)) for header, (_, key) in COLUMNS.items()},
    "statements": {},
    "received": {},
    "measures": {ANSWERED: LABELS, "状态": themselves(STATES)},
    "cases": {"对象类别": themselves(CATEGORIES), "状态": themselves(CASE_STATES)},
}


@router.get("/{kind}/template", dependencies=[allow("household:import")], response_class=TableFile)
def get_import_template(
    kind: Literal["households", "members", "statements", "received", "measures", "cases"], session: SessionDep
) -> TableFile:
    """XLSX. Every cell is text, so that long numbers stay whole. The drop-downs have the county's own codes too."""
    headers = (*KINDS[kind].HEADERS, *optional_headers(KINDS[kind]))
    name = f'attachment; filename="{kind}.xlsx"'
    choices = offered(session, scope_of(session), CHOICES[kind])
    return TableFile(as_xlsx(headers, choices, []), headers={"Content-Disposition": name})
