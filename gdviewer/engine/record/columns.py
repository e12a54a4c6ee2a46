"""Columns of a record: rows with room to grow, of which every so many are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array

Rows = Array | Sequence[Array]  # (k, …), as an array or, where rows are long, one by one

LONG = 2**12  # bytes of a row that is rather looked at by itself than copied beside others
_FLOAT64 = np.dtype(np.float64)
_GROWTH = 2  # so a row is copied once or twice in all; room that is not written to yet takes no memory
_FIRST_BYTES = 2**16  # a column begins with room for so much, or for one row and the next
_SLACK_BYTES = 2**23  # what may be written past a budget before it is seen
_RECORDED = 2**10  # bytes a step that are recorded of what is long, about: memory that is new to a process is dear …
_SPARSEST = 32  # … but so many steps at most are executed again for one that is not kept, as long as there is room


def together(rows: Sequence[Any]) -> Rows:
    """Rows of numbers as one array, or as they are where they are long arrays.

    Raises:
        TypeError, ValueError: they are not numbers, or not of one shape.
    """
    first = rows[0]
    if type(first) is np.ndarray and first.nbytes >= LONG:
        form = (first.shape, _FLOAT64)
        if all(type(row) is np.ndarray and (row.shape, row.dtype) == form for row in rows):
            return rows
    return np.array(rows).astype(float, copy=False)  # to say float at once takes a third longer


def row_of(rows: Rows) -> tuple[int, ...]:
    """The shape of a row."""
    return np.shape(rows[0])


def sparing(nbytes: int) -> int:
    """How many steps apart rows of so many bytes are kept from the beginning, so that copying them costs little."""
    return 1 if nbytes < 2 * LONG else min(1 << (nbytes // _RECORDED).bit_length() - 1, _SPARSEST)


class Column:
    """Rows with room to grow; how many of them are valid, others know. Views of them stay valid while it grows.

    Args:
        shape: of a row.
        budget: the bytes that it may come to take; a column of long rows gets them at once, as the system gives only
            those that are written to, and is not copied while it grows.
    """

    def __init__(self, shape: tuple[int, ...], budget: int = 0) -> None:
        self.shape, self.row_bytes = shape, 8 * math.prod(shape)
        size = max(self.row_bytes, 1)
        self.is_long = size >= LONG and budget > 0
        room = (budget + _SLACK_BYTES) // size + 2 if self.is_long else min(max(_FIRST_BYTES // size, 2), 64)
        self.rows: Array = np.empty((room, *shape))

    def write(self, start: int, block: Rows | Sequence[float]) -> None:
        """Write rows of shape ``(k, …)`` from row ``start`` on."""
        end = start + len(block)
        if end > len(self.rows):
            grown = np.empty((max(end, _GROWTH * len(self.rows)), *self.shape))
            grown[:start] = self.rows[:start]
            self.rows = grown
        if self.is_long:
            for place, row in enumerate(block, start):
                self.rows[place] = row
        else:
            self.rows[start:end] = block


class Group:
    """Columns of which the rows of steps 0, stride, 2·stride, … are kept, as far as these are from ``since`` on.

    One that keeps fewer of them is another group, so that any thread reads the one or the other.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], stride: int, budget: int, since: int = 0) -> None:
        total = sum(math.prod(shape) for shape in shapes.values()) or 1
        self.columns = {name: Column(shape, budget * math.prod(shape) // total) for name, shape in shapes.items()}
        self.stride, self._budget, self._since = stride, budget, since
        self._first = -(-since // stride)  # the place, in strides, of the first row

    def _count(self, length: int) -> int:
        """How many rows are kept of steps 0 … length − 1."""
        return max(0, -(-length // self.stride) - self._first)

    def write(self, step: int, blocks: Iterable[Rows]) -> None:
        """Write what holds after steps ``step`` and on: for each column rows (k, …), of which some are kept."""
        place = -(-step // self.stride)
        for column, block in zip(self.columns.values(), blocks, strict=True):
            column.write(place - self._first, block[place * self.stride - step :: self.stride])

    def until(self, length: int) -> list[Array]:
        """The rows kept of steps 0 … length − 1, for each column."""
        count = self._count(length)
        return [column.rows[:count] for column in self.columns.values()]

    def at(self, step: int) -> tuple[Array, ...] | None:
        """What holds after a step, read-only; None where it is not kept."""
        if step % self.stride or step < self._since:
            return None
        found = tuple(column.rows[step // self.stride - self._first] for column in self.columns.values())
        for row in found:
            if row.ndim:
                row.setflags(write=False)
        return found

    def is_over(self, length: int) -> bool:
        """Whether it takes more than its budget, and can do with less."""
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
        """Another group that keeps every other row of steps 0 … length − 1."""
        return self._copied(2 * self.stride, length)

    def first_steps(self, length: int) -> Group:
        """Another group with the rows of steps 0 … length − 1, to go on from there."""
        return self._copied(self.stride, length)

    def nbytes(self, length: int) -> int:
        """Bytes that the rows kept of steps 0 … length − 1 take; the room to grow is not written to yet."""
        return self._count(length) * sum(column.row_bytes for column in self.columns.values())
