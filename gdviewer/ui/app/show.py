"""``gdviewer.show``: the window on a function, a problem or an experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.shorthand import as_problem, start_point
from gdviewer.problems.problem import Problem

_RUNS = "gradient_descent", "adam"
_OPEN: list[Any] = []  # windows shown without blocking; a reference keeps them open


def show(
    fun: Callable[..., Any] | Problem | str | Experiment,
    x0: ArrayLike | None = None,
    jac: Callable[..., Any] | bool | None = None,
    runs: Sequence[RunPlan | str | Optimizer | Rule | Mapping[str, Any]] | None = None,
    block: bool = True,
) -> Any:
    """Open the window on a function.

    Args:
        fun: a callable ``fun(x)`` with x of shape (n,), a problem, or the name of a problem in the catalogue; or an
            experiment, which has its own start and runs.
        x0: the start, shape (n,) or a number; None for the start of the problem.
        jac: the gradient as a callable; True if ``fun`` returns (value, gradient); None for central differences.
        runs: optimizers: names, optimizers made with ``@optimizer``, functions of the textbook form, or mappings such
            as ``{"optimizer": "momentum", "learning_rate": 0.01}``, in which ``"start"`` is a start for this run
            alone. None for gradient descent and Adam.
        block: wait until the window is closed. False returns the window at once, for IPython with ``%gui qt``.

    Returns:
        The window if ``block`` is False, else None.

    Raises:
        TypeError: a function among the runs does not have the textbook form.
        ValueError: a name is unknown (the nearest one is suggested), a value is out of range, or the start has the
            wrong shape.
    """
    experiment = _experiment(fun, x0, jac, runs)
    if block:
        from gdviewer.ui.app.startup import open_window

        open_window(experiment)
        return None
    from gdviewer.ui.app.application import create_application
    from gdviewer.ui.app.main_window import MainWindow

    create_application()
    window = MainWindow(experiment)
    _OPEN.append(window)
    window.closed.connect(lambda: _OPEN.remove(window))
    window.show()
    return window


def _experiment(
    fun: Callable[..., Any] | Problem | str | Experiment,
    x0: ArrayLike | None,
    jac: Callable[..., Any] | bool | None,
    runs: Sequence[RunPlan | str | Optimizer | Rule | Mapping[str, Any]] | None,
) -> Experiment:
    if isinstance(fun, Experiment):
        if not (x0 is None and jac is None and runs is None):
            raise ValueError("an experiment has its own start, gradient and runs: leave out x0, jac and runs")
        return fun
    problem = as_problem(fun, x0, jac)
    return Experiment(problem, _RUNS if runs is None else runs, start_point(problem, x0, "x0"))
