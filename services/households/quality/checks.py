"""The quality checks of the register: each is data and one statement over sets of households. checks/*.toml.

A check says what is odd and proposes nothing: a person looks, and mends it or says why it is right.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.kit.store.reference import StandardKey

LISTED = Path(__file__).parent / "checks"

FIRST_MEASURE = StandardKey(
    "first_measure_days", "number", "日", "识别后落实首项帮扶的天数", "Days from identification to the first measure"
)
FARMLAND = StandardKey("farmland_ceiling", "number", "百分之一亩", "耕地核实上限", "farmland too large to be believed")
FOREST = StandardKey("forest_ceiling", "number", "百分之一亩", "林地核实上限", "forest too large to be believed")
AGE = StandardKey("age_ceiling", "number", "岁", "年龄核实上限", "age too high to be believed")
POST_AGE = StandardKey("public_post_age", "number", "岁", "公益岗位年龄上限", "age from which nobody has a public post")
LABOUR_AGE = StandardKey("labour_age", "number", "岁", "劳动年龄下限", "age from which one may work")


class Check(BaseModel):
    """`statement` answers household_id, subject and told: the values it goes by, as `values` names them. With `names`
    they are names of persons, shown as such. `source`: its code in practice (docs/quality.md), empty for ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    zh: str
    en: str
    why: str
    about: Literal["household", "person", "case"] = "household"
    values: tuple[str, ...] = ()
    names: bool = False
    standards: tuple[str, ...] = ()
    source: str = ""
    statement: str


@cache
def checks() -> Mapping[str, Check]:
    listed = [
        Check.model_validate(told)
        for page in sorted(LISTED.glob("*.toml"))
        for told in tomllib.loads(page.read_text("utf-8"))["check"]
    ]
    return {check.key: check for check in listed}
