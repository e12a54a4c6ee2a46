"""Choosing the runs, their hyperparameters and when they stop."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import LIMITS, Limits, Reason
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.runs.runs_panel import MAX_RUNS
from tests.kinds import family, representatives
from tests.ui.helpers import drawing_of, type_into

pytestmark = pytest.mark.display


def add(panel, qtbot, name: str) -> None:
    """Add a run as a person does: open the list, search, and take what is found."""
    panel.add.trigger()
    qtbot.keyClicks(panel.adding.search, optimizers.get(name).title)
    qtbot.keyClick(panel.adding.search, Qt.Key.Key_Return)


def test_that_several_runs_are_added_at_once(window, qtbot):
    panel = window.runs_panel
    panel.add.trigger()
    popup = panel.adding
    rows = [row for row in range(popup.list.count()) if popup.list.item(row).data(Qt.ItemDataRole.UserRole)]
    for row in rows[:6]:
        position = popup.list.visualItemRect(popup.list.item(row)).center()
        qtbot.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert popup.button.text() == "Add 6 runs"
    popup.button.click()
    runs = window.session.experiment.runs
    assert [plan.optimizer.name for plan in runs[2:]] == optimizers.names()[:6]
    assert len({plan.color for plan in runs}) == 8
    assert window.session.selected == 7


def test_that_no_more_runs_are_added_than_there_is_room_for(window, qtbot):
    panel = window.runs_panel
    panel.add_runs(["adam"] * (MAX_RUNS - 3))
    panel.add.trigger()
    popup = panel.adding
    for _ in range(2):
        qtbot.keyClick(popup.search, Qt.Key.Key_Space)
        qtbot.keyClick(popup.search, Qt.Key.Key_Down)
    assert "At most 1 can be ticked" in popup.message.text()
    assert popup.button.text() == "Add 1 run"
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert len(window.session.experiment.runs) == MAX_RUNS
    assert not panel.add.isEnabled()


@pytest.mark.parametrize("name", representatives(optimizers.names(), family))
def test_that_every_optimizer_can_be_chosen_and_has_its_controls(window, name):
    editor = window.runs_panel.editor
    editor.choose(name)
    optimizer = optimizers.get(name)
    assert list(editor.fields) == list(optimizer.hyperparameters)
    for key, field in editor.fields.items():
        assert optimizer.hyperparameters[key].meaning in field.entry.toolTip()
        assert optimizer.hyperparameters[key].range_text in field.entry.toolTip()
        assert field.entry.accessibleName()
    window.session.player.finish()
    assert window.session.runs[0].step > 0


def test_that_runs_are_added_duplicated_and_removed(window, qtbot):
    panel = window.runs_panel
    add(panel, qtbot, "momentum")
    panel.duplicate.trigger()
    runs = window.session.experiment.runs
    assert len(runs) == len(window.session.runs) == panel.list.count() == 4
    assert runs[2].optimizer is runs[3].optimizer
    assert len({plan.color for plan in runs}) == 4
    panel.remove.trigger()
    panel.remove.trigger()
    panel.remove.trigger()
    panel.remove.trigger()
    assert window.session.experiment.runs == ()
    assert not panel.remove.isEnabled()
    assert not panel.editor.isVisible()
    add(panel, qtbot, "adam")
    window.session.player.finish()
    assert window.session.runs[0].stop


def test_that_a_run_is_hidden_by_its_box_in_the_list(window, qtbot):
    panel = window.runs_panel
    window.session.player.finish()
    rect = panel.list.visualItemRect(panel.list.item(1))
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.topLeft() + QPoint(14, 14))
    assert [plan.visible for plan in window.session.experiment.runs] == [True, False]
    drawing = drawing_of(window.main_view.plot, window.session.runs[1])
    curve, head = drawing.curve, drawing.head
    assert not curve.isVisible()
    assert not head.isVisible()
    panel.list.setCurrentRow(1)
    panel.hide_action.trigger()
    assert curve.isVisible()


def test_that_a_hyperparameter_is_typed_exactly(window, qtbot):
    field = window.runs_panel.editor.fields["learning_rate"]
    type_into(qtbot, field.entry, "0.0123456")
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == 0.0123456


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-1", "0", "11", "1e400"])
def test_that_a_wrong_number_is_reported_at_its_field_and_the_last_good_one_stays(window, qtbot, text):
    field = window.runs_panel.editor.fields["learning_rate"]
    type_into(qtbot, field.entry, text)
    assert field.entry.message.isVisible()
    assert "learning_rate" in field.entry.message.text()
    assert field.entry.text() == text
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == 0.01
    type_into(qtbot, field.entry, "0.5")
    assert not field.entry.message.isVisible()


@pytest.mark.parametrize("name", LIMITS)
def test_that_every_limit_refuses_what_is_out_of_range(window, qtbot, name):
    field = window.limits_panel.fields[name]
    if field.switch and not field.switch.isChecked():
        field.switch.click()
    before = getattr(window.session.experiment.limits, name)
    for text in ("x", "nan", "-5", "1e301", ""):
        type_into(qtbot, field.entry, text)
        assert field.entry.message.isVisible(), text
        assert getattr(window.session.experiment.limits, name) == before


def test_that_a_slider_reaches_from_end_to_end_and_the_entry_follows(window, qtbot):
    field = window.runs_panel.editor.fields["learning_rate"]
    for tick, expected in ((0, 1e-5), (1000, 10.0)):
        field.slider.setValue(tick)
        assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == expected
        assert float(field.entry.text()) == expected


def test_that_a_decay_slider_moves_in_what_is_lost(window):
    window.runs_panel.list.setCurrentRow(1)
    field = window.runs_panel.editor.fields["beta2"]
    field.slider.setValue(750)
    assert field.value == pytest.approx(0.999)
    field.slider.setValue(0)
    assert field.value == 0


def test_that_a_run_may_have_a_start_of_its_own(window, qtbot):
    editor = window.runs_panel.editor
    editor.own_start.click()
    type_into(qtbot, editor.start.entry, "4, 4")
    qtbot.waitUntil(lambda: not window.session.player.busy)
    assert [run.trace.x[0].tolist() for run in window.session.runs] == [[4.0, 4.0], [-0.5, -0.75]]
    editor.own_start.click()
    qtbot.waitUntil(lambda: not window.session.player.busy)
    assert window.session.runs[0].trace.x[0].tolist() == [-0.5, -0.75]


def test_that_tolerances_are_switched_on_and_hold(window, qtbot):
    fields = window.limits_panel.fields
    fields["tolerance"].switch.click()
    fields["gradient_tolerance"].switch.click()
    type_into(qtbot, fields["gradient_tolerance"].entry, "0.5")
    window.session.player.finish()
    for run in window.session.runs:
        assert run.stop.reason is Reason.GRADIENT_TOLERANCE
        assert np.abs(run.trace.gradient[-1]).max() <= 0.5 < np.abs(run.trace.gradient[-2]).max()


def test_that_every_stop_is_reported_with_advice(window):
    window.session.player.finish()
    editor = window.runs_panel.editor
    assert editor.message.text().startswith("Tolerance met")
    assert "stationary point" in editor.advice.text()
    assert "tolerance" in window.runs_panel.list.item(0).toolTip()


def test_that_a_gradient_too_large_to_be_squared_is_reported_in_list_and_curve(open_window):
    plan = RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 1e-160})
    window = open_window(Experiment(problems.formula("1e155*x**2 + y**2"), (plan,), (1.0, 1.0), Limits()))
    window.session.player.finish()
    assert "‖∇f‖ 2e+155" in window.runs_panel.list.item(0).toolTip()
    window.history.quantity.setCurrentIndex(1)
    window.grab()
    (series,) = window.history.plot.drawing_of(window.session.runs[0], 0).series
    assert series.curve.getData()[1].max() == pytest.approx(155.3, abs=0.1)


def test_that_the_live_line_shows_step_loss_gradient_and_speed(window, qtbot):
    window.session.player.play()
    tip = window.runs_panel.list.item
    qtbot.waitUntil(lambda: "steps/s" in tip(1).toolTip() and "step 0 " not in tip(1).toolTip(), timeout=5000)
    assert "loss" in tip(1).toolTip()
    assert "‖∇f‖" in tip(1).toolTip()
    window.session.player.pause()


def test_that_without_the_longest_run_and_without_any_the_cursor_is_on_the_newest_step(window, qtbot):
    session = window.session
    session.player.finish()
    shorter = min(run.step for run in session.runs)
    session.cursor.look_at(shorter + 5)
    assert not session.cursor.is_live
    session.select(1)
    window.runs_panel.remove_run()
    assert (session.selected, session.cursor.step, session.cursor.is_live) == (0, shorter, True)
    session.cursor.look_at(3)
    window.runs_panel.remove_run()
    assert (session.selected, session.cursor.step, session.cursor.is_live) == (0, 0, True)
    window.runs_panel.add_runs(["momentum"])
    qtbot.waitUntil(lambda: not session.player.busy)
    session.player.step(3)
    qtbot.waitUntil(lambda: session.cursor.step == 3)


def test_that_after_enter_in_a_field_the_keys_are_those_of_the_runs(window, qtbot):
    entry = window.runs_panel.editor.fields["learning_rate"].entry
    entry.setFocus()
    entry.setText("0.02")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == 0.02
    qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Space)
    assert window.session.player.playing
    entry.setFocus()
    entry.setText("much")
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert entry.hasFocus()  # there is something to correct
