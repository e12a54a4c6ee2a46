"""Functions of n coordinates, from two to a thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import count
from gdviewer.problems.problem import Problem

GROUP = "Many dimensions (n-D)"
_S = -2.9035340277711765  # the lower minimiser of (t⁴ − 16t² + 5t)/2


class NDimensional(Problem):
    """A sum of terms over the coordinates, in ``n`` dimensions; ``n`` is a parameter.

    A subclass gives :meth:`terms`, :meth:`slopes` and :meth:`bands`, each elementwise over leading axes, so that one
    point and many give the same bits.

    Args:
        interval: (low, high), the region shown by default, for each coordinate.
        start: the start in n dimensions, shape (n,).
        minima: the known minima in n dimensions.
    """

    def __init__(
        self, name: str, title: str, *, interval: tuple[float, float], start: Callable[[int], ArrayLike],
        minima: Callable[[int], Sequence[ArrayLike]], **declared: Any,
    ) -> None:  # fmt: skip
        n = count(10, 2, 1000, "number of dimensions")
        self._interval, self._start, self._minima = interval, start, minima
        super().__init__(
            name, title, domain=[interval] * int(n), start=start(int(n)), group=GROUP, parameters={"n": n}, **declared
        )

    def replace(self, /, **values: Any) -> Self:
        other = super().replace(**values)
        n = other.dimension = other.values["n"]
        other.domain = np.array([self._interval] * n, dtype=float)
        other.start = np.array(self._start(n), dtype=float)
        return other

    @property
    def minima(self) -> Array:
        found = np.array(self._minima(self.dimension), dtype=float)
        return found[np.argsort(self.value(found), kind="stable")]

    def value(self, x: ArrayLike) -> Array:
        with np.errstate(all="ignore"):
            # A sum over a contiguous last axis adds in an order that does not depend on the axes before it.
            return np.asarray(np.ascontiguousarray(self.terms(_rows(x))).sum(axis=-1))

    def gradient(self, x: ArrayLike) -> Array:
        with np.errstate(all="ignore"):
            return self.slopes(_rows(x))

    def hessian(self, x: ArrayLike) -> Array:
        x = _rows(x)
        i = np.arange(self.dimension)
        result = np.zeros((*x.shape, self.dimension))
        with np.errstate(all="ignore"):
            result[..., i, i], beside = self.bands(x)
        result[..., i[1:], i[:-1]] = result[..., i[:-1], i[1:]] = beside
        return result

    def terms(self, x: Array) -> Array:
        """Return the terms whose sum is the value: ``(..., n)`` gives ``(..., k)``."""
        raise NotImplementedError

    def slopes(self, x: Array) -> Array:
        """Return the gradient: ``(..., n)`` gives ``(..., n)``."""
        raise NotImplementedError

    def bands(self, x: Array) -> tuple[Array, Array | float]:
        """Return the Hessian's diagonal, ``(..., n)``, and off-diagonal, ``(..., n - 1)``; all else is zero."""
        raise NotImplementedError


def _rows(x: ArrayLike) -> Array:
    return np.ascontiguousarray(x, dtype=float)


class Sphere(NDimensional):
    """Σ xᵢ²."""

    quadratic = True

    def terms(self, x: Array) -> Array:
        return x * x

    def slopes(self, x: Array) -> Array:
        return 2 * x

    def bands(self, x: Array) -> tuple[Array, Array | float]:
        return np.full_like(x, 2.0), 0.0


class Rosenbrock(NDimensional):
    """Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)² over neighbours."""

    def terms(self, x: Array) -> Array:
        a, b = x[..., :-1], x[..., 1:]
        u = b - a * a
        return 100 * (u * u) + (1 - a) * (1 - a)

    def slopes(self, x: Array) -> Array:
        a, b = x[..., :-1], x[..., 1:]
        u = b - a * a
        result = np.zeros_like(x)
        result[..., :-1] = -400 * a * u - 2 * (1 - a)
        result[..., 1:] += 200 * u
        return result

    def bands(self, x: Array) -> tuple[Array, Array | float]:
        a, b = x[..., :-1], x[..., 1:]
        diagonal = np.zeros_like(x)
        diagonal[..., :-1] = 1200 * (a * a) - 400 * b + 2
        diagonal[..., 1:] += 200
        return diagonal, -400 * a


class Rastrigin(NDimensional):
    """Σ xᵢ² + 10·(1 − cos 2πxᵢ)."""

    def terms(self, x: Array) -> Array:
        term: Array = x * x + 10 * (1 - np.cos(2 * np.pi * x))
        return term

    def slopes(self, x: Array) -> Array:
        slope: Array = 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)
        return slope

    def bands(self, x: Array) -> tuple[Array, Array | float]:
        return 2 + 40 * np.pi**2 * np.cos(2 * np.pi * x), 0.0


class StyblinskiTang(NDimensional):
    """Σ (xᵢ⁴ − 16xᵢ² + 5xᵢ)/2."""

    def terms(self, x: Array) -> Array:
        square = x * x
        return (square * (square - 16) + 5 * x) / 2

    def slopes(self, x: Array) -> Array:
        return 2 * (x * x * x) - 16 * x + 2.5

    def bands(self, x: Array) -> tuple[Array, Array | float]:
        return 6 * (x * x) - 16, 0.0


def _rosenbrock_minima(n: int) -> list[ArrayLike]:
    """Ones, and from n = 4 on a local minimum near (−1, 1, …, 1).

    There each coordinate's distance from 1 is about half that of the one before, so past 64 it is none in float64.
    """
    local = np.ones(n)
    local[:64] = _rosenbrock_local(min(n, 64))
    return [np.ones(n), local] if n >= 4 else [np.ones(n)]


@lru_cache(maxsize=64)
def _rosenbrock_local(n: int) -> Array:
    """Return the stationary point found by Newton's method from (−1, 1, …, 1)."""
    chain = next(p for p in PROBLEMS if isinstance(p, Rosenbrock)).replace(n=n)
    x = np.ones(n)
    x[0] = -1.0
    for _ in range(30):
        x = x - np.linalg.solve(chain.hessian(x), chain.gradient(x))
    return x


PROBLEMS: list[NDimensional] = [
    Rosenbrock(
        "rosenbrock_nd", "Rosenbrock, n-D", formula="∑ᵢ₌₁ⁿ⁻¹ [100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²]",
        interval=(-2, 2), start=lambda n: np.resize([-1.2, 1.0], n), minima=_rosenbrock_minima,
        why="A chain of bent valleys: each coordinate waits for its neighbours. From n = 4 on, a second minimum near"
        " (−1, 1, …, 1) misleads.",
        source="Rosenbrock 1960; its minima: Kok & Sandrock 2009",
    ),
    Sphere(
        "sphere_nd", "Sphere, n-D", formula="∑ᵢ₌₁ⁿ xᵢ²",
        interval=(-5, 5), start=lambda n: np.round(np.linspace(-4, 3, n), 2), minima=lambda n: [np.zeros(n)],
        why="Equally curved in all directions: the gradient points straight at the minimum, in any number of them.",
        source="textbook",
    ),
    Rastrigin(
        "rastrigin_nd", "Rastrigin, n-D", formula="10·n + ∑ᵢ₌₁ⁿ [xᵢ² − 10·cos(2π·xᵢ)]",
        interval=(-5.12, 5.12), start=lambda n: np.round(np.linspace(-3.4, 2.6, n), 2), minima=lambda n: [np.zeros(n)],
        why="Eleven hollows along each coordinate make 11ⁿ minima: plain descent ends in the nearest one.",
        source="Rastrigin 1974; in n dimensions Mühlenbein, Schomisch & Born 1991",
    ),
    StyblinskiTang(
        "styblinski_tang_nd", "Styblinski–Tang, n-D", formula="½·∑ᵢ₌₁ⁿ [xᵢ⁴ − 16·xᵢ² + 5·xᵢ]",
        interval=(-5, 5), start=lambda n: np.round(np.linspace(-1.5, 2, n), 2), minima=lambda n: [np.full(n, _S)],
        why="Each coordinate has two wells of its own: 2ⁿ minima, only one of which is the lowest.",
        source="Styblinski & Tang 1990",
    ),
]  # fmt: skip
