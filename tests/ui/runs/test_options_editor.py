"""Options of any optimizer, set in the window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.rules.options import OPTIONS
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.rate_search import find_rate
from gdviewer.experiment.shorthand import as_problem
from gdviewer.optimizers import optimizer
from gdviewer.ui.plots.steps_plot import RATE
from tests.kinds import control_kinds, representatives


@pytest.fixture
def editor(window, qtbot):
    """The options of the first run, unfolded."""
    options = window.runs_panel.editor.options
    qtbot.mouseClick(options.fold, Qt.MouseButton.LeftButton)
    return options


def switch_on(qtbot, field, text: str) -> None:
    field.switch.click()
    field.entry.setFocus()
    field.entry.clear()
    qtbot.keyClicks(field.entry, text)
    qtbot.keyClick(field.entry, Qt.Key.Key_Return)


@pytest.mark.display
def test_that_options_are_folded_away_until_they_are_wanted(window, qtbot):
    options = window.runs_panel.editor.options
    assert options.fold.text() == "Options"
    qtbot.mouseClick(options.fold, Qt.MouseButton.LeftButton)
    assert options.body.isVisible()


@pytest.mark.parametrize("name", OPTIONS)
def test_that_an_option_switched_on_reaches_the_run_and_is_reported(window, editor, qtbot, name):
    before = window.session.runs
    switch_on(qtbot, editor.body.fields[name], "0.5")
    assert getattr(window.session.runs[0].options, name) == 0.5
    assert window.session.runs[0] is not before[0]
    assert window.session.runs[1] is before[1]
    assert editor.body.fields[name].switch.text() in editor.fold.text()
    window.session.player.finish()
    assert window.session.runs[0].step > 3
    editor.body.fields[name].switch.click()
    assert getattr(window.session.experiment.runs[0].options, name) is None
    assert editor.fold.text() == "Options"


def test_that_an_option_out_of_range_is_reported_and_the_old_one_holds(window, editor, qtbot):
    switch_on(qtbot, editor.body.fields["clip_norm"], "-3")
    assert "clip_norm must be in (0, " in editor.body.fields["clip_norm"].entry.message.text()
    assert window.session.experiment.runs[0].options.clip_norm == 1.0


@pytest.mark.parametrize("name", representatives(schedules.names(), control_kinds))
def test_that_every_schedule_can_be_chosen_runs_and_draws_its_rate(window, editor, name):
    editor.body.choose_schedule(name)
    schedule = schedules.get(name)
    assert list(editor.body.schedule_fields) == list(schedule.parameters)
    assert schedule.title in editor.fold.text()
    window.history.quantity.setCurrentIndex(window.history.quantity.findData(RATE))
    window.session.player.finish()
    run = window.session.runs[0]
    assert run.step > 3
    (series,) = window.history.plot.drawing_of(run, 0).series
    drawn = series.curve.getData()[1]
    assert drawn == pytest.approx(np.log10(run.trace.rate[: len(drawn)]))


def test_that_a_schedules_parameter_makes_the_run_again_with_it(window, editor):
    editor.body.choose_schedule("step")
    editor.body.schedule_fields["gamma"].slider.setValue(100)
    gamma = window.session.experiment.runs[0].options.schedule.values["gamma"]
    assert gamma == pytest.approx(0.109, abs=1e-3)
    window.session.player.finish()
    assert window.session.runs[0].options.schedule.values["gamma"] == gamma


def test_that_each_run_has_its_own_options(window, editor, qtbot):
    switch_on(qtbot, editor.body.fields["noise"], "2")
    window.session.select(1)
    assert editor.body.fields["noise"].value is None
    assert editor.fold.text() == "Options"
    window.session.select(0)
    assert editor.body.fields["noise"].value == 2


@optimizer("Rateless")
def rateless(x, f):
    """Step by a tenth."""
    return x - 0.1 * f.gradient(x)


@optimizer("Curious", needs=("lowest",))
def curious(x, f):
    """Step by the distance to the lowest loss."""
    g = f.gradient(x)
    return x - (f.value(x) - f.lowest) / (g @ g) * g


def test_that_an_optimizer_without_a_rate_has_no_schedule_and_drops_the_one_there_was(open_window):
    problem = problems.get("sphere")
    window = open_window(Experiment(problem, (RunPlan(rateless),), (1.0, 2.0)))
    editor = window.runs_panel.editor.options
    assert not editor.body.schedule.isEnabled()
    assert "no learning rate" in editor.body.summary.text()
    plan = RunPlan(window.session.experiment.runs[0].optimizer)
    window.runs_panel.editor.choose("adam")
    editor.body.choose_schedule("cosine")
    assert window.session.experiment.runs[0].with_optimizer(plan.optimizer).options.schedule is None


def test_that_an_optimizer_that_needs_what_the_problem_lacks_says_so_and_runs_on_the_next_that_has_it(open_window):
    window = open_window(Experiment(problems.get("sphere"), (RunPlan(curious), RunPlan(rateless)), (1.0, 2.0)))
    session = window.session
    window.problem_panel.choose("formula")
    session.player.finish()
    assert session.runs[0].stop.reason is Reason.UNFIT
    assert "Curious needs the lowest loss f*" in window.runs_panel.editor.message.text()
    assert session.runs[1].step > 0
    window.problem_panel.choose("sphere")
    session.player.finish()
    assert session.runs[0].step > 0
    assert session.runs[0].trace.loss[-1] < 1e-6


@pytest.mark.display
def test_that_a_choice_and_a_list_are_set_with_their_own_controls(window, editor, qtbot):
    editor.body.choose_schedule("cyclic")
    mode = editor.body.schedule_fields["mode"].entry
    qtbot.keyClicks(mode, "exp_range")
    assert window.session.experiment.runs[0].options.schedule.values["mode"] == "exp_range"
    editor.body.choose_schedule("multistep")
    steps = editor.body.schedule_fields["milestones"].entry
    for text, message in (("5, 3", "milestones must be rising whole numbers"), ("a", "must be a list of numbers")):
        steps.setFocus()
        steps.clear()
        qtbot.keyClicks(steps, text)
        qtbot.keyClick(steps, Qt.Key.Key_Return)
        assert message in steps.message.text()
        assert window.session.experiment.runs[0].options.schedule.values["milestones"] == (100, 300)
    steps.clear()
    qtbot.keyClicks(steps, "5, 30")
    qtbot.keyClick(steps, Qt.Key.Key_Return)
    assert window.session.experiment.runs[0].options.schedule.values["milestones"] == (5, 30)
    assert not steps.message.text()


@optimizer("Switched")
def switched(x, f, *, backwards=False):
    """Step down, or up."""
    return x + 0.1 * f.gradient(x) if backwards else x - 0.1 * f.gradient(x)


def test_that_a_switch_is_a_check_box(open_window):
    window = open_window(Experiment(problems.get("sphere"), (RunPlan(switched),), (1.0, 2.0)))
    field = window.runs_panel.editor.fields["backwards"]
    field.entry.click()
    assert window.session.experiment.runs[0].hyperparameters == {"backwards": True}
    window.session.player.step()
    window.session.player.finish()
    assert window.session.runs[0].trace.x[1].tolist() == pytest.approx([1.2, 2.4])


@pytest.mark.display
def test_that_a_rate_found_is_the_runs_own_and_a_minimum_has_none(window, qtbot):
    editor = window.runs_panel.editor
    editor.fields["learning_rate"].slider.setValue(0)
    before = window.session.experiment.runs[0].hyperparameters["learning_rate"]
    qtbot.mouseClick(editor.find_button, Qt.MouseButton.LeftButton)
    found = window.session.experiment.runs[0].hyperparameters["learning_rate"]
    assert found != before
    assert float(editor.fields["learning_rate"].entry.text()) == found
    window.session.set_start((3.0, 2.0))
    qtbot.mouseClick(editor.find_button, Qt.MouseButton.LeftButton)
    assert "no rate lowers the loss" in editor.fields["learning_rate"].entry.message.text()
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == found


def test_that_it_is_reported_why_no_rate_is_looked_for(open_window):
    plans = tuple(RunPlan(optimizers.get(name)) for name in ("gradient_descent", "fista"))
    window = open_window(Experiment(problems.get("sphere"), plans, (1.0, 2.0)))
    find = window.runs_panel.editor.find_button
    assert find.isEnabled()
    window.session.select(1)
    assert not find.isEnabled()
    assert "FISTA with restart evaluates one point at a time" in find.toolTip()
    problem = as_problem(lambda x: float(x @ x), (1.0, 2.0), None)
    find = open_window(Experiment(problem, plans[:1], (1.0, 2.0))).runs_panel.editor.find_button
    assert find.isVisible()
    assert not find.isEnabled()


@pytest.mark.display
def test_that_the_rate_of_a_network_is_searched_in_the_background(open_window, qtbot):
    problem = problems.get("xor_network")
    plans = tuple(RunPlan(optimizers.get(name)) for name in ("gradient_descent", "adam"))
    window = open_window(Experiment(problem, plans, tuple(problem.start.tolist())))
    find = window.runs_panel.editor.find_button
    before = window.session.experiment
    qtbot.mouseClick(find, Qt.MouseButton.LeftButton)
    assert window.session.experiment is before
    assert not find.isEnabled()
    assert find.text() == "Trying 31 rates …"
    qtbot.waitUntil(find.isEnabled, timeout=20_000)
    assert find.text() == "Find a learning rate"
    found = find_rate(before, plans[0], 30.0)
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == found
    qtbot.mouseClick(find, Qt.MouseButton.LeftButton)
    window.session.select(1)  # what is found meanwhile is not for this one
    now = window.session.experiment
    qtbot.waitUntil(find.isEnabled, timeout=20_000)
    assert window.session.experiment is now
