"""Formulas as text: checked by a walk over a whitelisted syntax, then turned into NumPy source.

The text itself is never run: what is compiled is source written here from the nodes of the checked tree.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.parameter import nearest

MAX_LENGTH = 1000
MAX_DEPTH = 40
MAX_EXPONENT = 100
MAX_PARAMETERS = 12
VARIABLES = ("x", "y")
CONSTANTS = {"pi": math.pi, "e": math.e}
RESERVED = {"np", "numpy"}


@dataclass(frozen=True)
class Function:
    """A function a formula may call: how many arguments, its name in NumPy, and its form in SymPy."""

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
_PLAIN = {  # what the nodes that are refused are called in a message
    ast.Attribute: "a dot after a name", ast.Subscript: "square brackets", ast.Lambda: "lambda",
    ast.Compare: "a comparison", ast.BoolOp: "and/or", ast.IfExp: "if/else", ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.List: "a list", ast.Tuple: "a comma here", ast.Dict: "braces",
    ast.Set: "braces", ast.JoinedStr: "text", ast.NamedExpr: ":=", ast.Starred: "a lone *", ast.Await: "await",
}  # fmt: skip


class FormulaError(ValueError):
    """A formula that can't be read; ``position`` is the index in the text of the character it is about."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (position {position + 1})")
        self.position = position


@dataclass(frozen=True)
class Expression:
    """A formula that passed the check: its text, its tree, the variables and the parameters in it."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]
    parameters: tuple[str, ...]


def parse(text: str) -> Expression:
    """Check a formula in x and y; every other name is a parameter.

    Raises:
        FormulaError: with the position and what is wrong there.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"the formula has {len(text):,} characters; at most {MAX_LENGTH:,} are read", MAX_LENGTH)
    body = text.strip()
    if not body:
        raise FormulaError("type a formula in x and y, such as a*x**2 + b*y**2", 0)
    offset = text.index(body)
    if not body.isprintable():
        strange = next(i for i, character in enumerate(body) if not character.isprintable())
        raise FormulaError("a formula is one line of plain text", offset + strange)
    if "^" in body:
        raise FormulaError("write powers as **, so x**2", offset + body.index("^"))
    if "#" in body:
        raise FormulaError("# can't be used in a formula", offset + body.index("#"))
    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        raise _syntax_error(body, offset, error) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError("the formula is nested too deeply", offset) from None
    checker = _Checker(offset, body)
    checker.walk(tree, 0)
    if not checker.variables:
        raise FormulaError("the formula needs x (or x and y)", offset)
    variables = VARIABLES if "y" in checker.variables else VARIABLES[:1]
    return Expression(body, tree, variables, tuple(checker.parameters))


def _syntax_error(body: str, offset: int, error: SyntaxError) -> FormulaError:
    column = min((error.offset or len(body)) - 1, len(body) - 1)  # without an offset it is the end that is missing
    hint = next(
        (
            f"the formula can't be read here; to multiply write {a}*{b}"
            for i, (a, b) in enumerate(itertools.pairwise(body))
            if i in (column - 1, column) and (a.isdigit() or a == ")") and (b.isalpha() or b == "(")
        ),
        "",
    )
    if body.count("(") != body.count(")"):
        hint = "a parenthesis is not closed" if body.count("(") > body.count(")") else "one parenthesis too many"
    return FormulaError(hint or "the formula can't be read here", offset + column)


class _Checker:
    def __init__(self, offset: int, body: str) -> None:
        self._offset = offset
        self._body = body.encode()
        self.variables: set[str] = set()
        self.parameters: dict[str, None] = {}

    def fail(self, node: ast.AST, message: str) -> FormulaError:
        column = len(self._body[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return FormulaError(message, self._offset + column)

    def walk(self, node: ast.expr, depth: int) -> float | None:
        """Check a node; return its value where it is a constant, else None."""
        if depth > MAX_DEPTH:
            raise self.fail(node, "the formula is nested too deeply")
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
                return self._call(node, name, arguments, depth)
            case ast.Constant():
                raise self.fail(node, "only numbers, names and the usual functions can be used")
        what = _PLAIN.get(type(node), "this")
        raise self.fail(node, f"{what} can't be used in a formula: numbers, names, + - * / **, functions and ( ) can")

    def _bounded(self, node: ast.expr, compute: Callable[[], Any]) -> float:
        """The value of a constant part, as a float."""
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
        if name in FUNCTIONS:
            raise self.fail(node, f"{name} is a function: write {name}(…)")
        if name in VARIABLES:
            self.variables.add(name)
        elif name.startswith("_") or name in RESERVED or not name.isascii() or keyword.issoftkeyword(name):
            raise self.fail(node, f"{name} can't be the name of a parameter; use letters and digits")
        elif len(name) > 20:
            raise self.fail(node, "the name of a parameter has at most 20 characters")
        else:
            self.parameters[name] = None
            if len(self.parameters) > MAX_PARAMETERS:
                raise self.fail(node, f"a formula has at most {MAX_PARAMETERS} parameters")
        return None

    def _call(self, node: ast.expr, name: str, arguments: list[ast.expr], depth: int) -> float | None:
        if name not in FUNCTIONS:
            known = nearest(name, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
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
    """Source for a whole power by multiplications, so that numbers and arrays give the very same bits."""
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
    """Names for intermediate results that no formula can hold."""
    return (f"_p{i}" for i in itertools.count())


def numpy_source(tree: ast.expr) -> str:
    """The formula as NumPy source, each operation in the order in which it was written."""
    fresh = fresh_names()

    def write(node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float() as value):
                return repr(float(value))
            case ast.Name(id=name):
                return repr(CONSTANTS[name]) if name in CONSTANTS else name
            case ast.UnaryOp(op=op, operand=operand):
                return f"(-{write(operand)})" if isinstance(op, ast.USub) else write(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                whole = whole_number(right)
                if whole is not None:
                    return power_source(write(left), whole, fresh)
                return f"np.power({write(left)}, {write(right)})"
            case ast.BinOp(left=left, op=op, right=right):
                return f"({write(left)} {OPERATORS[type(op)][0]} {write(right)})"
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return f"np.{FUNCTIONS[name].numpy}({', '.join(map(write, arguments))})"
        raise AssertionError(f"unchecked node {ast.dump(node)}")

    return write(tree)


def whole_number(node: ast.expr) -> int | None:
    """The value of a node that is a whole number such as 2, 2.0 or -3; else None."""
    sign = 1
    while isinstance(node, ast.UnaryOp):
        sign = -sign if isinstance(node.op, ast.USub) else sign
        node = node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value == int(node.value):
        return sign * int(node.value)
    return None
