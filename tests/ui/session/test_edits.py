"""Undo and redo: every edit goes back, with the runs as they were."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.stop import Reason
from gdviewer.ui.session import undo as undo_module


@pytest.fixture(autouse=True)
def each_edit_alone(monkeypatch):
    """Edits follow each other faster here than by hand, so that none merge unless a test says so."""
    monkeypatch.setattr(undo_module, "GESTURE_SECONDS", 0.0)


def hyperparameters(window, **values):
    plan = window.session.experiment.runs[0]
    window.session.change_run(0, hyperparameters={**plan.hyperparameters, **values})


def limits(window, **values):
    experiment = window.session.experiment
    window.session.edit(replace(experiment, limits=replace(experiment.limits, **values)))


EDITS = {
    "learning rate of Gradient descent": lambda w: hyperparameters(w, learning_rate=0.002),
    "noise of Gradient descent": lambda w: w.session.change_run(0, options=Options(noise=0.1)),
    "schedule of Gradient descent": lambda w: w.session.change_run(0, options=Options(schedule=schedules.get("step"))),
    "start of Gradient descent": lambda w: w.session.set_start((1.0, 1.0), 0),
    "Momentum instead of Gradient descent": lambda w: w.runs_panel.editor.choose("momentum"),
    "hide Gradient descent": lambda w: w.runs_panel.toggle_visible(),
    "remove Gradient descent": lambda w: w.runs_panel.remove_run(),
    "add RMSprop": lambda w: w.runs_panel.add_runs(["rmsprop"]),
    "add 2 runs": lambda w: w.runs_panel.add_runs(["rmsprop", "adagrad"]),
    "add Gradient descent": lambda w: w.runs_panel.duplicate_run(),
    "continue from step 20": lambda w: (w.session.cursor.look_at(20), w.runs_panel.branch_run("gradient_descent")),
    "start": lambda w: w.session.set_start((1.0, 1.0)),
    "tolerance": lambda w: limits(w, tolerance=1e-3),
    "max steps": lambda w: limits(w, max_steps=77),
    "Booth instead of Himmelblau": lambda w: w.problem_panel.choose("booth"),
    "seed": lambda w: w.session.edit(replace(w.session.experiment, seed=3)),
}


@pytest.mark.parametrize("what", EDITS)
def test_that_an_edit_is_reported_undone_and_done_again_with_its_runs(window, what):
    session, actions = window.session, window.edit_actions
    session.player.finish()
    before, runs = session.experiment, list(session.runs)
    traces = [run.trace.x.copy() for run in runs]
    EDITS[what](window)
    after, edited = session.experiment, list(session.runs)
    assert after != before
    assert actions.undo.text().lower() == f"&undo: {what}".lower()
    actions.undo.trigger()
    assert session.experiment == before
    assert session.runs == runs
    assert all(np.array_equal(run.trace.x, x) for run, x in zip(runs, traces, strict=True))
    assert not actions.undo.isEnabled()
    assert actions.redo.text().lower() == f"&redo: {what}".lower()
    actions.redo.trigger()
    assert session.experiment == after
    assert session.runs == edited
    assert not actions.redo.isEnabled()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("what_if", [False, True])
def test_that_any_sequence_of_edits_is_undone_and_redone(window, qtbot, seed, what_if):
    session, draw = window.session, random.Random(seed)
    window.edit_actions.what_if.setChecked(what_if)
    session.player.finish()
    experiments = [session.experiment]
    for edit in draw.choices(list(EDITS.values()), k=12):
        if len(session.runs) > 1 and session.selected == 0:
            edit(window)
        else:
            session.select(0)
            hyperparameters(window, learning_rate=draw.choice([1e-3, 5e-3, 1e-2]))
        if session.experiment != experiments[-1]:
            experiments.append(session.experiment)
        if draw.random() < 0.5:
            session.player.step()
            qtbot.waitUntil(lambda: not session.player.busy)
    for expected in reversed(experiments[:-1]):
        session.undo()
        assert session.experiment == expected
        assert len(session.runs) == len(expected.runs)
    for expected in experiments[1:]:
        session.redo()
        assert session.experiment == expected
    qtbot.waitUntil(lambda: not session.player.busy)
    for plan, run in zip(session.experiment.runs, session.runs, strict=True):
        assert run.upcoming == plan.hyperparameters
        assert run.problem is session.experiment.problem


def test_that_a_hyperparameter_moved_under_way_is_moved_back_as_another_change(window, qtbot):
    session = window.session
    run = session.runs[0]
    for act in (lambda: hyperparameters(window, learning_rate=0.002), session.undo, session.redo):
        steps = run.step
        for _ in range(3):
            session.player.step()
        qtbot.waitUntil(lambda n=steps: run.step == n + 3 and not session.player.busy)
        act()
    session.player.step()
    qtbot.waitUntil(lambda: run.step == 10)
    assert session.runs[0] is run
    assert [(c.step, c.value) for c in run.trace.changes] == [(4, 0.002), (7, 0.01), (10, 0.002)]


def test_that_a_removed_run_comes_back_and_goes_on(window, qtbot):
    session = window.session
    for _ in range(5):
        session.player.step()
    qtbot.waitUntil(lambda: session.cursor.newest == 5 and not session.player.busy)
    run = session.runs[0]
    window.runs_panel.list.setCurrentRow(0)
    window.runs_panel.remove_run()
    assert run.stop.reason is Reason.USER
    session.undo()
    assert (session.runs[0], session.selected, run.stop) == (run, 0, None)
    session.player.step()
    qtbot.waitUntil(lambda: run.step == 6)


def test_that_a_dragged_slider_is_one_edit(window, monkeypatch):
    monkeypatch.setattr(undo_module, "GESTURE_SECONDS", 60.0)
    session, before = window.session, window.session.experiment
    for tick in range(300, 400, 10):
        window.runs_panel.editor.fields["learning_rate"].slider.setValue(tick)
    session.set_start((1.0, 1.0))
    session.set_start((1.5, 1.0))
    session.undo()
    assert session.experiment.start == before.start
    assert session.experiment != before
    session.undo()
    assert session.experiment == before
    assert not window.edit_actions.undo.isEnabled()


def test_that_another_edit_ends_what_could_be_done_again(window):
    hyperparameters(window, learning_rate=0.002)
    window.session.undo()
    window.session.set_start((1.0, 1.0))
    assert not window.edit_actions.redo.isEnabled()


def test_that_after_reset_an_older_edit_is_undone_in_the_runs_there_are(window):
    session = window.session
    hyperparameters(window, learning_rate=0.002)
    session.player.finish()
    session.reset()
    run = session.runs[0]
    session.undo()
    assert session.runs[0] is run
    session.player.finish()
    assert session.runs[0].hyperparameters_at(1)["learning_rate"] == 0.01


def test_that_records_of_runs_that_are_gone_take_no_more_memory_than_allowed(window, monkeypatch):
    monkeypatch.setattr(undo_module, "KEPT_BYTES", 1)
    session = window.session
    session.player.finish()
    gone = session.runs[0]
    window.session.select(0)
    window.runs_panel.remove_run()
    hyperparameters(window, learning_rate=0.05)  # then the oldest is looked through
    session.undo()
    session.undo()
    assert len(session.runs) == 2
    assert session.runs[0] is not gone
    assert session.experiment.runs[0].optimizer is gone.optimizer


@pytest.mark.display
def test_that_a_text_field_keeps_its_own_undo(window, qtbot):
    hyperparameters(window, learning_rate=0.002)
    changed = window.session.experiment
    entry = window.runs_panel.editor.fields["learning_rate"].entry
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, "0.5")
    qtbot.keyClick(entry, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert entry.text() != "0.5"
    assert window.session.experiment == changed
    window.main_view.setFocus()
    qtbot.keyClick(window.main_view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.experiment != changed
    qtbot.keyClick(window.main_view, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert window.session.experiment == changed


def test_that_parameters_of_a_problem_are_edits_by_name(window):
    window.problem_panel.choose("rosenbrock")
    window.problem_panel.fields["b"].slider.setValue(300)
    assert window.edit_actions.undo.text() == "&Undo: b of Rosenbrock"
    window.session.undo()
    assert window.session.experiment.problem.values == problems.get("rosenbrock").values
    assert window.problem_panel.fields["b"].value == problems.get("rosenbrock").values["b"]


def test_that_edits_of_any_optimizer_can_be_compared(window):
    for name in optimizers.names():
        window.session.change_run(0, optimizer=optimizers.get(name), hyperparameters={}, options=Options())
        window.session.undo()
    assert window.session.experiment.runs[0].optimizer.name == "gradient_descent"
