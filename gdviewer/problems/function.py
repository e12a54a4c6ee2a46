"""Problems given by a Python function."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.function_source import content_of, source_of
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.step_filters import pass_through
from gdviewer.problems.problem import Problem, central_difference

pass_through(__name__)


class FunctionProblem(Problem):
    """A function of one point, as SciPy's ``minimize`` takes it.

    Args:
        fun: called with a float64 array of shape (n,), returns a number; with ``jac=True`` the number and the gradient.
        start: shape (n,).
        jac: returns the gradient, shape (n,); True where ``fun`` does; None for central differences.
        hess: returns the Hessian, shape (n, n); None for differences of the gradient.

    Each call gets its own copy of the point, so a function may modify its argument. With ``jac=True``, the function is
    called once for a value and a gradient requested at the same point in succession.

    Raises:
        TypeError: ``fun``, ``jac`` or ``hess`` can't be called.
        ValueError: ``start`` is not a number or one row of them.
    """

    broadcasts = False

    def __init__(
        self, fun: Callable[..., Any], start: ArrayLike, jac: Callable[..., Any] | bool | None = None,
        hess: Callable[..., Any] | None = None, domain: ArrayLike | None = None,
    ) -> None:  # fmt: skip
        for name, given in (("fun", fun), ("jac", jac), ("hess", hess)):
            if not callable(given) and (name == "fun" or given not in (None, True, False)):
                raise TypeError(f"{name} must be callable; got {type(given).__name__}")
        self._fun, self._jac, self._hess = fun, jac or None, hess or None
        x0 = np.array(start, dtype=float, ndmin=1)
        if x0.ndim != 1 or not x0.size:
            raise ValueError(f"the start must be a number or one row of them; got an array of shape {x0.shape}")
        self._last: tuple[Array, Any, Any] | None = None  # the last point at which fun returned both, and the result
        reach = 1.5 * max(1.0, float(np.abs(x0).max(initial=0)))
        title = getattr(fun, "__name__", type(fun).__name__)
        super().__init__(
            "function", "Function" if title == "<lambda>" else title,
            domain=np.stack([x0 - reach, x0 + reach], axis=-1) if domain is None else domain, start=x0,
            group="Your own", formula=f"{title}(x)", why="A Python function.",
            source="gradient by central differences" if self._jac is None else "gradient as given",
        )  # fmt: skip

    def content(self) -> Any:
        functions = (content_of(self._fun), content_of(self._jac), content_of(self._hess))
        return (*functions, self.start, self.domain)

    def __getstate__(self) -> dict[str, Any]:
        """Replace functions by their source where available, and omit the last result."""
        state = vars(self) | {"_last": None}
        for name in ("_fun", "_jac", "_hess"):
            if callable(state[name]):
                with suppress(ValueError):
                    state[name] = source_of(state[name])
        return state

    @property
    def functions(self) -> dict[str, Callable[..., Any] | bool | None]:
        """The user's functions by the names of the arguments."""
        return {"fun": self._fun, "jac": self._jac, "hess": self._hess}

    @property
    def differences(self) -> bool:
        """True if the gradient is computed by central differences."""
        return self._jac is None

    def calls(self, counts: tuple[int, int, int]) -> tuple[int, int, int]:
        """Return the calls of ``fun``, ``jac``, ``hess`` for these numbers of values, gradients and Hessians."""
        value, gradient, hessian = counts
        if self._hess is None:
            gradient += 2 * self.dimension * hessian
        if self._jac is None:
            value += 2 * self.dimension * gradient
        return value, gradient, hessian

    def value(self, x: ArrayLike) -> Array:
        return self._each(self._value, np.asarray(x, dtype=float), ())

    def gradient(self, x: ArrayLike) -> Array:
        return self._each(self._gradient, np.asarray(x, dtype=float), (self.dimension,))

    def hessian(self, x: ArrayLike) -> Array:
        return self._each(self._hessian, np.asarray(x, dtype=float), (self.dimension, self.dimension))

    def values_on_grid(self, x: Array) -> Array:
        """Evaluate in one call if the function accepts arrays and agrees at a few points, else point by point."""
        points = x.reshape(-1, self.dimension)
        probes = points[:: max(1, len(points) // 3)][:4]
        with np.errstate(all="ignore"):
            try:
                at_once = self._fun(points.T.copy())
                values = np.asarray(at_once[0] if self._jac is True else at_once, dtype=float)
                alone = [self._value_or_nan(point) for point in probes]
                if values.shape == points.shape[:1] and np.array_equal(
                    values[:: max(1, len(points) // 3)][:4], alone, True
                ):
                    return values.reshape(x.shape[:-1])
            except Exception:  # noqa: S110 - it does not accept arrays: evaluate point by point
                pass
            return np.array([self._value_or_nan(point) for point in points]).reshape(x.shape[:-1])

    @staticmethod
    def _each(function: Callable[[Array], Any], x: Array, shape: tuple[int, ...]) -> Array:
        if x.ndim == 1:
            return np.asarray(function(x))
        results = [function(point) for point in x.reshape(-1, x.shape[-1])]
        return np.array(results, dtype=float).reshape(*x.shape[:-1], *shape)

    def _value(self, x: Array) -> float:
        return self._number(self._both(x)[0] if self._jac is True else self._fun(x.copy()))

    @staticmethod
    def _number(value: Any) -> float:
        result = np.asarray(value)
        if result.size != 1 or result.dtype.kind not in "iufb":
            raise ValueError(f"the function must return one real number; got {result.dtype} of shape {result.shape}")
        return float(result.item())

    def _both(self, x: Array) -> tuple[Any, Any]:
        last = self._last
        if last is None or not np.array_equal(last[0], x):
            result = self._fun(x.copy())
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise ValueError("with jac=True the function must return two things: the value and the gradient")
            self._last = last = (x.copy(), *result)
        return last[1:]

    def _value_or_nan(self, x: Array) -> float:
        """Return the value for a picture without changing the last result, which belongs to the worker thread."""
        try:
            result = self._fun(x.copy())
            return self._number(result[0] if self._jac is True else result)
        except Exception:
            return np.nan

    def _gradient(self, x: Array) -> Array:
        if self._jac is None:
            return central_difference(self._value, x)
        result = self._both(x)[1] if not callable(self._jac) else self._jac(x.copy())
        return self._shaped(result, x.shape, "gradient")

    def _hessian(self, x: Array) -> Array:
        if self._hess is not None:
            return self._shaped(self._hess(x.copy()), x.shape * 2, "Hessian")
        rows = central_difference(self._gradient, x)
        return (rows + rows.T) / 2

    @staticmethod
    def _shaped(result: Any, shape: tuple[int, ...], what: str) -> Array:
        array = np.array(result, dtype=float)
        if array.shape != shape and array.size == int(np.prod(shape)) == 1:
            array = array.reshape(shape)
        if array.shape != shape:
            raise ValueError(f"the {what} must have shape {shape}; got {array.shape}")
        return array
