"""What keeps a condition from holding: the comparisons and facts at its leaves, told from the value of every part."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from services.alerts.rules.conditions import Operation, Tree

Values: TypeAlias = Mapping[Tree, str | None]  # as PostgreSQL writes them; None is unknown

YES, NO = "true", "false"


def parts_of(tree: Tree) -> Iterator[Tree]:
    """The tree and all below it."""
    yield tree
    if isinstance(tree, Operation):
        for part in tree.parts:
            yield from parts_of(part)


def keeping(tree: Tree, values: Values) -> Iterator[Tree]:
    """The leaves that make the tree what it is. Of an `and` that is FALSE its FALSE parts, whatever the others say."""
    if not isinstance(tree, Operation) or tree.op not in ("and", "or", "not"):
        yield tree
        return
    settled = {"and": NO, "or": YES}.get(tree.op)
    alike = [part for part in tree.parts if tree.op == "not" or values[part] == values[tree]]
    for part in alike if values[tree] in (settled, None) else tree.parts:
        yield from keeping(part, values)


def in_the_way(tree: Tree, wanted: str, values: Values) -> list[tuple[Tree, str]]:
    """The fewest leaves that would have to be otherwise, with what each would have to be, for the tree to be as wanted.
    Of several ways that ask for as many, the one written first."""
    if values[tree] == wanted:
        return []
    if not isinstance(tree, Operation) or tree.op not in ("and", "or", "not"):
        return [(tree, wanted)]
    if tree.op == "not":
        return in_the_way(tree.parts[0], NO if wanted == YES else YES, values)
    ways = [in_the_way(part, wanted, values) for part in tree.parts]
    if (tree.op == "and") == (wanted == YES):
        return [leaf for way in ways for leaf in way]
    return min(ways, key=len)
