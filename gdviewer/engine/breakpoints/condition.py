"""Conditions of one's own on a step: ``loss > 2 * previous.loss``, ``norm(m) > 1 and t > 10``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from gdviewer.engine.notation.syntax import FUNCTIONS, Checker, FormulaError, NumpyWriter, define, parse_line
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import nearest

SCALARS = ("t", "loss")
VECTORS = ("x", "gradient", "move")
ALIASES = {"g": "gradient"}
PREVIOUS = "previous"
EXAMPLE = "loss > 2*previous.loss"
REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "norm": lambda v, axis: np.sqrt(np.add.reduce(v * v, axis=axis)),
    "sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max, "any": np.any, "all": np.all,
}  # fmt: skip
_MOST_COMPONENTS = 100_000
_NO_NUMBER = "a comparison is no number; join comparisons with and, or"
_OF_TRUTHS = ("any", "all")
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class Known(Protocol):
    """What a condition asks of the steps it is judged at."""

    def now(self, name: str) -> Array:
        """The quantity of that name in each step, (…, k); raises KeyError where there is none."""

    def previous(self, name: str) -> Array:
        """The quantity of that name in the row before each step, (…, k); raises KeyError where there is none."""


@dataclass(frozen=True)
class Condition:
    """A condition that passed the check.

    Attributes:
        text: as it was typed.
        names: the quantities it speaks of, as they are written, with where in the text each first stands.
        function: tells from these quantities, (…, k) each, in which of k steps it holds.
    """

    text: str
    names: Mapping[str, int]
    function: Callable[..., Any]

    def judge(self, steps: Known) -> tuple[Any, dict[str, Array]]:
        """Whether it holds in each of ``k`` steps, (k,), and the quantities it speaks of, (…, k) each.

        Raises:
            KeyError: it speaks of a quantity that is not there.
            ValueError, IndexError: the shapes do not go together.
        """
        values = {}
        for written in self.names:
            name = written.removeprefix(PREVIOUS + ".")
            ask = steps.now if name == written else steps.previous
            values[written] = ask(ALIASES.get(name, name))
        holds = self.function(*values.values())
        if np.ndim(holds) > 1:
            raise ValueError("it compares several components: say any(…) or all(…)")
        return holds, values

    def unknown(self, names: Collection[str]) -> list[str]:
        """The quantities it speaks of that are none of every step's own, nor one of ``names``."""
        own = {*SCALARS, *VECTORS, *ALIASES, *names}
        return [written for written in self.names if written.removeprefix(PREVIOUS + ".") not in own]

    def check(self, names: Collection[str]) -> None:
        """Raise FormulaError, with the nearest name, if it speaks of what is none of ``names`` nor every step's own."""
        for written in self.unknown(names):
            name = written.removeprefix(PREVIOUS + ".")
            known = [*SCALARS, *VECTORS, *names]
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise FormulaError(f"there is no {name} here{hint}", self.names[written])


@lru_cache(maxsize=256)
def condition(text: str) -> Condition:
    """Check a condition on a step; a name that is none of every step's own is taken for one of the rule's.

    A condition is made of comparisons, ``and``, ``or`` and ``not``, over the arithmetic and functions of formulas, the
    reductions ``norm``, ``sum``, ``mean``, ``min``, ``max``, ``any`` and ``all``, and components such as ``x[0]``.
    Every step knows ``t``, ``loss``, ``x``, ``gradient`` (or ``g``), ``move`` and ``learning_rate``; what its rule
    carries from step to step and its hyperparameters go by their names; ``previous.`` and a name is what it was a step
    before.

    Raises:
        FormulaError: with the position and what is wrong there.
    """
    if single := re.search("(?<![<>=!])=(?!=)", text):
        raise FormulaError("to compare write ==", single.start())
    tree, body, offset = parse_line(text, "condition", f"type a condition, such as {EXAMPLE}")
    checker = _ConditionChecker(body, offset)
    checker.walk(tree, 0)
    if not checker.is_truth(tree):
        raise FormulaError(f"compare it with something, as in {EXAMPLE}", offset)
    if not checker.names:
        raise FormulaError("the condition says nothing of the step, such as its loss", offset)
    found = Condition(body, checker.names, _compile(body, tree, checker.names))
    try:
        with np.errstate(all="ignore"):
            found.judge(_Sample({*VECTORS, *checker.indexed}, checker.size))
    except (ValueError, IndexError) as error:
        raise FormulaError(str(error), offset) from None
    return found


@dataclass(frozen=True)
class _Sample:
    """Steps that never were, to see whether the shapes go together; of what a rule carries only that has components
    whose components are asked for."""

    arrays: Collection[str]
    size: int

    def now(self, name: str) -> Array:
        return np.ones((self.size, 4) if name in self.arrays else 4)

    previous = now


class _ConditionChecker(Checker):
    what = "condition"
    allowed = "numbers, names, + - * / **, comparisons, and, or, not, functions and ( )"
    functions = tuple(dict.fromkeys((*FUNCTIONS, *REDUCTIONS)))

    def __init__(self, body: str, offset: int) -> None:
        super().__init__(body, offset)
        self.names: dict[str, int] = {}
        self.indexed: set[str] = set()  # the names followed by [ ]
        self.size = 2  # components enough for all of them

    def name(self, node: ast.expr, name: str) -> None:
        if name == PREVIOUS:
            raise self.fail(node, f"write {PREVIOUS}.loss for the loss a step before, and so for any name")
        self._note(node, name, name)

    def _note(self, node: ast.expr, name: str, written: str) -> None:
        if name.startswith("_") or not name.isascii():
            raise self.fail(node, f"there is no {name} in a step")
        self.names.setdefault(written, self.position(node))

    def more(self, node: ast.expr, depth: int) -> float | None:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
                self._parts(left, *others, depth=depth)
            case ast.BoolOp(values=parts):
                self._parts(*parts, depth=depth, truths=True)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                self._parts(part, depth=depth, truths=True)
            case ast.Attribute(value=ast.Name(id="previous"), attr=name):
                if name in self.functions:
                    raise self.fail(node, f"{name} is a function: write {name}({PREVIOUS}.x), say")
                self._note(node, name, f"{PREVIOUS}.{name}")
            case ast.Subscript(value=ast.Name() | ast.Attribute() as part, slice=index):
                self.walk(part, depth + 1)
                self.indexed.add(part.attr if isinstance(part, ast.Attribute) else part.id)
                self.size = max(self.size, self._index(index) + 1)
            case ast.Compare():
                raise self.fail(node, f"compare with {', '.join(_COMPARISONS.values())}")
            case ast.Attribute():
                raise self.fail(node, f"a dot follows {PREVIOUS} only, as in {PREVIOUS}.loss")
            case _:
                return super().more(node, depth)
        return None

    def _index(self, index: ast.expr) -> int:
        match index:
            case ast.Constant(value=int() as number) if not isinstance(number, bool) and number < _MOST_COMPONENTS:
                return number
        raise self.fail(index, f"write a whole number below {_MOST_COMPONENTS:,} between the brackets, as in x[0]")

    def _parts(self, *parts: ast.expr, depth: int, truths: bool = False) -> None:
        for part in parts:
            self.walk(part, depth + 1)
            if self.is_truth(part) is not truths:
                raise self.fail(part, f"compare it with something, as in {EXAMPLE}" if truths else _NO_NUMBER)

    def walk(self, node: ast.expr, depth: int) -> float | None:
        value = super().walk(node, depth)
        if isinstance(node, ast.BinOp):
            self._numbers(node.left, node.right)
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            self._numbers(node.operand)
        return value

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> float | None:
        if name in REDUCTIONS and (len(arguments) == 1 or name not in FUNCTIONS):
            if len(arguments) != 1:
                raise self.fail(node, f"{name} takes 1 argument")
            self._parts(arguments[0], depth=depth, truths=name in _OF_TRUTHS)
            return None
        value = super().call(node, name, arguments, depth)
        self._numbers(*arguments)
        return value

    def _numbers(self, *parts: ast.expr) -> None:
        for part in parts:
            if self.is_truth(part):
                raise self.fail(part, _NO_NUMBER)

    @staticmethod
    def is_truth(node: ast.expr) -> bool:
        """Whether a node is true or false, and no number."""
        match node:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Call(func=ast.Name(id=name)):
                return name in _OF_TRUTHS
        return False


def _compile(text: str, tree: ast.expr, names: Collection[str]) -> Callable[..., Any]:
    source = _ConditionWriter({name: f"_v{i}" for i, name in enumerate(names)})
    return define("value", list(source.arguments.values()), [], [source.write(tree)], text, _HELPERS)


class _ConditionWriter(NumpyWriter):
    """The steps lie along the last axis, so that numbers and arrays of a step go together as they do within a rule."""

    def __init__(self, arguments: Mapping[str, str]) -> None:
        super().__init__()
        self.arguments = arguments

    def name(self, name: str) -> str:
        return self.arguments[name]

    def write(self, node: ast.expr) -> str:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[part]) if name in REDUCTIONS:
                return f"_{name}({self.write(part)})"
        return super().write(node)

    def more(self, node: ast.expr) -> str:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                # A part in the middle of a chain is written twice; the walk bounds its length.
                sides = [left, *others]
                pairs = [
                    f"({self.write(a)} {_COMPARISONS[type(op)]} {self.write(b)})"
                    for a, op, b in zip(sides, ops, others, strict=False)
                ]
                return f"({' & '.join(pairs)})"
            case ast.BoolOp(op=op, values=parts):
                sign = " & " if isinstance(op, ast.And) else " | "
                return f"({sign.join(self.write(part) for part in parts)})"
            case ast.UnaryOp(operand=part):
                return f"np.logical_not({self.write(part)})"
            case ast.Attribute(attr=name):
                return self.arguments[f"{PREVIOUS}.{name}"]
            case ast.Subscript(value=part, slice=ast.Constant(value=int() as index)):
                return f"_component({self.write(part)}, {index})"
        return super().more(node)


def _reduction(function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda v: function(v, axis=tuple(range(np.ndim(v) - 1))) if np.ndim(v) > 1 else function(v[None], axis=0)


def _component(values: Array, index: int) -> Array:
    if values.ndim < 2 or index >= len(values):
        raise IndexError(f"there is no component [{index}]")
    found: Array = values[index]
    return found


_HELPERS = {"_component": _component} | {f"_{name}": _reduction(function) for name, function in REDUCTIONS.items()}
