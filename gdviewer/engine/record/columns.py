"""Columns of a record: growing arrays of rows, of which every ``stride``-th is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array

Rows = Array | Sequence[Array]  # shape (k, …), as an array, or as a list of long rows

LONG = 2**12  # bytes of a row that is handled by itself instead of being copied into an array
_FLOAT64 = np.dtype(np.float64)
_GROWTH = 2  # a row is copied once or twice in total; reserved memory that is not written uses none
_FIRST_BYTES = 2**16  # initial size of a column, at least two rows
_SLACK_BYTES = 2**23  # bytes that may be written beyond the budget before it is checked
_RECORDED = 2**10  # approximate bytes per step that are recorded of long rows, as new memory is slow …
_MAX_STRIDE = 32  # … but at most this number of steps is executed again for a row that is not kept


def together(rows: Sequence[Any]) -> Rows:
    """Return rows of numbers as one array; long rows are returned as they are.

    Raises:
        TypeError, ValueError: the rows are not numbers, or have different shapes.
    """
    first = rows[0]
    if type(first) is np.ndarray and first.nbytes >= LONG:
        form = (first.shape, _FLOAT64)
        if all(type(row) is np.ndarray and (row.shape, row.dtype) == form for row in rows):
            return rows
    return np.array(rows).astype(float, copy=False)  # np.array(rows, float) takes a third longer


def row_of(rows: Rows) -> tuple[int, ...]:
    """Return the shape of a row."""
    return np.shape(rows[0])


def initial_stride(nbytes: int) -> int:
    """Return the initial stride for rows of this number of bytes, such that copying them costs little."""
    return 1 if nbytes < 2 * LONG else min(1 << (nbytes // _RECORDED).bit_length() - 1, _MAX_STRIDE)


class Column:
    """A growing array of rows. The owner stores the number of valid rows. Views stay valid while it grows.

    Args:
        shape: the shape of a row.
        budget: the maximum number of bytes. A column of long rows reserves them at once and is never copied; the
            operating system only provides memory that is written.
    """

    def __init__(self, shape: tuple[int, ...], budget: int = 0) -> None:
        self.shape, self.row_bytes = shape, 8 * math.prod(shape)
        size = max(self.row_bytes, 1)
        self.is_long = size >= LONG and budget > 0
        capacity = (budget + _SLACK_BYTES) // size + 2 if self.is_long else min(max(_FIRST_BYTES // size, 2), 64)
        self.rows: Array = np.empty((capacity, *shape))

    def write(self, start: int, block: Rows | Sequence[float]) -> None:
        """Write rows of shape (k, …) at row ``start``."""
        end = start + len(block)
        if end > len(self.rows):
            grown = np.empty((max(end, _GROWTH * len(self.rows)), *self.shape))
            grown[:start] = self.rows[:start]
            self.rows = grown
        if self.is_long:
            for index, row in enumerate(block, start):
                self.rows[index] = row
        else:
            self.rows[start:end] = block


class Group:
    """Columns with the rows of steps 0, stride, 2·stride, … that are not before ``since``.

    A larger stride makes a new group, so that another thread reads either the old or the new one.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], stride: int, budget: int, since: int = 0) -> None:
        total = sum(math.prod(shape) for shape in shapes.values()) or 1
        self.columns = {name: Column(shape, budget * math.prod(shape) // total) for name, shape in shapes.items()}
        self.stride, self._budget, self._since = stride, budget, since
        self._first = -(-since // stride)  # the number of the first row, counted in strides

    def _count(self, length: int) -> int:
        """Return the number of rows kept for steps 0 … length − 1."""
        return max(0, -(-length // self.stride) - self._first)

    def write(self, step: int, blocks: Iterable[Rows]) -> None:
        """Write the rows from step ``step``, shape (k, …) for each column; every ``stride``-th is kept."""
        index = -(-step // self.stride)
        for column, block in zip(self.columns.values(), blocks, strict=True):
            column.write(index - self._first, block[index * self.stride - step :: self.stride])

    def until(self, length: int) -> list[Array]:
        """Return the rows kept for steps 0 … length − 1, for each column."""
        count = self._count(length)
        return [column.rows[:count] for column in self.columns.values()]

    def at(self, step: int) -> tuple[Array, ...] | None:
        """Return the rows after a step, read-only; None if they are not kept."""
        if step % self.stride or step < self._since:
            return None
        found = tuple(column.rows[step // self.stride - self._first] for column in self.columns.values())
        for row in found:
            if row.ndim:
                row.setflags(write=False)
        return found

    def is_over(self, length: int) -> bool:
        """Return True if the group exceeds its budget and can be reduced."""
        return self._count(length) > 2 and self.nbytes(length) > self._budget

    def _copied(self, stride: int, length: int) -> Group:
        shapes = {name: column.shape for name, column in self.columns.items()}
        other = Group(shapes, stride, self._budget, self._since)
        step = stride // self.stride
        rows = slice(other._first * step - self._first, self._count(length), step)
        for mine, its in zip(other.columns.values(), self.columns.values(), strict=True):
            mine.write(0, its.rows[rows])
        return other

    def halved(self, length: int) -> Group:
        """Return a group with every other row of steps 0 … length − 1."""
        return self._copied(2 * self.stride, length)

    def first_steps(self, length: int) -> Group:
        """Return a group with the rows of steps 0 … length − 1."""
        return self._copied(self.stride, length)

    def nbytes(self, length: int) -> int:
        """Return the bytes of the rows kept for steps 0 … length − 1, without reserved memory."""
        return self._count(length) * sum(column.row_bytes for column in self.columns.values())
