"""``gdviewer.show``: the window on one's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.experiment.minimize import as_problem
from gdviewer.experiment.user_rule import as_optimizer
from gdviewer.problems.problem import Problem

_OPEN: list[Any] = []  # windows shown without blocking; Qt would close one that nobody holds


def show(
    fun: Callable[..., Any] | Problem | str,
    x0: ArrayLike | None = None,
    jac: Callable[..., Any] | bool | None = None,
    runs: Sequence[str | Optimizer | Rule | Mapping[str, Any]] = ("gradient_descent", "adam"),
    block: bool = True,
) -> Any:
    """Open the window on a function.

    Args:
        fun: a callable ``fun(x)`` with x of shape (n,), a problem, or the name of one in the catalogue.
        x0: the start, shape (n,) or a number; a problem's own where it is None.
        jac: the gradient, a callable; True where ``fun`` returns (value, gradient); None for central differences.
        runs: optimizers, by name, made with ``@optimizer``, or functions of the textbook form; or mappings such as
            ``{"optimizer": "momentum", "learning_rate": 0.01}``, with ``"start"`` for a start of its own.
        block: wait until the window is closed. False returns the window at once, for IPython with ``%gui qt``.

    Returns:
        the window where ``block`` is False, else None.

    Raises:
        TypeError: a function among the runs whose signature is not of the textbook form.
        ValueError: an unknown name (the nearest is suggested), a value out of range, a start of wrong shape.
    """
    problem = as_problem(fun, x0, jac)
    start = problem.start if x0 is None else np.array(x0, dtype=float, ndmin=1)
    if start.shape != (problem.dimension,):
        raise ValueError(f"x0 must have shape ({problem.dimension},) for {problem.name}; got {start.shape}")
    plans = tuple(_plan(run, color) for color, run in enumerate(runs))
    experiment = Experiment(problem, plans, tuple(start.tolist()))
    if block:
        from gdviewer.ui.startup import open_window

        open_window(experiment)
        return None
    from gdviewer.ui.app import create_application
    from gdviewer.ui.window import MainWindow

    create_application()
    window = MainWindow(experiment)
    _OPEN.append(window)
    window.closed.connect(lambda: _OPEN.remove(window))
    window.show()
    return window


def _plan(run: str | Optimizer | Rule | Mapping[str, Any], color: int) -> RunPlan:
    if not isinstance(run, Mapping):
        return RunPlan(as_optimizer(run), color=color)
    settings = dict(run)
    rule = settings.pop("optimizer", "gradient_descent")
    start = settings.pop("start", None)
    own = None if start is None else tuple(np.array(start, dtype=float, ndmin=1).tolist())
    return RunPlan(as_optimizer(rule), settings, own, color)
