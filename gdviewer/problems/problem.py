"""What every problem has in common."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.oracle import Array
from gdviewer.engine.parameter import Parameter, check_values

Picture = Literal["curve", "landscape", "components"]


class Problem:
    """What is minimised: a value, a gradient and a Hessian for points of shape ``(..., n)``, float64.

    A problem is not changed once made; :meth:`replace` makes another with other parameter values.

    Attributes:
        name: what the catalogue, the command line and files call it; title: what a person calls it.
        group: the heading it stands under; why: a sentence on what makes it interesting; source: where it is from.
        formula: as people write it.
        dimension: n.
        domain: the region it is usually looked at, ((low, high), …) for each dimension; no limit to where x may go.
        start: a telling start, shape (n,).
        minima: known minima, shape (k, n), the lowest first; (0, n) where none is known.
        minimum_kinds: what each of them is: "global" or "local", and what it lies at where the slope does not fade
            towards it, as in "global, kink" and "global, boundary".
        lowest: the loss at the lowest of them; None where none is known.
        parameters: its parameters as declared; values: what they are now.
        broadcasts: whether one call on many points is as good as many calls, and has no effect beyond its result.
    """

    broadcasts: bool = True
    axis_names: tuple[str, ...] = ("x", "y")

    def __init__(
        self,
        name: str,
        title: str,
        *,
        domain: ArrayLike,
        start: ArrayLike,
        group: str = "",
        why: str = "",
        source: str = "",
        formula: str = "",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:
        self.name, self.title, self.group = name, title, group
        self.why, self.source, self.formula = why, source, formula
        self.start: Array = np.array(start, dtype=float, ndmin=1)
        self.dimension = len(self.start)
        self.domain: Array = np.array(domain, dtype=float).reshape(-1, 2)
        self.parameters: dict[str, Parameter] = dict(parameters or {})
        self.values: dict[str, float] = {key: float(value) for key, value in self.parameters.items()}

    @property
    def picture(self) -> Picture:
        """How a descent on it is drawn: on a curve, on a landscape, or as its components over the steps."""
        return "curve" if self.dimension == 1 else "landscape" if self.dimension == 2 else "components"

    @property
    def minima(self) -> Array:
        """Known minima, shape (k, n), the lowest first."""
        return np.empty((0, self.dimension))

    @property
    def minimum_kinds(self) -> tuple[str, ...]:
        minima = self.minima
        values = self.value(minima) if len(minima) else np.empty(0)
        tie = values - values.min(initial=np.inf) <= 1e-12 * np.maximum(1, np.abs(values))  # but for rounding
        return tuple("global" if lowest else "local" for lowest in tie)

    @property
    def lowest(self) -> float | None:
        minima = self.minima
        return float(self.value(minima[0])) if len(minima) else None

    def replace(self, /, **values: float) -> Self:
        """The same problem with other parameter values; raises ValueError for an unknown name or one out of range."""
        other = copy.copy(self)
        other.values = check_values(self.parameters, self.values | values, self.name)
        return other

    def value(self, x: ArrayLike) -> Array:
        """The loss at each point: ``(..., n)`` gives ``(...)``; NaN where it is not defined."""
        raise NotImplementedError

    def gradient(self, x: ArrayLike) -> Array:
        """The gradient at each point: ``(..., n)`` gives ``(..., n)``."""
        raise NotImplementedError

    def hessian(self, x: ArrayLike) -> Array:
        """The Hessian at each point: ``(..., n)`` gives ``(..., n, n)``."""
        raise NotImplementedError

    def values_on_grid(self, x: Array) -> Array:
        """The loss at many points for a picture, shape ``(..., n)``; NaN where it is not defined or fails."""
        with np.errstate(all="ignore"):
            return self.value(x)

    def prepare(self) -> None:
        """Do now what the first gradient would otherwise wait for; may be called from any thread."""


def central_difference(function: Callable[[Array], Any], x: Array) -> Array:
    """The derivative of a function at one point by central differences: along each axis of x, so shape (n, …).

    The step is the cube root of the machine epsilon times max(1, \\|x\\|), which balances truncation against rounding
    (Nocedal & Wright, 2nd ed., §8.1).
    """
    h = np.cbrt(np.finfo(float).eps) * np.maximum(1, np.abs(x))
    slopes = []
    for i in range(len(x)):
        ahead, behind = x.copy(), x.copy()
        ahead[i] += h[i]
        behind[i] -= h[i]
        slopes.append((function(ahead) - function(behind)) / (ahead[i] - behind[i]))
    return np.array(slopes, dtype=float)
