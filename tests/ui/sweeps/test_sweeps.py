"""The window of sweeps: one button a claim, curves as they come, and a value to take."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.sweep import Sweep
from gdviewer.experiment.sweep_findings import findings
from gdviewer.ui.sweeps.dialog import SweepDialog
from gdviewer.ui.sweeps.plot import value_colors
from gdviewer.ui.widgets.theme import THEMES


@pytest.fixture
def open_sweeps(open_window, qtbot):
    """A function that opens the window on a problem, and from it the window of sweeps."""

    def open_it(problem="network", steps=30, optimizer="gradient_descent", **values):
        made = problems.get(problem, **values)
        plan = RunPlan(optimizers.get(optimizer))
        window = open_window(Experiment(made, (plan,), tuple(made.start.tolist()), Limits(max_steps=steps)))
        window.runs_panel.sweep.trigger()
        dialog = window.findChild(SweepDialog)
        qtbot.waitUntil(dialog.isVisible)
        return window, dialog

    return open_it


def finish(dialog, qtbot):
    qtbot.waitUntil(lambda: not dialog.runner.running, timeout=30_000)
    return dialog.runner.sweep


def column(dialog, title):
    heads = [dialog.results.horizontalHeaderItem(i).text() for i in range(dialog.results.columnCount())]
    return [dialog.results.item(row, heads.index(title)).text() for row in range(dialog.results.rowCount())]


@pytest.mark.parametrize("what", ["learning_rate", "batch_size", "scaling", "init"])
def test_that_one_button_shows_a_claim_with_its_numbers(open_sweeps, qtbot, what):
    window, dialog = open_sweeps(samples=20, batch_size=8, layers="3", steps=6)
    before = list(window.session.runs), [run.step for run in window.session.runs]
    dialog.buttons[what].click()
    assert dialog.runner.running
    sweep = finish(dialog, qtbot)
    assert sweep.done
    assert dialog.conclusion.text().split("\n") == [finding.text for finding in findings(sweep)]
    assert dialog.results.rowCount() == len(sweep.values)
    drawn = dialog.curves.overlay
    for value in sweep.values:
        curve, _ = drawn._curves[value]
        np.testing.assert_allclose(curve.getData()[1], np.log10(sweep.band(value).median))
    plan = window.session.experiment.runs[0]
    direct = Sweep(window.session.experiment, plan, what).finish()
    for one, other in zip(sweep.outcomes, direct.outcomes, strict=True):
        np.testing.assert_array_equal(one.losses, other.losses)
    assert (list(window.session.runs), [run.step for run in window.session.runs]) == before


def test_that_the_curves_come_in_while_the_sweep_runs(open_sweeps, qtbot):
    _, dialog = open_sweeps(steps=200)
    dialog.sweep("learning_rate")
    qtbot.waitUntil(lambda: bool(dialog.curves.overlay._curves), timeout=20_000)
    assert dialog.runner.running
    assert 0 < dialog.progress.value() < 1000
    assert dialog.start.text() == "Cancel"
    dialog.start.click()
    assert dialog.start.text() == "Start"


def test_that_cancel_ends_a_sweep_and_its_thread(open_sweeps, qtbot):
    def workers():
        return {thread for thread in threading.enumerate() if thread.name == "gdviewer worker"}

    _, dialog = open_sweeps(steps=100_000)
    before = workers()
    dialog.sweep("learning_rate")
    qtbot.waitUntil(lambda: dialog.runner.sweep.progress > 0, timeout=20_000)
    assert len(workers()) == len(before) + 1
    dialog.start.click()
    assert not dialog.runner.running
    assert dialog.conclusion.text().startswith("Cancelled after ")
    dialog.close()
    assert workers() <= before


def test_that_closing_the_window_ends_a_sweep(open_sweeps, qtbot):
    window, dialog = open_sweeps(steps=100_000)
    runner = dialog.runner
    dialog.sweep("init")
    qtbot.waitUntil(lambda: runner.sweep.progress > 0, timeout=20_000)
    ended = []
    runner.ended.connect(lambda: ended.append(True))
    window.close()
    assert ended


def test_that_the_value_taken_is_an_edit_that_can_be_undone(open_sweeps, qtbot):
    window, dialog = open_sweeps(steps=5)
    session = window.session
    dialog.sweep("learning_rate")
    assert not dialog.take.isEnabled()
    sweep = finish(dialog, qtbot)
    dialog.results.selectRow(2)
    dialog.take.click()
    assert session.experiment.runs[0].hyperparameters["learning_rate"] == sweep.values[2]
    session.undo()
    assert session.experiment.runs[0].hyperparameters["learning_rate"] == 1e-3
    dialog.sweep("init")
    sweep = finish(dialog, qtbot)
    dialog.results.selectRow(sweep.values.index("he"))
    dialog.take.click()
    assert session.experiment.problem.values["init"] == "he"
    assert session.experiment.start == tuple(session.experiment.problem.start.tolist())


def test_that_a_scaling_is_taken_with_the_rate_that_was_found_for_it(open_sweeps, qtbot):
    window, dialog = open_sweeps("linear_regression", data="three_features")
    dialog.buttons["scaling"].click()
    sweep = finish(dialog, qtbot)
    assert dialog.curves.log_steps.isChecked()
    assert float(column(dialog, "Rate")[1]) == pytest.approx(sweep.of("standardise")[0].rate, rel=1e-2)
    dialog.results.selectRow(1)
    dialog.take.click()
    experiment = window.session.experiment
    assert experiment.problem.values["scaling"] == "standardise"
    assert experiment.runs[0].hyperparameters["learning_rate"] == sweep.of("standardise")[0].rate


def test_that_edited_values_seeds_and_steps_are_what_is_run(open_sweeps, qtbot):
    _, dialog = open_sweeps()
    dialog.sweep("batch_size")
    dialog.values.setText("16, all")
    dialog.seeds.setText("2")
    dialog.start.click()  # cancels
    dialog.start.click()
    sweep = finish(dialog, qtbot)
    assert (sweep.values, sweep.seeds) == ((16, 0), 2)
    assert column(dialog, "Value") == ["batches of 16", "all rows at once"]
    assert column(dialog, "Steps") == [f"{sweep.of(value)[0].steps:,}" for value in sweep.values]
    dialog.values.setText("16, many")
    dialog.start.click()
    assert not dialog.runner.running
    assert "many" in dialog.values.message.text()
    assert dialog.values.text() == "16, many"


def test_that_what_can_not_be_swept_is_said(open_sweeps):
    window, dialog = open_sweeps("linear_regression")
    dialog.buttons["init"].click()
    assert not dialog.runner.running
    assert dialog.message.isVisible()
    assert "a neural network has one" in dialog.message.text()
    window.session.edit(window.session.experiment.with_run(0, optimizer=optimizers.get("bfgs"), hyperparameters={}))
    dialog.buttons["learning_rate"].click()
    assert "no learning rate" in dialog.message.text()
    assert not dialog.runner.running


def test_that_small_plots_share_the_axes_of_all(open_sweeps, qtbot):
    _, dialog = open_sweeps(steps=5)
    dialog.sweep("init")
    sweep = finish(dialog, qtbot)
    dialog.curves.apart.setChecked(True)
    small = dialog.curves.small
    assert len(small) == len(sweep.values)
    for i, plot in enumerate(small):
        assert list(plot._curves) == [sweep.values[i]]
        np.testing.assert_allclose(plot.viewRange(), dialog.curves.overlay.viewRange())
    assert not dialog.curves.overlay.isVisible()


def test_that_a_curve_under_the_mouse_is_reported(open_sweeps, qtbot):
    _, dialog = open_sweeps(steps=20)
    dialog.sweep("learning_rate")
    sweep = finish(dialog, qtbot)
    plot, value = dialog.curves.overlay, sweep.values[-1]
    band = sweep.band(value)
    for log_steps in (False, True):
        dialog.curves.log_steps.setChecked(log_steps)
        x = np.log10(band.axis[-1]) if log_steps else band.axis[-1]
        reported = plot.describe(float(x), float(np.log10(band.median[-1])))
        assert reported.startswith(f"η = {value:g}   step 20   loss {band.median[-1]:.4g}")
    assert plot.describe(5.0, 10.0) == ""


def test_that_the_runs_can_be_played_while_a_sweep_runs(open_sweeps, qtbot):
    window, dialog = open_sweeps(steps=100_000)
    dialog.sweep("learning_rate")
    window.session.player.play()
    begun = dialog.runner.sweep.progress
    qtbot.waitUntil(lambda: window.session.cursor.newest > 10 and dialog.runner.sweep.progress > begun, timeout=20_000)
    window.session.player.pause()
    dialog.runner.cancel()


def test_that_buttons_leave_the_keys_of_the_runs_alone(open_sweeps):
    _, dialog = open_sweeps()
    buttons = [button for button in dialog.findChildren(QAbstractButton) if button.isVisible()]
    assert len(buttons) >= 9
    assert all(button.focusPolicy() == Qt.FocusPolicy.TabFocus for button in buttons)
    assert all(button.toolTip() for button in buttons)


def test_that_colours_are_in_order_of_lightness_and_stand_out_from_the_ground():
    for theme in THEMES.values():
        colors = value_colors(9, theme)
        light = [0.2126 * c.redF() + 0.7152 * c.greenF() + 0.0722 * c.blueF() for c in colors]
        assert light == sorted(light)
        assert len({c.name() for c in colors}) == 9
