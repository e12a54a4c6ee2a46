"""``gdviewer.show``: the window on one's own function."""

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
_OPEN: list[Any] = []  # windows shown without blocking; Qt would close one that nobody holds


def show(
    fun: Callable[..., Any] | Problem | str | Experiment,
    x0: ArrayLike | None = None,
    jac: Callable[..., Any] | bool | None = None,
    runs: Sequence[RunPlan | str | Optimizer | Rule | Mapping[str, Any]] | None = None,
    block: bool = True,
) -> Any:
    """Open the window on a function.

    Args:
        fun: a callable ``fun(x)`` with x of shape (n,), a problem, or the name of one in the catalogue; or an
            experiment, which says all the rest.
        x0: the start, shape (n,) or a number; a problem's own where it is None.
        jac: the gradient, a callable; True where ``fun`` returns (value, gradient); None for central differences.
        runs: optimizers, by name, made with ``@optimizer``, or functions of the textbook form; or mappings such as
            ``{"optimizer": "momentum", "learning_rate": 0.01}``, with ``"start"`` for a start of its own. Gradient
            descent and Adam where it is None.
        block: wait until the window is closed. False returns the window at once, for IPython with ``%gui qt``.

    Returns:
        the window where ``block`` is False, else None.

    Raises:
        TypeError: a function among the runs whose signature is not of the textbook form.
        ValueError: an unknown name (the nearest is suggested), a value out of range, a start of wrong shape.
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
