"""Shorthands of the Python interface for problems, starts, runs and schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer import problems, schedules
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.user_rule import as_optimizer
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.problem import Problem


def start_point(problem: Problem, given: ArrayLike | None, name: str) -> Array:
    """Return a start, shape (n,): the problem's own where none is given.

    Raises:
        ValueError: it has another shape; the text begins with its name.
    """
    start: Array = problem.start if given is None else np.array(given, dtype=float, ndmin=1)
    if start.shape != (problem.dimension,):
        raise ValueError(f"{name} must have shape ({problem.dimension},) for {problem.name}; got {start.shape}")
    return start


def as_schedule(given: str | Mapping[str, Any] | Schedule | None) -> Schedule | None:
    """Return the schedule that ``given`` is, names, or describes; see :func:`gdviewer.minimize`.

    Raises:
        ValueError: an unknown name, or a parameter value the schedule does not have or take.
    """
    if given is None or isinstance(given, Schedule):
        return given
    if isinstance(given, str):
        return schedules.get(given)
    if not isinstance(given, Mapping) or "name" not in given:
        raise ValueError(f'a schedule is a name, {{"name": …, its parameters}} or schedules.get(…); got {given!r}')
    return schedules.get(given["name"], **{key: value for key, value in given.items() if key != "name"})


def as_problem(
    fun: Callable[..., Any] | Problem | str,
    x0: ArrayLike | None,
    jac: Callable[..., Any] | bool | None = None,
    hess: Callable[..., Any] | None = None,
) -> Problem:
    """Return the problem that ``fun`` is, names, or makes; see :func:`gdviewer.minimize`."""
    if isinstance(fun, (str, Problem)):
        if jac is not None or hess is not None:
            raise ValueError("a problem of the catalogue brings its own gradient; jac and hess go with a function")
        return problems.get(fun) if isinstance(fun, str) else fun
    if x0 is None:
        raise ValueError("a function needs a start: x0 must be given")
    return FunctionProblem(fun, x0, jac, hess)


def as_plan(run: RunPlan | str | Optimizer | Rule | Mapping[str, Any], color: int) -> RunPlan:
    """Return the plan that a shorthand stands for."""
    if isinstance(run, RunPlan):
        return run
    if not isinstance(run, Mapping):
        return RunPlan(as_optimizer(run), color=color)
    settings = dict(run)
    rule = settings.pop("optimizer", "gradient_descent")
    start = settings.pop("start", None)
    own = None if start is None else tuple(np.array(start, dtype=float, ndmin=1).tolist())
    return RunPlan(as_optimizer(rule), settings, own, color)
