"""Where a regression's loss is lowest, found without descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdviewer.engine.oracle import Array

if TYPE_CHECKING:
    from gdviewer.problems.regression import Regression

_NEWTON_STEPS = 25  # it converges in ten where there is a minimum; towards one at infinity it gains a digit in two
_LOOK_STEPS = 6  # so far towards infinity is looked around
_ROUNDING = 1e-14
_WEIGHING_STEPS = 200


def lowest_point(problem: Regression) -> tuple[Array | None, Array]:
    """The minimum, or None where there is none (classes that a line tells apart), and a point to look around at.

    Least squares directly; other losses by Newton steps, which halve until they lead down.
    """
    a, y = problem.columns.T, problem.targets
    if problem.quadratic:
        x = _solve(a, y)
        x = x - _solve(a, a @ x - y)  # the digits that the first solution has lost
        return x, x
    x = np.zeros(problem.dimension)
    if not problem.model.classes:
        x = _weighed(problem, _solve(a, y))
    look = x
    for step in range(_NEWTON_STEPS):
        gradient = problem.gradient(x)
        if _flat(problem, x, gradient):
            return x, x
        with np.errstate(all="ignore"):
            move = _solve(problem.hessian(x), gradient)
        height, share = problem.value(x), 1.0
        while share > 1e-10 and not problem.value(x - share * move) <= height * (1 + _ROUNDING):
            share /= 2
        if share <= 1e-10:
            break
        x = x - share * move
        look = x if step < _LOOK_STEPS else look
    return (x, x) if _flat(problem, x, problem.gradient(x)) else (None, look)


def _solve(a: Array, b: Array) -> Array:
    """The smallest x of those with the least |a·x − b|²."""
    return np.asarray(np.linalg.lstsq(a, b)[0], dtype=float)


def _flat(problem: Regression, x: Array, gradient: Array) -> bool:
    """Whether nothing but rounding is left of the gradient's terms."""
    z, y = problem.outputs(x), problem.targets
    terms = np.abs(problem.loss.slope(z, y)) + problem.loss.curvature(z, y) * (np.abs(z) + np.abs(y))
    scale = (terms * np.abs(problem.columns)).mean(axis=1)
    return bool((np.abs(gradient) <= _ROUNDING * np.maximum(scale, 1e-3 * terms.max())).all())


def _weighed(problem: Regression, x: Array) -> Array:
    """Near the minimum by least squares with weights that fall with the residual, each step lower than the last."""
    a, y = problem.columns.T, problem.targets
    for _ in range(_WEIGHING_STEPS):
        r = problem.outputs(x) - y
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.sqrt(np.where(r == 0, 1.0, problem.loss.slope(r, np.zeros_like(r)) / r))
        before, x = x, _solve(a * weight[:, None], y * weight)
        if np.abs(x - before).max() <= 1e-9 * np.abs(x).max():
            break
    return x
