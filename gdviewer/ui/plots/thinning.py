"""Thinning of long traces: a few thousand points that look like the whole trace, updated at a cost per new row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LARGEST = 1e150  # a larger coordinate would overflow in the length of a path


class PathThinner:
    """Keeps rows of a path at a minimum distance along it; the distance doubles when there are more than ``most`` rows.

    Long moves at the beginning are kept; a million tiny moves become a few thousand points.

    Args:
        resolution: the first distance between rows that are kept.
        most: maximum of rows that are kept.
    """

    def __init__(self, resolution: float, most: int = 4000) -> None:
        self._most = most
        self._spacing = resolution
        self._rows = np.empty(0, dtype=np.int64)
        self._marks = np.empty(0)  # distance along the path at each row that is kept
        self._seen = 0
        self._length = 0.0
        self._last: Array | None = None

    def update(self, x: Array) -> NDArray[np.int64]:
        """Add the new rows of ``x``, shape (length, n), and return the indices of the rows to draw."""
        fresh = np.clip(x[self._seen :], -_LARGEST, _LARGEST)
        if len(fresh):
            before = fresh[:1] if self._last is None else self._last
            moves = np.linalg.norm(np.diff(fresh, axis=0, prepend=before), axis=1)
            along = self._length + np.cumsum(moves)
            crossed = np.floor(along / self._spacing) != np.floor(
                np.concatenate([[self._length], along[:-1]]) / self._spacing
            )
            if self._last is None:
                crossed[0] = True
            self._rows = np.concatenate([self._rows, self._seen + np.flatnonzero(crossed)])
            self._marks = np.concatenate([self._marks, along[crossed]])
            self._length, self._last, self._seen = float(along[-1]), fresh[-1:], len(x)
            while len(self._rows) > self._most:
                self._spacing *= 2
                keep = np.diff(np.floor(self._marks / self._spacing), prepend=-1.0) != 0
                if keep.all():  # every move is longer than the spacing: keep every other row
                    keep[1::2] = False
                self._rows, self._marks = self._rows[keep], self._marks[keep]
        return self._rows


def visible(points: Array, low: Array, high: Array, pixel: Array, most: int = 600) -> NDArray[np.bool_]:
    """Select the points of a path to draw in a view: those a few pixels apart along it.

    Points outside count as points on the edge of the view, so that the path is fine inside it and coarse elsewhere.

    Args:
        points: the path, shape (k, n).
        low: lower bounds of the view, shape (n,).
        high: upper bounds of the view, shape (n,).
        pixel: size of a pixel, shape (n,).
        most: maximum of points to draw.

    Returns:
        A mask of the points to draw, shape (k,).
    """
    if len(points) < 2:
        return np.ones(len(points), dtype=bool)
    moves = np.abs(np.diff(np.clip(points, low, high) / pixel, axis=0)).sum(axis=1)
    along = np.concatenate([[0.0], np.cumsum(moves)])
    spacing = 1.5
    while True:
        keep: NDArray[np.bool_] = np.diff(np.floor(along / spacing), prepend=-1.0) != 0
        keep[:-1] |= moves > spacing  # both ends of a long move
        if np.count_nonzero(keep) <= most:
            return keep
        if spacing > moves.max():  # no two moves can be joined: the path fills the view
            keep[np.flatnonzero(keep)[1::2]] = False
            return keep
        spacing *= 2


class Pyramid:
    """Minima and maxima of a column over blocks of 16, 32, 64 … rows, so that any range is drawn from few values."""

    BASE, FACTOR = 16, 2

    def __init__(self) -> None:
        self._levels: list[tuple[GrowingArray, GrowingArray]] = []

    @property
    def levels(self) -> int:
        """Number of levels; 0 for a short column."""
        return len(self._levels)

    def level(self, index: int) -> tuple[Array, Array]:
        """Return the minima and the maxima of the complete blocks of ``BASE * FACTOR**index`` rows."""
        low, high = self._levels[index]
        return low.values, high.values

    def update(self, column: Array) -> None:
        """Add the new rows of ``column``, shape (length,)."""
        size = self.BASE
        source_low = source_high = column
        factor = self.BASE
        for level in range(48):
            if level == len(self._levels):
                if len(column) < 4 * size:
                    return
                self._levels.append((GrowingArray(), GrowingArray()))
            low, high = self._levels[level]
            begin, end = len(low), len(source_low) // factor
            if end > begin:
                rows = slice(begin * factor, end * factor)
                low.extend(np.fmin.reduce(source_low[rows].reshape(-1, factor), axis=1))
                high.extend(np.fmax.reduce(source_high[rows].reshape(-1, factor), axis=1))
            source_low, source_high = low.values, high.values
            factor, size = self.FACTOR, size * self.FACTOR

    def _blocks(self, column: Array, first: int, last: int, size: int) -> tuple[Array, Array, int, int]:
        """Return the minimum and maximum of each complete block of ``size`` rows between ``first`` and ``last``.

        Returns:
            The minima, the maxima, and the index of the first block and of the block after the last one.
        """
        begin, end = first // size, last // size
        if size < self.BASE:
            rows = column[begin * size : end * size].reshape(-1, size)
            return np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1), begin, end
        low, high = self.level((size // self.BASE).bit_length() - 1)
        end = min(end, len(low))
        return low[begin:end], high[begin:end], begin, end

    def envelope(self, column: Array, first: int, last: int, most: int = 500) -> tuple[Array, Array]:
        """Return steps and values that draw rows ``first … last`` of a column, shape (length,).

        These are all rows, or the minimum and maximum of each block if there are more than ``most``.
        """
        first, last = max(first, 0), min(last, len(column) - 1)
        size = 1
        while (last - first) // size > most:
            size *= self.FACTOR
        if size == 1:
            return np.arange(first, last + 1, dtype=float), column[first : last + 1]
        low, high, begin, end = self._blocks(column, first, last, size)
        starts = np.arange(begin, end) * size
        ends = starts + size - 1
        steps = np.column_stack([starts, ends]).ravel().astype(float)
        falls = column[starts] > column[ends]  # then the maximum comes first, so that a straight line stays straight
        first_of, second_of = np.where(falls, (high, low), (low, high))
        values = np.column_stack([first_of, second_of]).ravel()
        tail = np.arange(end * size, last + 1, max(1, (last + 1 - end * size) // 32))
        tail = np.append(tail, last) if not len(tail) or tail[-1] != last else tail
        return np.concatenate([steps, tail]), np.concatenate([values, column[tail]])


class Nearest:
    """Finds the row of a path that is nearest to a point: an exact search with boxes around 16, 32, 64 … rows."""

    def __init__(self) -> None:
        self._sides = Pyramid(), Pyramid()

    def find(self, path: tuple[Array, Array], at: tuple[float, float], unit: tuple[float, float]) -> tuple[int, float]:
        """Return the index of a nearest row of a path, and its distance.

        Args:
            path: the two coordinates of all rows, shape (length,) each; new rows are added to the boxes.
            at: the point.
            unit: length of the unit along each coordinate.
        """
        for side, column in zip(self._sides, path, strict=True):
            side.update(column)
        boxes, above, best = np.empty(0, dtype=np.int64), 0, np.inf
        for level in reversed(range(self._sides[0].levels)):
            ends = [side.level(level) for side in self._sides]
            count = len(ends[0][0])
            boxes = np.concatenate([(2 * boxes[:, None] + [0, 1]).ravel(), np.arange(2 * above, count)])
            least, most = np.zeros(len(boxes)), np.zeros(len(boxes))
            for (low, high), x, size in zip(ends, at, unit, strict=True):
                below, over = low[boxes] - x, x - high[boxes]
                least += (np.maximum(np.maximum(below, over), 0.0) / size) ** 2
                most += (np.minimum(below, over) / size) ** 2  # to the farther side
            best = min(best, float(most.min()))  # some row is at most this far away
            kept = least < best
            kept[most.argmin()] = True  # of boxes at an equal distance, one is enough
            boxes, above = boxes[kept], count
        base = Pyramid.BASE
        rest = np.arange(base * above, len(path[0]))
        rows = np.concatenate([(base * boxes[:, None] + np.arange(base)).ravel(), rest])
        squares = sum(((column[rows] - x) / size) ** 2 for column, x, size in zip(path, at, unit, strict=True))
        first = int(np.where(np.isfinite(squares), squares, np.inf).argmin())
        return int(rows[first]), float(np.sqrt(squares[first]))


def distance_to_line(points: Array) -> float:
    """Return the distance of the polyline through points, shape (k, 2), from the origin."""
    if len(points) < 2:
        return float(np.linalg.norm(points, axis=1).min()) if len(points) else np.inf
    starts, moves = points[:-1], np.diff(points, axis=0)
    lengths = (moves**2).sum(axis=1)
    with np.errstate(all="ignore"):
        share = np.clip(np.where(lengths > 0, -(starts * moves).sum(axis=1) / lengths, 0.0), 0.0, 1.0)
        distances = np.linalg.norm(starts + share[:, None] * moves, axis=1)
    return float(np.where(np.isfinite(distances), distances, np.inf).min())


class GrowingArray:
    """An array of numbers to which others can be appended."""

    def __init__(self) -> None:
        self._room = np.empty(256)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, more: NDArray[np.floating[Any] | np.integer[Any]]) -> None:
        """Append ``more``, shape (k,)."""
        end = self._length + len(more)
        if end > len(self._room):
            self._room = np.resize(self._room, max(end, 2 * len(self._room)))
        self._room[self._length : end] = more
        self._length = end

    @property
    def values(self) -> Array:
        """A view of all numbers, shape (length,)."""
        return self._room[: self._length]
