"""A plane through a space of many dimensions, and a problem as it is on that plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.oracle import Array
from gdviewer.problems.problem import Problem

_CHUNK = 1 << 16  # numbers of points evaluated at once: so many stay in a processor's cache
_FITTED = 1 << 18  # numbers of a path that a plane is fitted to at most, so that it takes a few hundredths of a second


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane with a coordinate system of its own.

    Attributes:
        origin: the point with the plane coordinates (0, 0), shape (n,).
        directions: the two axes, shape (2, n); of length 1, and at right angles.
        names: what the axes are called.
        shares: how much of the path's variation each axis explains, where the plane was fitted to a path: the sum of
            the squared distances from the last point along the axis, by that in all directions.
    """

    origin: Array
    directions: Array
    names: tuple[str, str]
    shares: tuple[float, float] | None = None

    @classmethod
    def of_coordinates(cls, point: ArrayLike, i: int, j: int, names: tuple[str, str]) -> Self:
        """The plane on which coordinates ``i`` and ``j`` vary and all others are those of ``point``, shape (n,)."""
        origin = np.array(point, dtype=float)
        origin[[i, j]] = 0  # so that plane coordinates are the coordinates themselves
        directions = np.zeros((2, len(origin)))
        directions[[0, 1], [i, j]] = 1
        return cls(origin, directions, names)

    @classmethod
    def of_path(cls, path: Array, names: tuple[str, str] = ("PC 1", "PC 2")) -> Self | None:
        """The plane through a path's last point that lies closest to all of its points (length, n).

        Its axes are the two leading right singular vectors of the rows θᵢ − θ_last (Li et al. 2018, arXiv 1712.09913,
        without the subtraction of means); of a long path evenly spaced rows are taken. The path begins on the left.

        Returns:
            None where all points are the same.
        """
        length, n = path.shape
        rows = path[:: -(-length // max(64, min(512, _FITTED // n)))]
        with np.errstate(all="ignore"):
            moves = rows - path[-1]
            scale = float(np.abs(moves).max())
            if not 0 < scale < 1e150:  # beyond, nothing can be drawn
                return None
            moves /= scale
            _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
        first = axes[0]
        if len(axes) > 1 and sizes[1] > 1e-10 * sizes[0]:
            second = axes[1]
        else:  # a straight path: with the coordinate that it changes least
            second = -first * first[least := int(np.abs(first).argmin())]
            second[least] += 1
            second /= np.linalg.norm(second)
        directions = np.array([first, second])
        along = moves @ directions.T
        if along[0, 0] > 0:
            directions[0] *= -1
        if along[np.abs(along[:, 1]).argmax(), 1] < 0:
            directions[1] *= -1
        one, two = ((along**2).sum(axis=0) / (moves**2).sum()).tolist()
        return cls(path[-1].copy(), directions, names, (one, two))

    def project(self, x: ArrayLike) -> Array:
        """The plane coordinates of the nearest points on the plane: ``(..., n)`` gives ``(..., 2)``."""
        with np.errstate(all="ignore"):
            return self.along(x) - self.along(self.origin)

    # Not with @, whose threads may have to wait for each other while others compute, a second in a bad case.

    def along(self, vector: ArrayLike) -> Array:
        """How far vectors lead along the two axes: ``(..., n)`` gives ``(..., 2)``."""
        along: Array = np.einsum("...n,kn->...k", np.asarray(vector, dtype=float), self.directions)
        return along

    def lift(self, place: ArrayLike) -> Array:
        """The points at plane coordinates: ``(..., 2)`` gives ``(..., n)``."""
        return self.origin + self._across(np.asarray(place))

    def move(self, x: Array, place: ArrayLike) -> Array:
        """The point that lies off the plane as ``x`` does, but at other plane coordinates."""
        return x - self._across(self.project(x)) + self._across(np.asarray(place))

    def _across(self, place: Array) -> Array:
        across: Array = place[..., :1] * self.directions[0] + place[..., 1:] * self.directions[1]
        return across

    def distance(self, x: Array) -> float:
        """How far a point, shape (n,), is off the plane: ‖x − projection‖."""
        with np.errstate(all="ignore"):
            return float(np.linalg.norm(x - self.lift(self.project(x))))


class Slice(Problem):
    """A problem on a plane, as a problem of two dimensions.

    Args:
        whole: the problem.
        plane: where it is looked at.
        domain: the region of the plane to show, ((low, high), (low, high)).
    """

    def __init__(self, whole: Problem, plane: Plane, domain: ArrayLike) -> None:
        super().__init__(whole.name, whole.title, domain=domain, start=plane.project(whole.start))
        self.whole, self.plane = whole, plane
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
        """The loss at points of the plane, evaluated a part at a time: a grid in many dimensions is large."""
        points = x.reshape(-1, 2)
        size = max(1, _CHUNK // self.whole.dimension)
        parts = [self.whole.values_on_grid(self.plane.lift(points[i : i + size])) for i in range(0, len(points), size)]
        return np.concatenate(parts).reshape(x.shape[:-1])
