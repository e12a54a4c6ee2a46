"""The loss along the line of a step: f(x + α·d)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gdviewer.engine.analysis.curvature import hessian_product
from gdviewer.engine.rules.oracle import Array, Minimisable
from gdviewer.engine.run.run import Run

_POINTS = 161  # of the curve
_SECONDS = 0.5  # approximate time limit of the curve for a function that does not broadcast
_NUMBERS = 2**23  # maximum number of components in one call
_ROUNDS = 6  # of the search for the lowest point; each reduces the interval to a sixth


@dataclass(frozen=True, eq=False)
class LineProfile:
    """The loss along a line through a point.

    Attributes:
        start: x, the point at α = 0, shape (n,); direction: d, shape (n,).
        step: the number of the step whose move is d; None if d is along the negative gradient.
        alpha: the values of α in ascending order, shape (k,); loss: f(x + α·d), shape (k,), NaN where undefined.
        loss_at_start, loss_at_end: the loss at α = 0 and at α = 1.
        slope: gᵀd; bend: dᵀHd. The local parabola is loss_at_start + slope·α + bend/2·α².
        best: the α of the lowest loss, NaN if it is at an end of the range; best_loss: the loss there.
    """

    start: Array
    direction: Array
    step: int | None
    alpha: Array
    loss: Array
    loss_at_start: float
    loss_at_end: float
    slope: float
    bend: float
    best: float
    best_loss: float

    def parabola(self, alpha: Array) -> Array:
        """Return the values of the local parabola, in the shape of ``alpha``."""
        return self.loss_at_start + self.slope * alpha + self.bend / 2 * alpha**2


def line_of_step(run: Run, step: int, rate: float = np.nan) -> LineProfile:
    """Return the loss of the whole problem along the step to row ``step`` of the trace of a run.

    At the start, and after a step without a move, the direction is a step of gradient descent with the learning rate.
    Without a learning rate it ends at the lowest point of the local parabola.

    Args:
        run: the run.
        step: the row.
        rate: the learning rate, if it is newer than that of the record.

    Raises:
        Exception: an exception of a user's function at the points of the record; elsewhere the loss is NaN.
    """
    end = run.point(step)
    if step > 0 and (end != (start := run.point(step - 1))).any():
        return along(run.objective, start, end - start, *_loss_and_gradient(run, step - 1, start), step)
    start, (loss, gradient) = end, _loss_and_gradient(run, step, end)
    rate = rate if np.isfinite(rate) else float(run.trace.rate[step])
    if not rate > 0:
        bend = float(gradient @ hessian_product(run.objective, start)(gradient))
        square = float(gradient @ gradient)
        rate = square / bend if bend > 0 else 1 / np.sqrt(square) if square > 0 else 1.0
    return along(run.objective, start, -rate * gradient, loss, gradient, None)


def _loss_and_gradient(run: Run, step: int, x: Array) -> tuple[float, Array]:
    """Return loss and gradient of the whole problem after a step; from the record, unless it has those of batches."""
    if run.objective.batchwise:
        return float(run.objective.value(x)), run.objective.gradient(x)
    return float(run.trace.loss[step]), run.recorded_gradient(step)


def along(
    objective: Minimisable, start: Array, direction: Array, loss: float, gradient: Array, step: int | None = None
) -> LineProfile:
    """Return the loss from ``start`` along ``direction``; loss and gradient at the start are given."""
    with np.errstate(all="ignore"):
        losses, points = _evaluator(objective, start, direction)
        slope = float(gradient @ direction)
        bend = float(direction @ hessian_product(objective, start)(direction))
        downhill = -1.0 if slope > 0 else 1.0  # after an uphill step the lowest loss is behind it
        best = _first_dip(losses, downhill, loss, 12 if _is_vectorised(objective, start) else 4)
        low, high = -0.5, 2.0
        if downhill > 0 and np.isfinite(best):
            high = max(high, 1.5 * best)
            low = -0.25 * high
        elif np.isfinite(best):
            low = min(low, 1.5 * best)
        alpha = np.union1d(np.linspace(low, high, points), [0.0, 1.0])
        curve = losses(alpha)
        curve[alpha == 0] = loss
        heights = np.where(np.isfinite(curve), curve, np.inf)
        lowest = int(heights.argmin())
        best, best_loss = np.nan, np.nan
        if 0 < lowest < len(alpha) - 1:
            best, best_loss = _lowest(losses, alpha[lowest - 1], alpha[lowest + 1])
    end = float(curve[np.searchsorted(alpha, 1.0)])
    return LineProfile(start, direction, step, alpha, curve, loss, end, slope, bend, best, best_loss)


def _is_vectorised(objective: Minimisable, start: Array) -> bool:
    """Return True if one fast call computes the losses at many points."""
    return objective.broadcasts and not objective.batchwise and _POINTS * len(start) <= _NUMBERS


def _evaluator(objective: Minimisable, start: Array, direction: Array) -> tuple[Callable[[Array], Array], int]:
    """Return a function for the losses at many α, shape (k,), and the number of points of the curve."""
    if _is_vectorised(objective, start):
        return lambda alpha: np.array(objective.value(start + alpha[:, None] * direction), dtype=float), _POINTS

    def loss(alpha: float) -> float:
        try:
            return float(objective.value(start + alpha * direction))
        except Exception:
            return np.nan

    began = perf_counter()
    loss(0.5)
    seconds = max(perf_counter() - began, 1e-9)
    return lambda alpha: np.array([loss(a) for a in alpha.tolist()]), int(np.clip(_SECONDS / seconds, 9, _POINTS))


def _first_dip(losses: Callable[[Array], Array], downhill: float, loss: float, doublings: int) -> float:
    """Return the approximate first minimum along the line; NaN if there is none within 2^doublings steps."""
    probes = downhill * np.concatenate([[0.0, 0.25, 0.5], 2.0 ** np.arange(doublings + 1)])
    heights = losses(probes)
    heights = np.where(np.isfinite(heights), heights, np.inf)
    heights[0] = loss
    rises = np.flatnonzero(heights[1:] > heights[:-1])
    if not len(rises):
        return np.nan
    ends = sorted((float(probes[max(rises[0] - 1, 0)]), float(probes[rises[0] + 1])))
    return _lowest(losses, *ends)[0]


def _lowest(losses: Callable[[Array], Array], low: float, high: float) -> tuple[float, float]:
    """Return the α of the lowest loss between ``low`` and ``high``, and this loss, from successively finer grids."""
    best, height = np.nan, np.inf
    for _ in range(_ROUNDS):
        alpha = np.linspace(low, high, 13)
        heights = losses(alpha)
        heights[~np.isfinite(heights)] = np.inf
        i = int(heights.argmin())
        if heights[i] <= height:
            best, height = float(alpha[i]), float(heights[i])
        low, high = float(alpha[max(i - 1, 0)]), float(alpha[min(i + 1, 12)])
    return best, height
