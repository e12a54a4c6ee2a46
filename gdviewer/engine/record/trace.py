"""The record of a run: append-only columns with a row for each step, or for every few steps if rows are long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.record.columns import Column, Group, Rows, initial_stride, row_of
from gdviewer.engine.record.events import Change, Hit
from gdviewer.engine.rules.oracle import Array

_SINGLE_THREAD = 8192  # length of a vector up to which ``dot`` uses one thread
ROW_BYTES = 2**28  # budget of points and gradients; beyond it the stride is doubled
STATE_BYTES = 2**28  # budget of the state, such as the matrix of BFGS in many dimensions


def _square(row: Array) -> Any:
    """Return the sum of squares, without threads, which may have to wait for each other."""
    return row.dot(row) if len(row) < _SINGLE_THREAD else np.einsum("i,i->", row, row)


def norms(rows: Rows) -> Array:
    """Return the Euclidean norms of rows, shape (k, n), without overflow; shape (k,)."""
    with np.errstate(all="ignore"):
        if not isinstance(rows, np.ndarray):  # no row is copied
            found: Array = np.sqrt([_square(row) for row in rows])
            overflows = np.flatnonzero(~np.isfinite(found)).tolist()
            if overflows:
                found[overflows] = norms(np.array([rows[i] for i in overflows]))
            return found
        found = np.asarray(np.linalg.norm(rows, axis=1))
        if (infinite := np.isinf(found)).any():  # perhaps only the squares overflow
            largest = np.abs(rows[infinite]).max(axis=1)
            shares = np.linalg.norm(rows[infinite] / largest[:, None], axis=1)
            found[infinite] = np.where(np.isfinite(largest), largest * shares, largest)
    return found


class StoredRows(NamedTuple):
    """The rows that are kept of points and gradients, consistent while the trace grows.

    Attributes:
        stride: the rows are those of steps 0, stride, 2·stride, …
        x, gradient: shape (k, n).
    """

    stride: int
    x: Array
    gradient: Array

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step of each row, shape (k,)."""
        return np.arange(len(self.x)) * self.stride


class Moment(NamedTuple):
    """The state after a step from which the next one continues, and the previous point if it is known."""

    step: int
    x: Array
    gradient: Array
    state: tuple[Any, ...]
    before: Array | None = None


def _frozen(row: Any) -> Any:
    if isinstance(row, np.ndarray):
        row.setflags(write=False)
    return row


class Trace:
    """The record of a run: row ``t`` holds the values after step ``t``; row 0 is the start.

    One thread appends rows and any thread may read. A row is valid only when ``length`` includes it; an interrupted
    write is overwritten. Returned arrays are views that do not change.

    Loss, learning rate and norm of the gradient are kept for every step. Points, gradients and the state of the
    optimizer are kept for every ``stride``-th step. The stride of short rows is 1 until they exceed their budget,
    ``ROW_BYTES`` or ``STATE_BYTES``; then it is doubled. Long rows, whose copies take time, begin with a stride of 8
    to 32. The steps between can be executed again from there.

    Attributes:
        length: the number of rows.
        changes: the changed hyperparameters, in order.
        since: the first step whose state is known: 0, or the step at which the run branches off another one.
        hits: the breakpoint hits, in order.
    """

    def __init__(self, x: Array, loss: float, gradient: Array, state: Mapping[str, Any]) -> None:
        rows = Group({"x": np.shape(x), "gradient": np.shape(x)}, initial_stride(16 * np.size(x)), ROW_BYTES)
        rows.write(0, [x[None], gradient[None]])
        self._loss, self._rate, self._norm = (Column(()) for _ in range(3))
        self._loss.write(0, [loss])
        self._rate.write(0, [np.nan])
        self._norm.write(0, norms(gradient[None]))
        self._begin(Moment(0, x, gradient, tuple(state.values())), rows, state)

    def _begin(self, first: Moment, rows: Group, state: Iterable[str]) -> None:
        self._first = self._newest = first
        self.since, self.length = first.step, first.step + 1
        self._names = tuple(state)
        self._groups = rows, self._states(rows, [np.asarray(value, dtype=float) for value in first.state])
        self.changes: list[Change] = []
        self.hits: list[Hit] = []

    def _states(self, rows: Group, values: Sequence[Array]) -> Group:
        """Return columns for the state with its initial values; its stride is at least that of the rows."""
        stride = max(rows.stride, initial_stride(sum(value.nbytes for value in values)))
        shapes = {name: value.shape for name, value in zip(self._names, values, strict=True)}
        group = Group(shapes, stride, STATE_BYTES, self.since)
        group.write(self.since, [value[None] for value in values])
        return group

    def continued(self, newest: Moment, state: Iterable[str], loss: float) -> Trace:
        """Return a trace that begins with rows 0 … ``newest.step`` of this one.

        Args:
            newest: the values after the last of these rows; the gradient may be that of another function.
            state: the names of the state of the optimizer.
            loss: the loss after the last of these rows.
        """
        step, end = newest.step, newest.step + 1
        other = Trace.__new__(Trace)
        other._loss, other._rate, other._norm = (Column(()) for _ in range(3))
        for mine, its in ((other._loss, self._loss), (other._rate, self._rate), (other._norm, self._norm)):
            mine.write(0, its.rows[:end])
        rows = self._groups[0].first_steps(end)
        rows.write(step, [newest.x[None], newest.gradient[None]])
        other._begin(newest, rows, state)
        other._loss.rows[step], other._norm.rows[step] = loss, norms(newest.gradient[None])[0]
        other.changes = [change for change in self.changes if change.step <= step]
        other.hits = [hit for hit in self.hits if hit.step <= step]
        return other

    def append(self, x: Rows, loss: Array, gradient: Rows, rate: Array, state: Iterable[Rows]) -> None:
        """Append ``k`` rows: ``x`` (k, n), ``loss`` (k,), ``gradient`` (k, n), ``rate`` (k,), ``state`` (k, …) each.

        Rows are an array or a list of arrays; rows that are not kept are not copied.

        Raises:
            ValueError: the shape of the state has changed.
        """
        start = self.length
        rows, states = self._groups
        blocks = list(state)
        if start - self.since == 1 and any(
            column.shape != row_of(block) for column, block in zip(states.columns.values(), blocks, strict=True)
        ):
            # An initial value such as m=0.0 is broadcast to the shape of the first step.
            began = zip(self._first.state, blocks, strict=True)
            states = self._states(rows, [np.broadcast_to(np.asarray(a, dtype=float), row_of(b)) for a, b in began])
            self._groups = rows, states
        for (name, column), block in zip(states.columns.items(), blocks, strict=True):
            if column.shape != row_of(block):  # writing would broadcast a smaller array
                raise ValueError(f"{name} had shape {column.shape} and now has {row_of(block)}")
        rows.write(start, [x, gradient])
        states.write(start, blocks)
        self._loss.write(start, loss)
        self._rate.write(start, rate)
        self._norm.write(start, norms(gradient))
        if start == 1:
            self._rate.rows[0] = rate[0]
        before = x[-2] if len(x) > 1 else self._newest.x
        end = start + len(x)
        # A reader that has read the length finds its rows, in these columns or in sparser ones.
        carried = tuple(_frozen(block[-1]) for block in blocks)
        self._newest = Moment(end - 1, _frozen(x[-1]), _frozen(gradient[-1]), carried, before)
        self.length = end
        while states.is_over(end) or states.stride < rows.stride:
            states = states.halved(end)
            self._groups = rows, states
        while rows.is_over(end):
            rows = rows.halved(end)
            if states.stride < rows.stride:
                states = states.halved(end)
            self._groups = rows, states

    def __len__(self) -> int:
        return self.length

    def _valid(self, column: Column) -> Array:
        length = self.length  # read before the rows, which a longer array may replace at any time
        return column.rows[:length]

    @property
    def rows(self) -> StoredRows:
        """The points and gradients that are kept, with their steps."""
        length, (rows, _) = self.length, self._groups
        return StoredRows(rows.stride, *rows.until(length))

    @property
    def x(self) -> Array:
        """The points of the steps ``kept``, shape (k, n)."""
        return self.rows.x

    @property
    def gradient(self) -> Array:
        """The gradients at the points ``x``, shape (k, n)."""
        return self.rows.gradient

    @property
    def kept(self) -> NDArray[np.int64]:
        """The steps whose points and gradients are kept, shape (k,)."""
        return self.rows.steps

    @property
    def row_stride(self) -> int:
        """The stride of points and gradients; usually 1."""
        return self._groups[0].stride

    @property
    def newest(self) -> Moment:
        """The values after the last step, even if its row is not kept."""
        return self._newest

    @property
    def last(self) -> Array:
        """The newest point, shape (n,)."""
        return self._newest.x

    @property
    def loss(self) -> Array:
        """The loss after each step, shape (length,)."""
        return self._valid(self._loss)

    @property
    def gradient_norm(self) -> Array:
        """The Euclidean norm of the gradient after each step, shape (length,)."""
        return self._valid(self._norm)

    @property
    def rate(self) -> Array:
        """The learning rate of the step to each row, shape (length,); row 0 has that of step 1; NaN for none."""
        return self._valid(self._rate)

    @property
    def state(self) -> dict[str, Array]:
        """The state of the optimizer after every ``stride``-th step, shape (k, …) for each name."""
        return self.states[1]

    @property
    def states(self) -> tuple[int, dict[str, Array]]:
        """The stride and the state, consistent while the trace grows."""
        length, (_, states) = self.length, self._groups
        return states.stride, dict(zip(self._names, states.until(length), strict=True))

    @property
    def stride(self) -> int:
        """The stride of the state; usually 1."""
        return self._groups[1].stride

    def row(self, step: int) -> tuple[Array, Array] | None:
        """Return point and gradient after a step, read-only; None if they are not kept."""
        for moment in (self._newest, self._first):
            if moment.step == step:
                return moment.x, moment.gradient
        found = self._groups[0].at(step)
        return None if found is None else (found[0], found[1])

    def point(self, step: int) -> Array | None:
        """Return the point after a step, shape (n,), read-only; None if it is not kept."""
        newest = self._newest
        if step == newest.step - 1 and newest.before is not None:
            return newest.before
        row = self.row(step)
        return row and row[0]

    def state_after(self, step: int) -> tuple[Any, ...] | None:
        """Return the state of the optimizer after a step; None if it is not kept."""
        kept, _, state = self.checkpoint(step)
        return state if kept == step else None

    def checkpoint(self, step: int) -> tuple[int, Array, tuple[Any, ...]]:
        """Return the last step up to ``step`` with a stored point and state, and these; it is at least ``since``."""
        newest, first, (rows, states) = self._newest, self._first, self._groups
        if step == newest.step:
            return step, newest.x, newest.state
        kept = step // states.stride * states.stride
        x, state = rows.at(kept), states.at(kept)
        if kept <= self.since or x is None or state is None:
            return first.step, first.x, first.state
        return kept, x[0], state

    @property
    def nbytes(self) -> int:
        """The bytes of the record."""
        return self.scalar_bytes + sum(group.nbytes(self.length) for group in self._groups)

    @property
    def scalar_bytes(self) -> int:
        """The bytes of loss, rate and norm, which are kept for every step."""
        return sum(column.row_bytes for column in (self._loss, self._rate, self._norm)) * self.length

    @property
    def budget(self) -> int:
        """The maximum bytes of points, gradients and state; beyond it fewer rows are kept."""
        return ROW_BYTES + (STATE_BYTES if self._names else 0)
