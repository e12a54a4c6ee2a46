"""A slice through the landscape along a step: the loss at x + α·d."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gdviewer.engine.analysis.curvature import hessian_product
from gdviewer.engine.rules.oracle import Array, Minimisable
from gdviewer.engine.run.run import Run

_POINTS = 161  # of the curve shown
_SECONDS = 0.5  # about what a function that does not broadcast may take for the curve
_NUMBERS = 2**23  # numbers of points that are evaluated in one call
_ROUNDS = 6  # of narrowing down on the lowest point, each to a sixth


@dataclass(frozen=True, eq=False)
class LineProfile:
    """The loss along a line through a point.

    Attributes:
        start: x, where α = 0, (n,); direction: d, where α = 1 leads to, (n,).
        step: the number of the step that d is the move of; None where d leads down the gradient, as no step was taken.
        alpha: the α shown, ascending, (k,); loss: f(x + α·d), (k,), NaN where it is not defined.
        slope: gᵀd; bend: dᵀHd. The local parabola is loss_at_start + slope·α + bend/2·α².
        best: the α of the lowest loss in the range shown, NaN where that is an end of it; best_loss: the loss there.
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
        """The heights of the local parabola, in the shape of ``alpha``."""
        return self.loss_at_start + self.slope * alpha + self.bend / 2 * alpha**2


def line_of_step(run: Run, step: int, rate: float = np.nan) -> LineProfile:
    """The line along the step that led to row ``step`` of a run's trace, with the loss of the whole problem.

    At the start, and where the step has not moved, it leads down the gradient, as far as plain descent would go with
    the learning rate in use; without one, to the lowest point of the local parabola.

    Args:
        rate: the learning rate in use, where it is known better than from the record.

    Raises:
        Exception: what a function of the user's raises at the points of the record; elsewhere its errors are gaps.
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
    """Those of the whole problem after a step: from the record, unless that holds those of batches."""
    if run.objective.batchwise:
        return float(run.objective.value(x)), run.objective.gradient(x)
    return float(run.trace.loss[step]), run.recorded_gradient(step)


def along(
    objective: Minimisable, start: Array, direction: Array, loss: float, gradient: Array, step: int | None = None
) -> LineProfile:
    """The line from ``start`` along ``direction``, where loss and gradient at the start are known."""
    with np.errstate(all="ignore"):
        losses, points = _evaluator(objective, start, direction)
        slope = float(gradient @ direction)
        bend = float(direction @ hessian_product(objective, start)(direction))
        downhill = -1.0 if slope > 0 else 1.0  # a step may have gone uphill, and what is best lies behind it then
        best = _first_dip(losses, downhill, loss, 12 if _at_once(objective, start) else 4)
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


def _at_once(objective: Minimisable, start: Array) -> bool:
    """Whether the losses at many points are had in one call, in less time than anyone notices."""
    return objective.broadcasts and not objective.batchwise and _POINTS * len(start) <= _NUMBERS


def _evaluator(objective: Minimisable, start: Array, direction: Array) -> tuple[Callable[[Array], Array], int]:
    """A function that gives the losses at many α, (k,), and how many of them the curve may have."""
    if _at_once(objective, start):
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
    """About where the loss first turns up again along the line, NaN where it does not within 2^doublings steps."""
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
    """The α of the lowest loss between two, closed in on by ever finer rows of points."""
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
