"""What a member is to the head of the household: one set of codes, whoever writes it (GB/T 4761)."""

from typing import Annotated

from pydantic import Field

from services.households.register.code_sets import Coded

HEADS = frozenset({"01", "02"})  # 本人, 户主: whom the others are told to
Relation = Annotated[str, Coded("relation"), Field(title="与户主关系（GB/T 4761）")]


def tells_less(told: str, held: str) -> bool:
    """A word for a whole group (之子) does not unsay which of it somebody is (长子); head is head by either code."""
    group = held[0].replace("9", "8")
    return told != held and ({told, held} <= HEADS or told == f"{group}0")
