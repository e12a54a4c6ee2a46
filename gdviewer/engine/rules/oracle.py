"""The oracle: the view of a problem that an optimizer has, with counts of evaluations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Minimisable(Protocol):
    """The properties and methods of a problem that the engine uses. Points are float64 of shape ``(..., n)``."""

    @property
    def dimension(self) -> int:
        """The dimension n."""

    @property
    def broadcasts(self) -> bool:
        """True if one call can evaluate many points and has no side effects."""

    @property
    def has_hessian(self) -> bool:
        """True if it has a Hessian."""

    @property
    def quadratic(self) -> bool:
        """True if the Hessian is known to be constant."""

    @property
    def lowest(self) -> float | None:
        """The lowest loss; None if it is not known."""

    @property
    def stochastic(self) -> bool:
        """True if steps see different functions, such as the loss on a batch of the data."""

    @property
    def batchwise(self) -> bool:
        """True if the record has loss and gradient of the batch of the next step; those of all data are expensive."""

    def batch(self, t: int, seed: int) -> Minimisable:
        """Return the function of step ``t``; the problem itself if it is not stochastic."""

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Return both at one point, shape ``(n,)``, where possible at less cost than two calls."""

    def value(self, x: Array) -> Array:
        """Return the loss at each point, shape ``(...)``."""

    def gradient(self, x: Array) -> Array:
        """Return the gradient at each point, shape ``(..., n)``."""

    def hessian(self, x: Array) -> Array:
        """Return the Hessian at each point, shape ``(..., n, n)``."""


NEEDS = {"hessian": "the Hessian", "lowest": "the lowest loss f*, known beforehand"}


def lacks_text(missing: Sequence[str]) -> str:
    """Return a text on needs of a rule that a problem does not meet, given names in ``NEEDS``."""
    return f"needs {' and '.join(NEEDS[need] for need in missing)}, which this problem does not have"


class UnfitError(ValueError):
    """A rule needs something that the problem does not have.

    Attributes:
        rule: the title of the rule, if it is known.
    """

    rule = "the rule"

    def __init__(self, need: str) -> None:
        super().__init__(need)
        self._need = need

    def __str__(self) -> str:
        return f"{self.rule} {lacks_text([self._need])}"


@dataclass(frozen=True)
class Asked:
    """An evaluation by an oracle.

    Attributes:
        what: ``"value"``, ``"gradient"`` or ``"hessian"``.
        at: the point, shape (n,).
        answer: the result.
    """

    what: str
    at: Array
    answer: Any


class Oracle:
    """The ``f`` of an optimizer: value, gradient and Hessian of the problem at a point, with counts of evaluations.

    The trace and the next step both need value and gradient at the end of a step; they are computed once. The oracle
    caches them for the start of the step and for the last other point, because the next step often starts at an
    accepted trial point. Points are identified by object, not by value.

    For a ``batchwise`` problem all evaluations in a step use the batch of that step, also those that are recorded for
    its start. The cache is cleared before the next step.

    Attributes:
        t: the number of the current step, from 1.
        counts: the numbers of evaluations of value, gradient and Hessian.
        asked: True if this step has evaluated a value.
    """

    def __init__(self, problem: Minimisable, seed: int = 0) -> None:
        self._whole = self._problem = problem
        self._seed = seed
        self._batchwise, self._batch_of = problem.batchwise, 0
        self._start: object = None
        self._start_value: Any = None
        self._start_gradient: Array
        self._begun: object = None
        self._known_at: object = None
        self._known: Array
        self._valued_at: object = None
        self._valued: Any = None
        self._curved_at: object = None
        self._curved: Array
        self.t = 0
        self.counts = (0, 0, 0)
        self.asked = False

    def value(self, x: Array) -> Array:
        """Return the loss at ``x``."""
        self.asked = True
        return self.exact_value(x)

    def exact_value(self, x: Array) -> Array:
        """Return the recorded loss at ``x``: that of the whole problem unless it is batchwise."""
        known: Any = self._start_value if x is self._start else self._valued if x is self._valued_at else None
        if known is not None:
            return known  # type: ignore[no-any-return]
        if x is self._begun:
            self._find_start(x)
            return self._start_value  # type: ignore[no-any-return]
        value, gradient, hessian = self.counts
        self.counts = (value + 1, gradient, hessian)
        known = self._problem.value(x)
        if x is self._start:
            self._start_value = known
        else:
            self._valued_at, self._valued = x, known
        return known  # type: ignore[no-any-return]

    def exact_gradient(self, x: Array) -> Array:
        """Return the recorded gradient at ``x``, same shape, read-only; see :meth:`exact_value`."""
        if x is self._start:
            return self._start_gradient
        if x is self._known_at:
            return self._known
        if x is self._begun:
            self._find_start(x)
            return self._start_gradient
        value, gradient, hessian = self.counts
        self.counts = (value, gradient + 1, hessian)
        if self._batchwise and x.ndim == 1:
            self._valued, known = self._problem.value_and_gradient(x)
            self._valued_at = x
        else:
            known = self._problem.gradient(x)
        self._known, self._known_at = known, x
        known.setflags(False)  # type: ignore[call-arg] # write=False; by name it takes thrice as long
        return known

    gradient = exact_gradient

    def start(self, t: int, x: Array, gradient: Array, value: Any) -> None:
        """Begin step ``t`` at ``x`` with a known gradient, and a known value if it is not None."""
        self.t, self.asked = t, False
        if self._batchwise:
            self._use_batch(t)
        self._start, self._start_gradient, self._start_value = x, gradient, value

    def begin(self, t: int, x: Array) -> None:
        """Begin step ``t`` at ``x`` without known values; they are evaluated on first use, as in a run."""
        self.t, self.asked = t, False
        if self._batchwise:
            self._use_batch(t)
            self._begun = x if x.ndim == 1 else None

    def _find_start(self, x: Array) -> None:
        value, gradient = self.ahead(self.t, x)
        self._start, self._start_gradient, self._start_value, self._begun = x, gradient, value, None

    def ahead(self, t: int, x: Array) -> tuple[Any, Array]:
        """Return loss and gradient of a batchwise problem at ``x`` on the batch of step ``t``, which begins there."""
        self._use_batch(t)
        value, gradient, hessian = self.counts
        self.counts = (value + 1, gradient + 1, hessian)
        loss, slope = self._problem.value_and_gradient(x)
        slope.setflags(False)  # type: ignore[call-arg] # write=False
        return loss, slope

    def _use_batch(self, t: int) -> None:
        """Use the batch of step ``t`` and clear the cache."""
        if self._batch_of != t:
            self._problem, self._batch_of = self._whole.batch(t, self._seed), t
            self.forget()

    def report_to(self, listener: Callable[[Asked], None]) -> None:
        """Report each evaluation to a listener; used for the inspection of one step."""

        def reported(what: str, ask: Callable[[Array], Any]) -> Callable[[Array], Any]:
            def asked(x: Array) -> Any:
                answer = ask(x)
                listener(Asked(what, x, answer))
                return answer

            return asked

        for what in ("value", "gradient", "hessian"):
            setattr(self, what, reported(what, getattr(self, what)))

    def forget(self) -> None:
        """Clear the cache, such as after discarded steps."""
        self._start = self._begun = self._known_at = self._valued_at = self._curved_at = None

    def hessian(self, x: Array) -> Array:
        """Return the Hessian at ``x``, shape ``(..., n, n)``, read-only.

        Raises:
            UnfitError: the problem has no Hessian.
        """
        if x is not self._curved_at:
            if not self._whole.has_hessian:
                raise UnfitError("hessian")
            value, gradient, hessian = self.counts
            self.counts = (value, gradient, hessian + 1)
            self._curved = self._problem.hessian(x)
            self._curved_at = x
            self._curved.setflags(write=False)
        return self._curved

    @property
    def quadratic(self) -> bool:
        """True if there is a Hessian that is known to be constant."""
        return self._whole.quadratic and self._whole.has_hessian

    @property
    def lowest(self) -> float:
        """The lowest loss f*.

        Raises:
            UnfitError: it is not known.
        """
        lowest = self._whole.lowest
        if lowest is None:
            raise UnfitError("lowest")
        return lowest

    @property
    def rng(self) -> np.random.Generator:
        """A random generator for this step, with the same numbers each time the step is executed."""
        return np.random.default_rng([self._seed, self.t])
