"""What an optimizer may ask about the problem, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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

    @property
    def has_hessian(self) -> bool:
        """Whether it has a Hessian."""

    @property
    def quadratic(self) -> bool:
        """Whether its Hessian is known to be the same everywhere."""

    @property
    def lowest(self) -> float | None:
        """The lowest loss there is, where it is known."""

    @property
    def stochastic(self) -> bool:
        """Whether a step sees another function than the whole, such as the loss on a batch of the data."""

    @property
    def batchwise(self) -> bool:
        """Whether the record holds the loss and gradient of the batch that the next step sees, as those of the whole
        are too dear to ask at every step."""

    def batch(self, t: int, seed: int) -> Minimisable:
        """The function that step number ``t`` sees; itself where it is not stochastic."""

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Both at one point, shape ``(n,)``, at less cost than one after the other where it can be."""

    def value(self, x: Array) -> Array:
        """The loss at each point, shape ``(...)``."""

    def gradient(self, x: Array) -> Array:
        """The gradient at each point, shape ``(..., n)``."""

    def hessian(self, x: Array) -> Array:
        """The Hessian at each point, shape ``(..., n, n)``."""


NEEDS = {"hessian": "the Hessian", "lowest": "the lowest loss f*, known beforehand"}


def lacks_text(missing: Sequence[str]) -> str:
    """Return the words on what a rule needs and a problem lacks, given names out of ``NEEDS``."""
    return f"needs {' and '.join(NEEDS[need] for need in missing)}, which this problem does not have"


class UnfitError(ValueError):
    """A rule asks the oracle for something that the problem does not have.

    Attributes:
        rule: the title of the rule, where it is known.
    """

    rule = "the rule"

    def __init__(self, need: str) -> None:
        super().__init__(need)
        self._need = need

    def __str__(self) -> str:
        return f"{self.rule} {lacks_text([self._need])}"


@dataclass(frozen=True)
class Asked:
    """A question to an oracle: ``what`` is ``"value"``, ``"gradient"`` or ``"hessian"``, ``at`` the point (n,)."""

    what: str
    at: Array
    answer: Any


class Oracle:
    """The ``f`` that an optimizer sees: value, gradient and Hessian of the problem at a point, counted.

    The value and the gradient at the point a step ends on are wanted twice, for the trace and by the next step; they
    are computed once. What is known is that of the point a step starts from, and that of the last other point asked
    for, as a trial that is taken is where the next step starts. A point is known again as the same object, not as an
    equal one.

    Of a problem that is ``batchwise`` all that is asked within a step is of the step's batch, and so is what the record
    holds of where a step begins; nothing that is known then holds in the next step.

    Attributes:
        t: the number of the step under way, from 1.
        counts: how often value, gradient and Hessian were evaluated so far.
        asked: whether this step has asked for a value.
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
        """The loss at ``x``."""
        self.asked = True
        return self.exact_value(x)

    def exact_value(self, x: Array) -> Array:
        """The loss at ``x``, of the whole problem unless it is batchwise: what the trace records."""
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
        """The gradient at ``x``, same shape, read-only; of the whole problem unless it is batchwise: what the trace
        records."""
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
        """Begin step number ``t`` at ``x``, where the gradient is known, and the value if it is not None."""
        self.t, self.asked = t, False
        if self._batchwise:
            self._turn_to(t)
        self._start, self._start_gradient, self._start_value = x, gradient, value

    def begin(self, t: int, x: Array) -> None:
        """Begin step number ``t`` at ``x``, where nothing is known yet; what a run knows there is found out once it is
        asked for, as the run did."""
        self.t, self.asked = t, False
        if self._batchwise:
            self._turn_to(t)
            self._begun = x if x.ndim == 1 else None

    def _find_start(self, x: Array) -> None:
        value, gradient = self.ahead(self.t, x)
        self._start, self._start_gradient, self._start_value, self._begun = x, gradient, value, None

    def ahead(self, t: int, x: Array) -> tuple[Any, Array]:
        """Loss and gradient of a batchwise problem at ``x`` in the batch of step number ``t``, which begins there."""
        self._turn_to(t)
        value, gradient, hessian = self.counts
        self.counts = (value + 1, gradient + 1, hessian)
        loss, slope = self._problem.value_and_gradient(x)
        slope.setflags(False)  # type: ignore[call-arg] # write=False
        return loss, slope

    def _turn_to(self, t: int) -> None:
        """Ask the batch of step number ``t`` from now on, of which nothing is known yet."""
        if self._batch_of != t:
            self._problem, self._batch_of = self._whole.batch(t, self._seed), t
            self.forget()

    def tell(self, listener: Callable[[Asked], None]) -> None:
        """Tell of each question from now on; for an oracle made for one step that is looked into."""

        def telling(what: str, ask: Callable[[Array], Any]) -> Callable[[Array], Any]:
            def asked(x: Array) -> Any:
                answer = ask(x)
                listener(Asked(what, x, answer))
                return answer

            return asked

        for what in ("value", "gradient", "hessian"):
            setattr(self, what, telling(what, getattr(self, what)))

    def forget(self) -> None:
        """Let go of what is known, as after steps that do not count."""
        self._start = self._begun = self._known_at = self._valued_at = self._curved_at = None

    def hessian(self, x: Array) -> Array:
        """The Hessian at ``x``, shape ``(..., n, n)``, read-only; raises UnfitError where the problem has none."""
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
        """Whether there is a Hessian, known to be the same everywhere."""
        return self._whole.quadratic and self._whole.has_hessian

    @property
    def lowest(self) -> float:
        """The lowest loss there is, f*; raises UnfitError where it is not known."""
        lowest = self._whole.lowest
        if lowest is None:
            raise UnfitError("lowest")
        return lowest

    @property
    def rng(self) -> np.random.Generator:
        """A random generator for this very step: the same numbers whenever the step is executed."""
        return np.random.default_rng([self._seed, self.t])
