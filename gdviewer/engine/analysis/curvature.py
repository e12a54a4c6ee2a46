"""Curvature of a function at a point: eigenvalues and eigenvectors of the Hessian, and the kind of point.

Runs do not use this module; it describes the points that they reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.analysis.point_kind import Finding, PointKind, Spot, classify
from gdviewer.engine.rules.oracle import Array, Minimisable
from gdviewer.engine.run.stop import error_text

DENSE = 300  # maximum dimension in which all eigenvalues are computed
SECONDS = 2.0  # time limit for the Hessian of a user's function; a slower one is sampled
_KRYLOV = 80  # maximum number of Hessian-vector products; enough for the extremes of a spectrum
_EXTREMES = 5  # number of eigenvalues returned at each end if not all are known
_VAGUE = 0.5  # an eigenvalue with a larger relative error is ignored
_CONVERGED = 1e-6  # largest residual of a converged eigenvalue, relative to the largest eigenvalue
_FITS = 1e-2  # largest relative deviation of a Hessian from differences of the gradient
_MIB = 2**20
_NOTHING: tuple[Array, Array, float] = np.empty(0), np.empty((0, 0)), 0.0

How = Literal["exact", "differences", "lanczos", "none"]


@dataclass(frozen=True, eq=False)
class Curvature:
    """The spectrum of the Hessian at a point, and the kind of the point.

    Attributes:
        x: the point, shape (n,); loss: the loss there; gradient: shape (n,).
        eigenvalues: in ascending order, shape (k,): all n, some at each end, or none if they can't be computed.
        directions: the eigenvectors, shape (k, n): of length 1, with a positive largest component.
        residuals: ‖Hv − λv‖ of each eigenvector v, shape (k,).
        how: the method: the Hessian of the problem, differences of its gradient, or Lanczos' method on
            Hessian-vector products, which are differences of the gradient.
        floor: an eigenvalue of at most this size counts as zero.
        finding: the kind of point and the reason.
    """

    x: Array
    loss: float
    gradient: Array
    eigenvalues: Array
    directions: Array
    residuals: Array
    how: How
    floor: float
    finding: Finding

    @property
    def kind(self) -> PointKind:
        """The kind of point."""
        return self.finding.kind

    @property
    def whole(self) -> bool:
        """True if all eigenvalues are known."""
        return len(self.eigenvalues) == len(self.x)

    @property
    def converged(self) -> bool:
        """True if each residual is at most 1e-6 of the largest eigenvalue."""
        largest = float(np.abs(self.eigenvalues).max(initial=0.0))
        return bool((self.residuals <= max(_CONVERGED * largest, self.floor)).all())

    @property
    def negative(self) -> int:
        """The number of negative eigenvalues among the known ones."""
        return int((self.eigenvalues < -self.floor).sum())

    @property
    def zero(self) -> int:
        """The number of eigenvalues among the known ones that count as zero."""
        return int((np.abs(self.eigenvalues) <= self.floor).sum())

    @property
    def condition(self) -> float:
        """The condition number, the ratio of the largest and smallest size; infinite if one is zero, NaN if unknown."""
        sizes = np.abs(self.eigenvalues)
        if not len(sizes) or not (self.whole or self.eigenvalues[0] > 0 or self.eigenvalues[-1] < 0):
            return np.nan
        return float(sizes.max() / sizes.min()) if sizes.min() > self.floor else np.inf

    @property
    def steepest(self) -> float:
        """The largest eigenvalue, λ_max; NaN if it is not known or too inaccurate.

        It is inaccurate near a kink, where the slope jumps within the distance of the differences.
        """
        known = len(self.eigenvalues) > 0 and self.residuals[-1] <= max(_VAGUE * abs(self.eigenvalues[-1]), self.floor)
        return float(self.eigenvalues[-1]) if known else np.nan

    @property
    def largest_stable_rate(self) -> float:
        """2/λ_max, above which gradient descent diverges on the local parabola; infinite without positive curvature."""
        steepest = self.steepest
        return 2 / steepest if steepest > self.floor or np.isnan(steepest) else np.inf


def curvature(
    objective: Minimisable,
    x: ArrayLike,
    gradient: Array | None = None,
    scale: float | None = None,
    seconds: float = SECONDS,
) -> Curvature:
    """Return the curvature of an objective at a point, and the kind of point.

    In up to ``DENSE`` dimensions all eigenvalues are computed, from the Hessian of the objective or, if it has none,
    from central differences of its gradient. In more dimensions, or if a user's function is too slow, Lanczos' method
    gives the eigenvalues at both ends (Golub & Van Loan, 4th ed., section 10.3). If the function raises an exception,
    the kind of point is unknown, with the exception as its reason.

    Args:
        objective: the function.
        x: the point, shape (n,).
        gradient: the gradient there, if it is known.
        scale: the width of the domain, which defines short distances; None for max(1, largest component of x).
        seconds: approximate time limit for a function that does not broadcast.
    """
    x = np.array(x, dtype=float)
    scale = scale or max(1.0, float(np.abs(x).max(initial=0.0)))
    loss, slope = np.nan, np.full_like(x, np.nan)
    try:
        with np.errstate(all="ignore"):
            loss = float(objective.value(x))
            slope = np.array(objective.gradient(x) if gradient is None else gradient, dtype=float)
            if not np.isfinite(loss) or not np.isfinite(slope).all():
                what = "gradient" if np.isfinite(loss) else ""
                return _unknown(x, loss, slope, Finding(PointKind.UNDEFINED, what))
            return _curvature(objective, x, loss, slope, scale, seconds)
    except (Exception, SystemExit) as error:
        return _unknown(x, loss, slope, Finding(PointKind.UNKNOWN, "error", {"error": error_text(error)}))


def _unknown(x: Array, loss: float, gradient: Array, finding: Finding) -> Curvature:
    return Curvature(x, loss, gradient, np.empty(0), np.empty((0, len(x))), np.empty(0), "none", np.inf, finding)


def _curvature(
    objective: Minimisable, x: Array, loss: float, gradient: Array, scale: float, seconds: float
) -> Curvature:
    n, end = len(x), perf_counter() + seconds
    product, other_product = hessian_product(objective, x), hessian_product(objective, x, 1.7)
    start, _ = _orthogonal(np.random.default_rng(0).standard_normal(n), np.empty((0, n)))
    sample = other_product(start)  # measures the cost of a Hessian, and its agreement with differences
    quick = objective.broadcasts and not objective.batchwise
    slow = not quick and n * (perf_counter() - end + seconds) > seconds
    how: How = "lanczos" if n > DENSE or slow else "exact" if objective.has_hessian else "differences"
    if how == "lanczos":
        eigenvalues, vectors, residuals = _lanczos(product, start, n, None if quick else end)
        floor = 1e-8 * float(np.abs(eigenvalues).max(initial=0.0))
    else:
        eigenvalues, vectors, floor = _spectrum(objective.hessian(x)) if how == "exact" else _NOTHING
        gap = _gap(sample, start, eigenvalues, vectors)
        if not gap <= _FITS * max(float(np.abs(eigenvalues).max(initial=0.0)), float(np.linalg.norm(sample))):
            # The Hessian of a formula is 0/0 at the tip of a cone, and ignores the kinks of abs, max and min.
            how = "differences"
            eigenvalues, vectors, floor = _spectrum(np.array([product(e) for e in np.eye(n)]))
            gap = _gap(sample, start, eigenvalues, vectors)
        floor, residuals = max(floor, 3 * gap if np.isfinite(gap) else 0.0), np.zeros(len(eigenvalues))
    finding = classify(Spot(objective, x, loss, gradient, scale, eigenvalues, vectors, max(floor, 1e-300)))
    if how == "lanczos" and len(eigenvalues) > 2 * _EXTREMES:
        ends = [*range(_EXTREMES), *range(-_EXTREMES, 0)]
        eigenvalues, vectors, residuals = eigenvalues[ends], vectors[ends], residuals[ends]
    vectors = vectors.reshape(-1, n)
    flipped = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1) < 0
    return Curvature(
        x, loss, gradient, eigenvalues, np.where(flipped, -vectors, vectors), residuals, how, floor, finding
    )


def _spectrum(H: Array) -> tuple[Array, Array, float]:
    """Return eigenvalues, eigenvectors as rows, and the rounding error of zero; empty arrays if H is not finite."""
    if not np.isfinite(H).all():
        return _NOTHING
    values, columns = np.linalg.eigh((H + H.T) / 2)
    return values, columns.T, 1e-10 * float(np.abs(values).max())


def _gap(image: Array, vector: Array, eigenvalues: Array, vectors: Array) -> float:
    """Return the distance of a Hessian-vector product from that of the eigenvalues; NaN without eigenvalues."""
    if not len(eigenvalues):
        return np.nan
    return float(np.linalg.norm(image - vectors.T @ (eigenvalues * (vectors @ vector))))


def hessian_product(objective: Minimisable, x: Array, step_ratio: float = 1.0) -> Callable[[Array], Array]:
    """Return a function for products of the Hessian at ``x`` with a vector, shape (n,), by central differences.

    The step along the vector has the length ``step_ratio`` times the cube root of the machine epsilon times
    max(1, largest component of x).
    """
    reach = step_ratio * np.cbrt(np.finfo(float).eps) * max(1.0, float(np.abs(x).max(initial=0.0)))

    def product(vector: Array) -> Array:
        length = float(np.linalg.norm(vector))
        if not length:
            return np.zeros_like(x)
        ahead, behind = x + reach / length * vector, x - reach / length * vector
        image: Array = (objective.gradient(ahead) - objective.gradient(behind)) / (2 * reach) * length
        return image

    return product


def _lanczos(product: Callable[[Array], Array], start: Array, n: int, end: float | None) -> tuple[Array, Array, Array]:
    """Return Ritz values in ascending order, Ritz vectors, shape (k, n), and residuals, shape (k,).

    Each vector is orthogonalised twice against all earlier ones. If the Krylov space is exhausted, a random vector
    continues, so that multiple eigenvalues are found with their multiplicity. The iteration also stops at ``end``.
    """
    steps = int(min(n, _KRYLOV, max(20, 256 * _MIB // (8 * n))))
    Q, images = np.zeros((steps, n)), np.zeros((steps, n))
    rng = np.random.default_rng(1)
    q, count = start, 0
    while True:
        Q[count] = q
        images[count] = image = product(q)
        count += 1
        if count == steps or not np.isfinite(image).all() or (end is not None and perf_counter() > end):
            break
        q, size = _orthogonal(image, Q[:count])
        if size < 1e-9 * np.linalg.norm(image) or size == 0:
            q, _ = _orthogonal(rng.standard_normal(n), Q[:count])
    Q, images = Q[:count], images[:count]
    T = Q @ images.T
    if not np.isfinite(T).all():
        return *_NOTHING[:2], np.empty(0)
    values, rows, _ = _spectrum(T)
    vectors: Array = rows @ Q
    return values, vectors, np.linalg.norm(rows @ images - values[:, None] * vectors, axis=1)


def _orthogonal(vector: Array, Q: Array) -> tuple[Array, float]:
    """Return the part of a vector orthogonal to the rows of Q, normalised, and its length."""
    for _ in range(2):
        vector = vector - Q.T @ (Q @ vector)
    size = float(np.linalg.norm(vector))
    unit: Array = vector / size if size else vector
    return unit, size
