"""The window says what kind of point a run stopped at."""

from __future__ import annotations

import threading

import pytest

from gdviewer import optimizers, problems
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem


@pytest.fixture
def on_saddle():
    """Two runs, one straight to the saddle, the other past it."""
    descent = optimizers.get("gradient_descent")
    plans = (
        RunPlan(descent, {"learning_rate": 0.1}),
        RunPlan(descent, {"learning_rate": 0.1}, start=(1.0, 1.0), color=1),
    )
    return Experiment(problems.get("saddle"), plans, (1.0, 0.0))


def test_that_the_message_of_a_stop_says_what_kind_of_point_it_is_at(open_window, on_saddle, qtbot):
    window = open_window(on_saddle)
    message = window.runs_panel.editor.message
    window.session.player.finish()
    qtbot.waitUntil(lambda: "At a saddle: one eigenvalue is -2" in message.text())
    assert message.text().startswith("Tolerance met")
    window.session.select(1)
    assert "saddle" not in message.text()
    window.session.select(0)
    assert "At a saddle" in message.text()
    window.session.reset()
    assert not message.text()


def test_that_a_slow_function_does_not_hold_up_the_window(open_window, qtbot):
    asked, go_on = threading.Event(), threading.Event()

    def patient(x):
        if threading.current_thread().name == "gdviewer background" and diagnosing:
            asked.set()
            go_on.wait(10)
        return float(x @ x)

    diagnosing = False
    problem = FunctionProblem(patient, [1.0, 1.0, 1.0])
    plan = RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.1})
    window = open_window(Experiment(problem, (plan,), (1.0, 1.0, 1.0)))
    diagnosing = True
    window.session.player.finish()
    qtbot.waitUntil(asked.is_set)
    assert window.runs_panel.editor.message.text().startswith("Tolerance met")
    go_on.set()
    qtbot.waitUntil(lambda: "At a minimum" in window.runs_panel.editor.message.text())
