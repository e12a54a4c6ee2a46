"""The minimum of a regression's loss, found without gradient descent."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.losses import HuberLoss, OutputLoss

_NEWTON_STEPS = 25  # ten are enough for a finite minimum; towards one at infinity, two steps gain one digit
_LOOK_STEPS = 6  # the last step from which the region to show is derived
_WEIGHING_STEPS = 100
_ROUNDING = 1e-14


class MeanLoss(Protocol):
    """The mean loss of outputs that are linear in the weights, over the rows of data."""

    @property
    def loss(self) -> OutputLoss:
        """The loss of one output."""

    @property
    def columns(self) -> Array:
        """The factor of each weight in each row, (n, rows)."""

    @property
    def targets(self) -> Array:
        """The target of each row, (rows,)."""

    def outputs(self, x: Array) -> Array:
        """Return the output for each row at a point (n,): (rows,)."""

    def value(self, x: Array) -> Array:
        """Return the mean loss."""

    def gradient(self, x: Array) -> Array:
        """Return the gradient of the mean loss, (n,)."""


def lowest_point(problem: MeanLoss) -> tuple[Array | None, Array, Array]:
    """Return the minimum, a centre of the region to show, and R of the features' QR factorisation, (n, n).

    The minimum is None if there is none, as for linearly separable classes. Newton steps are halved until the loss
    decreases. The squared error needs two: the second corrects the rounding of the first. The Huber loss, whose
    curvature is 0 or 1, starts with iteratively reweighted least squares.
    """
    q, r = np.linalg.qr(problem.columns.T)
    rows, y = len(problem.targets), problem.targets

    def move(x: Array, weights: Array) -> Array:
        """Return (AᵀWA)⁻¹ times the gradient, by A = QR, which keeps twice the digits."""
        inner = _solve((q.T * weights) @ q / rows, _solve(r.T, problem.gradient(x)))
        return _solve(r, inner)

    x = np.zeros(len(problem.columns))
    if problem.loss.quadratic:
        for _ in range(2):
            x = x - move(x, np.full(rows, 2.0))
        return x, x, r
    if isinstance(problem.loss, HuberLoss):
        for _ in range(_WEIGHING_STEPS):
            z = problem.outputs(x)
            off = np.where(z == y, 1.0, z - y)
            step = move(x, np.where(z == y, 1.0, problem.loss.slope(z, y) / off))
            x = x - step
            if np.abs(step).max() <= 1e-9 * np.abs(x).max():
                break
    look = x
    for count in range(_NEWTON_STEPS):
        if _flat(problem, x):
            return x, x, r
        step = move(x, problem.loss.curvature(problem.outputs(x), y))
        share = _share(problem, x, step)
        if not share:
            break
        x = x - share * step
        look = x if count < _LOOK_STEPS else look
    return (x, x, r) if _flat(problem, x) else (None, look, r)


def _share(problem: MeanLoss, x: Array, step: Array) -> float:
    """Return the largest of 1, ½, ¼ … of a step that decreases the loss; 0 if none does."""
    height, share = problem.value(x), 1.0
    while share > 1e-10 and not problem.value(x - share * step) <= height * (1 + _ROUNDING):
        share /= 2
    return share if share > 1e-10 else 0.0


def _solve(a: Array, b: Array) -> Array:
    """Return the least-squares solution of a·x = b of smallest norm."""
    return np.asarray(np.linalg.lstsq(a, b, rcond=None)[0], dtype=float)


def _flat(problem: MeanLoss, x: Array) -> bool:
    """True if the gradient is zero within rounding errors."""
    z, y = problem.outputs(x), problem.targets
    terms = np.abs(problem.loss.slope(z, y)) + problem.loss.curvature(z, y) * (np.abs(z) + np.abs(y))
    scale = (terms * np.abs(problem.columns)).mean(axis=1)
    return bool((np.abs(problem.gradient(x)) <= _ROUNDING * np.maximum(scale, 1e-3 * terms.max())).all())
