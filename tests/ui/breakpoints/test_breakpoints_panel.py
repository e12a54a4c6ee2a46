"""Breakpoints, set in the window and hit there."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.breakpoints.kinds import EXPRESSION, KINDS
from gdviewer.engine.rules.parameter import Choice, Parameter
from gdviewer.engine.run.run import LARGEST_BLOCK, Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.inspector.panel import StepPanel
from tests.ui.helpers import dock_of

pytestmark = pytest.mark.display


def racing(*rules: tuple[str, float], problem=None, limits: Limits | None = None, breakpoints=()) -> Experiment:
    problem = problem or problems.get("himmelblau")
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=i) for i, (name, rate) in enumerate(rules)
    )
    limits = limits or Limits(tolerance=None, max_steps=300)
    return Experiment(problem, plans, tuple(problem.start.tolist()), limits, breakpoints=breakpoints)


def panel_of(window, qtbot):
    """The panel, in front."""
    dock = dock_of(window, "breakpoints")
    dock.raise_()
    qtbot.waitUntil(lambda: dock.widget().panel is not None)
    panel = dock.widget().panel.widget()
    qtbot.waitUntil(panel.isVisible)
    return panel


@pytest.fixture
def panel(window, qtbot):
    """The panel of the window as it opens."""
    return panel_of(window, qtbot)


def enter(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def add_condition(qtbot, panel, text):
    qtbot.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    enter(qtbot, panel.conditions[-1].entry, text)
    return panel.conditions[-1]


def reported(window):
    return window.session.experiment.breakpoints


@pytest.mark.parametrize("name", [name for name in KINDS if name != EXPRESSION])
def test_that_a_kind_is_switched_on_with_its_value_and_off_again(window, qtbot, panel, name):
    row, parameter = panel.rows[name], KINDS[name].parameter
    assert not row.switch.isChecked()
    assert window.session.experiment.breakpoints == ()
    row.switch.click()
    assert reported(window) == (Breakpoint(name),)
    assert window.session.runs[0].breakpoints == reported(window)
    value = None
    if isinstance(parameter, Parameter):
        value = parameter.check(name, 7)
        enter(qtbot, row.field.entry, "7")
    elif isinstance(parameter, Choice):
        value = parameter.words[-1]
        row.words.setCurrentText(value)
    assert reported(window) == (Breakpoint(name, value),)
    row.switch.click()
    assert reported(window) == (() if value is None else (Breakpoint(name, value, False),))
    row.switch.click()
    assert reported(window) == (Breakpoint(name, value),)


def test_that_a_value_out_of_range_is_reported_and_the_last_one_stays(window, qtbot, panel):
    row = panel.rows["turns"]
    row.switch.click()
    enter(qtbot, row.field.entry, "400")
    assert "must be in [0, 180]" in row.field.entry.message.text()
    assert row.field.entry.message.isVisible()
    assert reported(window) == (Breakpoint("turns", 90),)


def test_that_conditions_are_added_switched_changed_and_removed(window, qtbot, panel):
    first = add_condition(qtbot, panel, "loss > 2*previous.loss")
    second = add_condition(qtbot, panel, "t == 20")
    assert [b.value for b in reported(window)] == ["loss > 2*previous.loss", "t == 20"]
    first.switch.click()
    assert [b.enabled for b in reported(window)] == [False, True]
    enter(qtbot, second.entry, "t == 30")
    assert [b.value for b in reported(window)] == ["loss > 2*previous.loss", "t == 30"]
    qtbot.mouseClick(first.remove, Qt.MouseButton.LeftButton)
    assert reported(window) == (Breakpoint(EXPRESSION, "t == 30"),)
    assert panel.conditions == [second]


def test_that_a_condition_is_checked_as_it_is_typed_and_the_last_valid_one_stays(window, qtbot, panel):
    row = add_condition(qtbot, panel, "norm(m) > 1")
    row.entry.setFocus()
    row.entry.selectAll()
    qtbot.keyClicks(row.entry, "los > 1")
    assert "there is no los here; did you mean 'loss'?" in row.entry.message.text()
    qtbot.keyClick(row.entry, Qt.Key.Key_Return)
    assert row.entry.text() == "los > 1"
    assert reported(window) == (Breakpoint(EXPRESSION, "norm(m) > 1"),)
    window.session.change_run(0, visible=False)
    assert row.entry.text() == "los > 1"
    enter(qtbot, row.entry, "loss > 1")
    assert row.entry.message.text() == ""
    assert reported(window) == (Breakpoint(EXPRESSION, "loss > 1"),)


def test_that_runs_a_condition_does_not_watch_are_named(window, qtbot, panel):
    row = add_condition(qtbot, panel, "norm(m) > 1e9")
    assert row.note.text() == "m: only runs of Adam are watched"
    window.runs_panel.editor.choose("adamw")
    assert not row.note.isVisible()
    window.session.change_run(0, optimizer=optimizers.get("sign_sgd"), hyperparameters={})
    window.session.change_run(1, optimizer=optimizers.get("sign_sgd"), hyperparameters={})
    assert row.note.text() == "m: no run has this"
    other = add_condition(qtbot, panel, "x[5] > 1")
    window.session.player.step()
    qtbot.waitUntil(lambda: "there is no component [5]" in other.note.text())


def test_that_breakpoints_set_elsewhere_are_shown(window, panel):
    held = (
        Breakpoint("loss_rises"), Breakpoint("step", 40, False), Breakpoint("changes_sign", "move"),
        Breakpoint(EXPRESSION, "t > 3", False), Breakpoint(EXPRESSION, "t > 5"),
    )  # fmt: skip
    window.session.edit(replace(window.session.experiment, breakpoints=held))
    assert {name for name, row in panel.rows.items() if row.switch.isChecked()} == {"loss_rises", "changes_sign"}
    assert panel.rows["step"].field.entry.text() == "40"
    assert panel.rows["changes_sign"].words.currentText() == "move"
    assert [(row.entry.text(), row.switch.isChecked()) for row in panel.conditions] == [
        ("t > 3", False),
        ("t > 5", True),
    ]
    panel.rows["step"].switch.click()
    assert set(reported(window)) == {*held, Breakpoint("step", 40)} - {Breakpoint("step", 40, False)}
    window.session.edit(replace(window.session.experiment, breakpoints=()))
    assert not any(row.switch.isChecked() for row in panel.rows.values())
    assert panel.conditions == []


def test_that_all_controls_have_names_and_tool_tips(window, qtbot, panel):
    add_condition(qtbot, panel, "t == 5")
    controls = [
        c for kind in (QAbstractButton, QLineEdit, QComboBox) for c in panel.findChildren(kind) if c.isVisible()
    ]
    assert len(controls) > len(KINDS)
    for control in controls:
        assert control.toolTip(), control
        assert control.accessibleName() or (isinstance(control, QAbstractButton) and control.text()), control


# --- the runs


def test_that_a_hit_pauses_all_runs_and_says_why(open_window, qtbot):
    limits = Limits(tolerance=None, max_steps=10**6)
    rules = ("gradient_descent", 1e-7), ("adam", 0.5)
    window = open_window(racing(*rules, limits=limits, breakpoints=(Breakpoint("loss_rises"),)))
    panel, session = panel_of(window, qtbot), window.session
    session.player.pace.set_speed(math.inf)
    session.player.play()
    qtbot.waitUntil(lambda: not session.player.playing, timeout=10_000)
    slow, fast = session.runs
    loss = fast.trace.loss
    assert fast.stop.reason is Reason.BREAKPOINT
    assert fast.step == int(np.flatnonzero(loss[1:] > loss[:-1])[0]) + 1
    assert slow.stop is None
    assert slow.step <= fast.step + LARGEST_BLOCK
    assert not session.player.finished
    assert session.cursor.step == fast.step
    assert session.selected == 1
    window.runs_panel.refresh()
    assert window.statusBar().currentMessage() == f"{session.experiment.runs[1].title}: {fast.stop.message}"
    assert window.runs_panel.editor.message.text() == fast.stop.message
    assert panel.last.text() == fast.stop.message
    assert panel.hit_by.text() == session.experiment.runs[1].title
    window.runs_panel.editor.choose("momentum")  # the run that was hit is gone
    assert not panel.go.isVisible()
    session.undo()
    assert panel.hit_by.text() == session.experiment.runs[1].title


def test_that_a_hit_leaves_the_run_selected_whose_slider_is_held(open_window, qtbot):
    window = open_window(racing(("gradient_descent", 1e-7), ("adam", 0.5), breakpoints=(Breakpoint("loss_rises"),)))
    session, slider = window.session, window.runs_panel.editor.fields["learning_rate"].slider
    QTest.mousePress(window.windowHandle(), Qt.MouseButton.LeftButton, pos=slider.mapTo(window, slider.rect().center()))
    session.player.finish()
    assert session.runs[1].at_breakpoint
    assert session.selected == 0
    assert window.statusBar().currentMessage().startswith(session.experiment.runs[1].title)
    QTest.mouseRelease(
        window.windowHandle(), Qt.MouseButton.LeftButton, pos=slider.mapTo(window, slider.rect().center())
    )


def test_that_all_is_drawn_up_to_the_step_that_was_hit(open_window, qtbot):
    window = open_window(racing(("adam", 0.1), breakpoints=(Breakpoint("step", 11),)))
    session = window.session
    session.player.play()
    qtbot.waitUntil(lambda: not session.player.playing, timeout=10_000)
    qtbot.waitUntil(lambda: not session.player.busy)
    (series,) = window.history.plot.drawing_of(session.runs[0], 0).series
    qtbot.waitUntil(lambda: len(series.curve.getData()[0]) == 12, timeout=1000)


def test_that_the_step_reports_the_breakpoint_hit_in_it_also_when_it_was_not_applied(open_window, qtbot):
    problem = problems.get("x_minus_log_x")
    breakpoints = Breakpoint("step", 2), Breakpoint("non_finite")
    window = open_window(racing(("momentum", 0.9), problem=problem, breakpoints=breakpoints))
    session, run = window.session, window.session.runs[0]
    dock_of(window, "step").raise_()
    qtbot.waitUntil(lambda: window.findChild(StepPanel) is not None)
    panel = window.findChild(StepPanel)
    session.player.finish()
    qtbot.waitUntil(lambda: panel.report is not None and panel.report.step == 2)
    assert panel.notes.text() == "Breakpoint: step 2 is reached."
    session.player.finish()
    qtbot.waitUntil(lambda: panel.report.step == run.step + 1)
    assert f"not finite in step {run.step + 1}" in panel.notes.text()
    session.cursor.look_at(1)
    qtbot.waitUntil(lambda: panel.report.step == 1)
    assert not panel.notes.isVisible()


def test_that_what_is_wrong_with_a_condition_is_scrolled_into_view(window, qtbot, panel):
    window.resize(1280, 620)
    qtbot.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    message = panel.conditions[-1].entry.message
    qtbot.keyClicks(panel.conditions[-1].entry, "norm(")
    qtbot.waitUntil(lambda: message.visibleRegion().boundingRect().height() == message.height())


def test_that_run_and_step_go_on_and_the_record_is_that_of_a_run_without(open_window, qtbot):
    breakpoints = Breakpoint("loss_rises"), Breakpoint("step", 60)
    experiment = racing(("adam", 0.5), limits=Limits(tolerance=None, max_steps=60), breakpoints=breakpoints)
    window = open_window(experiment)
    session, pauses = window.session, []
    run = session.runs[0]
    while not run.stop or run.at_breakpoint:
        if len(pauses) % 3 == 2:
            session.player.step()
            qtbot.waitUntil(lambda n=run.step: run.step > n or not run.at_breakpoint, timeout=10_000)
            qtbot.waitUntil(lambda: not session.player.busy, timeout=10_000)
        else:
            session.player.finish()
        pauses.append(run.step)
        assert session.runs == [run]
    alone = Run(experiment.problem, run.optimizer, run.start, run.hyperparameters, experiment.limits)
    alone.advance(60)
    assert run.stop.reason is alone.stop.reason is Reason.STEP_LIMIT
    for of in (lambda t: t.x, lambda t: t.loss, lambda t: t.gradient, lambda t: t.state["v"]):
        assert np.array_equal(of(run.trace), of(alone.trace))
    rises = np.flatnonzero(alone.trace.loss[1:] > alone.trace.loss[:-1]) + 1
    assert [hit.step for hit in run.trace.hits] == [*rises.tolist(), 60]
    session.player.play()
    assert session.runs != [run]  # all have stopped for good, so Run begins again
    session.player.pause()


def test_that_going_there_looks_at_the_step_in_the_run_that_hit(open_window, qtbot):
    window = open_window(racing(("gradient_descent", 1e-4), ("adam", 0.5), breakpoints=(Breakpoint("step", 20),)))
    panel, session = panel_of(window, qtbot), window.session
    session.change_run(0, start=(1.0, 1.0))
    session.player.finish()
    assert panel.last.text() == "Breakpoint: step 20 is reached."
    window.session.edit(replace(session.experiment, breakpoints=()))
    session.player.finish()
    assert [run.step for run in session.runs] == [300, 300]
    session.select(0)
    assert panel.last.text() == "Breakpoint: step 20 is reached."
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert session.cursor.step == 20
    assert not session.cursor.is_live
    session.reset()
    assert not panel.last.isVisible()
    assert not panel.go.isVisible()


def test_that_a_branch_is_not_said_to_have_hit_what_the_run_it_left_did(open_window, qtbot):
    window = open_window(racing(("adam", 0.5), breakpoints=(Breakpoint("step", 20),)))
    panel, session = panel_of(window, qtbot), window.session
    session.player.finish()
    window.runs_panel.branch_run("adam")
    qtbot.waitUntil(lambda: not session.player.busy)
    assert panel.hit_by.text() == session.experiment.runs[0].title
    session.cursor.look_at(19)
    window.runs_panel.branch_run("adam")
    session.player.finish()
    qtbot.waitUntil(lambda: panel.hit_by.text().endswith("from step 19"))


def test_that_a_breakpoint_set_while_running_holds_from_then_on(open_window, qtbot):
    window = open_window(racing(("adam", 1e-3), limits=Limits(tolerance=None, max_steps=10**9)))
    panel, session = panel_of(window, qtbot), window.session
    session.player.play()
    qtbot.waitUntil(lambda: session.cursor.newest > 20, timeout=10_000)
    add_condition(qtbot, panel, "t > 3")
    qtbot.waitUntil(lambda: session.runs[0].at_breakpoint, timeout=10_000)
    assert session.runs[0].trace.hits[-1].step == session.runs[0].step
    qtbot.waitUntil(lambda: not session.player.playing)


def test_that_a_step_that_is_not_finite_is_reported_before_the_run_has_left_the_domain(open_window):
    problem = problems.get("x_minus_log_x")
    window = open_window(racing(("momentum", 0.9), problem=problem, breakpoints=(Breakpoint("non_finite"),)))
    run = window.session.runs[0]
    window.session.player.finish()
    assert run.stop.reason is Reason.BREAKPOINT
    assert f"not finite in step {run.step + 1}" in window.runs_panel.editor.message.text()
    assert window.session.cursor.position(run) == run.step
    window.session.player.finish()
    assert window.session.runs == [run]
    assert run.stop.reason is Reason.LEFT_DOMAIN


def test_that_a_function_of_the_users_pauses_too(open_window):
    problem = FunctionProblem(lambda x: float(x @ x), (4.0, 3.0))
    window = open_window(racing(("gradient_descent", 0.25), problem=problem, breakpoints=(Breakpoint("step", 3),)))
    window.session.player.finish()
    assert window.session.runs[0].step == 3
    assert window.session.runs[0].at_breakpoint


def test_that_steps_asked_for_end_at_a_hit(open_window, qtbot):
    window = open_window(racing(("adam", 1e-3), ("gradient_descent", 1e-3), breakpoints=(Breakpoint("step", 5),)))
    for _ in range(20):
        window.session.player.step()
    qtbot.waitUntil(lambda: window.session.runs[0].at_breakpoint, timeout=10_000)
    qtbot.waitUntil(lambda: not window.session.player.busy and window.session.player.pace.asked == 0)
    assert [run.step for run in window.session.runs] == [5, 5]
