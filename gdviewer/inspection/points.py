"""Which vectors of a step are places, and which lead from one place to another.

An arrow to a place is drawn from the point to it, one that leads somewhere is drawn as it is. A vector is a place if

- it goes by the name of the rule's point, as ``x`` does;
- it has the very bits of the point, of the next point, or of a point that f was asked at, as a trial has;
- it is made of places with weights that add up to one, as ``x + alpha * p`` is, or ``average + (x - average) / k``:
  there the value before has the weight at which the sum settles.
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
_KEEPING = {"clip", "where", "copy", "array", "asarray", "minimum", "maximum"}  # a place within bounds is a place


class Places:
    """What is known to be a place in a step.

    Args:
        start: the point the step starts from, (n,).
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
        """A value as a vector of the problem's space; None if it is not one."""
        if isinstance(value, list) and (len(value),) == self.shape and all(isinstance(v, float) for v in value):
            return np.array(value)
        fits = isinstance(value, np.ndarray) and value.shape == self.shape and value.dtype.kind == "f"
        return value if fits else None

    def holds(self, value: np.ndarray) -> bool:
        """Whether a vector is known to be a place."""
        return value.tobytes() in self._known

    def _learn(self, frame: Frame) -> None:
        for executed in frame.executed:
            for call in executed.calls:
                self._learn(call)
            for name, value in executed.writes.items():
                vector = self.vector(value)
                if vector is not None and not self.holds(vector) and self._is_place(frame, executed, name):
                    self._known.add(vector.tobytes())

    def _is_place(self, frame: Frame, executed: Executed, name: str) -> bool:
        if frame is self._rule and name == self._name:
            return True
        match executed.line.node:
            case ast.Assign(targets=[ast.Name()], value=value):
                pass
            case ast.AugAssign(target=ast.Name(id=target), op=op, value=right):
                value = ast.BinOp(ast.Name(target, ast.Load()), op, right)
            case _:
                return False
        without, within = (self._weight(value, executed.reads, {name: own}) for own in (0.0, 1.0))
        if without is None or within is None or abs(within - without - 1) < 1e-12:
            return False
        return abs(without / (1 - (within - without)) - 1) < 1e-9

    def _weight(self, node: ast.expr, reads: Mapping[str, Any], own: Mapping[str, float]) -> float | None:
        """The sum of the weights of the places in an expression; None where that can't be told."""
        match node:
            case ast.Name(id=name):
                vector = self.vector(reads.get(name))
                if vector is not None and self.holds(vector):
                    return 1.0
                return own.get(name, 0.0)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                weight = self._weight(operand, reads, own)
                return None if weight is None else -weight
            case ast.BinOp(left=left, right=right):
                a, b = self._weight(left, reads, own), self._weight(right, reads, own)
                if a is None or b is None:
                    return None
                return _combined(node, a, b, reads)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=parts) if name in _KEEPING:
                return max((self._weight(part, reads, own) or 0.0 for part in parts), default=0.0)
        return 0.0


def _combined(node: ast.BinOp, a: float, b: float, reads: Mapping[str, Any]) -> float | None:
    """The weight of an operation whose operands have the weights ``a`` and ``b``; None where that can't be told."""
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
    """What an expression of plain numbers comes to; None where it is no such."""
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
