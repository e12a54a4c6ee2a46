"""Problems given by one formula: NumPy for the value, SymPy for the exact gradient and Hessian."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.engine.rules.step_filters import pass_through
from gdviewer.problems import syntax
from gdviewer.problems.problem import Problem, central_difference

pass_through(__name__)

_READ_FROM_FORMULA = ("_expression", "_compiled")
Minima = Callable[..., Sequence[Sequence[float]]] | Sequence[Sequence[float]]


class Compiled:
    """The functions of one formula; created once for a text and used for all values of its parameters."""

    def __init__(self, expression: syntax.Expression) -> None:
        self._expression = expression
        self._arguments = (*expression.variables, *expression.parameters)

    @cached_property
    def value(self) -> Callable[..., Any]:
        """A function of the coordinates and parameters that returns the value."""
        source = syntax.numpy_source(self._expression.tree)
        return syntax.define("value", self._arguments, [], [source], self._expression.text)

    @cached_property
    def derivatives(self) -> tuple[Any, list[Any], list[list[Any]]]:
        """The formula, its gradient and its Hessian as SymPy expressions."""
        from gdviewer.problems import symbolic

        return symbolic.derive(self._expression)

    @cached_property
    def gradient(self) -> Callable[..., Sequence[Any]]:
        """A function of the coordinates and parameters that returns the gradient's components."""
        return self._function("gradient", self.derivatives[1])

    @cached_property
    def hessian(self) -> Callable[..., Sequence[Any]]:
        """A function of the coordinates and parameters that returns the Hessian's entries, row after row."""
        return self._function("hessian", [entry for row in self.derivatives[2] for entry in row])

    @cached_property
    def quadratic(self) -> bool:
        """True if the Hessian has no variable, and no function such as abs, whose kink it hides, depends on one."""
        from gdviewer.problems import symbolic

        formula, _, hessian = self.derivatives
        entries = [entry for row in hessian for entry in row] + symbolic.calls(formula)
        return not any(str(s) in self._expression.variables for entry in entries for s in entry.free_symbols)

    def _function(self, name: str, entries: list[Any]) -> Callable[..., Sequence[Any]]:
        from gdviewer.problems import symbolic

        lines, results = symbolic.numpy_lines(entries)
        return syntax.define(name, self._arguments, lines, results, self._expression.text)


@lru_cache(maxsize=256)
def _compile(text: str) -> tuple[syntax.Expression, Compiled]:
    expression = syntax.parse(text)
    return expression, Compiled(expression)


class FormulaProblem(Problem):
    """A problem declared by a formula in x and y; see :class:`Problem` for the other arguments.

    Args:
        minima: the known minima, in any order, or a function that gives them for the values of the parameters.
        minima_at: what the minima lie at where the slope does not fade towards them: a ``"kink"`` of the formula, or
            the ``"boundary"`` of the domain, beyond which it goes further down.

    Raises:
        FormulaError: the text can't be read; it is a ValueError and knows the position.
    """

    def __init__(
        self, name: str, title: str, formula: str, *, minima: Minima = (),
        minima_at: Literal["", "kink", "boundary"] = "", **declared: Any,
    ) -> None:  # fmt: skip
        self._expression, self._compiled = _compile(formula)
        given: Mapping[str, Parameter] = declared.pop("parameters", {})
        parameters = {key: given[key] for key in self._expression.parameters}
        super().__init__(name, title, formula=formula, parameters=parameters, **declared)
        self._minima, self._minima_at = minima, minima_at

    def content(self) -> Any:
        return {name: value for name, value in vars(self).items() if name not in _READ_FROM_FORMULA}

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.content())

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._expression, self._compiled = _compile(self.formula)

    @property
    def minima(self) -> Array:
        points = self._minima(**self.values) if callable(self._minima) else self._minima
        found = np.array(points, dtype=float).reshape(-1, self.dimension)
        return found[np.argsort(self.value(found), kind="stable")]

    @property
    def quadratic(self) -> bool:  # type: ignore[override] # known only once it is derived
        return self._compiled.quadratic

    @property
    def minimum_kinds(self) -> tuple[str, ...]:
        mark = f", {self._minima_at}" if self._minima_at else ""
        return tuple(kind + mark for kind in super().minimum_kinds)

    def prepare(self) -> None:
        self._compiled.gradient  # noqa: B018 - deriving is the effect

    @property
    def gradient_text(self) -> list[str]:
        """The components of the gradient as formulas; loads SymPy."""
        return [str(entry) for entry in self._compiled.derivatives[1]]

    def value(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        if x.ndim == 1:
            return self._at(self._compiled.value, x)  # type: ignore[no-any-return]
        return _whole(self._over(self._compiled.value, x), x.T.shape[1:]).T

    def gradient(self, x: ArrayLike) -> Array:
        x = np.asarray(x, float)
        if x.ndim == 1:
            result = np.array(parts := self._at(self._compiled.gradient, x))
            total = sum(parts)
            return result if total == total else self._fill_gradient(x, result)
        parts = self._over(self._compiled.gradient, x)
        result = np.array([_whole(part, x.T.shape[1:]) for part in parts]).T
        for index in np.argwhere(np.isnan(result).any(axis=-1)):
            result[(*index,)] = self._fill_gradient(x[(*index,)], result[(*index,)])
        return result

    def hessian(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        parts = self._over(self._compiled.hessian, x)
        rows = np.array([_whole(part, x.T.shape[1:]) for part in parts])
        return rows.T.reshape(*x.shape, self.dimension)

    def _at(self, function: Callable[..., Any], x: Array) -> Any:
        """Call a compiled function at one point: with Python's floats, which are bit-identical and twice as fast."""
        try:
            return function(*x.tolist(), *self.values.values())
        except ZeroDivisionError:  # NumPy's numbers divide by zero to an infinity
            return self._over(function, x)

    def _over(self, function: Callable[..., Any], x: Array) -> Any:
        """Call a compiled function over the leading axes of ``x``."""
        with np.errstate(all="ignore"):
            return function(*x.T, *map(np.float64, self.values.values()))

    def _fill_gradient(self, x: Array, gradient: Array) -> Array:
        """Slopes where the formula of the gradient is 0/0 or inf·0 though the value is finite.

        They are the chain rule's; where it has none either, the mean of those on both sides.
        """
        if not np.isfinite(self.value(x)):
            return gradient
        fixed = syntax.CONSTANTS | self.values
        known = {name: (np.float64(value), np.zeros(len(x))) for name, value in fixed.items()}
        known |= zip(self._expression.variables, zip(x, np.eye(len(x)), strict=True), strict=True)
        with np.errstate(all="ignore"):
            gradient = np.where(np.isnan(gradient), _chain_rule(self._expression.tree, known)[1], gradient)
        return np.where(np.isnan(gradient), central_difference(self.value, x), gradient)


def _chain_rule(node: ast.expr, known: Mapping[str, tuple[Any, Array]]) -> tuple[Any, Array]:
    """Return value and gradient of a part of a formula, from those of the names in it.

    What does not move its argument does not move a function, be it infinitely steep there. So the tip of
    sqrt(x**2 + y**2) has the slope 0 as that of abs(x) has, and x*sin(sqrt(abs(x))) has its limit at 0.
    """
    match node:
        case ast.Constant(value=int() | float() as value):
            return np.float64(value), np.zeros(1)
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=op, operand=operand):
            parts, outer = [operand], "-x" if isinstance(op, ast.USub) else "x"
        case ast.BinOp(left=left, op=op, right=right):
            parts, outer = [left, right], f"x {syntax.OPERATORS[type(op)][0]} y"
        case ast.Call(func=ast.Name(id=name), args=parts):
            outer = f"{name}({', '.join(syntax.VARIABLES[: len(parts)])})"
    inner = [_chain_rule(part, known) for part in parts]
    arguments = [value for value, _ in inner]
    compiled = _compile(outer)[1]
    factors = compiled.gradient(*arguments)
    if outer == "x ** y":  # SymPy's x**y*y/x has no value at 0
        base, exponent = arguments
        factors = [exponent * base ** (exponent - 1), base**exponent * np.log(base)]
    products = [np.where(slope == 0, 0, factor * slope) for factor, (_, slope) in zip(factors, inner, strict=True)]
    return compiled.value(*arguments), sum(products, np.zeros(1))


def _whole(part: Any, shape: tuple[int, ...]) -> Array:
    """Return a component broadcast to all points, also if it is constant."""
    return np.broadcast_to(part, shape)


def formula(text: str, /, **values: float) -> FormulaProblem:
    """Return a problem from a formula such as ``"a*x**2 + b*y**2"``; names other than x and y are parameters.

    Args:
        text: the formula.
        **values: values of the parameters; 1 by default.

    Raises:
        ValueError: The text can't be read (the message has the position), or a parameter is unknown.
    """
    expression, _ = _compile(text)
    n = len(expression.variables)
    problem = FormulaProblem(
        "formula", "Formula", text, domain=[(-5, 5)] * n, start=[-3.0, 2.0][:n], group="Your own",
        parameters={key: Parameter(1.0, -1e6, 1e6, slider=(-10, 10)) for key in expression.parameters},
    )  # fmt: skip
    return problem.replace(**values)
