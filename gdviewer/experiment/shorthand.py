"""Conversion of shorthands in the Python interface to problems, starts, runs and schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer import problems
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.problem import Problem


def start_point(problem: Problem, given: ArrayLike | None, name: str) -> Array:
    """Return the given start, shape (n,), or the start of the problem if None is given.

    Raises:
        ValueError: the start has another shape; the message begins with ``name``.
    """
    start: Array = problem.start if given is None else np.array(given, dtype=float, ndmin=1)
    if start.shape != (problem.dimension,):
        raise ValueError(f"{name} must have shape ({problem.dimension},) for {problem.name}; got {start.shape}")
    return start


def as_schedule(given: str | Mapping[str, Any] | Schedule | None) -> Schedule | None:
    """Return a schedule from a name, a mapping or a schedule; see :func:`gdviewer.minimize`.

    Raises:
        ValueError: the name is unknown, the schedule does not have a parameter, or a value is out of range.
    """
    if given is None or isinstance(given, Schedule):
        return given
    from gdviewer import schedules

    if isinstance(given, str):
        return schedules.get(given)
    if not isinstance(given, Mapping) or "name" not in given:
        raise ValueError(f'a schedule must be a name, {{"name": …, its parameters}} or schedules.get(…); got {given!r}')
    return schedules.get(given["name"], **{key: value for key, value in given.items() if key != "name"})


def as_problem(
    fun: Callable[..., Any] | Problem | str,
    x0: ArrayLike | None,
    jac: Callable[..., Any] | bool | None = None,
    hess: Callable[..., Any] | None = None,
) -> Problem:
    """Return a problem from a problem, a name or a function; see :func:`gdviewer.minimize`.

    Raises:
        ValueError: the name is unknown, a function has no start, or a problem is given with a gradient or Hessian.
    """
    if isinstance(fun, (str, Problem)):
        if jac is not None or hess is not None:
            raise ValueError("a problem has its own gradient, so jac and hess can't be given with it; leave them out")
        return problems.get(fun) if isinstance(fun, str) else fun
    if x0 is None:
        raise ValueError("a function needs a start; pass x0, or start to an Experiment")
    from gdviewer.problems.function import FunctionProblem  # the window opens without it

    return FunctionProblem(fun, x0, jac, hess)


def as_plan(run: RunPlan | str | Optimizer | Rule | Mapping[str, Any], color: int) -> RunPlan:
    """Return the plan of a run from a plan, an optimizer or a mapping; see :class:`.experiment.Experiment`."""
    if isinstance(run, RunPlan):
        return run
    from gdviewer.experiment.user_rule import as_optimizer  # the window opens without it

    if not isinstance(run, Mapping):
        return RunPlan(as_optimizer(run), color=color)
    settings = dict(run)
    rule = settings.pop("optimizer", "gradient_descent")
    start = settings.pop("start", None)
    point = None if start is None else tuple(np.array(start, dtype=float, ndmin=1).tolist())
    return RunPlan(as_optimizer(rule), settings, point, color)
