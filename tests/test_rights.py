"""Who holds which right is written twice, in the code and for whoever must answer for it: both say the same."""

import re
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from services.county.accounts import Role
from services.kit.web.auth import Caller

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
ROLES: tuple[str, ...] = get_args(Role)
SERVICES = ("county", "households", "attendance", "alerts")


def written(service: str) -> dict[str, set[str]]:
    table = PAGE.read_text().split(f"| {service} | roles |")[1].split("\n\n")[0]
    return {right: set(re.findall(r"[a-z]+", roles)) for right, roles in re.findall(r"\| `(\S+)` \| (.+) \|", table)}


@pytest.mark.parametrize("service", SERVICES)
def test_each_right_is_held_by_the_roles_the_page_says_and_by_no_other(service: str) -> None:
    rights = import_module(f"services.{service}.policy").RIGHTS
    assert rights == written(service)
    assert set().union(*rights.values()) <= set(ROLES)


@pytest.mark.parametrize("service", ["households", "attendance", "alerts"])
def test_a_right_inside_an_answer_is_had_by_a_role_or_by_a_scope(service: str) -> None:
    may = import_module(f"services.{service}.policy").may
    for right, roles in written(service).items():
        assert may(Caller("x", frozenset(), frozenset({right}), ""), right)
        assert not may(Caller("x", frozenset(), frozenset({"another:right"}), ""), right)
        assert all(may(Caller("x", frozenset({role}), frozenset(), ""), right) == (role in roles) for role in ROLES)
