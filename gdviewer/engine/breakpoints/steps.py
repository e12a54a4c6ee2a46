"""Steps as breakpoints see them, and what is asked of the run that executed them."""

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
    """The part of a run that breakpoints ask, beside the steps they judge."""

    @property
    def optimizer(self) -> Optimizer:
        """The rule, whose state has names."""

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """Those of the steps that are judged."""

    @property
    def domain(self) -> Array:
        """The region the problem is usually looked at, (n, 2)."""

    @property
    def trace(self) -> Trace:
        """The record up to the steps that are judged, with the loss and the learning rate of each step."""

    def hyperparameters_at(self, step: int) -> Mapping[str, Any]:
        """The hyperparameters that a recorded step was executed with."""

    def point(self, step: int) -> Array:
        """The point after a recorded step, (n,)."""


@dataclass
class Steps:
    """Steps that were executed one after another, as breakpoints see them.

    Attributes:
        context: the run whose they are, with the trace before them.
        first: the number of the step that row 0 holds; steps ``first + 1 … first + k`` are judged.
        points, loss, gradients: rows ``first … first + k`` with shapes (k+1, n), (k+1,), (k+1, n).
        rates: the learning rate of each step, (k,).
        before, carried: what the rule carries, in row 0, and after each step, (k, …) each.
        noted: the steps in which a floating-point operation overflowed, divided by zero or was invalid, and which.
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
        """The points as one array, (k+1, n)."""
        return np.asarray(self.points)

    @cached_property
    def gradient(self) -> Array:
        """The gradients as one array, (k+1, n)."""
        return np.asarray(self.gradients)

    @cached_property
    def after(self) -> Sequence[Array]:
        """The rule's state after each step, (k, …) each."""
        return [np.asarray(rows) for rows in self.carried]

    @cached_property
    def move(self) -> Array:
        """The move of each step, (k, n)."""
        moves: Array = self.x[1:] - self.x[:-1]
        return moves

    @cached_property
    def length(self) -> Array:
        """The length of each step's move, (k,)."""
        return norms(self.move)

    @cached_property
    def previous_move(self) -> Array:
        """The move before each step's, (k, n); NaN where there is none."""
        before = self.x[0] - self.context.point(self.first - 1) if self.first else np.full(self.x.shape[1], np.nan)
        return np.concatenate((before[None], self.move[:-1]))

    def losses_from(self, before: int) -> Array:
        """The losses from up to ``before`` rows before row 0 on."""
        return np.concatenate((self.context.trace.loss[max(0, self.first - before) : self.first], self.loss))

    def now(self, name: str) -> Array:
        """The quantity of that name in each step, the steps along the last axis; see ``condition.Known``."""
        if name in self._rows:
            return self._rows[name][1:].T
        if name == "move":
            return self.move.T
        if name in self.context.optimizer.state:
            return np.moveaxis(self.after[list(self.context.optimizer.state).index(name)], 0, -1)
        value = self.rates if name == "learning_rate" else self.context.hyperparameters[name]
        return np.full(len(self.rates), value)

    def previous(self, name: str) -> Array:
        """The quantity of that name a step before each."""
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
