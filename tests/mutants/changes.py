"""Every small change of a module: an operator turned, a condition fixed, a line or an element left out.

The tools there are change what stands in functions. Here most of what decides stands outside: tables of rights, places,
text for the database.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

TURNED: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,),
}  # fmt: skip
SQL = re.compile(r"\b(SELECT|WHERE|GRANT|CREATE|ANY|IN|INSERT|OR|DROP|NOT|UPDATE)\b|\^@")
TURNED_SQL = (
    (r"\bNOT (?!NULL|EXISTS)", ""), (r"\bAND\b", "OR"), (r"(?<!CREATE )\bOR\b", "AND"), (r" = (?!CAST\(\$)", " <> "),
    (r"\btrue\b", "false"), (r" IN (?=\{|\()", " NOT IN "), (r" @> ", " <@ "), (r"\^@", "="), (r" < ", " >= "),
    (r"\bgreatest\b", "least"), (r", (INSERT|UPDATE|DELETE)\b", ""),
    (r"\bstarts_with\(([\w.]+), ([\w.]+)\)", r"\1 = \2"),
)  # fmt: skip
TYPES = ("annotation", "returns")
TAKES_ANY = ("where", "or_", "and_", "max", "min")
SOME = ("cadre", "county", "system", "auditor")  # roles put where they may not be


@dataclass(frozen=True)
class Mutant:
    """`was` and `now` are what is changed and its surroundings; `source` is the whole module with the change in it."""

    path: str
    line: int
    was: str
    now: str
    source: str

    @property
    def change(self) -> str:
        return f"{self.was}  ->  {self.now}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}"


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Each once."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for around, parent in parts(tree, tree):
        for name, value in list(ast.iter_fields(parent)):
            was, line = ast.unparse(around), getattr(around, "lineno", 1)
            for changed, part in changes(parent, name, value):
                setattr(parent, name, changed)
                whole = ast.unparse(ast.fix_missing_locations(tree))
                now = ast.unparse(around)
                setattr(parent, name, value)
                if whole not in seen:
                    seen.add(whole)
                    yield Mutant(path, getattr(part, "lineno", line), *different(was, now), whole)


def alike(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def parts(node: ast.AST, around: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Every node with the statement it stands in. Left out: what types say, what people read, and what is logged."""
    if isinstance(node, ast.stmt):
        around = node
    yield around, node
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and not is_said(part) and (name not in TYPES or says_a_limit(part)):
                yield from parts(part, around)


def different(was: str, now: str, about: int = 50) -> tuple[str, str]:
    """The place where they differ, with a little of what stands before and after."""
    start = max(0, alike(was, now) - about)
    end = max(0, alike(was[::-1], now[::-1]) - about)
    return " ".join(was[start : len(was) - end].split()), " ".join(now[start : len(now) - end].split())


def changes(parent: ast.AST, name: str, value: Any) -> Iterator[tuple[Any, ast.AST]]:
    """What may stand in that field instead, and the part that is then different."""
    if isinstance(value, list):
        for at, part in enumerate(value):
            if not isinstance(part, ast.AST) or is_said(part) or is_name(parent, name, part):
                continue
            before, after = value[:at], value[at + 1 :]
            yield from (([*before, other, *after], part) for other in instead_of(part))
            if may_go(parent, name, part, value):
                yield [*before, *after] or ([ast.Pass()] if isinstance(part, ast.stmt) else []), part
    elif isinstance(value, ast.AST) and name not in TYPES:
        yield from ((other, value) for other in instead_of(value))
        if name == "test":
            yield from ((ast.Constant(truth), value) for truth in (True, False))


def may_go(parent: ast.AST, name: str, part: ast.AST, beside: Sequence[ast.AST]) -> bool:
    """Whether the others can stand without it."""
    match name:
        case "body" | "orelse":
            return isinstance(part, ast.AugAssign | ast.Raise | ast.If | ast.Expr | ast.For) or is_kept(part)
        case "elts":
            return isinstance(parent, ast.Set) or len(beside) > 1
        case "args":
            return isinstance(parent, ast.Call) and ast.unparse(parent.func).endswith(TAKES_ANY) and len(beside) > 1
        case "values":
            return isinstance(parent, ast.BoolOp)
    return name in ("decorator_list", "keywords", "ifs")


def instead_of(part: ast.AST) -> Iterator[ast.AST]:
    yield from (turned() for turned in TURNED.get(type(part), ()))
    match part:
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool(truth)):
            yield ast.Constant(not truth)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Constant(value=str(words)):
            yield from map(ast.Constant, other_words(words))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Call(func=ast.Attribute(value=ast.Call() as chain)):
            yield chain  # without its last step
        case ast.Dict(keys=keys, values=values):
            yield from (ast.Dict(keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :]) for at in range(len(keys)))
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Set() | ast.BinOp(op=ast.BitOr()) | ast.Call(func=ast.Subscript(), args=[]):
            there = {one.value for one in ast.walk(part) if isinstance(one, ast.Constant)}
            if added := [one for one in SOME if one not in there]:  # else it would change nothing
                yield ast.BinOp(part, ast.BitOr(), ast.Set([ast.Constant(one) for one in added]))


def other_words(words: str) -> Iterator[str]:
    """Each place of a statement for the database turned; other words gone."""
    if not SQL.search(words):
        yield "" if words else "?"
    for pattern, turned in TURNED_SQL if SQL.search(words) else ():
        for place in re.finditer(pattern, words):
            yield words[: place.start()] + place.expand(turned) + words[place.end() :]


def is_name(parent: ast.AST, name: str, part: ast.AST) -> bool:
    """Of an entry or a member: leaving the whole of it out says as much."""
    return name == "keys" and isinstance(part, ast.Constant)


def is_kept(part: ast.AST) -> bool:
    """Something outside is set: to miss a name of its own would break the code wherever it runs."""
    return isinstance(part, ast.Assign) and not any(isinstance(place, ast.Name) for place in part.targets)


def is_said(part: ast.AST) -> bool:
    """Documentation, what people read (the catalogue's tests see to it), what is logged, and what mypy sees to."""
    match part:
        case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
        case ast.Assign(targets=[ast.Name(id="zh" | "en" | "log")]):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))) | ast.keyword(arg="frozen"):
            return True
    return isinstance(part, ast.Import | ast.ImportFrom | ast.arg)


def says_a_limit(annotation: ast.AST) -> bool:
    """A type that is more than a type: it is checked when a value comes in."""
    return any(isinstance(part, ast.Name) and part.id in ("Annotated", "Literal") for part in ast.walk(annotation))
