"""What an optimizer may ask about the problem, counted."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Minimisable(Protocol):
    """What the engine needs of a problem. Points are float64 of shape ``(..., n)``."""

    @property
    def dimension(self) -> int:
        """The n of its points."""

    @property
    def broadcasts(self) -> bool:
        """Whether one call on many points is as good as many calls, and has no effect beyond its result."""

    def value(self, x: Array) -> Array:
        """The loss at each point, shape ``(...)``."""

    def gradient(self, x: Array) -> Array:
        """The gradient at each point, shape ``(..., n)``."""

    def hessian(self, x: Array) -> Array:
        """The Hessian at each point, shape ``(..., n, n)``."""


class Oracle:
    """The ``f`` that an optimizer sees: value, gradient and Hessian of the problem at a point, counted.

    The gradient at the point a step ends on is wanted twice, for the trace and by the next step; it is computed once.

    Attributes:
        t: the number of the step under way, from 1.
        counts: how often value, gradient and Hessian were evaluated so far.
    """

    def __init__(self, problem: Minimisable, seed: int = 0) -> None:
        self._problem = problem
        self._seed = seed
        self._known_at: object = None
        self._known: Array
        self.t = 0
        self.counts = (0, 0, 0)

    def value(self, x: Array) -> Array:
        """The loss at ``x``."""
        value, gradient, hessian = self.counts
        self.counts = (value + 1, gradient, hessian)
        return self._problem.value(x)

    def gradient(self, x: Array) -> Array:
        """The gradient at ``x``, same shape, read-only."""
        if x is self._known_at:
            return self._known
        value, gradient, hessian = self.counts
        self.counts = (value, gradient + 1, hessian)
        self._known = known = self._problem.gradient(x)
        self._known_at = x
        known.setflags(False)  # type: ignore[call-arg] # write=False; by name it takes thrice as long
        return known

    def remember(self, x: Array, gradient: Array) -> None:
        """Take the gradient at ``x`` as known."""
        self._known_at, self._known = x, gradient

    def hessian(self, x: Array) -> Array:
        """The Hessian at ``x``, shape ``(..., n, n)``."""
        value, gradient, hessian = self.counts
        self.counts = (value, gradient, hessian + 1)
        return self._problem.hessian(x)

    @property
    def rng(self) -> np.random.Generator:
        """A random generator for this very step: the same numbers whenever the step is executed."""
        return np.random.default_rng([self._seed, self.t])
