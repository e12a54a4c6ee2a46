"""How long a step is against what the curvature bears: too long, and the run climbs the steepest walls."""

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
_LATE = 1000  # the number of the step that is looked at: past what a rule does differently at first
_LEAST, _MOST = 1e-4, 1e6  # the multiples of 2/curvature between which a limit is looked for
_SEEN = 1e-8  # a gradient with a smaller share along a direction tells nothing of the rate along it


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
    """What one step does to point and state on the parabola ½·λ·x², as a matrix; None for a rule that is not linear.

    It is made by executing the rule itself at the unit vectors; that it is linear, at vectors between them. A rule is
    stable where no eigenvalue of the matrix is larger than 1 in size.

    Args:
        curvature: λ.

    Returns:
        shape (k, k), the point first, then the state's parts in order.
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
    """The learning rate above which the rule, on a parabola of that curvature, moves away from the bottom.

    Found on the rule's own step matrix: 2/λ for gradient descent, 2·(1 + β)/λ for momentum. The rate is that of the
    first crossing, from small rates up.

    Returns:
        None for a rule that has no learning rate, or is not linear, as those are that divide by the gradient's size:
        what they do to a step depends on the steps before.
    """
    if _RATE not in hyperparameters or not curvature > 0:
        return None

    def unstable(rate: float) -> bool | None:
        matrix = step_matrix(optimizer, {**hyperparameters, _RATE: rate}, 2.0)
        return None if matrix is None else bool(np.abs(np.linalg.eigvals(matrix)).max() > 1 + 1e-9)

    low, high = _LEAST, _LEAST
    while (found := unstable(high)) is False and high < _MOST:
        low, high = high, high * 4
    if not found or low == high:
        return None
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if unstable(middle) else (middle, high)
    return low * 2 / curvature  # what is found for λ = 2 is a multiple of 2/λ


@dataclass(frozen=True)
class Verdict(Message):
    """A sentence on the length of a step.

    Attributes:
        ratio: the rate in use by the largest stable one; NaN where there is none to compare.
    """

    ratio: float = np.nan


def judge_rate(run: Run, step: int, here: Curvature, rate: float = np.nan) -> Verdict:
    """Tell whether the learning rate is too large for the curvature at row ``step`` of a run's trace.

    Two measures, by what the rule is:

    * A linear rule with a learning rate (gradient descent, momentum, Nesterov, QHM): the rate by the largest stable one
      of :func:`largest_stable_rate` at the largest eigenvalue.
    * Any other: the step from here, Δ, is compared with the gradient g along the steepest direction v. −vᵀΔ / vᵀg is
      the rate at which gradient descent would move as far along v, and is told in multiples of 2/λ_max. Above 1, or
      below 0, the step raises the local parabola along v. A step that is not recorded yet is executed for this.

    Args:
        rate: the learning rate of the step to come, where it is known better than from the record.
    """
    steepest = here.steepest
    if not np.isfinite(steepest):
        return Verdict(
            "The curvature is too vaguely known here to say how long a step may be: the slope jumps close by."
            if len(here.eigenvalues)
            else "The curvature is not known, so neither is the largest stable learning rate."
        )
    if steepest <= here.floor:
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
    return _effective(run, step, here, steepest)


def _effective(run: Run, step: int, here: Curvature, steepest: float) -> Verdict:
    """The verdict on what the step from here does along the steepest direction."""
    trace, v = run.trace, here.directions[-1]
    try:
        after = run.point(step + 1) if step + 1 < len(trace) else run.replay(step + 1)[0]
    except (Exception, SystemExit) as error:
        return Verdict("The step from here is not known: {error}", {"error": error_text(error)})
    slope, move = float(v @ here.gradient), float(v @ (after - here.x))
    if not abs(slope) > _SEEN * float(np.linalg.norm(here.gradient)) or not np.isfinite(move):
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
