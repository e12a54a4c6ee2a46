"""Options for any optimizer: weight decay, clipping, noise and the schedule of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array, Minimisable, Oracle
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.engine.rules.schedule import Schedule

# The numeric options, from which controls, flags and checks are made. None in Options switches one off.
OPTIONS: Mapping[str, Parameter] = {
    "l2": Parameter(
        0.01, 0, 1e6, scale="log", slider=(1e-6, 10),
        meaning="coupled weight decay: adds λ/2·‖x‖² to the loss and λ·x to the gradient",
    ),
    "clip_norm": Parameter(
        1, 0, 1e12, scale="log", open_low=True, slider=(1e-3, 1e3),
        meaning="shorten the gradient to at most this norm",
    ),
    "clip_value": Parameter(
        1, 0, 1e12, scale="log", open_low=True, slider=(1e-3, 1e3),
        meaning="clip each component of the gradient to at most this",
    ),
    "noise": Parameter(
        0.1, 0, 1e6, scale="log", slider=(1e-3, 1e2),
        meaning="standard deviation of the normal noise that is added to the gradient in each step",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The options of a run; ``None`` switches one off.

    * ``l2``: λ/2·‖x‖² is added to the loss, λ·x to the gradient and λ to the diagonal of the Hessian.
    * ``noise``: σ·z is added to the gradient that an optimizer sees; z is standard normal and drawn once per step.
    * ``clip_norm``: the gradient g becomes g·min(1, c/(‖g‖ + 1e-6)), as in ``torch.nn.utils.clip_grad_norm_``.
    * ``clip_value``: each component is clipped to ±c, as in ``torch.nn.utils.clip_grad_value_``.
    * ``schedule``: the schedule of the learning rate.

    They are applied in this order. The trace records the loss with λ/2·‖x‖² and its gradient, without noise and
    clipping. PyTorch's ``weight_decay`` of SGD or Adam adds λ·x after clipping and does not change the loss.

    Raises:
        ValueError: a value is out of its range in ``OPTIONS``.
    """

    l2: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    noise: float | None = None
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        for name, parameter in OPTIONS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, parameter.check(name, value))

    def objective(self, problem: Minimisable) -> Minimisable:
        """Return the function to minimise: the problem, plus the term of the weight decay if it is on."""
        return Decayed(problem, self.l2) if self.l2 else problem

    def oracle(self, objective: Minimisable, seed: int) -> Oracle:
        """Return the oracle of an objective for an optimizer."""
        partly = objective.stochastic and not objective.batchwise
        disturbed = partly or self.noise or self.clip_norm is not None or self.clip_value is not None
        return DisturbedOracle(objective, seed, self) if disturbed else Oracle(objective, seed)


class Decayed:
    """A problem with λ/2·‖x‖² added to its loss."""

    lowest = None  # the minimum of the sum is not known

    def __init__(self, problem: Minimisable, l2: float) -> None:
        self._problem, self._l2 = problem, l2
        self.dimension, self.broadcasts = problem.dimension, problem.broadcasts
        self.has_hessian, self.quadratic, self.stochastic = problem.has_hessian, problem.quadratic, problem.stochastic
        self.batchwise = problem.batchwise

    def batch(self, t: int, seed: int) -> Minimisable:
        """Return the function of step ``t``, with the same term."""
        return Decayed(self._problem.batch(t, seed), self._l2)

    def value(self, x: Array) -> Array:
        """Return the loss with the term, shape ``(...)``."""
        value: Array = self._problem.value(x) + self._term(x)
        return value

    def _term(self, x: Array) -> Any:
        # In this memory order the sum has the same bits for one point and for many.
        squares = np.ascontiguousarray(x) ** 2
        return self._l2 / 2 * squares.sum(axis=-1)

    def value_and_gradient(self, x: Array) -> tuple[Any, Array]:
        """Return both at one point, with the term."""
        value, gradient = self._problem.value_and_gradient(x)
        return value + self._term(x), gradient + self._l2 * x

    def gradient(self, x: Array) -> Array:
        """Return the gradient plus λ·x, shape ``(..., n)``."""
        return self._problem.gradient(x) + self._l2 * x

    def hessian(self, x: Array) -> Array:
        """Return the Hessian plus λ on its diagonal, shape ``(..., n, n)``."""
        return self._problem.hessian(x) + self._l2 * np.eye(self.dimension)


class DisturbedOracle(Oracle):
    """An oracle with noise, clipping or batches; the recorded values are those of the problem itself."""

    def __init__(self, problem: Minimisable, seed: int, options: Options) -> None:
        super().__init__(problem, seed)
        self._options = options
        self._partly = problem.stochastic and not problem.batchwise
        self._batch, self._batch_at = problem, -1
        self._gradient: Array
        self._gradient_at: object = None
        self._gradient_step = -1

    def _now(self) -> Minimisable:
        """Return the function of the current step."""
        if self._batch_at != self.t:
            self._batch, self._batch_at = self._whole.batch(self.t, self._seed), self.t
        return self._batch

    def value(self, x: Array) -> Array:
        """Return the loss at ``x``, on the batch if there are batches."""
        if not self._partly:
            return super().value(x)
        value, gradient, hessian = self.counts
        self.counts = (value + 1, gradient, hessian)
        return self._now().value(x)

    def gradient(self, x: Array) -> Array:
        """Return the gradient at ``x`` for the optimizer, read-only."""
        if x is self._gradient_at and self._gradient_step == self.t:
            return self._gradient
        options = self._options
        if self._partly:
            value, gradient, hessian = self.counts
            self.counts = (value, gradient + 1, hessian)
            g = self._now().gradient(x)
        else:
            g = self.exact_gradient(x)
        if options.noise:
            # One draw per step, independent of the numbers that a rule draws from f.rng.
            g = g + options.noise * np.random.default_rng([self._seed, self.t, 1]).standard_normal(x.shape)
        if options.clip_norm is not None:
            norm = np.sqrt((g * g).sum(axis=-1, keepdims=True))
            g = g * np.minimum(1, options.clip_norm / (norm + 1e-6))
        if options.clip_value is not None:
            g = np.clip(g, -options.clip_value, options.clip_value)
        g.setflags(write=False)
        self._gradient, self._gradient_at, self._gradient_step = g, x, self.t
        return g

    def forget(self) -> None:
        """Clear the cache."""
        super().forget()
        self._gradient_at = None

    def hessian(self, x: Array) -> Array:
        """Return the Hessian at ``x``, on the batch if there are batches."""
        if not (self._partly and self._whole.has_hessian):
            return super().hessian(x)
        value, gradient, hessian = self.counts
        self.counts = (value, gradient, hessian + 1)
        return self._now().hessian(x)
