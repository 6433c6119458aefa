"""Is the database in the shape this code knows? Told from the revisions both name."""

from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import Session

HOME = Path(__file__).resolve().parents[3]

Shape: TypeAlias = Literal["ok", "behind", "ahead"]


@cache
def known_revisions(service: str) -> tuple[frozenset[str], frozenset[str]]:
    """The newest of each branch, and all."""
    scripts = ScriptDirectory.from_config(Config(HOME / "alembic.ini", ini_section=service))
    return frozenset(scripts.get_heads()), frozenset(script.revision for script in scripts.walk_revisions())


def shape_of(session: Session, service: str) -> Shape:
    """Ahead: somebody has migrated for a newer version, whose changes this one still bears while it is replaced."""
    heads, known = known_revisions(service)
    there = frozenset(session.scalars(text("SELECT version_num FROM alembic_version")))
    if there == heads:
        return "ok"
    return "behind" if there <= known else "ahead"
