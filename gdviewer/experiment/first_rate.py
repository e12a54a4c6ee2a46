"""A learning rate to begin with: one whose first steps can be seen on the problem at hand."""

from __future__ import annotations

import math

import numpy as np

from gdviewer.engine.optimizer import Optimizer
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits
from gdviewer.experiment.experiment import Point
from gdviewer.problems.problem import Problem

SHARE = 0.005
_STEPS = 3  # some rules only look at the gradient in their first step


def first_rate(problem: Problem, optimizer: Optimizer, start: Point) -> float | None:
    """A rate with which the longest of the first three steps crosses about 0.5 % of the problem's region.

    The libraries' defaults are made for networks: Adam's 0.001 moves by 0.001 a step, whatever the problem. What is
    found is a rough scale and no search: 1, 2 or 5 times a power of ten, within the range allowed.

    None where the default is to hold: the optimizer has no learning rate, or a default of 1 or more, by which it says
    that its steps have the right length by themselves; or the problem can't be asked without effects, or does not say.
    """
    declared = optimizer.hyperparameters.get("learning_rate")
    if declared is None or declared >= 1 or not problem.broadcasts:
        return None
    run = Run(problem, optimizer, start, {}, Limits(tolerance=None))
    run.advance(_STEPS)
    longest = np.linalg.norm(np.diff(run.trace.x, axis=0), axis=1).max(initial=0.0)
    reach = SHARE * float(np.linalg.norm(np.diff(problem.domain, axis=1)))
    if not (np.isfinite(longest) and longest > 0 and reach > 0):
        return None
    return _rounded(min(max(declared * reach / longest, declared.slider[0]), declared.slider[1]))


def _rounded(rate: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten, as factors go."""
    power = math.floor(math.log10(rate))
    digit = min((1, 2, 5, 10), key=lambda digit: abs(math.log(rate / digit) - power * math.log(10)))
    return float(f"{digit}e{power}")
