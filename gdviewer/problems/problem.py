"""The base class of all problems."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Declared, check_values
from gdviewer.engine.rules.step_filters import pass_through
from gdviewer.problems import entries
from gdviewer.problems.content import ByContent

if TYPE_CHECKING:
    from gdviewer.problems.data import Data

pass_through(__name__)

Picture = Literal["curve", "landscape", "plane", "components", "network"]


class Problem(ByContent):
    """A function to minimise: value, gradient and Hessian for points of shape ``(..., n)``, float64.

    Problems are immutable; :meth:`replace` returns another one with other parameter values. Two problems are equal if
    class, declaration, values and data are equal.

    Attributes:
        name: name in the catalogue, on the command line and in files; title: name on the screen.
        group: heading in the catalogue; why: a sentence on its special property; source: reference.
        formula: formula as text.
        dimension: n.
        domain: the region shown by default, ((low, high), …) for each dimension; x may leave it.
        start: a start that shows its special property, shape (n,).
        minima: known minima, shape (k, n), the lowest first; (0, n) if none is known.
        minimum_kinds: "global" or "local" for each minimum, with "kink" or "boundary" where the gradient does not
            approach zero there, as in "global, kink".
        lowest: the loss at the lowest of them; None if none is known, or the loss is lower outside the domain.
        parameters: declared parameters; values: their current values.
        broadcasts: True if one call can evaluate many points and has no side effects.
        quadratic: True if the Hessian is known to be constant.
        data: the data to fit; None if there are none.
        stochastic: True if steps see different functions, such as the loss on a batch of the data.
        batchwise: True if the trace stores the loss and gradient of the batch of the next step, as those of all rows
            are too expensive at every step; this also applies to its batches.
        part_of: for a problem on some rows of another: that problem, and the name and arguments of the method that
            created it; None for a whole problem.
    """

    broadcasts: bool = True
    quadratic: bool = False
    stochastic: bool = False
    batchwise: bool = False
    data: Data | None = None
    axis_names: tuple[str, ...] = ("x", "y")
    part_of: tuple[Problem, str, tuple[Any, ...]] | None = None

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
        parameters: Mapping[str, Declared] | None = None,
    ) -> None:
        self.name, self.title, self.group = name, title, group
        self.why, self.source, self.formula = why, source, formula
        self.start: Array = np.array(start, dtype=float, ndmin=1)
        self.dimension = len(self.start)
        self.domain: Array = np.array(domain, dtype=float).reshape(-1, 2)
        self.parameters: dict[str, Declared] = dict(parameters or {})
        self.values: dict[str, Any] = check_values(self.parameters, {}, name)

    def label(self) -> Any:
        return type(self), self.name, self.dimension

    @property
    def entry(self) -> Self | None:
        """The equal problem of the catalogue, with these parameter values; None if there is none."""
        if self.name not in entries.catalogue():
            return None
        found = entries.entry(self.name, {})
        if type(found) is not type(self) or found.parameters.keys() != self.parameters.keys():
            return None
        found = found.replace(**self.values)
        return found if found == self else None

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a problem of the catalogue by its name and values, others by their content."""
        if self.part_of is not None:
            return _part_of, self.part_of
        return self._made_of(protocol) if self.entry is None else (entries.entry, (self.name, self.values))

    def _made_of(self, protocol: Any) -> Any:
        return super().__reduce_ex__(protocol)

    @property
    def picture(self) -> Picture:
        """The kind of plot of a descent: a curve, a landscape, a plane, or the components over the steps."""
        return "curve" if self.dimension == 1 else "landscape" if self.dimension == 2 else "plane"

    @property
    def minima(self) -> Array:
        """Known minima, shape (k, n), the lowest first."""
        return np.empty((0, self.dimension))

    @property
    def minimum_kinds(self) -> tuple[str, ...]:
        """Kind of each known minimum: "global" or "local", with "kink" or "boundary" where this applies."""
        minima = self.minima
        values = self.value(minima) if len(minima) else np.empty(0)
        tie = values - values.min(initial=np.inf) <= 1e-12 * np.maximum(1, np.abs(values))  # up to rounding errors
        return tuple("global" if lowest else "local" for lowest in tie)

    @property
    def lowest(self) -> float | None:
        """The loss at the lowest known minimum; None if none is known, or the loss is lower outside the domain."""
        minima = self.minima
        if not len(minima) or "boundary" in self.minimum_kinds[0]:
            return None
        return float(self.value(minima[0]))

    @property
    def has_hessian(self) -> bool:
        """True if the problem has a Hessian."""
        return type(self).hessian is not Problem.hessian

    @property
    def sketched(self) -> bool:
        """True if a picture may take long; it is then drawn in the background, coarse at first."""
        return not self.broadcasts

    def report(self, x: ArrayLike) -> dict[str, Any]:  # noqa: ARG002 - for subclasses with a report
        """Return results at a point by name: texts, numbers, or numbers by name."""
        return {}

    def batch(self, t: int, seed: int) -> Problem:  # noqa: ARG002 - for subclasses with batches
        """Return the problem of step ``t``, with batches drawn with ``seed``; the problem itself without batches."""
        return self

    def replace(self, /, **values: Any) -> Self:
        """Return a copy with other parameter values; raise ValueError if a name is unknown or a value out of range."""
        other = copy.copy(self)
        other.values = check_values(self.parameters, self.values | values, self.name)
        return other

    def value(self, x: ArrayLike) -> Array:
        """Return the loss at each point: ``(..., n)`` gives ``(...)``; NaN where it is undefined."""
        raise NotImplementedError

    def gradient(self, x: ArrayLike) -> Array:
        """Return the gradient at each point: ``(..., n)`` gives ``(..., n)``."""
        raise NotImplementedError

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Return both at one point, shape ``(n,)``, where possible at less cost than two calls."""
        return self.value(x), self.gradient(x)

    def hessian(self, x: ArrayLike) -> Array:
        """Return the Hessian at each point: ``(..., n)`` gives ``(..., n, n)``."""
        raise NotImplementedError

    def values_on_grid(self, x: Array) -> Array:
        """Return the loss at many points for a picture, shape ``(..., n)``; NaN where it is undefined or fails."""
        with np.errstate(all="ignore"):
            return self.value(x)

    def prepare(self) -> None:
        """Do the preparation of the first gradient in advance; may be called from any thread."""


def _part_of(whole: Problem, method: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(whole, method)(*arguments)


def central_difference(function: Callable[[Array], Any], x: Array) -> Array:
    """Return the derivative at one point by central differences along each axis of x, shape (n, …).

    The step is the cube root of the machine epsilon times max(1, abs(x)), which balances truncation against rounding
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
