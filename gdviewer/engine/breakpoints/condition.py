"""User-defined conditions on a step: ``loss > 2 * previous.loss``, ``norm(m) > 1 and t > 10``."""

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
_MAX_COMPONENTS = 100_000
_NO_NUMBER = "a comparison is not a number; join comparisons with and, or"
_OF_TRUTH_VALUES = ("any", "all")
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class Known(Protocol):
    """The quantities that a condition reads from steps."""

    def now(self, name: str) -> Array:
        """Return a quantity in each step, shape (…, k); raise KeyError if it does not exist."""

    def previous(self, name: str) -> Array:
        """Return a quantity in the row before each step, shape (…, k); raise KeyError if it does not exist."""


@dataclass(frozen=True)
class Condition:
    """A valid condition.

    Attributes:
        text: the typed text.
        names: the quantities in it, as they are written, with the position of the first use.
        function: returns a mask of the steps in which it holds, from these quantities, shape (…, k) each.
    """

    text: str
    names: Mapping[str, int]
    function: Callable[..., Any]

    def evaluate(self, steps: Known) -> tuple[Any, dict[str, Array]]:
        """Return a mask of the steps in which the condition holds, shape (k,), and its quantities, shape (…, k) each.

        Raises:
            KeyError: a quantity does not exist.
            ValueError, IndexError: the shapes do not match.
        """
        values = {}
        for written in self.names:
            name = written.removeprefix(PREVIOUS + ".")
            ask = steps.now if name == written else steps.previous
            values[written] = ask(ALIASES.get(name, name))
        holds = self.function(*values.values())
        if np.ndim(holds) > 1:
            raise ValueError("it compares several components; use any(…) or all(…)")
        return holds, values

    def unknown(self, names: Collection[str]) -> list[str]:
        """Return the quantities that neither every step has nor ``names`` contain."""
        known = {*SCALARS, *VECTORS, *ALIASES, *names}
        return [written for written in self.names if written.removeprefix(PREVIOUS + ".") not in known]

    def check(self, names: Collection[str]) -> None:
        """Raise FormulaError, with the nearest name, if a quantity is unknown; see :meth:`unknown`."""
        for written in self.unknown(names):
            name = written.removeprefix(PREVIOUS + ".")
            known = [*SCALARS, *VECTORS, *names]
            hint = nearest(name, known) or f"; the names are {', '.join(known)}"
            raise FormulaError(f"there is no {name} here{hint}", self.names[written])


@lru_cache(maxsize=256)
def condition(text: str) -> Condition:
    """Parse a condition on a step; other names than those of every step are names of the rule.

    A condition is made of comparisons, ``and``, ``or`` and ``not``, over the arithmetic and functions of formulas, the
    reductions ``norm``, ``sum``, ``mean``, ``min``, ``max``, ``any`` and ``all``, and components such as ``x[0]``.
    Every step has ``t``, ``loss``, ``x``, ``gradient`` (or ``g``), ``move`` and ``learning_rate``. The state and the
    hyperparameters of the rule have their names. ``previous.`` and a name is the value in the step before.

    Raises:
        FormulaError: the condition is not valid; with the position of the error.
    """
    if single := re.search("(?<![<>=!])=(?!=)", text):
        raise FormulaError("to compare write ==", single.start())
    tree, body, offset = parse_line(text, "condition", f"type a condition, such as {EXAMPLE}")
    checker = _ConditionChecker(body, offset)
    checker.walk(tree, 0)
    if not checker.is_truth(tree):
        raise FormulaError(f"compare it with something, as in {EXAMPLE}", offset)
    if not checker.names:
        raise FormulaError("the condition uses no quantity of the step, such as its loss", offset)
    found = Condition(body, checker.names, _compile(body, tree, checker.names))
    try:
        with np.errstate(all="ignore"):
            found.evaluate(_Sample({*VECTORS, *checker.indexed}, checker.size))
    except (ValueError, IndexError) as error:
        raise FormulaError(str(error), offset) from None
    return found


@dataclass(frozen=True)
class _Sample:
    """Sample steps, with which the shapes of a condition are checked.

    State has components if the condition uses its components.
    """

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
        self.indexed: set[str] = set()  # names with an index
        self.size = 2  # enough components for all indices

    def name(self, node: ast.expr, name: str) -> None:
        if name == PREVIOUS:
            raise self.fail(node, f"write {PREVIOUS}.loss for the loss in the step before, and so for any name")
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
                    raise self.fail(node, f"{name} is a function: write for example {name}({PREVIOUS}.x)")
                self._note(node, name, f"{PREVIOUS}.{name}")
            case ast.Subscript(value=ast.Name() | ast.Attribute() as part, slice=index):
                self.walk(part, depth + 1)
                self.indexed.add(part.attr if isinstance(part, ast.Attribute) else part.id)
                self.size = max(self.size, self._index(index) + 1)
            case ast.Compare():
                raise self.fail(node, f"compare with one of {', '.join(_COMPARISONS.values())}")
            case ast.Attribute():
                raise self.fail(node, f"a dot is only allowed after {PREVIOUS}, as in {PREVIOUS}.loss")
            case _:
                return super().more(node, depth)
        return None

    def _index(self, index: ast.expr) -> int:
        match index:
            case ast.Constant(value=int() as number) if not isinstance(number, bool) and number < _MAX_COMPONENTS:
                return number
        raise self.fail(index, f"write a whole number below {_MAX_COMPONENTS:,} between the brackets, as in x[0]")

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
            self._parts(arguments[0], depth=depth, truths=name in _OF_TRUTH_VALUES)
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
        """Return True if a node is a truth value and not a number."""
        match node:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Call(func=ast.Name(id=name)):
                return name in _OF_TRUTH_VALUES
        return False


def _compile(text: str, tree: ast.expr, names: Collection[str]) -> Callable[..., Any]:
    source = _ConditionWriter({name: f"_v{i}" for i, name in enumerate(names)})
    return define("value", list(source.arguments.values()), [], [source.write(tree)], text, _HELPERS)


class _ConditionWriter(NumpyWriter):
    """Writes code for steps along the last axis, so that numbers and arrays broadcast as they do in a rule."""

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
                # A part in the middle of a chain is written twice; the checker limits its length.
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
