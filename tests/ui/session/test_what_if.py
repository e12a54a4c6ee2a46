"""Edits that recompute the runs so far (what if), and the ghosts of the runs before the edit."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker import watchdog
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.plots.base import GHOST
from gdviewer.ui.session import undo as undo_module
from gdviewer.ui.session import what_if as what_if_module
from tests.ui.helpers import drawing_of


def race(problem="rosenbrock", steps=80, **limits) -> Experiment:
    chosen = problems.get(problem) if isinstance(problem, str) else problem
    rules = {"gradient_descent": 1e-3, "adam": 0.1, "momentum": 5e-4, "rmsprop": 0.02}
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=i) for i, (name, rate) in enumerate(rules.items())
    )
    return Experiment(chosen, plans, tuple(chosen.start), Limits(tolerance=None, max_steps=steps, **limits))


@pytest.fixture
def raced(open_window, monkeypatch):
    """A window with four runs of 80 steps, and "What if" on; edits of one thing merge however slow the test is."""
    monkeypatch.setattr(undo_module, "GESTURE_SECONDS", 60.0)
    window = open_window(race())
    window.session.player.finish()
    window.edit_actions.what_if.trigger()
    return window


def settle(window, qtbot):
    qtbot.waitUntil(lambda: not window.session.player.busy, timeout=60_000)


def assert_fresh(session):
    """Each run is the one that the experiment makes when it is built again."""
    for plan, run in zip(session.experiment.runs, session.runs, strict=True):
        alone = session.experiment.build(plan)
        alone.advance(run.step + 1)
        for column in ("x", "loss", "gradient", "rate"):
            ours, theirs = getattr(run.trace, column), getattr(alone.trace, column)
            assert np.array_equal(ours, theirs[: len(ours)], equal_nan=True)
        assert run.trace.changes == alone.trace.changes


def set_rate(session, index, rate):
    plan = session.experiment.runs[index]
    session.change_run(index, hyperparameters={**plan.hyperparameters, "learning_rate": rate})


EDITS = {
    "hyperparameter": lambda s: set_rate(s, 1, 0.3),
    "option": lambda s: s.change_run(1, options=Options(noise=0.5)),
    "decay": lambda s: s.change_run(1, options=Options(l2=0.5)),
    "parameter": lambda s: s.edit(s.experiment.with_problem(s.experiment.problem.replace(b=40))),
    "start": lambda s: s.set_start((0.5, 1.2)),
    "own start": lambda s: s.set_start((0.5, 1.2), 1),
    "optimizer": lambda s: s.edit(s.experiment.with_run(1, optimizer=optimizers.get("adamax"))),
    "seed": lambda s: s.edit(replace(s.experiment, seed=5)),
}


@pytest.mark.parametrize("what", EDITS)
def test_that_an_edit_computes_what_a_fresh_run_would(raced, qtbot, what):
    session = raced.session
    before = list(session.runs)
    EDITS[what](session)
    settle(raced, qtbot)
    assert session.runs[1] is not before[1]
    touched = what in ("parameter", "start", "seed")
    assert [run is not old for run, old in zip(session.runs, before, strict=True)] == [touched, True, touched, touched]
    assert [run.step for run in session.runs] == [80] * 4
    assert_fresh(session)
    assert session.runs[1].stop.reason is Reason.STEP_LIMIT


def test_that_paths_are_swapped_in_whole_and_the_last_edit_wins(raced, qtbot, monkeypatch):
    monkeypatch.setattr(what_if_module, "PATIENCE_SECONDS", 60.0)  # however slow the test is
    session = raced.session
    seen = []
    session.runs_changed.connect(lambda: seen.extend(run.step for run in session.runs))
    slider = raced.runs_panel.editor.fields["learning_rate"].slider
    for tick in range(300, 420, 4):
        slider.setValue(tick)
        qtbot.wait(1)
    settle(raced, qtbot)
    assert set(seen) <= {80} | {run.step for run in session.runs}
    assert session.runs[0].hyperparameters == session.experiment.runs[0].hyperparameters
    assert_fresh(session)


def test_that_the_path_before_the_gesture_stays_as_a_ghost_until_the_next(raced, qtbot):
    session = raced.session
    before = session.runs[1]
    for rate in (0.12, 0.2, 0.3):
        set_rate(session, 1, rate)
        settle(raced, qtbot)
    assert [run for _, run in session.what_if.ghosts] == [before]
    assert len(session.shown) == 5
    for plot in (raced.main_view.plot, raced.history.plot):
        ghost = drawing_of(plot, before)
        assert ghost.ghost
        assert ghost.items[0].opacity() == pytest.approx(GHOST)
        shown = set(plot.getPlotItem().items)
        assert [item in shown for item in ghost.items] == [item not in ghost.present for item in ghost.items]
    path = np.column_stack(drawing_of(raced.main_view.plot, before).curve.getData())
    assert np.array_equal(path[0], before.trace.x[0])
    assert np.array_equal(path[-1], before.trace.x[80])
    latest = session.runs[1]
    session.set_start((0.5, 1.2))
    settle(raced, qtbot)
    assert {run for _, run in session.what_if.ghosts} >= {latest}
    assert before not in raced.main_view.plot._drawings
    raced.edit_actions.what_if.trigger()
    assert session.what_if.ghosts == []
    assert set(raced.main_view.plot._drawings) == set(session.runs)


def test_that_reset_and_undo_end_the_ghosts(raced, qtbot):
    session = raced.session
    for end in (session.undo, session.reset):
        set_rate(session, 1, 0.3)
        settle(raced, qtbot)
        assert session.what_if.ghosts
        end()
        assert not session.what_if.ghosts


def test_that_undo_brings_the_runs_before_the_gesture_back(raced, qtbot):
    session = raced.session
    before = list(session.runs)
    for b in (90, 60, 30):
        session.edit(session.experiment.with_problem(session.experiment.problem.replace(b=b)))
        settle(raced, qtbot)
    after = list(session.runs)
    session.undo()
    assert session.runs == before
    assert session.experiment.problem.values["b"] == 100
    session.redo()
    assert session.runs == after
    assert_fresh(session)


def test_that_the_cursor_stays_where_it_was(raced, qtbot):
    session = raced.session
    session.cursor.look_at(33)
    session.set_start((0.5, 1.2))
    settle(raced, qtbot)
    assert (session.cursor.step, session.cursor.is_live) == (33, False)


def test_that_the_number_of_steps_is_kept_over_a_run_that_diverges(raced, qtbot):
    session = raced.session
    for plan in session.experiment.runs[1:]:
        session.select(1)
        raced.runs_panel.remove_run()
        assert plan not in session.experiment.runs
    set_rate(session, 0, 5.0)
    settle(raced, qtbot)
    assert session.runs[0].stop.reason is Reason.DIVERGED
    assert session.runs[0].step < 80
    set_rate(session, 0, 0.0005)
    settle(raced, qtbot)
    assert session.runs[0].step == 80


def test_that_a_run_that_ended_shows_its_end_again(open_window, qtbot):
    window = open_window()
    session = window.session
    session.player.finish()
    ends = [(run.step, run.stop.reason) for run in session.runs]
    window.edit_actions.what_if.trigger()
    session.set_start((1.0, 1.0))
    session.set_start(tuple(problems.get("himmelblau").start))
    settle(window, qtbot)
    assert (session.runs[1].step, session.runs[1].stop.reason) == ends[1]
    assert (session.runs[0].step, session.runs[0].stop.reason) == ends[0]


def test_that_without_it_a_hyperparameter_moves_under_way(raced, qtbot):
    raced.edit_actions.what_if.trigger()
    before = list(raced.session.runs)
    set_rate(raced.session, 1, 0.3)
    assert raced.session.runs == before
    assert before[1].upcoming["learning_rate"] == 0.3


def test_that_moves_made_under_way_are_made_again_but_for_what_is_edited(open_window, qtbot):
    window = open_window(race(steps=10**6))
    session = window.session
    for rate in (1e-3, 2e-3):
        set_rate(session, 0, rate)
        for _ in range(10):
            session.player.step()
        qtbot.waitUntil(lambda: not session.player.busy and session.player.pace.asked == 0)
    old = session.runs[0]
    assert [c.step for c in old.trace.changes] == [11]
    window.edit_actions.what_if.trigger()
    session.set_start((0.5, 1.2))
    settle(window, qtbot)
    run = session.runs[0]
    assert run.trace.changes == old.trace.changes
    assert run.step == 20
    set_rate(session, 0, 3e-3)
    settle(window, qtbot)
    assert session.runs[0].trace.changes == []
    assert_fresh(session)


def test_that_branches_are_recomputed_from_where_they_leave(raced, qtbot):
    session = raced.session
    session.select(1)
    session.cursor.look_at(30)
    raced.runs_panel.branch_run("adam")
    session.player.finish()
    set_rate(session, 4, 0.4)
    settle(raced, qtbot)
    branch, original = session.runs[4], session.runs[1]
    assert branch.step == 80
    assert np.array_equal(branch.trace.x[:31], original.trace.x[:31])
    assert not np.array_equal(branch.trace.x[31], original.trace.x[31])
    session.edit(session.experiment.with_problem(session.experiment.problem.replace(b=40)))
    settle(raced, qtbot)
    assert session.runs[4].branch_step == 30
    assert np.array_equal(session.runs[4].trace.x[:31], session.runs[1].trace.x[:31])
    assert_fresh(session)


def test_that_long_runs_are_shown_before_they_are_computed(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(what_if_module, "PATIENCE_SECONDS", 0.02)
    window = open_window(race(steps=8_000))
    session = window.session
    session.player.pace.set_speed(math.inf)
    session.player.finish()
    window.edit_actions.what_if.trigger()
    seen = []
    session.frame.connect(lambda: seen.append(session.runs[0].step))
    before = session.runs[0]
    session.set_start((0.5, 1.2))
    settle(window, qtbot)
    assert session.runs[0] is not before
    assert len({step for step in seen if 0 < step < 8_000}) > 1
    assert [run.step for run in session.runs] == [8_000] * 4


def test_that_a_run_goes_on_from_what_was_recomputed(open_window, qtbot):
    window = open_window(race(steps=10**6))
    session = window.session
    session.player.play()
    qtbot.waitUntil(lambda: session.cursor.newest > 20)
    window.edit_actions.what_if.trigger()
    set_rate(session, 1, 0.3)
    qtbot.waitUntil(lambda: not session.what_if.pending, timeout=60_000)
    steps = session.runs[1].step
    assert steps >= 20
    assert session.player.playing
    qtbot.waitUntil(lambda: session.runs[1].step > steps + 20)
    session.player.pause()
    settle(window, qtbot)
    assert len({run.step for run in session.runs}) == 1
    assert_fresh(session)


def test_that_adding_and_removing_runs_meanwhile_is_safe(raced, qtbot):
    session = raced.session
    session.set_start((0.5, 1.2))
    raced.runs_panel.duplicate_run()
    session.set_start((0.6, 1.2))
    session.select(0)
    raced.runs_panel.remove_run()
    session.set_start((0.7, 1.2))
    raced.problem_panel.choose("booth")
    assert len(session.runs) == len(session.experiment.runs) == 4
    settle(raced, qtbot)
    for _ in range(6):
        session.undo()
    settle(raced, qtbot)
    session.player.finish()
    assert_fresh(session)


def test_that_a_function_that_blocks_is_given_up(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.2)
    gate = threading.Event()

    def stuck(x):
        while x[0] > 1.5 and not gate.is_set():
            pass
        return float(x @ x)

    window = open_window(race(FunctionProblem(stuck, (1.0, 1.0)), steps=20))
    session = window.session
    session.player.finish()
    window.edit_actions.what_if.trigger()
    session.set_start((2.0, 1.0))
    qtbot.waitUntil(lambda: session.runs[0].stop is not None and session.runs[0].stop.reason is Reason.ERROR)
    gate.set()
    session.set_start((0.5, 1.0))
    settle(window, qtbot)
    assert [run.step for run in session.runs] == [20] * 4


def test_that_breakpoints_do_not_keep_a_run_from_its_steps(raced, qtbot):
    session = raced.session
    session.edit(replace(session.experiment, breakpoints=(Breakpoint("step", 30),)))
    session.set_start((0.5, 1.2))
    settle(raced, qtbot)
    assert [run.step for run in session.runs] == [80] * 4
    assert all(run.trace.hits for run in session.runs)


def test_that_a_slow_function_does_not_hold_up_the_window(open_window, qtbot):
    def slow(x):
        time.sleep(0.002)
        return float(x @ x)

    window = open_window(race(FunctionProblem(slow, (1.0, 1.0)), steps=15))
    session = window.session
    session.player.finish()
    window.edit_actions.what_if.trigger()
    for i in range(10):
        session.set_start((1.0, 0.1 * i))
        qtbot.wait(5)
    settle(window, qtbot)
    assert [tuple(run.trace.x[0]) for run in session.runs] == [(1.0, 0.9)] * 4
    assert [run.step for run in session.runs] == [15] * 4


@pytest.mark.display
def test_that_its_key_and_its_button_switch_it(window, qtbot):
    assert not window.session.what_if.on
    qtbot.keyClick(window.main_view, Qt.Key.Key_W)
    assert window.session.what_if.on
    window.edit_actions.what_if.trigger()
    assert not window.session.what_if.on


def test_that_before_the_first_step_only_the_start_moves(open_window, qtbot):
    window = open_window()
    window.edit_actions.what_if.trigger()
    window.session.set_start((1.0, 1.0))
    settle(window, qtbot)
    assert [run.step for run in window.session.runs] == [0, 0]
    assert [tuple(run.trace.x[0]) for run in window.session.runs] == [(1.0, 1.0)] * 2
    assert window.session.what_if.ghosts == []
