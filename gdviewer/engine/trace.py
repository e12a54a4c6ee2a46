"""The record of a run: append-only columns with a row a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.oracle import Array

_GROWTH = 1.25  # a column copied at each growth costs each row about four copies in all, and a quarter of its memory


class Column:
    """An array that grows at its end. ``len`` rows are valid; views handed out stay valid while it grows."""

    def __init__(self, first: Array) -> None:
        self._rows = np.array(first)[None].repeat(64, axis=0)
        self.length = 1

    def append(self, block: Array) -> None:
        """Append rows of shape ``(k, …)``."""
        end = self.length + len(block)
        if end > len(self._rows):
            grown = np.empty((max(end, int(len(self._rows) * _GROWTH)), *self._rows.shape[1:]))
            grown[: self.length] = self._rows[: self.length]
            self._rows = grown
        self._rows[self.length : end] = block
        self.length = end

    @property
    def rows(self) -> Array:
        """A view of the valid rows."""
        return self._rows[: self.length]

    @property
    def nbytes(self) -> int:
        """Bytes allocated, spare room included."""
        return self._rows.nbytes


@dataclass(frozen=True)
class Change:
    """A hyperparameter that was moved while the run was under way; ``step`` is the first step that used it."""

    step: int
    name: str
    value: float


class Trace:
    """The record of a run: row ``t`` is what held after step ``t``; row 0 is the start.

    One thread appends, any may read: a row counts only once ``length`` says so. Every array returned is a view of
    shape ``(length, …)``.

    Attributes:
        state: what the optimizer carries, a column for each name.
        changes: the hyperparameters moved on the way, in order.
    """

    def __init__(self, x: Array, loss: float, gradient: Array, state: Mapping[str, Any]) -> None:
        self._x, self._loss, self._gradient = Column(x), Column(np.asarray(loss)), Column(gradient)
        self._state = {name: Column(np.asarray(value, dtype=float)) for name, value in state.items()}
        self.changes: list[Change] = []
        self.length = 1

    def append(self, x: Array, loss: Array, gradient: Array, state: Iterable[Array]) -> None:
        """Append ``k`` rows: ``x`` (k, n), ``loss`` (k,), ``gradient`` (k, n), ``state`` (k, …) each."""
        self._x.append(x)
        self._loss.append(loss)
        self._gradient.append(gradient)
        for (name, column), block in zip(self._state.items(), state, strict=True):
            if self.length == 1 and column.rows.shape[1:] != block.shape[1:]:
                # An initial value such as m=0.0 stands for an array of that value; the first step shows its shape.
                column = self._state[name] = Column(np.broadcast_to(column.rows[0], block.shape[1:]))
            column.append(block)
        self.length += len(x)

    def __len__(self) -> int:
        return self.length

    @property
    def x(self) -> Array:
        """The points, (length, n)."""
        return self._x.rows[: self.length]

    @property
    def loss(self) -> Array:
        """The loss at each point, (length,)."""
        return self._loss.rows[: self.length]

    @property
    def gradient(self) -> Array:
        """The gradient at each point, (length, n)."""
        return self._gradient.rows[: self.length]

    @property
    def gradient_norm(self) -> Array:
        """The Euclidean norm of the gradient at each point, (length,)."""
        return np.linalg.norm(self.gradient, axis=1)

    @property
    def state(self) -> dict[str, Array]:
        """The optimizer's state after each step, (length, …) for each name."""
        return {name: column.rows[: self.length] for name, column in self._state.items()}

    @property
    def nbytes(self) -> int:
        """Bytes allocated for all columns."""
        return sum(c.nbytes for c in (self._x, self._loss, self._gradient, *self._state.values()))
