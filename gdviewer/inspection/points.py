"""Detection of the vectors of a step that are points, such as trial points; the others are directions.

The arrow of a point is drawn to it, the arrow of a direction is drawn as it is. A vector is a point if

- it has the name of the point of the rule, such as ``x``;
- it is identical to the point, the next point, or a point at which f was evaluated, such as a trial point;
- it is a sum of points whose weights add up to one, such as ``x + alpha * p`` or ``average + (x - average) / k``. If
  the sum contains the previous value of the same name, its weight is the fixed point of the assignment.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gdviewer.engine.tracing.tracer import Executed, Frame, Inspection

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "max": max, "min": min, "abs": abs, "float": float, "int": int, "sqrt": math.sqrt, "exp": math.exp,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: a**b,
}  # fmt: skip
_KEEPING = {"clip", "where", "copy", "array", "asarray", "minimum", "maximum"}  # the result for a point is a point


class PointSet:
    """The known points of a step.

    Args:
        inspection: the inspection of the step.
        start: the point at the start of the step, shape (n,).
    """

    def __init__(self, inspection: Inspection, start: np.ndarray) -> None:
        self.shape = start.shape
        self._known = {start.tobytes()}
        if inspection.x is not None:
            self._known.add(inspection.x.tobytes())
        frame = inspection.frame
        if frame is None:
            return
        self._rule, self._name = frame, next(iter(frame.arguments), "x")
        for _, _, executed in frame.walk():
            self._known.update(asked.at.tobytes() for asked in executed.asked)
        self._learn(frame)

    def vector(self, value: Any) -> np.ndarray | None:
        """Return a value as a vector, shape (n,); None if it has another shape."""
        if isinstance(value, list) and (len(value),) == self.shape and all(isinstance(v, float) for v in value):
            return np.array(value)
        fits = isinstance(value, np.ndarray) and value.shape == self.shape and value.dtype.kind == "f"
        return value if fits else None

    def holds(self, value: np.ndarray) -> bool:
        """Return True if a vector is a known point."""
        return value.tobytes() in self._known

    def _learn(self, frame: Frame) -> None:
        for executed in frame.executed:
            for call in executed.calls:
                self._learn(call)
            for name, value in executed.writes.items():
                vector = self.vector(value)
                if vector is not None and not self.holds(vector) and self._is_point(frame, executed, name):
                    self._known.add(vector.tobytes())

    def _is_point(self, frame: Frame, executed: Executed, name: str) -> bool:
        if frame is self._rule and name == self._name:
            return True
        match executed.line.node:
            case ast.Assign(targets=[ast.Name()], value=value):
                pass
            case ast.AugAssign(target=ast.Name(id=target), op=op, value=right):
                value = ast.BinOp(ast.Name(target, ast.Load()), op, right)
            case _:
                return False
        without, within = (self._weight(value, executed.reads, {name: weight}) for weight in (0.0, 1.0))
        if without is None or within is None or abs(within - without - 1) < 1e-12:
            return False
        return abs(without / (1 - (within - without)) - 1) < 1e-9

    def _weight(self, node: ast.expr, reads: Mapping[str, Any], assumed: Mapping[str, float]) -> float | None:
        """Return the sum of the weights of the points in an expression; None if it is not known."""
        match node:
            case ast.Name(id=name):
                vector = self.vector(reads.get(name))
                if vector is not None and self.holds(vector):
                    return 1.0
                return assumed.get(name, 0.0)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                weight = self._weight(operand, reads, assumed)
                return None if weight is None else -weight
            case ast.BinOp(left=left, right=right):
                a, b = self._weight(left, reads, assumed), self._weight(right, reads, assumed)
                if a is None or b is None:
                    return None
                return _combined(node, a, b, reads)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=parts) if name in _KEEPING:
                return max((self._weight(part, reads, assumed) or 0.0 for part in parts), default=0.0)
        return 0.0


def _combined(node: ast.BinOp, a: float, b: float, reads: Mapping[str, Any]) -> float | None:
    """Return the weight of an operation on operands with the weights ``a`` and ``b``; None if it is not known."""
    match node.op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult() if b and a == 0 and (factor := _number(node.left, reads)) is not None:
            return factor * b
        case ast.Mult() if a and b == 0 and (factor := _number(node.right, reads)) is not None:
            return a * factor
        case ast.Div() if a and b == 0 and (factor := _number(node.right, reads)):
            return a / factor
    return None if a or b else 0.0


def _number(node: ast.expr, reads: Mapping[str, Any]) -> float | None:
    """Return the value of an expression of numbers; None for another expression."""
    try:
        match node:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name) if isinstance(reads.get(name), int | float | np.number):
                return float(reads[name])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = _number(operand, reads)
                return None if inner is None else -inner
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                a, b = _number(left, reads), _number(right, reads)
                return None if a is None or b is None else float(_OPERATORS[type(op)](a, b))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=parts) if name in _FUNCTIONS:
                numbers = [_number(part, reads) for part in parts]
                return None if None in numbers else float(_FUNCTIONS[name](*numbers))
    except (ArithmeticError, TypeError, ValueError):
        pass
    return None
