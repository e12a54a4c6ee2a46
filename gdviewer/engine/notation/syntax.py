"""Typed mathematics: checked against a whitelist of syntax, then translated to NumPy source.

The typed text is never executed. Only source that is generated from the checked syntax tree is compiled. A vocabulary
is a subclass of :class:`Checker`, which defines the names and further syntax, and of :class:`NumpyWriter` if it has
further syntax.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.rules.parameter import nearest

MAX_LENGTH = 1000
MAX_DEPTH = 40
MAX_EXPONENT = 100
CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Function:
    """A function of formulas: its number of arguments, and its names in NumPy and SymPy."""

    arity: int
    numpy: str
    sympy: str


FUNCTIONS = {
    "sin": Function(1, "sin", "sin"), "cos": Function(1, "cos", "cos"), "tan": Function(1, "tan", "tan"),
    "asin": Function(1, "arcsin", "asin"), "acos": Function(1, "arccos", "acos"), "atan": Function(1, "arctan", "atan"),
    "atan2": Function(2, "arctan2", "atan2"),
    "sinh": Function(1, "sinh", "sinh"), "cosh": Function(1, "cosh", "cosh"), "tanh": Function(1, "tanh", "tanh"),
    "exp": Function(1, "exp", "exp"), "log": Function(1, "log", "log"), "ln": Function(1, "log", "log"),
    "log10": Function(1, "log10", "log10"), "log2": Function(1, "log2", "log2"), "sqrt": Function(1, "sqrt", "sqrt"),
    "abs": Function(1, "abs", "abs"), "sign": Function(1, "sign", "sign"),
    "min": Function(2, "minimum", "min"), "max": Function(2, "maximum", "max"),
}  # fmt: skip
OPERATORS: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Pow: ("**", operator.pow),
}
_NAMES = {  # names of refused nodes in messages
    ast.Attribute: "a dot after a name", ast.Subscript: "square brackets", ast.Lambda: "lambda",
    ast.Compare: "a comparison", ast.BoolOp: "and/or", ast.IfExp: "if/else", ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.List: "a list", ast.Tuple: "a comma here", ast.Dict: "braces",
    ast.Set: "braces", ast.JoinedStr: "text", ast.NamedExpr: ":=", ast.Starred: "a lone *", ast.Await: "await",
}  # fmt: skip


class FormulaError(ValueError):
    """An invalid formula; ``position`` is the index of the character of the error in the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (position {position + 1})")
        self.position = position


def parse_line(text: str, what: str, example: str) -> tuple[ast.expr, str, int]:
    """Return the unchecked syntax tree of a line of text, the line, and its position in the text.

    Args:
        text: the text.
        what: the name of the text in messages, such as "formula".
        example: the message for an empty text.

    Raises:
        FormulaError: the text is too long, nested too deeply, or not an expression.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"the {what} has {len(text):,} characters; at most {MAX_LENGTH:,} are allowed", MAX_LENGTH)
    body = text.strip()
    if not body:
        raise FormulaError(example, 0)
    offset = text.index(body)
    if not body.isprintable():
        strange = next(i for i, character in enumerate(body) if not character.isprintable())
        raise FormulaError(f"a {what} is one line of plain text", offset + strange)
    if "^" in body:
        raise FormulaError("write powers as **, so x**2", offset + body.index("^"))
    if "#" in body:
        raise FormulaError(f"# can't be used in a {what}", offset + body.index("#"))
    try:
        return ast.parse(body, mode="eval").body, body, offset
    except SyntaxError as error:
        raise _syntax_error(body, offset, error, what) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError(f"the {what} is nested too deeply", offset) from None


def _syntax_error(body: str, offset: int, error: SyntaxError, what: str) -> FormulaError:
    column = min((error.offset or len(body)) - 1, len(body) - 1)  # without an offset the end is missing
    hint = next(
        (
            f"the {what} can't be read here; to multiply write {a}*{b}"
            for i, (a, b) in enumerate(itertools.pairwise(body))
            if i in (column - 1, column) and (a.isdigit() or a == ")") and (b.isalpha() or b == "(")
        ),
        "",
    )
    if body.count("(") != body.count(")"):
        hint = "a parenthesis is not closed" if body.count("(") > body.count(")") else "one parenthesis too many"
    return FormulaError(hint or f"the {what} can't be read here", offset + column)


class Checker:
    """Checks a syntax tree: numbers, names, arithmetic and functions are allowed.

    A subclass defines the allowed names in :meth:`name`, and further syntax in :meth:`more`.

    Attributes:
        what: the name of the text in messages; allowed: a description of the allowed syntax.
        functions: the names of the functions.
    """

    what = "formula"
    allowed = "numbers, names, + - * / **, functions and ( )"
    functions: Sequence[str] = tuple(FUNCTIONS)

    def __init__(self, body: str, offset: int) -> None:
        self._body, self._offset = body.encode(), offset

    def name(self, node: ast.expr, name: str) -> None:
        """Record a name that is neither a constant nor a function, or raise FormulaError."""
        raise NotImplementedError

    def more(self, node: ast.expr, depth: int) -> float | None:  # noqa: ARG002 - for subclasses
        """Check a node that is not arithmetic; return its value if it is constant, otherwise None."""
        if isinstance(node, ast.Constant):
            raise self.fail(node, "only numbers, names and functions can be used")
        what = _NAMES.get(type(node), "this")
        raise self.fail(node, f"{what} can't be used in a {self.what}: {self.allowed} can")

    def fail(self, node: ast.AST, message: str) -> FormulaError:
        """Return an error at the position of a node."""
        return FormulaError(message, self.position(node))

    def position(self, node: ast.AST) -> int:
        """Return the position of a node in the text."""
        return self._offset + len(self._body[: getattr(node, "col_offset", 0)].decode(errors="ignore"))

    def walk(self, node: ast.expr, depth: int) -> float | None:
        """Check a node; return its value if it is constant, otherwise None."""
        if depth > MAX_DEPTH:
            raise self.fail(node, f"the {self.what} is nested too deeply")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._bounded(node, lambda: value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
                inner = self.walk(operand, depth + 1)
                return inner if inner is None or isinstance(node.op, ast.UAdd) else -inner
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                a, b = self.walk(left, depth + 1), self.walk(right, depth + 1)
                if isinstance(op, ast.Pow) and b is not None and abs(b) > MAX_EXPONENT:
                    raise self.fail(right, f"the exponent may be at most {MAX_EXPONENT}")
                if isinstance(op, ast.Div) and b == 0:
                    raise self.fail(right, "division by zero")
                if a is None or b is None:
                    return None
                return self._bounded(node, lambda: OPERATORS[type(op)][1](a, b))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments, depth)
        return self.more(node, depth)

    def _bounded(self, node: ast.expr, compute: Callable[[], Any]) -> float:
        """Return the value of a constant part as a float."""
        try:
            value = compute()
            if not isinstance(value, complex) and math.isfinite(value):
                return float(value)
        except ZeroDivisionError:
            raise self.fail(node, "division by zero") from None
        except OverflowError:
            pass
        raise self.fail(node, "this number is too large or not real")

    def _name(self, node: ast.expr, name: str) -> float | None:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.functions:
            raise self.fail(node, f"{name} is a function: write {name}(…)")
        self.name(node, name)
        return None

    def call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> float | None:
        """Check a call of a function; return its value if it is constant, otherwise None."""
        if name not in self.functions:
            known = nearest(name, self.functions) or f"; the functions are {', '.join(self.functions)}"
            raise self.fail(node, f"there is no function {name}{known}")
        arity = FUNCTIONS[name].arity
        if len(arguments) != arity:
            raise self.fail(node, f"{name} takes {arity} argument{'s'[: arity != 1]}")
        values = [self.walk(argument, depth + 1) for argument in arguments]
        if None in values:
            return None
        with np.errstate(all="ignore"):
            return self._bounded(node, lambda: getattr(np, FUNCTIONS[name].numpy)(*values))


def power_source(base: str, exponent: int, fresh: Iterator[str]) -> str:
    """Return source for a whole power by multiplications, with identical results for numbers and arrays."""
    if exponent < 0:
        return f"(1/{power_source(base, -exponent, fresh)})"
    if exponent <= 1:
        return f"({base})" if exponent else "1.0"
    name = base
    if not base.isidentifier():
        name = next(fresh)
        base = f"({name} := {base})"
    if exponent == 2:
        return f"({base}*{name})"
    if exponent % 2:
        return f"({base}*{power_source(name, exponent - 1, fresh)})"
    return power_source(f"{base}*{name}", exponent // 2, fresh)


def fresh_names() -> Iterator[str]:
    """Yield names for intermediate results that no formula can contain."""
    return (f"_p{i}" for i in itertools.count())


class NumpyWriter:
    """Writes a checked tree as NumPy source, with the operations in their written order."""

    def __init__(self) -> None:
        self._fresh = fresh_names()

    def name(self, name: str) -> str:
        """Return the source of a name that is not a constant."""
        return name

    def more(self, node: ast.expr) -> str:
        """Return the source of a node that is not arithmetic."""
        raise AssertionError(f"unchecked node {ast.dump(node)}")

    def write(self, node: ast.expr) -> str:
        """Return the source of a node."""
        match node:
            case ast.Constant(value=int() | float() as value):
                return repr(float(value))
            case ast.Name(id=name):
                return repr(CONSTANTS[name]) if name in CONSTANTS else self.name(name)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as op, operand=operand):
                return f"(-{self.write(operand)})" if isinstance(op, ast.USub) else self.write(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                whole = whole_number(right)
                if whole is not None:
                    return power_source(self.write(left), whole, self._fresh)
                return f"np.power({self.write(left)}, {self.write(right)})"
            case ast.BinOp(left=left, op=op, right=right):
                return f"({self.write(left)} {OPERATORS[type(op)][0]} {self.write(right)})"
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return f"np.{FUNCTIONS[name].numpy}({', '.join(map(self.write, arguments))})"
        return self.more(node)


def whole_number(node: ast.expr) -> int | None:
    """Return the value of a whole number such as 2, 2.0 or -3; None for another node."""
    sign = 1
    while isinstance(node, ast.UnaryOp):
        sign = -sign if isinstance(node.op, ast.USub) else sign
        node = node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value == int(node.value):
        return sign * int(node.value)
    return None


def define(
    name: str,
    arguments: Sequence[str],
    lines: Sequence[str],
    results: Sequence[str],
    text: str,
    helpers: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Compile generated source, and make its lines available to tracebacks and tracers."""
    result = f"[{', '.join(results)}]" if name != "value" else results[0]
    body = "".join(f"    {line}\n" for line in (*lines, f"return {result}"))
    source = f"def {name}({', '.join(arguments)}):\n{body}"
    filename = f"<{name} of {text}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"np": np} | dict(helpers or {})
    exec(compile(source, filename, "exec"), namespace)  # noqa: S102 - source written above, from checked nodes
    function: Callable[..., Any] = namespace[name]
    # Arithmetic with Python's floats never warns; NumPy's functions do if the formula is undefined.
    return np.errstate(all="ignore")(function) if "np." in body else function
