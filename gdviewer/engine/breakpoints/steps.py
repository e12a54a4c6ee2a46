"""Steps for breakpoints, and the protocol of the run that executed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from gdviewer.engine.record.columns import Rows
from gdviewer.engine.record.trace import Trace, norms
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.oracle import Array


class StepContext(Protocol):
    """The part of a run that breakpoints use."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """The hyperparameters of the steps."""

    @property
    def domain(self) -> Array:
        """The domain of the problem, shape (n, 2)."""

    @property
    def trace(self) -> Trace:
        """The record before the steps, with the loss and the learning rate of each step."""

    def hyperparameters_at(self, step: int) -> Mapping[str, Any]:
        """Return the hyperparameters of a recorded step."""

    def point(self, step: int) -> Array:
        """Return the point after a recorded step, shape (n,)."""


@dataclass
class Steps:
    """Consecutive steps that breakpoints evaluate.

    Attributes:
        context: the run, with the trace before the steps.
        first: the number of the step of row 0; the breakpoints evaluate steps ``first + 1 … first + k``.
        points, loss, gradients: rows ``first … first + k``, shapes (k+1, n), (k+1,), (k+1, n).
        rates: the learning rate of each step, shape (k,).
        before, carried: the state of the rule in row 0, and after each step, shape (k, …) each.
        noted: the steps with an overflow, a division by zero or an invalid operation, with its name.
    """

    context: StepContext
    first: int
    points: Rows
    loss: Array
    gradients: Rows
    rates: Array
    before: Sequence[Any]
    carried: Sequence[Rows]
    noted: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def x(self) -> Array:
        """The points as an array, shape (k+1, n)."""
        return np.asarray(self.points)

    @cached_property
    def gradient(self) -> Array:
        """The gradients as an array, shape (k+1, n)."""
        return np.asarray(self.gradients)

    @cached_property
    def after(self) -> Sequence[Array]:
        """The state of the rule after each step, shape (k, …) each."""
        return [np.asarray(rows) for rows in self.carried]

    @cached_property
    def move(self) -> Array:
        """The move of each step, shape (k, n)."""
        moves: Array = self.x[1:] - self.x[:-1]
        return moves

    @cached_property
    def length(self) -> Array:
        """The length of the move of each step, shape (k,)."""
        return norms(self.move)

    @cached_property
    def previous_move(self) -> Array:
        """The move before that of each step, shape (k, n); NaN if there is none."""
        before = self.x[0] - self.context.point(self.first - 1) if self.first else np.full(self.x.shape[1], np.nan)
        return np.concatenate((before[None], self.move[:-1]))

    def losses_from(self, before: int) -> Array:
        """Return the losses, beginning up to ``before`` rows before row 0."""
        return np.concatenate((self.context.trace.loss[max(0, self.first - before) : self.first], self.loss))

    def now(self, name: str) -> Array:
        """Return a quantity in each step, with the steps along the last axis; see ``condition.Known``."""
        if name in self._rows:
            return self._rows[name][1:].T
        if name == "move":
            return self.move.T
        if name in self.context.optimizer.state:
            return np.moveaxis(self.after[list(self.context.optimizer.state).index(name)], 0, -1)
        value = self.rates if name == "learning_rate" else self.context.hyperparameters[name]
        return np.full(len(self.rates), value)

    def previous(self, name: str) -> Array:
        """Return a quantity in the row before each step."""
        if name in self._rows:
            return self._rows[name][:-1].T
        if name == "move":
            return self.previous_move.T
        now = self.now(name)
        if name in self.context.optimizer.state:
            before = self.before[list(self.context.optimizer.state).index(name)]
        elif not self.first:
            before = now[0]
        elif name == "learning_rate":
            before = self.context.trace.rate[self.first]
        else:
            before = self.context.hyperparameters_at(self.first)[name]
        rows = np.empty_like(now)
        rows[..., 1:] = now[..., :-1]
        rows[..., 0] = before
        return rows

    @cached_property
    def _rows(self) -> dict[str, Array]:
        t = np.arange(self.first, self.first + len(self.loss), dtype=float)
        return {"x": self.x, "gradient": self.gradient, "loss": self.loss, "t": t}
