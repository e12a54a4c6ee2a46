"""The record of a run: append-only columns with a row a step, or for every few steps where rows are long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.record.columns import Column, Group, Rows, row_of, sparing
from gdviewer.engine.record.events import Change, Hit
from gdviewer.engine.rules.oracle import Array

_ALONE = 8192
ROW_BYTES = 2**28  # points and gradients that take more are kept for every other step, then every fourth, …
STATE_BYTES = 2**28  # and so is what the optimizer carries, such as BFGS's matrix in many dimensions


def _square(row: Array) -> Any:
    """The sum of squares; of a vector so long that ``dot`` would share it among threads, which may have to wait, not by
    that."""
    return row.dot(row) if len(row) < _ALONE else np.einsum("i,i->", row, row)


def norms(rows: Rows) -> Array:
    """The Euclidean norm of each row, (k,), of rows (k, n) of numbers of any size."""
    with np.errstate(all="ignore"):
        if not isinstance(rows, np.ndarray):  # no row is copied; sums of products round as they may
            found: Array = np.sqrt([_square(row) for row in rows])
            odd = np.flatnonzero(~np.isfinite(found)).tolist()
            if odd:
                found[odd] = norms(np.array([rows[i] for i in odd]))
            return found
        found = np.asarray(np.linalg.norm(rows, axis=1))
        if (vast := np.isinf(found)).any():  # their squares are, which need not be said of themselves
            largest = np.abs(rows[vast]).max(axis=1)
            shares = np.linalg.norm(rows[vast] / largest[:, None], axis=1)
            found[vast] = np.where(np.isfinite(largest), largest * shares, largest)
    return found


class Kept(NamedTuple):
    """The rows that are kept of points and gradients, all of one time though the trace may be growing.

    Attributes:
        stride: they are those of steps 0, stride, 2·stride, …
        x, gradient: (k, n).
    """

    stride: int
    x: Array
    gradient: Array

    @property
    def steps(self) -> NDArray[np.int64]:
        """The number of the step of each, (k,)."""
        return np.arange(len(self.x)) * self.stride


class Moment(NamedTuple):
    """All that the next step needs, and the point a step before, where that is known."""

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
    """The record of a run: row ``t`` is what held after step ``t``; row 0 is the start.

    One thread appends, any may read: a row counts only once ``length`` says so, and one whose writing was interrupted
    is written over. Arrays returned are views, which stay as they are.

    Loss, learning rate and norm of the gradient are kept for every step. The points, the gradients, and what the
    optimizer carries are kept for every ``stride``-th step: short rows for each until they take more than their
    budget, ``ROW_BYTES`` and ``STATE_BYTES``; from then on for every other, and so on. Long rows, which take time to
    copy, are kept for every eighth to 32nd from the beginning. The steps between can be executed again from there.

    Attributes:
        changes: the hyperparameters moved on the way, in order.
        since: the first step whose state is known: 0, or the step after which the run left the one it continues.
        hits: the breakpoints hit, in order; they stay when the run goes on.
    """

    def __init__(self, x: Array, loss: float, gradient: Array, state: Mapping[str, Any]) -> None:
        rows = Group({"x": np.shape(x), "gradient": np.shape(x)}, sparing(16 * np.size(x)), ROW_BYTES)
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
        """Columns for the state, with what it begins with in them; kept no more often than the rows are."""
        stride = max(rows.stride, sparing(sum(value.nbytes for value in values)))
        shapes = {name: value.shape for name, value in zip(self._names, values, strict=True)}
        group = Group(shapes, stride, STATE_BYTES, self.since)
        group.write(self.since, [value[None] for value in values])
        return group

    def continued(self, newest: Moment, state: Iterable[str], loss: float) -> Trace:
        """Another trace that begins with rows 0 … ``newest.step`` of this one.

        Args:
            newest, loss: what held after the last of them, in which loss and gradient are another's where what is
                minimised is another function from there on.
            state: the names of what the optimizer carries.
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

        Rows may be an array or a list of arrays, which are not copied where they are not kept.
        """
        start = self.length
        rows, states = self._groups
        blocks = list(state)
        if start - self.since == 1 and any(
            column.shape != row_of(block) for column, block in zip(states.columns.values(), blocks, strict=True)
        ):
            # An initial value such as m=0.0 stands for an array of that value; the first step shows its shape.
            began = zip(self._first.state, blocks, strict=True)
            states = self._states(rows, [np.broadcast_to(np.asarray(a, dtype=float), row_of(b)) for a, b in began])
            self._groups = rows, states
        for (name, column), block in zip(states.columns.items(), blocks, strict=True):
            if column.shape != row_of(block):  # writing would repeat what is too small
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
        # Whoever has read the length finds the rows before it, in the columns of now or in sparser ones.
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
        length = self.length  # read before the rows, which may be replaced by longer ones at any time
        return column.rows[:length]

    @property
    def rows(self) -> Kept:
        """The points and gradients that are kept, with the numbers of their steps."""
        length, (rows, _) = self.length, self._groups
        return Kept(rows.stride, *rows.until(length))

    @property
    def x(self) -> Array:
        """The points kept, (k, n): those of all steps, or of the steps ``kept``."""
        return self.rows.x

    @property
    def gradient(self) -> Array:
        """The gradients at the points kept, (k, n)."""
        return self.rows.gradient

    @property
    def kept(self) -> NDArray[np.int64]:
        """The numbers of the steps whose points and gradients are kept, (k,)."""
        return self.rows.steps

    @property
    def row_stride(self) -> int:
        """Points and gradients are kept for every so many steps; mostly 1."""
        return self._groups[0].stride

    @property
    def newest(self) -> Moment:
        """What holds after the last step, whether it is kept or not."""
        return self._newest

    @property
    def last(self) -> Array:
        """The newest point, (n,)."""
        return self._newest.x

    @property
    def loss(self) -> Array:
        """The loss at each point, (length,)."""
        return self._valid(self._loss)

    @property
    def gradient_norm(self) -> Array:
        """The Euclidean norm of the gradient at each point, (length,)."""
        return self._valid(self._norm)

    @property
    def rate(self) -> Array:
        """The learning rate of the step to each row, (length,); at the start that of the first step; NaN for none."""
        return self._valid(self._rate)

    @property
    def state(self) -> dict[str, Array]:
        """The optimizer's state where it is kept: (k, …) for each name, after every ``stride``-th step."""
        return self.states[1]

    @property
    def states(self) -> tuple[int, dict[str, Array]]:
        """The stride and the state, both of one time though the trace may be growing."""
        length, (_, states) = self.length, self._groups
        return states.stride, dict(zip(self._names, states.until(length), strict=True))

    @property
    def stride(self) -> int:
        """The state is kept for every so many steps; mostly 1."""
        return self._groups[1].stride

    def row(self, step: int) -> tuple[Array, Array] | None:
        """Point and gradient after a step, read-only; None where they are not kept."""
        for moment in (self._newest, self._first):
            if moment.step == step:
                return moment.x, moment.gradient
        found = self._groups[0].at(step)
        return None if found is None else (found[0], found[1])

    def point(self, step: int) -> Array | None:
        """The point after a step, (n,), read-only; None where it is not kept."""
        newest = self._newest
        if step == newest.step - 1 and newest.before is not None:
            return newest.before
        row = self.row(step)
        return row and row[0]

    def state_after(self, step: int) -> tuple[Any, ...] | None:
        """The optimizer's state after a step; None where it is not kept."""
        kept, _, state = self.checkpoint(step)
        return state if kept == step else None

    def checkpoint(self, step: int) -> tuple[int, Array, tuple[Any, ...]]:
        """The last step up to ``step``, which is ``since`` or later, after which both the point and the state are kept,
        and these."""
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
        """Bytes that the record takes."""
        return self.scalar_bytes + sum(group.nbytes(self.length) for group in self._groups)

    @property
    def scalar_bytes(self) -> int:
        """Bytes of the loss, rate and norm, which are kept for every step, however many there are."""
        return sum(column.row_bytes for column in (self._loss, self._rate, self._norm)) * self.length

    @property
    def budget(self) -> int:
        """Bytes that points, gradients and state may take: with more, fewer of their rows are kept."""
        return ROW_BYTES + (STATE_BYTES if self._names else 0)
