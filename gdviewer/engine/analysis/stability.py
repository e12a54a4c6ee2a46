"""Stability of the learning rate: the length of a step compared with the largest stable one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.analysis.curvature import Curvature
from gdviewer.engine.record.events import Message
from gdviewer.engine.rules.captured_output import again
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.oracle import Array, Minimisable, Oracle
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import error_text

_RATE = "learning_rate"
_LATE = 1000  # the number of the step that is executed, after the special first steps of some rules
_LOWEST, _HIGHEST = 1e-4, 1e6  # the range in which the limit is searched, in multiples of 2/curvature
_MIN_SHARE = 1e-8  # smallest share of the gradient along a direction that defines a rate


class _Parabola:
    """½·λ·x² in one dimension, as a problem."""

    dimension, broadcasts, has_hessian, quadratic, lowest, stochastic = 1, True, True, True, 0.0, False
    batchwise = False

    def __init__(self, curvature: float) -> None:
        self._curvature = curvature

    def batch(self, t: int, seed: int) -> Minimisable:  # noqa: ARG002 - it has none
        return self

    def value(self, x: Array) -> Array:
        value: Array = self._curvature / 2 * (x**2).sum(axis=-1)
        return value

    def gradient(self, x: Array) -> Array:
        return self._curvature * x

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        return self.value(x), self.gradient(x)

    def hessian(self, x: Array) -> Array:
        return np.full((*x.shape, 1), self._curvature)


def step_matrix(optimizer: Optimizer, hyperparameters: Mapping[str, Any], curvature: float) -> Array | None:
    """Return the matrix of one step for point and state on the parabola ½·λ·x²; None for a nonlinear rule.

    The rule is executed at the unit vectors; other vectors test that it is linear. A rule is stable if all eigenvalues
    of the matrix have a size of at most 1.

    Args:
        optimizer: the rule.
        hyperparameters: its hyperparameters.
        curvature: λ.

    Returns:
        The matrix, shape (k, k), the point first, then the parts of the state in order.
    """
    rule = optimizer.bind(hyperparameters)
    size = 1 + len(optimizer.state)
    problem = _Parabola(curvature)

    def step(vector: Array) -> Array | None:
        oracle = Oracle(problem)
        oracle.t = _LATE
        parts = [np.array([part]) for part in vector]
        result = (
            rule(parts[0], oracle, _LATE, *parts[1:]) if optimizer.counts_steps else rule(parts[0], oracle, *parts[1:])
        )
        after = [np.asarray(part, dtype=float) for part in (result if type(result) is tuple else (result,))]
        return np.concatenate([part.ravel() for part in after]) if all(p.size == 1 for p in after) else None

    mixed = np.cos(np.arange(1.0, size + 1))
    try:
        with np.errstate(all="ignore"), again():
            columns = [step(unit) for unit in np.eye(size)]
            mixtures = [step(scale * mixed) for scale in (1e-3, -1.0, 1e3)]
    except (Exception, SystemExit):
        return None
    if any(image is None or image.shape != (size,) for image in (*columns, *mixtures)):
        return None
    matrix: Array = np.array(columns).T
    expected = [scale * (matrix @ mixed) for scale in (1e-3, -1.0, 1e3)]
    linear = all(np.allclose(a, b, rtol=1e-9, atol=0) for a, b in zip(mixtures, expected, strict=True))  # type: ignore[arg-type]
    return matrix if linear and np.isfinite(matrix).all() else None


def largest_stable_rate(optimizer: Optimizer, hyperparameters: Mapping[str, Any], curvature: float) -> float | None:
    """Return the learning rate above which a rule diverges on a parabola with this curvature.

    It is found with :func:`step_matrix`: 2/λ for gradient descent, 2·(1 + β)/λ for momentum. If there are several
    limits, it is the smallest.

    Returns:
        The rate; None if the rule has no learning rate, if no limit is found, and for a nonlinear rule. A rule that
        divides by the size of the gradient is nonlinear: the length of its step depends on earlier steps.
    """
    if _RATE not in hyperparameters or not curvature > 0:
        return None

    def unstable(rate: float) -> bool | None:
        matrix = step_matrix(optimizer, {**hyperparameters, _RATE: rate}, 2.0)
        return None if matrix is None else bool(np.abs(np.linalg.eigvals(matrix)).max() > 1 + 1e-9)

    low, high = _LOWEST, _LOWEST
    while (found := unstable(high)) is False and high < _HIGHEST:
        low, high = high, high * 4
    if not found or low == high:
        return None
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if unstable(middle) else (middle, high)
    return low * 2 / curvature  # the limit for λ = 2 is a multiple of 2/λ


@dataclass(frozen=True)
class Verdict(Message):
    """A sentence on the length of a step.

    Attributes:
        ratio: the learning rate divided by the largest stable one; NaN if it is not defined.
    """

    ratio: float = np.nan


def stability(run: Run, step: int, curvature: Curvature, rate: float = np.nan) -> Verdict:
    """Compare the learning rate with the curvature at row ``step`` of the trace of a run.

    The measure depends on the rule:

    * For a linear rule with a learning rate (gradient descent, momentum, Nesterov, QHM) it is the rate divided by that
      of :func:`largest_stable_rate` at the largest eigenvalue.
    * For other rules the next step Δ is compared with the gradient g along the steepest direction v. −vᵀΔ / vᵀg is the
      rate with which gradient descent moves as far along v, given in multiples of 2/λ_max. Above 1 or below 0 the step
      raises the local parabola along v. A step that is not recorded yet is executed for this.

    Args:
        run: the run.
        step: the row.
        curvature: the curvature at the point of the row.
        rate: the learning rate of the next step, if it is newer than that of the record.
    """
    steepest = curvature.steepest
    if not np.isfinite(steepest):
        return Verdict(
            "The curvature is too vaguely known here to say how long a step may be: the slope jumps close by."
            if len(curvature.eigenvalues)
            else "The curvature is not known, so neither is the largest stable learning rate."
        )
    if steepest <= curvature.floor:
        return Verdict("Nothing curves up here, so no learning rate is too large for the local parabola.")
    trace = run.trace
    if not np.isfinite(rate):
        rate = float(trace.rate[min(step + 1, len(trace) - 1)])
    hyperparameters = run.hyperparameters_at(step + 1)
    clipped = run.options.clip_norm is not None or run.options.clip_value is not None
    stable = None if clipped else largest_stable_rate(run.optimizer, hyperparameters, steepest)
    if stable is not None and np.isfinite(rate):
        ratio = rate / stable
        values = {"rate": rate, "stable": stable, "ratio": ratio}
        if ratio > 1:
            return Verdict(
                "The learning rate {rate:.3g} is {ratio:.3g} times too large here: {optimizer} is stable up to "
                "{stable:.3g}.",
                values | {"optimizer": run.optimizer.title}, ratio,
            )  # fmt: skip
        return Verdict(
            "The learning rate {rate:.3g} is {ratio:.3g} times the largest that is stable here, {stable:.3g}.",
            values, ratio,
        )  # fmt: skip
    return _effective(run, step, curvature, steepest)


def _effective(run: Run, step: int, curvature: Curvature, steepest: float) -> Verdict:
    """Return the verdict on the next step along the steepest direction."""
    trace, v = run.trace, curvature.directions[-1]
    try:
        after = run.point(step + 1) if step + 1 < len(trace) else run.replay(step + 1)[0]
    except (Exception, SystemExit) as error:
        return Verdict("The step from here is not known: {error}", {"error": error_text(error)})
    slope, move = float(v @ curvature.gradient), float(v @ (after - curvature.x))
    if not abs(slope) > _MIN_SHARE * float(np.linalg.norm(curvature.gradient)) or not np.isfinite(move):
        return Verdict("There is no slope along the steepest direction, so nothing to measure the step from here by.")
    effective = -move / slope
    ratio = effective * steepest / 2
    values = {"effective": effective, "ratio": ratio, "size": abs(ratio)}
    if ratio > 1:
        text = (
            "Along the steepest direction the step from here goes as far as plain descent with a rate of "
            "{effective:.3g}: {ratio:.3g} times too far, so that it climbs there."
        )
    elif ratio < 0:
        text = (
            "Along the steepest direction the step from here goes uphill, {size:.3g} times as far as plain descent may "
            "go down."
        )
    else:
        text = (
            "Along the steepest direction the step from here goes as far as plain descent with a rate of "
            "{effective:.3g}: {ratio:.3g} times the largest that is stable."
        )
    return Verdict(text, values, ratio)
