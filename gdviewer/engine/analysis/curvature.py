"""How a function curves at a point: the eigenvalues and directions of its Hessian, and what point that makes it.

Nothing here is asked for by a run; it is what a person wants to know about a point that a run has come to.
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

DENSE = 300  # up to so many dimensions all eigenvalues are computed
SECONDS = 2.0  # what a Hessian of a function of the user's may take; one that takes longer is sampled
_KRYLOV = 80  # products of the Hessian with a vector, at most; enough for the extremes of a spectrum to stand out
_EXTREMES = 5  # eigenvalues that are told at each end, where not all are known
_VAGUE = 0.5  # an eigenvalue that may be off by more than this share of itself says nothing
_CONVERGED = 1e-6  # an eigenvalue is known if its residual is this share of the largest
_FITS = 1e-2  # a Hessian that is further from what the slopes around say is not believed
_MIB = 2**20
_NOTHING: tuple[Array, Array, float] = np.empty(0), np.empty((0, 0)), 0.0

How = Literal["exact", "differences", "lanczos", "none"]


@dataclass(frozen=True, eq=False)
class Curvature:
    """What is known of a point: its Hessian's spectrum, and what kind of point that makes it.

    Attributes:
        x: the point, (n,); loss: the loss there; gradient: (n,).
        eigenvalues: ascending, (k,): all n of them, or some at each end, or none where they can't be known.
        directions: the eigenvectors, (k, n): of length 1, the largest component of each positive.
        residuals: ‖Hv − λv‖ of each, (k,): how far from an eigenvector a direction may be.
        how: where they come from: the problem's own Hessian, differences of its gradient, or Lanczos' method on
            products of the Hessian with vectors, which are differences of the gradient.
        floor: what an eigenvalue must exceed in size to tell it from zero.
        finding: what kind of point it is, and why.
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
        """What kind of point it is."""
        return self.finding.kind

    @property
    def whole(self) -> bool:
        """Whether all eigenvalues are known."""
        return len(self.eigenvalues) == len(self.x)

    @property
    def converged(self) -> bool:
        """Whether each eigenvalue told is one, to six digits of the largest."""
        largest = float(np.abs(self.eigenvalues).max(initial=0.0))
        return bool((self.residuals <= max(_CONVERGED * largest, self.floor)).all())

    @property
    def negative(self) -> int:
        """How many of the eigenvalues told are negative."""
        return int((self.eigenvalues < -self.floor).sum())

    @property
    def zero(self) -> int:
        """How many of the eigenvalues told can't be told from zero."""
        return int((np.abs(self.eigenvalues) <= self.floor).sum())

    @property
    def condition(self) -> float:
        """The largest size of an eigenvalue by the smallest; infinite where one is zero, NaN where it is not known."""
        sizes = np.abs(self.eigenvalues)
        if not len(sizes) or not (self.whole or self.eigenvalues[0] > 0 or self.eigenvalues[-1] < 0):
            return np.nan
        return float(sizes.max() / sizes.min()) if sizes.min() > self.floor else np.inf

    @property
    def steepest(self) -> float:
        """The largest eigenvalue, λ_max; NaN where it is not known, or so vaguely that it says nothing.

        So it is beside a kink: slopes jump within the distance that differences of them are taken over.
        """
        known = len(self.eigenvalues) > 0 and self.residuals[-1] <= max(_VAGUE * abs(self.eigenvalues[-1]), self.floor)
        return float(self.eigenvalues[-1]) if known else np.nan

    @property
    def largest_stable_rate(self) -> float:
        """2/λ_max, above which gradient descent moves away from the bottom; infinite where nothing curves up."""
        steepest = self.steepest
        return 2 / steepest if steepest > self.floor or np.isnan(steepest) else np.inf


def curvature(
    objective: Minimisable,
    x: ArrayLike,
    gradient: Array | None = None,
    scale: float | None = None,
    seconds: float = SECONDS,
) -> Curvature:
    """Find out how ``objective`` curves at a point, and what kind of point it is.

    In up to ``DENSE`` dimensions all eigenvalues are computed, from the objective's Hessian or, where it has none, from
    central differences of its gradient. In more, and where a function of the user's is too slow for that, those at
    both ends are by Lanczos' method (Golub & Van Loan, 4th ed., section 10.3).

    Args:
        x: the point, (n,).
        gradient: the gradient there, where it is known.
        scale: the width of the region that the problem is looked at, which says what is near;
            max(1, largest component of x) where it is None.
        seconds: about how long a function that does not broadcast may be asked.

    Nothing that the function raises comes through: it becomes the reason why nothing is known.
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
    sample = other_product(start)  # to see what a Hessian costs, and how well it agrees with the slopes around
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
            # A formula's own is 0/0 at the tip of a cone, and knows nothing of the kinks in abs, max and min.
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
    """Eigenvalues, eigenvectors as rows, and the size of what rounding makes of a zero; none if H is not finite."""
    if not np.isfinite(H).all():
        return _NOTHING
    values, columns = np.linalg.eigh((H + H.T) / 2)
    return values, columns.T, 1e-10 * float(np.abs(values).max())


def _gap(image: Array, vector: Array, eigenvalues: Array, vectors: Array) -> float:
    """How far the product of the Hessian with a vector is from what its eigenvalues say; NaN where there are none."""
    if not len(eigenvalues):
        return np.nan
    return float(np.linalg.norm(image - vectors.T @ (eigenvalues * (vectors @ vector))))


def hessian_product(objective: Minimisable, x: Array, stretch: float = 1.0) -> Callable[[Array], Array]:
    """A function that multiplies the Hessian at ``x`` with a vector (n,), by a central difference of the gradient.

    The step along the vector is the cube root of the machine epsilon times max(1, largest component of x) long, and
    ``stretch`` times that.
    """
    reach = stretch * np.cbrt(np.finfo(float).eps) * max(1.0, float(np.abs(x).max(initial=0.0)))

    def product(vector: Array) -> Array:
        length = float(np.linalg.norm(vector))
        if not length:
            return np.zeros_like(x)
        ahead, behind = x + reach / length * vector, x - reach / length * vector
        image: Array = (objective.gradient(ahead) - objective.gradient(behind)) / (2 * reach) * length
        return image

    return product


def _lanczos(product: Callable[[Array], Array], start: Array, n: int, end: float | None) -> tuple[Array, Array, Array]:
    """Ritz values, ascending, vectors (k, n) and residuals (k,) on the Krylov space of a symmetric matrix.

    Each vector is made orthogonal to all before it, twice; a space that closes early is left by a fresh vector, so
    that eigenvalues that are there more than once are found as often. Ends at the time ``end``, too.
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
    """What of a vector is at right angles to the rows of Q, of length 1, and how long it was."""
    for _ in range(2):
        vector = vector - Q.T @ (Q @ vector)
    size = float(np.linalg.norm(vector))
    unit: Array = vector / size if size else vector
    return unit, size
