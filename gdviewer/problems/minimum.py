"""Where a regression's loss is lowest, found without descent."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.losses import HuberLoss, OutputLoss

_NEWTON_STEPS = 25  # it converges in ten where there is a minimum; towards one at infinity it gains a digit in two
_LOOK_STEPS = 6  # so far towards infinity is looked around
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
        """The output for each row at a point (n,): (rows,)."""

    def value(self, x: Array) -> Array:
        """The mean loss."""

    def gradient(self, x: Array) -> Array:
        """Its gradient, (n,)."""


def lowest_point(problem: MeanLoss) -> tuple[Array | None, Array, Array]:
    """The minimum, or None where there is none (classes that a line tells apart); a point to look around at; and the
    R of the features' QR factorisation, (n, n).

    Newton steps, which halve until they lead down: two for squares, the second for the digits the first has lost. The
    Huber loss, whose curvature is 0 or 1, is first brought near by weights that fall with the residual.
    """
    q, r = np.linalg.qr(problem.columns.T)
    rows, y = len(problem.targets), problem.targets

    def move(x: Array, weights: Array) -> Array:
        """(AᵀWA)⁻¹ times the gradient, through A = QR, which keeps twice the digits."""
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
    """The largest of 1, ½, ¼ … of a step that leads down; 0 where none does."""
    height, share = problem.value(x), 1.0
    while share > 1e-10 and not problem.value(x - share * step) <= height * (1 + _ROUNDING):
        share /= 2
    return share if share > 1e-10 else 0.0


def _solve(a: Array, b: Array) -> Array:
    """The smallest x of those with the least |a·x − b|²."""
    return np.asarray(np.linalg.lstsq(a, b, rcond=None)[0], dtype=float)


def _flat(problem: MeanLoss, x: Array) -> bool:
    """Whether nothing but rounding is left of the gradient's terms."""
    z, y = problem.outputs(x), problem.targets
    terms = np.abs(problem.loss.slope(z, y)) + problem.loss.curvature(z, y) * (np.abs(z) + np.abs(y))
    scale = (terms * np.abs(problem.columns)).mean(axis=1)
    return bool((np.abs(problem.gradient(x)) <= _ROUNDING * np.maximum(scale, 1e-3 * terms.max())).all())
