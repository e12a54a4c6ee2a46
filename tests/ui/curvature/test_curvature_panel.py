"""The panel on the point where the selected run is."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.analysis.curvature import curvature
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.curvature.curvature_panel import CurvaturePanel
from gdviewer.ui.curvature.spectrum import rows_of
from gdviewer.ui.widgets.theme import THEMES, look
from tests.kinds import family, representatives
from tests.ui.helpers import dock_of


@pytest.fixture
def open_here(open_window, qtbot):
    """Open a window with the panel raised; returns window and panel."""

    def open_one(problem="himmelblau", *plans, steps=20, **hyperparameters):
        problem = problems.get(problem) if isinstance(problem, str) else problem
        plans = plans or (RunPlan(optimizers.get("gradient_descent"), hyperparameters or {"learning_rate": 0.01}),)
        limits = Limits(tolerance=None, max_steps=steps)
        window = open_window(Experiment(problem, plans, tuple(problem.start.tolist()), limits))
        dock(window).raise_()
        qtbot.waitUntil(lambda: bool(window.findChildren(CurvaturePanel)))
        return window, window.findChildren(CurvaturePanel)[0]

    return open_one


def dock(window, name="here"):
    return dock_of(window, name)


def settled(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.computing, timeout=20_000)


def test_that_the_panel_costs_nothing_until_it_is_seen(window):
    assert not window.findChildren(CurvaturePanel)


def test_that_it_shows_what_kind_of_point_the_cursor_is_on(open_here, qtbot):
    window, panel = open_here()
    settled(qtbot, panel)
    assert panel.title.text() == "Slope"
    window.session.player.finish()
    settled(qtbot, panel)
    assert panel.title.text() == "Minimum"
    assert "all eigenvalues are positive" in panel.reason.text()
    window.session.cursor.look_at(0)
    settled(qtbot, panel)
    assert panel.title.text() == "Slope"
    assert "step 0" in panel.subject.text()


def test_that_it_shows_the_eigenvalues_at_the_cursor(open_here, qtbot):
    window, panel = open_here()
    window.session.player.finish()
    window.session.cursor.look_at(7)
    settled(qtbot, panel)
    w = np.linalg.eigvalsh(window.session.experiment.problem.hessian(window.session.runs[0].trace.x[7]))
    assert [value for _, value, _ in panel.spectrum.rows] == pytest.approx(w[::-1])
    assert [name for name, _, _ in panel.spectrum.rows] == ["λ₁", "λ₂"]


def test_that_a_rate_too_large_is_reported_beside_the_largest_stable_one(open_here, qtbot):
    window, panel = open_here("elliptic_bowl", learning_rate=0.34, steps=3)
    settled(qtbot, panel)
    assert "1.7 times too large here" in panel.verdict.text()
    assert panel.verdict.property("role") == "error"
    assert "2/λ₁ = 0.2" in panel.numbers.text()
    assert "condition number 10" in panel.numbers.text()
    window.session.change_run(0, hyperparameters={"learning_rate": 0.05})
    qtbot.waitUntil(lambda: "0.25 times the largest" in panel.verdict.text())
    assert panel.verdict.property("role") == ""


def test_that_the_verdict_follows_every_hyperparameter_of_the_step_to_come(open_here, qtbot):
    window, panel = open_here("elliptic_bowl", RunPlan(optimizers.get("adam"), {"learning_rate": 0.1}), steps=50)
    window.session.player.step(12)
    qtbot.waitUntil(lambda: window.session.cursor.newest == 12)
    settled(qtbot, panel)
    before = panel.verdict.text()
    window.runs_panel.editor.fields["beta2"].slider.setValue(100)
    settled(qtbot, panel)
    assert panel.verdict.text() != before


def test_that_the_slice_is_along_the_step_to_the_cursor(open_here, qtbot):
    window, panel = open_here()
    window.session.player.finish()
    window.session.cursor.look_at(5)
    settled(qtbot, panel)
    run, line = window.session.runs[0], panel.slice.line
    assert line.step == 5
    assert line.loss_at_start == run.trace.loss[4]
    assert line.loss_at_end == pytest.approx(run.trace.loss[5])
    x, y = panel.slice.curve.getData()
    assert np.interp(1.0, x, y) == pytest.approx(run.trace.loss[5])
    marked = {(round(point.pos().x(), 6), round(point.pos().y(), 6)) for point in panel.slice.marks.points()}
    best = round(line.best, 6), round(line.best_loss, 6)
    assert {(0.0, round(run.trace.loss[4], 6)), (1.0, round(run.trace.loss[5], 6)), best} == marked
    assert f"best α = {line.best:.3g}" in panel.caption.text()
    window.session.cursor.look_at(0)
    settled(qtbot, panel)
    assert panel.slice.line.step is None
    assert "a step with α = 1" in panel.caption.text()


def test_that_the_directions_are_arrows_on_the_plot_while_it_is_seen(open_here, qtbot):
    window, panel = open_here()
    settled(qtbot, panel)
    x = window.session.runs[0].trace.x[0]
    w, v = np.linalg.eigh(window.session.experiment.problem.hessian(x))
    arrows = window.session.arrows.shown
    assert [arrow.label for arrow in arrows] == [f"λ₁ = {w[1]:.3g}", f"λ₂ = {w[0]:.3g}"]
    assert abs(np.dot(arrows[0].vector, v[:, 1])) == pytest.approx(1)
    assert all(arrow.two_headed and np.array_equal(arrow.at, x) for arrow in arrows)
    panel.directions.click()
    assert not window.session.arrows.shown
    panel.directions.click()
    assert window.session.arrows.shown
    window.session.change_run(0, visible=False)
    assert not window.session.arrows.shown
    window.session.change_run(0, visible=True)
    settled(qtbot, panel)
    assert window.session.arrows.shown
    dock(window, "runs").raise_()
    qtbot.waitUntil(lambda: not window.session.arrows.shown)


def test_that_nothing_is_computed_while_it_is_hidden(open_here, qtbot, monkeypatch):
    window, panel = open_here()
    settled(qtbot, panel)
    dock(window, "runs").raise_()
    qtbot.waitUntil(lambda: not panel.isVisible())
    looked = []
    monkeypatch.setattr("gdviewer.ui.curvature.curvature_panel._analyse", looked.append)
    window.session.player.finish()
    window.session.cursor.look_at(3)
    assert not looked


def test_that_it_follows_the_selected_run(open_here, qtbot):
    plans = (
        RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.01}),
        RunPlan(optimizers.get("adam"), {"learning_rate": 0.1}, start=(3.0, 2.0), color=1),
    )
    window, panel = open_here("himmelblau", *plans)
    settled(qtbot, panel)
    assert "Gradient descent" in panel.subject.text()
    window.session.select(1)
    settled(qtbot, panel)
    assert "Adam" in panel.subject.text()
    assert panel.title.text() == "Minimum"


def test_that_it_follows_live(open_here, qtbot):
    window, panel = open_here(steps=100_000, learning_rate=1e-6)
    window.session.player.pace.set_speed(200)
    window.session.player.play()
    qtbot.waitUntil(lambda: panel.slice.line is not None and (panel.slice.line.step or 0) > 20, timeout=20_000)
    window.session.player.pause()
    settled(qtbot, panel)
    assert panel.slice.line.step == window.session.runs[0].step


@pytest.mark.display
@pytest.mark.parametrize(
    "name", ["double_well", "rosenbrock_nd", "linear_regression", "polynomial_regression", "absolute", "drop_wave"]
)
def test_that_it_works_for_every_kind_of_problem(open_here, qtbot, name):
    window, panel = open_here(name, learning_rate=1e-3)
    window.session.player.finish()
    settled(qtbot, panel)
    assert panel.title.text()
    assert panel.slice.line is not None
    assert panel.spectrum.rows
    window.main_view.plot.grab()


@pytest.mark.parametrize("name", representatives(optimizers.names(), family))
def test_that_it_works_for_every_optimizer(open_here, qtbot, name):
    window, panel = open_here("rotated_quadratic", steps=3)
    window.runs_panel.editor.choose(name)
    window.session.player.finish()
    settled(qtbot, panel)
    assert optimizers.get(name).title in panel.subject.text()
    assert panel.verdict.text().endswith(".")
    assert panel.slice.line is not None


def test_that_many_dimensions_show_both_ends(open_here, qtbot):
    problem = problems.get("rosenbrock_nd", n=50)
    window, panel = open_here(problem, learning_rate=1e-4)
    settled(qtbot, panel)
    names = [name for name, _, _ in panel.spectrum.rows]
    assert names == ["λ₁", "λ₂", "λ₃", "", "λ₄₈", "λ₄₉", "λ₅₀"]
    assert "0 negative, 0 zero of 50" in panel.numbers.text()
    assert len(window.session.arrows.shown) == 2


def test_that_no_run_and_one_that_has_not_begun_are_reported(open_here, qtbot):
    window, panel = open_here()
    settled(qtbot, panel)
    window.runs_panel.remove.trigger()
    assert panel.title.text() == "No run"
    assert not window.session.arrows.shown
    assert not panel.slice.isVisible()
    window.session.edit(window.session.experiment.with_problem(problems.formula("abs(x) + abs(y)")))
    plan = RunPlan(optimizers.get("polyak_step"))
    window.session.edit(Experiment(window.session.experiment.problem, (plan,), (1.0, 1.0)))
    window.session.select(0)
    assert "lowest loss" in panel.reason.text()  # it needs what this formula does not have


def test_that_errors_of_a_function_are_shown(open_here, qtbot):
    def fragile(x):
        if panic:
            raise RuntimeError("out of order")
        return float(x @ x)

    panic = False
    window, panel = open_here(FunctionProblem(fragile, [1.0, 2.0]), steps=3, learning_rate=0.1)
    settled(qtbot, panel)
    window.session.player.finish()
    panic = True
    window.session.cursor.look_at(1)
    settled(qtbot, panel)
    qtbot.waitUntil(lambda: "out of order" in panel.reason.text())
    panic = False
    window.session.cursor.look_at(2)
    settled(qtbot, panel)
    assert panel.title.text() == "Slope"


def test_that_a_function_that_takes_long_is_announced(open_here, qtbot):
    go_on = threading.Event()

    def patient(x):
        if threading.current_thread().name == "gdviewer background":
            go_on.wait(10)
        return float(x @ x)

    _, panel = open_here(FunctionProblem(patient, [1.0, 2.0, 3.0]), steps=3, learning_rate=0.1)
    qtbot.waitUntil(lambda: panel.subject.text() == "computing the curvature …")
    go_on.set()
    settled(qtbot, panel)
    assert panel.title.text() == "Slope"


def test_that_a_rule_that_does_not_return_is_given_up_and_others_are_looked_at(open_here, qtbot, monkeypatch):
    monkeypatch.setattr("gdviewer.ui.curvature.curvature_panel.PATIENCE_SECONDS", 0.2)
    window, panel = open_here("booth")
    settled(qtbot, panel)
    rules = window.session.user_rules
    text = """
def mine(x, f, t, *, learning_rate=rate(0.01)):
    print(t)
    while t == 1000:
        pass
    return x - learning_rate * f.gradient(x)
"""
    rules.apply(text)
    qtbot.waitUntil(lambda: "TimeoutError: it has not returned for 0.2 seconds" in panel.reason.text())
    assert "line 4 of mine: while t == 1000" in panel.reason.text()
    assert rules.output.lines() == []  # it is not of the run's steps that this is
    window.session.select(0)
    qtbot.waitUntil(lambda: "Gradient descent" in panel.subject.text())
    window.session.select(1)
    qtbot.waitUntil(panel._patience.isActive)
    window.session.edit(replace(window.session.experiment, runs=()))  # while it is shown
    qtbot.waitUntil(lambda: panel.title.text() == "No run")
    window.runs_panel.add_runs(["gradient_descent"])
    qtbot.waitUntil(lambda: "Gradient descent" in panel.subject.text())


def test_that_a_theme_colours_it_again(open_here, qtbot):
    _, panel = open_here()
    settled(qtbot, panel)
    look().choose("light")
    before = panel.slice.curve.opts["pen"].color().name()
    look().choose("dark")
    assert panel.slice.curve.opts["pen"].color().name() != before


@pytest.mark.parametrize("size", representatives([[1280, 720], [1920, 1080]]))
@pytest.mark.parametrize("theme", THEMES)
def test_that_no_words_are_cut_off(open_here, qtbot, size, theme):
    window, panel = open_here("rosenbrock_nd", RunPlan(optimizers.get("adam"), {"learning_rate": 0.5}))
    look().choose(theme)
    window.resize(*size)
    window.session.player.finish()
    settled(qtbot, panel)
    qtbot.wait(50)
    side = dock(window).widget().panel
    assert panel.width() <= side.viewport().width()
    for label in (panel.title, panel.reason, panel.subject, panel.numbers, panel.verdict, panel.caption):
        assert label.text()
        assert label.height() + 1 >= label.heightForWidth(label.width()), label.text()
    assert panel.spectrum.height() >= panel.spectrum.sizeHint().height()


def test_that_rows_of_a_line_and_of_few_ritz_values_are_reported():
    one = curvature(problems.get("parabola"), [1.0])
    assert [(name, sign) for name, _, sign in rows_of(one)] == [("λ₁", 1)]
    flat = curvature(problems.formula("x**2 + 0*y"), [1.0, 1.0])
    assert [sign for _, _, sign in rows_of(flat)] == [1, 0]
