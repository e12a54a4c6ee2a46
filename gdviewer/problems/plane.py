"""A plane through a space of many dimensions, and a problem restricted to a plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.problem import Problem

_CHUNK = 1 << 16  # numbers of points evaluated at once; they fit in a processor's cache
_FITTED = 1 << 18  # maximum of numbers used to fit a plane to a path, which takes a few hundredths of a second
_WIDE = 1 << 12  # from this dimension on, a plane is fitted by the Gram matrix of a path's points, …
_FITTED_WIDE = 1 << 26  # … with this maximum of numbers, …
_PART = 1 << 21  # … of which this many are in memory at once


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane with its own coordinate system.

    Attributes:
        origin: the point with the plane coordinates (0, 0), shape (n,).
        directions: the two axes, shape (2, n); of length 1 and at right angles, unless there are ``duals``.
        names: names of the axes.
        shares: share of the path's variation explained by each axis, if the plane was fitted to a path: the sum of the
            squared distances from the last point along the axis, divided by that in all directions.
        duals: for axes of any length and angle, the vectors whose products with a vector are its plane coordinates,
            shape (2, n).
    """

    origin: Array
    directions: Array
    names: tuple[str, str]
    shares: tuple[float, float] | None = None
    duals: Array | None = None

    @classmethod
    def of_directions(cls, point: Array, directions: Array, names: tuple[str, str]) -> Self:
        """Return the plane through ``point``, (n,), along two directions, (2, n): the unit vectors of its axes."""
        products = np.einsum("in,jn->ij", directions, directions)
        return cls(point, directions, names, duals=np.einsum("ij,jn->in", np.linalg.inv(products), directions))

    @classmethod
    def of_coordinates(cls, point: ArrayLike, i: int, j: int, names: tuple[str, str]) -> Self:
        """Return the plane through ``point``, (n,), on which only the coordinates ``i`` and ``j`` vary."""
        origin = np.array(point, dtype=float)
        origin[[i, j]] = 0  # so that plane coordinates are the coordinates themselves
        directions = np.zeros((2, len(origin)))
        directions[[0, 1], [i, j]] = 1
        return cls(origin, directions, names)

    @classmethod
    def of_path(cls, path: Array, last: Array | None = None, names: tuple[str, str] = ("PC 1", "PC 2")) -> Self | None:
        """Return the plane through a path's last point that is closest to all of its points.

        Its axes are the two leading right singular vectors of the rows θᵢ − θ_last (Li et al. 2018, arXiv 1712.09913,
        without the subtraction of means); of a long path, evenly spaced rows are used. The path begins on the left.

        Args:
            path: the points, (length, n).
            last: the last point, (n,), if it is not the last row.
            names: names of the axes.

        Returns:
            The plane, or None if all points are equal.
        """
        length, n = path.shape
        last = path[-1] if last is None else last
        wide = n >= _WIDE
        most = min(512, (_FITTED_WIDE if wide else _FITTED) // n)
        rows = path[:: -(-length // max(64, most))]
        with np.errstate(all="ignore"):
            scale = max(float(np.abs(row - last).max()) for row in rows)
            if not 0 < scale < 1e150:  # beyond, nothing can be drawn
                return None
            first, second = (_axes_of_wide if wide else _axes)(rows, last, scale)
            if second is None:  # a straight path: with the coordinate that it changes least
                second = -first * first[least := int(np.abs(first).argmin())]
                second[least] += 1
                second /= np.linalg.norm(second)
            directions = np.array([first, second])
            along, total = np.zeros((len(rows), 2)), 0.0
            for columns, moves in _parts(rows, last, scale):
                along += np.einsum("rn,kn->rk", moves, directions[:, columns])
                total += float(np.einsum("rn,rn->", moves, moves))
        if along[0, 0] > 0:
            directions[0] *= -1
        if along[np.abs(along[:, 1]).argmax(), 1] < 0:
            directions[1] *= -1
        one, two = ((along**2).sum(axis=0) / total).tolist()
        return cls(last.copy(), directions, names, (one, two))

    def project(self, x: ArrayLike) -> Array:
        """Return the plane coordinates of the nearest points on the plane: ``(..., n)`` gives ``(..., 2)``."""
        with np.errstate(all="ignore"):
            return self.along(x) - self.along(self.origin)

    # Not with @: while another thread computes, its BLAS threads may wait for each other, up to a second.

    def along(self, vector: ArrayLike) -> Array:
        """Return the components of vectors along the two axes: ``(..., n)`` gives ``(..., 2)``."""
        read = self.directions if self.duals is None else self.duals
        along: Array = np.einsum("...n,kn->...k", np.asarray(vector, dtype=float), read)
        return along

    def lift(self, coordinates: ArrayLike) -> Array:
        """Return the points at plane coordinates: ``(..., 2)`` gives ``(..., n)``."""
        return self.origin + self._across(np.asarray(coordinates))

    def move(self, x: Array, coordinates: ArrayLike) -> Array:
        """Return ``x`` moved parallel to the plane to other plane coordinates."""
        return x - self._across(self.project(x)) + self._across(np.asarray(coordinates))

    def _across(self, coordinates: Array) -> Array:
        across: Array = coordinates[..., :1] * self.directions[0] + coordinates[..., 1:] * self.directions[1]
        return across

    def distance(self, x: Array) -> float:
        """Return the distance of a point, shape (n,), from the plane: ‖x − projection‖."""
        with np.errstate(all="ignore"):
            return float(np.linalg.norm(x - self.lift(self.project(x))))


def _parts(rows: Array, origin: Array, scale: float) -> Iterator[tuple[slice, Array]]:
    """Yield the moves from ``origin`` to points, divided by ``scale``, (k, …), for a part of the columns at a time."""
    width = max(1, _PART // len(rows))
    for first in range(0, rows.shape[1], width):
        columns = slice(first, first + width)
        yield columns, (rows[:, columns] - origin[columns]) / scale


def _axes(rows: Array, origin: Array, scale: float) -> tuple[Array, Array | None]:
    """Return the two leading right singular vectors of the moves from ``origin``; no second one on a line."""
    _, sizes, axes = np.linalg.svd((rows - origin) / scale, full_matrices=False)
    return axes[0], axes[1] if len(axes) > 1 and sizes[1] > 1e-10 * sizes[0] else None


def _axes_of_wide(rows: Array, origin: Array, scale: float) -> tuple[Array, Array | None]:
    """Return the same from the Gram matrix of the moves, (k, k), for few points in many dimensions."""
    products = np.zeros((len(rows), len(rows)))
    for _, moves in _parts(rows, origin, scale):
        products += moves @ moves.T
    sizes, vectors = np.linalg.eigh(products)  # of the squares, the largest last
    axes = np.empty((2, rows.shape[1]))
    for columns, moves in _parts(rows, origin, scale):
        axes[:, columns] = vectors[:, :-3:-1].T @ moves if len(rows) > 1 else moves
    first = axes[0] / np.linalg.norm(axes[0])
    if len(rows) < 2 or sizes[-2] <= 1e-14 * sizes[-1]:  # less than the rounding of the squares
        return first, None
    second = axes[1] - first * np.einsum("n,n->", first, axes[1])
    return first, second / np.linalg.norm(second)


class Slice(Problem):
    """A problem on a plane, as a problem of two dimensions.

    Args:
        whole: the problem.
        plane: the plane.
        domain: the region of the plane to show, ((low, high), (low, high)).
        report_progress: called with the completed share while many points are evaluated; an exception ends this.
    """

    def __init__(
        self,
        whole: Problem,
        plane: Plane,
        domain: ArrayLike,
        report_progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(whole.name, whole.title, domain=domain, start=plane.project(whole.start))
        self.whole, self.plane, self._report_progress = whole, plane, report_progress
        self.axis_names, self.broadcasts = plane.names, whole.broadcasts

    @property
    def sketched(self) -> bool:
        return self.whole.sketched

    @property
    def minima(self) -> Array:
        """The known minima projected on the plane, (k, 2)."""
        return self.plane.project(self.whole.minima)

    def value(self, x: ArrayLike) -> Array:
        return self.whole.value(self.plane.lift(x))

    def values_on_grid(self, x: Array) -> Array:
        """Return the loss at points of the plane, evaluated in parts: a grid in many dimensions is large."""
        points = x.reshape(-1, 2)
        size = max(1, _CHUNK // self.whole.dimension)
        parts = []
        for i in range(0, len(points), size):
            parts.append(self.whole.values_on_grid(self.plane.lift(points[i : i + size])))
            self._report_progress(min(1.0, (i + size) / len(points)))
        return np.concatenate(parts).reshape(x.shape[:-1])
