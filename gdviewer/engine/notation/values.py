"""Values as text, and lines of mathematics with numbers instead of names."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gdviewer.engine.notation.mathematics import Writer
from gdviewer.engine.notation.notation import RuleLine, name_text

FEW = 6  # numbers that are all shown, besides a matrix of three by three
DIGITS = 4
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip


def number_text(value: Any, digits: int = DIGITS) -> str:
    """Return a number with this number of significant digits; whole numbers have all digits."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.{digits}g}")
    if float(value).is_integer() and abs(value) < 1e6:
        text = str(int(value))
    elif 1e-4 <= abs(rounded) < 1e6:
        text = np.format_float_positional(rounded, trim="-")
    else:
        text = f"{value:.{digits}g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return text.replace("-", "−")


def is_few(value: Any, few: int = FEW) -> bool:
    """Return True for a number, and for an array that is small enough to show all its numbers."""
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return True
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and (
        value.size <= few if value.ndim < 2 else value.ndim == 2 and max(value.shape) <= 3
    )  # fmt: skip


def value_text(value: Any, digits: int = DIGITS, few: int = FEW) -> str:
    """Return a value as text: ``(1, −2)``, ``[1 0; 0 1]``, or shape, norm, mean and extremes of a large array."""
    match value:
        case bool() | int() | float() | np.number() | np.bool_():
            return number_text(value, digits)
        case np.ndarray():
            return _array_text(value, digits, few)
        case tuple() | list():
            parts = [value_text(part, digits, few) for part in value[:FEW]] + ["…"] * (len(value) > FEW)
            return f"({', '.join(parts)})"
    text = value.__name__ if callable(value) and hasattr(value, "__name__") else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _array_text(value: np.ndarray[Any, Any], digits: int, few: int) -> str:
    if value.dtype.kind not in "fiub":
        return f"array of {value.dtype}, {_shape_text(value)}"
    if is_few(value, few):
        if value.size == 1:
            return number_text(value.item(), digits)
        if value.ndim == 1:
            return f"({', '.join(number_text(v, digits) for v in value.tolist())})"
        rows = (" ".join(number_text(v, digits) for v in row) for row in value.tolist())
        return f"[{'; '.join(rows)}]"
    if not value.size:
        return "empty"
    with np.errstate(all="ignore"):
        amounts = np.linalg.norm(value), value.mean(), value.min(), value.max()
    norm, mean, low, high = (number_text(float(amount), digits) for amount in amounts)
    return f"{_shape_text(value)}: norm {norm}, mean {mean}, {low} … {high}"


def _shape_text(value: np.ndarray[Any, Any]) -> str:
    return " × ".join(map(str, value.shape)) if value.ndim > 1 else f"{value.size} numbers"


def with_numbers(line: RuleLine, values: Mapping[str, Any], names: Mapping[str, str], digits: int = DIGITS) -> str:
    """Return the right side of a line with numbers for names: ``0.9·(0.12, −3.1) + 0.1·(2, −1.4)``.

    Args:
        line: the line.
        values: the values of the names that it reads; large arrays and other values keep their names.
        names: the notation of the names.
        digits: the number of significant digits.

    Returns:
        The text; empty if no number is inserted or nothing is computed.
    """
    match line.node:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) | ast.Return(value=ast.expr() as value):
            expression: ast.expr = value
        case ast.AugAssign(target=ast.Name() as target, op=op, value=value):
            expression = ast.BinOp(ast.Name(target.id, ast.Load()), op, value)
        case ast.If(test=value) | ast.While(test=value):
            expression = value
        case _:
            return ""
    if isinstance(expression, ast.Name | ast.Constant | ast.Tuple) or not any(
        isinstance(node, ast.Name) and node.id in values and is_few(values[node.id]) for node in ast.walk(expression)
    ):
        return ""

    def text(name: str) -> str:
        if name in values and is_few(values[name]):
            return value_text(values[name], digits)
        return names.get(name) or name_text(name)

    written = Writer(text).text(_Folded(values, digits).visit_parts(expression))
    return re.sub(r"f\((\([^()]*\))\)", r"f\1", written)  # f(1, 2), not f((1, 2))


class _Folded(ast.NodeTransformer):
    """Inserts numbers and computes parts of an expression with numbers alone, such as 1 − β₁."""

    def __init__(self, values: Mapping[str, Any], digits: int) -> None:
        self._values, self._digits = values, digits

    def visit_parts(self, node: ast.expr) -> ast.expr:
        """Return the expression with these parts replaced, but not the whole expression."""
        if isinstance(node, ast.List | ast.Tuple):
            return type(node)([self.visit_parts(part) for part in node.elts], ast.Load())
        result: ast.expr = self.generic_visit(node) if isinstance(node, ast.BinOp) else self.visit(node)  # type: ignore[assignment]
        return result

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._number(node)
        return node if value is None or not math.isfinite(value) else self._constant(value)

    def _constant(self, value: float) -> ast.expr:
        rounded = float(f"{value:.{self._digits}g}")
        number = ast.Constant(abs(int(value) if value.is_integer() and abs(value) < 1e6 else rounded))
        return ast.UnaryOp(ast.USub(), number) if value < 0 else number

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        value = self._number(node)
        if value is None:
            return self.generic_visit(node)  # type: ignore[return-value]
        return self._constant(value)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Return a copy with visited parts; the tree belongs to the line."""
        copy = type(node)(**dict(ast.iter_fields(node)))
        return super().generic_visit(_listed(copy))

    def _number(self, node: ast.expr) -> float | None:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return float(value)
            case ast.Name(id=name) if _is_number(self._values.get(name)):
                return float(self._values[name])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._number(operand)
                return None if inner is None else -inner
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                a, b = self._number(left), self._number(right)
                if a is None or b is None:
                    return None
                try:
                    value = _OPERATORS[type(op)](a, b)
                except ArithmeticError:
                    return None
                return value if isinstance(value, float) and math.isfinite(value) else None
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _listed(node: ast.AST) -> ast.AST:
    """Return the node with copies of its lists, so that only parts of the copy are replaced."""
    for name, part in ast.iter_fields(node):
        if isinstance(part, list):
            setattr(node, name, list(part))
    return node
