"""The house keeps its walls: services never import each other, kit knows no domain word, nobody commits in a drawer."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
SERVICES = ("county", "households", "attendance", "alerts")
DOMAIN_WORDS = {
    "household", "households", "poverty", "village", "villages", "cadre", "cadres", "attendance", "alert", "alerts",
    "checkin", "monitored", "income", "subsidy", "measure", "visit", "posting", "pairing", "sweep",
}  # fmt: skip
# The frame's own word for a class of its standards; it names no rule and no table of a service.
ALLOWED_IN_KIT = {"population_class"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((HOME / "services" / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("service", [*SERVICES, "origin", "desk"])
def test_a_service_imports_itself_and_the_kit_alone(service: str) -> None:
    allowed = (f"services.{service}", "services.kit")
    strangers = [
        f"{path.name}: {module}"
        for path in sources(service)
        for module in imported(path)
        if module.startswith("services.") and not module.startswith(allowed)
    ]
    assert strangers == []


def test_the_desk_has_no_database_of_its_own() -> None:
    """It knows what the services tell its visitor and nothing else."""
    owned = ("sqlalchemy", "sqlmodel", "psycopg", "alembic", "services.kit.store.db", "services.kit.store.tables")
    assert [f"{p.name}: {m}" for p in sources("desk") for m in imported(p) if m.startswith(owned)] == []


def test_the_kit_imports_no_service() -> None:
    strangers = [m for p in sources("kit") for m in imported(p) if m.startswith("services.") and "kit" not in m]
    assert strangers == []


def test_the_kit_knows_no_domain_word() -> None:
    """Over every token of its source, comments and texts too."""
    found = []
    for path in sources("kit"):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            for name in set(re.findall(r"[A-Za-z_]+", token.string)):
                words = {word.lower() for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)}
                found += [f"{path.name}:{token.start[0]} {word}" for word in words & DOMAIN_WORDS]
    assert found == []


def test_only_the_kit_and_workers_commit() -> None:
    """A commit in the middle of a request would acknowledge half of it."""
    places = [
        str(path.relative_to(HOME))
        for path in sources(*SERVICES, "desk")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert places == []


def test_only_main_and_worker_read_settings() -> None:
    readers = [
        str(path.relative_to(HOME))
        for path in sources(*SERVICES, "desk")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id.endswith(("Settings", "settings_or_exit"))
    ]
    assert [place for place in readers if not place.endswith(("main.py", "worker.py"))] == []


def test_the_kit_stays_small() -> None:
    """Lines that are not blank."""
    lengths = {str(path): sum(map(bool, path.read_text().split("\n"))) for path in sources("kit")}
    assert sum(lengths.values()) <= 6_300  # docs/decisions/0007-the-kit-grows-with-the-door.md
    assert {name: n for name, n in lengths.items() if n > 200} == {}


def test_the_same_words_stand_in_the_same_order() -> None:
    """Python takes two such literals for one and answers with the one it met first: the document would hang on what was
    imported before."""
    written: dict[frozenset[str], set[str]] = {}
    for path in sources("kit", *SERVICES, "desk"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
                words = ast.unparse(node.slice).strip("()").split(", ")
                written.setdefault(frozenset(words), set()).add(", ".join(words))
    assert [orders for orders in written.values() if len(orders) > 1] == []
