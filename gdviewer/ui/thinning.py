"""What is drawn of a long trace: a few thousand points that look like all of it, kept up at a cost per new row."""

from __future__ import annotations

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

    _BASE, _FACTOR = 16, 2

    def __init__(self) -> None:
        self._levels: list[tuple[Growing, Growing]] = []

    def update(self, column: Array) -> None:
        """Take in the rows that are new in ``column`` (length,)."""
        size = self._BASE
        source_low = source_high = column
        factor = self._BASE
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
            factor, size = self._FACTOR, size * self._FACTOR

    def envelope(self, column: Array, first: int, last: int, most: int = 500) -> tuple[Array, Array]:
        """Steps and values to draw rows ``first … last`` of ``column``: all of them, or each stretch's low and high."""
        first, last = max(first, 0), min(last, len(column) - 1)
        size, level = 1, -1
        while (last - first) // size > most and level + 1 < len(self._levels):
            level += 1
            size = self._BASE * self._FACTOR**level
        if level < 0:
            return np.arange(first, last + 1, dtype=float), column[first : last + 1]
        low, high = (part.values for part in self._levels[level])
        begin, end = first // size, min(last // size, len(low))
        starts = np.arange(begin, end) * size
        ends = starts + size - 1
        steps = np.column_stack([starts, ends]).ravel().astype(float)
        falls = column[starts] > column[ends]  # then the high comes first, so that a straight line stays one
        first_of, second_of = np.where(falls, (high[begin:end], low[begin:end]), (low[begin:end], high[begin:end]))
        values = np.column_stack([first_of, second_of]).ravel()
        tail = np.arange(end * size, last + 1, max(1, (last + 1 - end * size) // 32))
        tail = np.append(tail, last) if not len(tail) or tail[-1] != last else tail
        return np.concatenate([steps, tail]), np.concatenate([values, column[tail]])


class Growing:
    """Numbers that are appended to."""

    def __init__(self) -> None:
        self._room = np.empty(256)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, more: Array) -> None:
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
