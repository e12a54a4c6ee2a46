"""Entries keep what is typed, and ended runs are drawn whole."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker import watchdog
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.plots import sketch
from tests.ui.helpers import drawing_of

pytestmark = pytest.mark.display


def type_over(qtbot, field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_that_a_click_on_run_takes_what_was_typed_before(window, qtbot):
    type_over(qtbot, window.runs_panel.editor.fields["learning_rate"].entry, "0.003")
    qtbot.mouseClick(window.timeline.widgetForAction(window.timeline.run), Qt.MouseButton.LeftButton)
    assert window.session.player.playing
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == 0.003
    assert window.session.runs[0].hyperparameters_at(1)["learning_rate"] in (0.003, 0.01)
    window.session.player.finish()


def test_that_what_is_being_typed_survives_another_change(window, qtbot):
    entry = window.problem_panel.start.entry
    type_over(qtbot, entry, "3, 3")
    window.limits_panel.fields["max_steps"].slider.setValue(700)
    assert entry.text() == "3, 3"
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert window.session.experiment.start == (3.0, 3.0)


def test_that_a_refused_entry_and_its_message_stay_until_corrected(window, qtbot):
    entry = window.problem_panel.start.entry
    type_over(qtbot, entry, "3, abc")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    window.main_view.setFocus()
    window.limits_panel.fields["max_steps"].slider.setValue(700)
    assert (entry.text(), entry.message.isVisible()) == ("3, abc", True)


def test_that_the_parameters_of_a_formula_are_remembered(window, qtbot):
    entry = window.problem_panel.formula.entry
    type_over(qtbot, entry, "a*x**2 + y**2")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    window.problem_panel.fields["a"].slider.setValue(900)
    value = window.session.experiment.problem.values["a"]
    assert value != 1
    window.problem_panel.choose("himmelblau")
    window.problem_panel.choose("formula")
    assert window.session.experiment.problem.values == {"a": value}


def test_that_the_last_step_of_a_fast_run_is_drawn_in_both_plots(open_window, qtbot):
    for _ in range(6):
        window = open_window()
        window.session.player.pace.set_speed(math.inf)
        window.session.player.play()
        qtbot.waitUntil(
            lambda w=window: not w.session.player.playing and not w.session.player.clock.running, timeout=10_000
        )
        for run in window.session.runs:
            assert len(drawing_of(window.history.plot, run).series[0].curve.getData()[0]) == run.step + 1
            head = drawing_of(window.main_view.plot, run).head.pos()
            assert (head.x(), head.y()) == tuple(run.trace.x[-1])
        assert f"step {window.session.runs[1].step}" in window.runs_panel.list.item(1).toolTip()


def test_that_losses_below_zero_are_drawn_without_a_known_minimum(open_window):
    problem = problems.formula("x**2 + 10*y**2 - 5")
    plans = (RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 1e-3}),)
    window = open_window(Experiment(problem, plans, (-3.0, 2.0), Limits(tolerance=None, max_steps=9000)))
    window.session.player.finish()
    values = drawing_of(window.history.plot, window.session.runs[0]).series[0].curve.getData()[1]
    assert np.isfinite(values).sum() > 0.9 * len(values)
    assert window.history.note.text() == "min = -5"


def test_that_a_run_that_diverged_does_not_set_the_base(window):
    window.problem_panel.choose("forrester")
    window.session.change_run(0, hyperparameters={"learning_rate": 10.0})
    window.session.player.finish()
    assert window.session.runs[0].stop.reason is Reason.DIVERGED
    assert window.history.note.text().startswith("min = -6.02074")


def test_that_a_curve_is_fitted_to_another_formula(window, qtbot):
    entry = window.problem_panel.formula.entry
    for text, high in (("1000*x**2", 20_000), ("sin(x)", 1.5)):
        type_over(qtbot, entry, text)
        qtbot.keyClick(entry, Qt.Key.Key_Return)
        _, (_, top) = window.main_view.plot.getPlotItem().vb.viewRange()
        assert 0.5 * high < top < 1.6 * high


def test_that_an_undefined_start_is_drawn_as_nothing(window, qtbot):
    entry = window.problem_panel.formula.entry
    type_over(qtbot, entry, "log(x)")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.runs[0].stop is not None, timeout=10_000)
    window.main_view.plot.draw()
    drawing = drawing_of(window.main_view.plot, window.session.runs[0])
    assert not drawing.tangent.isVisible()
    assert not drawing.head.isVisible()
    assert window.session.runs[0].stop.reason is Reason.LEFT_DOMAIN


def test_that_a_dragged_start_comes_back_onto_the_curve(window, qtbot):
    window.problem_panel.choose("forrester")
    (marker,) = window.main_view.plot.starts._markers.values()
    marker.moving = True
    marker.setPos((0.5, 10.0))
    marker.moving = False
    marker.sigPositionChangeFinished.emit(marker)
    assert window.session.experiment.start == (0.5,)
    assert marker.pos().y() == pytest.approx(problems.get("forrester").value([0.5]))


def test_that_a_logarithmic_axis_of_steps_shows_every_decade(open_window):
    problem = problems.get("rosenbrock")
    plans = (RunPlan(optimizers.get("adam"), {"learning_rate": 1e-4}),)
    window = open_window(Experiment(problem, plans, (-1.2, 1.0), Limits(tolerance=None, max_steps=50_000)))
    window.session.player.finish(60)
    window.history.log_steps.click()
    drawn = drawing_of(window.history.plot, window.session.runs[0]).series[0].curve.getData()[0]
    for decade in range(5):
        assert ((drawn >= decade) & (drawn < decade + 1)).sum() >= 9
    assert len(drawn) < 5000


def test_that_a_moved_hyperparameter_is_marked_on_the_curve(window, qtbot):
    for _ in range(3):
        window.session.player.step()
    qtbot.waitUntil(lambda: window.session.cursor.newest == 3)
    window.session.change_run(0, hyperparameters={"learning_rate": 0.002})
    window.session.player.step()
    qtbot.waitUntil(lambda: window.session.cursor.newest == 4)
    window.history.plot.draw()
    assert drawing_of(window.history.plot, window.session.runs[0]).marks.getData()[0].tolist() == [3]


def test_that_only_the_limit_that_ended_a_run_lets_it_go_on(window):
    window.session.player.finish()
    ends = [run.stop for run in window.session.runs]
    limits = window.session.experiment.limits
    window.session.edit(replace(window.session.experiment, limits=replace(limits, divergence=1e9)))
    assert [run.stop for run in window.session.runs] == ends
    window.session.edit(replace(window.session.experiment, limits=replace(limits, tolerance=1e-9)))
    assert [run.stop for run in window.session.runs] == [None, None]


def test_that_a_bad_file_leaves_the_formula_in_sight(window, qtbot, tmp_path):
    path = tmp_path / "ragged.csv"
    path.write_text("1,2\n3\n")
    window._open_file(str(path))
    qtbot.waitUntil(lambda: window.problem_panel.samples.message.isVisible())
    assert window.problem_panel.formula.isVisible()
    assert not window.problem_panel.samples.isVisible()
    window.problem_panel.choose("sphere")
    assert not window.problem_panel.samples.message.isVisible()


@pytest.mark.parametrize("width", [1e-14, 1e200])
def test_that_a_click_at_an_extreme_zoom_does_no_harm(window, qtbot, width):
    plot = window.main_view.plot
    plot.setRange(xRange=(0, width), yRange=(0, width), padding=0)
    center = plot.viewport().rect().center()
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=center)
    qtbot.wait(20)
    assert all(map(math.isfinite, window.session.experiment.start))


@pytest.mark.parametrize(("text", "reported"), [("1e308 -1e308", "1e+150"), ("1e149 -1e149 0", "")])
def test_that_samples_are_shown_or_reported_to_be_too_large(window, qtbot, text, reported):
    window.problem_panel.choose("samples")
    window.problem_panel.samples.text.setPlainText(text)
    window.problem_panel.samples._pause.stop()
    window.problem_panel.samples._use_text()
    assert reported in window.problem_panel.samples.message.text()
    assert bool(reported) == window.problem_panel.samples.message.isVisible()
    window.main_view.plot.draw()
    assert np.isfinite(window.main_view.plot.getPlotItem().vb.viewRange()).all()


def test_that_user_text_is_shown_as_it_is(open_window):
    def broken(x):
        raise RuntimeError("boom <b>x</b>")

    problem = FunctionProblem(broken, (1.0, 1.0))
    window = open_window(Experiment(problem, (RunPlan(optimizers.get("adam")),), (1.0, 1.0)))
    window.session.player.finish()
    message = window.runs_panel.editor.message
    assert "boom <b>x</b>" in message.text()
    assert message.textFormat() is Qt.TextFormat.PlainText


def test_that_a_function_may_raise_what_it_likes(open_window):
    def rude(x):
        raise KeyboardInterrupt

    problem = FunctionProblem(rude, (1.0, 1.0))
    window = open_window(Experiment(problem, (RunPlan(optimizers.get("adam")),), (1.0, 1.0)))
    window.session.player.finish()
    assert window.session.runs[0].stop.reason is Reason.ERROR
    assert "KeyboardInterrupt" in window.runs_panel.editor.message.text()


def test_that_the_start_of_one_run_may_be_slow_after_another_was_given_up(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.3)
    released = []

    def sometimes_stuck(x):
        while x[0] > 5 and not released:
            pass
        if x[0] < 0:
            time.sleep(0.05)
        return float(x @ x)

    plan = RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.1})
    plans = (replace(plan, start=(9.0, 0.0)), replace(plan, start=(1.0, 0.0), color=1))
    window = open_window(Experiment(FunctionProblem(sometimes_stuck, (1.0, 0.0)), plans, (1.0, 0.0)), ready=False)
    qtbot.waitUntil(lambda: window.session.runs[0].stop is not None, timeout=10_000)
    window.session.set_start((-1.0, 0.0), 1)
    qtbot.waitUntil(lambda: window.session.runs[1].begun, timeout=10_000)
    released.append(True)


def test_that_a_slow_function_is_drawn_coarsely_at_first(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(sketch, "PATIENCE_SECONDS", 0.4)

    def slow(x):
        time.sleep(0.0002)
        return math.hypot(*x)

    problem = FunctionProblem(slow, (1.0, 1.0))
    window = open_window(Experiment(problem, (RunPlan(optimizers.get("adam")),), (1.0, 1.0)), ready=False)
    qtbot.waitUntil(lambda: window.main_view.plot.landscape is not None, timeout=10_000)
    assert len(window.main_view.plot.landscape.heights) < 256


def test_that_a_picture_of_a_function_leaves_the_record_alone():
    calls = []

    def both(x):
        calls.append(x)
        return float(x @ x), 2 * x

    problem = FunctionProblem(both, (1.0, 2.0), jac=True)
    problem.value(np.array([1.0, 2.0]))
    problem.values_on_grid(np.array([[3.0, 4.0], [5.0, 6.0]]))
    before = len(calls)
    assert problem.gradient(np.array([1.0, 2.0])).tolist() == [2, 4]
    assert len(calls) == before


def test_that_the_mouse_reads_the_lower_plot(window):
    window.session.player.finish()
    plot = window.history.plot
    reported = []
    plot.hovered.connect(reported.append)
    plot.scene().sigMouseMoved.emit(plot.getPlotItem().vb.mapViewToScene(QPointF(50, 0)))
    assert reported[-1].startswith("step 50   loss ")
