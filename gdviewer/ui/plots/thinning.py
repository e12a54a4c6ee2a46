"""What is drawn of a long trace: a few thousand points that look like all of it, kept up at a cost per new row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LARGEST = 1e150  # beyond this a drawn coordinate would overflow in a path's length


class PathThinner:
    """Keeps the rows of a path that are some distance along it apart; the distance doubles when there are too many.

    Early long moves stay whole; a million tiny moves become a few thousand points. Up to ``most`` rows all are kept.
    """

    def __init__(self, resolution: float, most: int = 4000) -> None:
        self._most = most
        self._spacing = resolution
        self._rows = np.empty(0, dtype=np.int64)
        self._marks = np.empty(0)  # distance along the path at each kept row
        self._seen = 0
        self._length = 0.0
        self._last: Array | None = None

    def update(self, x: Array) -> NDArray[np.int64]:
        """Take in the rows that are new in ``x`` (length, n), and return the indices of those to draw."""
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
                if keep.all():  # every move is longer than the spacing: every other row has to do
                    keep[1::2] = False
                self._rows, self._marks = self._rows[keep], self._marks[keep]
        return self._rows


def visible(points: Array, low: Array, high: Array, pixel: Array, most: int = 600) -> NDArray[np.bool_]:
    """Which points of a path (k, n) to draw in a view from ``low`` to ``high`` (n,): those some pixels apart along it.

    What lies outside counts as lying on the view's edge, so that a path is fine where it is seen, at every zoom, and
    coarse elsewhere.
    """
    if len(points) < 2:
        return np.ones(len(points), dtype=bool)
    moves = np.abs(np.diff(np.clip(points, low, high) / pixel, axis=0)).sum(axis=1)
    along = np.concatenate([[0.0], np.cumsum(moves)])
    spacing = 1.5
    while True:
        keep = np.diff(np.floor(along / spacing), prepend=-1.0) != 0
        keep[:-1] |= moves > spacing  # both ends of a long move
        if np.count_nonzero(keep) <= most:
            return keep
        if spacing > moves.max():  # nothing is left to join: the path fills the view
            keep[np.flatnonzero(keep)[1::2]] = False
            return keep
        spacing *= 2


class Pyramid:
    """Minimum and maximum of a column over 16, 32, 64 … rows, so that any stretch is drawn from few values."""

    BASE, FACTOR = 16, 2

    def __init__(self) -> None:
        self._levels: list[tuple[Growing, Growing]] = []

    @property
    def levels(self) -> int:
        """How many levels there are: 0 for a short column."""
        return len(self._levels)

    def level(self, index: int) -> tuple[Array, Array]:
        """The minima and the maxima over ``BASE * FACTOR**index`` rows each, as far as such stretches are full."""
        low, high = self._levels[index]
        return low.values, high.values

    def update(self, column: Array) -> None:
        """Take in the rows that are new in ``column`` (length,)."""
        size = self.BASE
        source_low = source_high = column
        factor = self.BASE
        for level in range(48):
            if level == len(self._levels):
                if len(column) < 4 * size:
                    return
                self._levels.append((Growing(), Growing()))
            low, high = self._levels[level]
            begin, end = len(low), len(source_low) // factor
            if end > begin:
                rows = slice(begin * factor, end * factor)
                low.extend(np.fmin.reduce(source_low[rows].reshape(-1, factor), axis=1))
                high.extend(np.fmax.reduce(source_high[rows].reshape(-1, factor), axis=1))
            source_low, source_high = low.values, high.values
            factor, size = self.FACTOR, size * self.FACTOR

    def _stretches(self, column: Array, first: int, last: int, size: int) -> tuple[Array, Array, int, int]:
        """Minimum and maximum of each full stretch of ``size`` rows, and the numbers of the first and the one after the
        last of them; short stretches are looked through, as there are few of them wherever they are asked for."""
        begin, end = first // size, last // size
        if size < self.BASE:
            rows = column[begin * size : end * size].reshape(-1, size)
            return np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1), begin, end
        low, high = self.level((size // self.BASE).bit_length() - 1)
        end = min(end, len(low))
        return low[begin:end], high[begin:end], begin, end

    def envelope(self, column: Array, first: int, last: int, most: int = 500) -> tuple[Array, Array]:
        """Steps and values to draw rows ``first … last`` of ``column``: all of them, or each stretch's low and high."""
        first, last = max(first, 0), min(last, len(column) - 1)
        size = 1
        while (last - first) // size > most:
            size *= self.FACTOR
        if size == 1:
            return np.arange(first, last + 1, dtype=float), column[first : last + 1]
        low, high, begin, end = self._stretches(column, first, last, size)
        starts = np.arange(begin, end) * size
        ends = starts + size - 1
        steps = np.column_stack([starts, ends]).ravel().astype(float)
        falls = column[starts] > column[ends]  # then the high comes first, so that a straight line stays one
        first_of, second_of = np.where(falls, (high, low), (low, high))
        values = np.column_stack([first_of, second_of]).ravel()
        tail = np.arange(end * size, last + 1, max(1, (last + 1 - end * size) // 32))
        tail = np.append(tail, last) if not len(tail) or tail[-1] != last else tail
        return np.concatenate([steps, tail]), np.concatenate([values, column[tail]])


class Nearest:
    """Finds the row of a path that is nearest to a point, exactly, by boxes around 16, 32, 64 … rows."""

    def __init__(self) -> None:
        self._sides = Pyramid(), Pyramid()

    def find(self, path: tuple[Array, Array], at: tuple[float, float], unit: tuple[float, float]) -> tuple[int, float]:
        """The nearest row of a path, or one of those that are equally near, and its distance.

        Args:
            path: the coordinates of all rows, (length,) each; new ones are taken in.
            unit: what counts as a distance of one along each coordinate.
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
            best = min(best, float(most.min()))  # so near some row is at least
            kept = least < best
            kept[most.argmin()] = True  # of those where it can't get nearer, one will do
            boxes, above = boxes[kept], count
        base = Pyramid.BASE
        rest = np.arange(base * above, len(path[0]))
        rows = np.concatenate([(base * boxes[:, None] + np.arange(base)).ravel(), rest])
        squares = sum(((column[rows] - x) / size) ** 2 for column, x, size in zip(path, at, unit, strict=True))
        first = int(np.where(np.isfinite(squares), squares, np.inf).argmin())
        return int(rows[first]), float(np.sqrt(squares[first]))


def distance_to_line(points: Array) -> float:
    """How near the line through points (k, 2) comes to the origin."""
    if len(points) < 2:
        return float(np.linalg.norm(points, axis=1).min()) if len(points) else np.inf
    starts, moves = points[:-1], np.diff(points, axis=0)
    lengths = (moves**2).sum(axis=1)
    with np.errstate(all="ignore"):
        share = np.clip(np.where(lengths > 0, -(starts * moves).sum(axis=1) / lengths, 0.0), 0.0, 1.0)
        distances = np.linalg.norm(starts + share[:, None] * moves, axis=1)
    return float(np.where(np.isfinite(distances), distances, np.inf).min())


class Growing:
    """Numbers that are appended to."""

    def __init__(self) -> None:
        self._room = np.empty(256)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, more: NDArray[np.floating[Any] | np.integer[Any]]) -> None:
        """Append ``more`` (k,)."""
        end = self._length + len(more)
        if end > len(self._room):
            self._room = np.resize(self._room, max(end, 2 * len(self._room)))
        self._room[self._length : end] = more
        self._length = end

    @property
    def values(self) -> Array:
        """A view of all of them."""
        return self._room[: self._length]
