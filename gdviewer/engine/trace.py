"""The record of a run: append-only columns with a row a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gdviewer.engine.oracle import Array

if TYPE_CHECKING:
    from gdviewer.engine.breakpoint import Hit

_GROWTH = 1.25  # a column copied at each growth costs each row about four copies in all, and a quarter of its memory
_FIRST_BYTES = 2**16  # a column begins with room for so much, or for one row and the next
STATE_BYTES = 2**28  # a state that takes more, such as BFGS's matrix in many dimensions, is kept for every other step


class Column:
    """Rows with room to grow; how many of them are valid, the trace knows. Views of them stay valid while it grows."""

    def __init__(self, first: Array) -> None:
        row: Array = np.array(first, dtype=float)
        self.rows: Array = np.empty((min(max(_FIRST_BYTES // max(row.nbytes, 1), 2), 64), *row.shape))
        self.rows[0] = row

    def write(self, start: int, block: Array) -> None:
        """Write rows of shape ``(k, …)`` from row ``start`` on."""
        end = start + len(block)
        if end > len(self.rows):
            grown = np.empty((max(end, int(len(self.rows) * _GROWTH)), *self.rows.shape[1:]))
            grown[:start] = self.rows[:start]
            self.rows = grown
        self.rows[start:end] = block

    def every_other(self, length: int) -> Column:
        """Another column with rows 0, 2, 4, … of the first ``length``."""
        other = Column(self.rows[0])
        other.write(1, self.rows[2:length:2])
        return other


def norms(rows: Array) -> Array:
    """The Euclidean norm of each row, (k,), of rows (k, n) of numbers of any size."""
    with np.errstate(all="ignore"):
        found: Array = np.linalg.norm(rows, axis=1)
        if (vast := np.isinf(found)).any():  # their squares are, which need not be said of themselves
            largest = np.abs(rows[vast]).max(axis=1)
            shares = np.linalg.norm(rows[vast] / largest[:, None], axis=1)
            found[vast] = np.where(np.isfinite(largest), largest * shares, largest)
    return found


@dataclass(frozen=True)
class Change:
    """A hyperparameter that was moved while the run was under way; ``step`` is the first step that used it."""

    step: int
    name: str
    value: float


class Trace:
    """The record of a run: row ``t`` is what held after step ``t``; row 0 is the start.

    One thread appends, any may read: a row counts only once ``length`` says so, and one whose writing was interrupted
    is written over. Every array returned is a view of shape ``(length, …)``.

    What the optimizer carries is kept for every step, or, where that would be more than ``STATE_BYTES``, for every
    ``stride``-th: the steps between can be executed again from there.

    Attributes:
        changes: the hyperparameters moved on the way, in order.
        since: the first step whose state is kept: 0, or the step after which the run left the one it continues.
        hits: the breakpoints hit, in order; they stay when the run goes on.
    """

    def __init__(self, x: Array, loss: float, gradient: Array, state: Mapping[str, Any]) -> None:
        self._x, self._loss, self._gradient = Column(x), Column(np.asarray(loss)), Column(gradient)
        self._rate = Column(np.asarray(np.nan))
        self._state = 1, {name: Column(value) for name, value in state.items()}  # one object: read in any thread
        self.changes: list[Change] = []
        self.since = 0
        self.hits: list[Hit] = []
        self.length = 1

    def continued(
        self, step: int, state: Mapping[str, Any], loss: float | None = None, gradient: Array | None = None
    ) -> Trace:
        """Another trace that begins with rows 0 … ``step`` of this one, and with ``state`` after the last of them.

        Args:
            loss, gradient: those at row ``step``, where what is minimised is another function from there on.
        """
        end = step + 1
        other = Trace(self._x.rows[0], float(self._loss.rows[0]), self._gradient.rows[0], state)
        pairs = [(other._x, self._x), (other._loss, self._loss), (other._gradient, self._gradient)]
        for mine, its in [*pairs, (other._rate, self._rate)]:
            mine.write(0, its.rows[:end])
        if loss is not None and gradient is not None:
            other._loss.rows[step], other._gradient.rows[step] = loss, gradient
        other.changes = [change for change in self.changes if change.step <= step]
        other.hits = [hit for hit in self.hits if hit.step <= step]
        other.since, other.length = step, end
        return other

    def append(self, x: Array, loss: Array, gradient: Array, rate: Array, state: Iterable[Array]) -> None:
        """Append ``k`` rows: ``x`` (k, n), ``loss`` (k,), ``gradient`` (k, n), ``rate`` (k,), ``state`` (k, …) each."""
        start = self.length
        self._x.write(start, x)
        self._loss.write(start, loss)
        self._gradient.write(start, gradient)
        self._rate.write(start, rate)
        if start == 1:
            self._rate.rows[0] = rate[0]
        stride, columns = self._state
        done = start - self.since
        first = -(-done // stride)
        for (name, column), block in zip(columns.items(), state, strict=True):
            if done == 1 and column.rows.shape[1:] != block.shape[1:]:
                # An initial value such as m=0.0 stands for an array of that value; the first step shows its shape.
                column = columns[name] = Column(np.broadcast_to(column.rows[0], block.shape[1:]))
            if column.rows.shape[1:] != block.shape[1:]:  # writing would repeat what is too small
                raise ValueError(f"{name} had shape {column.rows.shape[1:]} and now has {block.shape[1:]}")
            column.write(first, block[first * stride - done :: stride])
        self.length = start + len(x)
        kept = -(-(self.length - self.since) // stride)
        if kept > 2 and sum(column.rows[:kept].nbytes for column in columns.values()) > STATE_BYTES:
            self._state = 2 * stride, {name: column.every_other(kept) for name, column in columns.items()}

    def __len__(self) -> int:
        return self.length

    def _valid(self, column: Column) -> Array:
        length = self.length  # read before the rows, which may be replaced by longer ones at any time
        return column.rows[:length]

    @property
    def x(self) -> Array:
        """The points, (length, n)."""
        return self._valid(self._x)

    @property
    def loss(self) -> Array:
        """The loss at each point, (length,)."""
        return self._valid(self._loss)

    @property
    def gradient(self) -> Array:
        """The gradient at each point, (length, n)."""
        return self._valid(self._gradient)

    @property
    def gradient_norm(self) -> Array:
        """The Euclidean norm of the gradient at each point, (length,)."""
        return norms(self.gradient)

    @property
    def rate(self) -> Array:
        """The learning rate of the step to each row, (length,); at the start that of the first step; NaN for none."""
        return self._valid(self._rate)

    @property
    def state(self) -> dict[str, Array]:
        """The optimizer's state after the steps since, since + stride, …: (k, …) for each name."""
        length = self.length - self.since
        stride, columns = self._state
        return {name: column.rows[: -(-length // stride)] for name, column in columns.items()}

    @property
    def stride(self) -> int:
        """The state is kept for every so many steps; mostly 1."""
        return self._state[0]

    def state_by(self, step: int) -> tuple[int, tuple[Array, ...]]:
        """The last step up to ``step``, which is ``since`` or later, whose state is kept, and that state."""
        stride, columns = self._state
        row = (step - self.since) // stride
        return self.since + row * stride, tuple(column.rows[row] for column in columns.values())

    @property
    def nbytes(self) -> int:
        """Bytes allocated for all columns, room to grow included."""
        return sum(c.rows.nbytes for c in (self._x, self._loss, self._gradient, self._rate, *self._state[1].values()))
