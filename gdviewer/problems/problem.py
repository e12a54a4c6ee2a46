"""What every problem has in common."""

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
    """What is minimised: a value, a gradient and a Hessian for points of shape ``(..., n)``, float64.

    A problem is not changed once made; :meth:`replace` makes another with other parameter values. Two are equal if
    they are made of the same: class, declaration, values and data.

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
        lowest: the loss at the lowest of them; None where none is known, or the loss is lower outside the domain.
        parameters: its parameters as declared; values: what they are now.
        broadcasts: whether one call on many points is as good as many calls, and has no effect beyond its result.
        quadratic: whether its Hessian is known to be the same everywhere.
        data: the data it is a fit to; None where it is none.
        stochastic: whether a step sees another function than the whole, such as the loss on a batch of the data.
        batchwise: whether the record of a run holds the loss and gradient of the batch that the next step sees, as
            those of the whole are too dear to ask at every step; its batches are batchwise, too.
        part_of: of a problem on some of the rows of another: that one, and the name and arguments of the method that
            made it; None where it is no part.
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
        """The problem of the catalogue that it is, with the values of its parameters; None where it is none."""
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
        """Pickle a problem of the catalogue by its name and values, others by what they are made of."""
        if self.part_of is not None:
            return _part_of, self.part_of
        return self._made_of(protocol) if self.entry is None else (entries.entry, (self.name, self.values))

    def _made_of(self, protocol: Any) -> Any:
        return super().__reduce_ex__(protocol)

    @property
    def picture(self) -> Picture:
        """How a descent on it is drawn: on a curve, a landscape, a plane, or as its components over the steps."""
        return "curve" if self.dimension == 1 else "landscape" if self.dimension == 2 else "plane"

    @property
    def minima(self) -> Array:
        """Known minima, shape (k, n), the lowest first."""
        return np.empty((0, self.dimension))

    @property
    def minimum_kinds(self) -> tuple[str, ...]:
        """What each known minimum is: "global" or "local", and "kink" or "boundary" where that is why it is one."""
        minima = self.minima
        values = self.value(minima) if len(minima) else np.empty(0)
        tie = values - values.min(initial=np.inf) <= 1e-12 * np.maximum(1, np.abs(values))  # but for rounding
        return tuple("global" if lowest else "local" for lowest in tie)

    @property
    def lowest(self) -> float | None:
        """The loss at the lowest known minimum; None where none is known, or the loss is lower outside the domain."""
        minima = self.minima
        if not len(minima) or "boundary" in self.minimum_kinds[0]:
            return None
        return float(self.value(minima[0]))

    @property
    def has_hessian(self) -> bool:
        """Whether it has a Hessian."""
        return type(self).hessian is not Problem.hessian

    @property
    def sketched(self) -> bool:
        """Whether a picture of it may take long, so that it is drawn in the background, coarse at first."""
        return not self.broadcasts

    def report(self, x: ArrayLike) -> dict[str, Any]:  # noqa: ARG002 - for those that have more to tell
        """What the point means beyond its numbers, by name: texts, numbers, or numbers by name."""
        return {}

    def batch(self, t: int, seed: int) -> Problem:  # noqa: ARG002 - for those that have batches
        """The problem that step number ``t`` sees, with batches drawn from ``seed``; itself where it has none."""
        return self

    def replace(self, /, **values: Any) -> Self:
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

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Both at one point, shape ``(n,)``, at less cost than one after the other where it can be."""
        return self.value(x), self.gradient(x)

    def hessian(self, x: ArrayLike) -> Array:
        """The Hessian at each point: ``(..., n)`` gives ``(..., n, n)``."""
        raise NotImplementedError

    def values_on_grid(self, x: Array) -> Array:
        """The loss at many points for a picture, shape ``(..., n)``; NaN where it is not defined or fails."""
        with np.errstate(all="ignore"):
            return self.value(x)

    def prepare(self) -> None:
        """Do now what the first gradient would otherwise wait for; may be called from any thread."""


def _part_of(whole: Problem, method: str, arguments: tuple[Any, ...]) -> Any:
    return getattr(whole, method)(*arguments)


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
