"""The session: what an edit does to runs under way, the clock, and the cursor."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from time import sleep

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker import watchdog
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.minimize import minimize
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.session.clock import FRAME_MS
from tests.ui.helpers import drawing_of

pytestmark = pytest.mark.display


def endless(problem: str = "rosenbrock", runs: int = 1) -> Experiment:
    chosen = problems.get(problem)
    plans = tuple(RunPlan(optimizers.get("adam"), {"learning_rate": 1e-3}, color=i) for i in range(runs))
    return Experiment(chosen, plans, tuple(chosen.start), Limits(tolerance=None, max_steps=10**9))


def on_function(fun, *names: str, start=(1.0, 1.0)) -> Experiment:
    plans = tuple(RunPlan(optimizers.get(name), color=i) for i, name in enumerate(names or ("gradient_descent",)))
    return Experiment(FunctionProblem(fun, start), plans, start)


def test_that_what_the_window_runs_is_what_minimize_computes(window):
    window.session.player.finish()
    for plan, run in zip(window.session.experiment.runs, window.session.runs, strict=True):
        alone = minimize("himmelblau", None, plan.optimizer, options=dict(plan.hyperparameters))
        assert run.stop.reason is Reason.TOLERANCE
        assert np.array_equal(run.trace.x, alone.trace.x)


def test_that_a_step_is_one_step_of_each_run(window, qtbot):
    for expected in (1, 2, 3):
        window.session.player.step()
        qtbot.waitUntil(lambda n=expected: [run.step for run in window.session.runs] == [n, n])
    assert not window.session.player.playing


def test_that_steps_are_done_where_a_frame_takes_longer_than_its_time(window, qtbot):
    window.session.frame.connect(lambda: sleep(2 * FRAME_MS / 1000))
    window.session.player.step(5)
    qtbot.waitUntil(lambda: window.session.runs[1].step == 5)


def test_that_steps_asked_for_quickly_are_all_done(window, qtbot):
    for _ in range(20):
        window.session.player.step()
    qtbot.waitUntil(lambda: window.session.runs[1].step == 20)


def test_that_no_signal_comes_per_step(open_window, qtbot):
    window = open_window(endless())
    window.session.player.pace.set_speed(math.inf)
    frames = []
    window.session.frame.connect(lambda: frames.append(window.session.cursor.newest))
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 3000, timeout=20_000)
    window.session.player.pause()
    assert len(frames) < window.session.cursor.newest / 10


def test_that_a_frame_follows_a_pause_whenever_it_comes(open_window, qtbot):
    """A pause right after a frame, when the worker rests, must not stop the clock before the views drew it."""
    session = open_window(endless()).session
    after = []

    def pause_or_count():
        if session.player.playing and session.runs[0].step > 20:
            session.player.pause()
        elif not session.player.playing:
            after.append(session.runs[0].step)

    session.frame.connect(pause_or_count)
    session.player.pace.set_speed(300)
    session.player.play()
    qtbot.waitUntil(lambda: bool(after) and not session.player.busy)
    assert after[-1] == session.runs[0].step


def test_that_a_slow_speed_is_kept(open_window, qtbot):
    window = open_window(endless())
    window.session.player.pace.set_speed(1.0)
    frames = []
    window.session.frame.connect(lambda: frames.append(1))
    window.session.player.play()
    qtbot.waitUntil(lambda: len(frames) >= 25, timeout=10_000)
    window.session.player.pause()
    assert 1 <= window.session.cursor.newest <= 3


def test_that_runs_race_side_by_side(open_window, qtbot):
    window = open_window(endless(runs=3))
    window.session.player.pace.set_speed(math.inf)
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 500, timeout=20_000)
    window.session.player.pause()
    qtbot.waitUntil(lambda: not window.session.player.busy)
    assert len({run.step for run in window.session.runs}) == 1


def test_that_a_hyperparameter_moved_on_the_way_is_in_the_trace_and_replays(open_window, qtbot):
    window = open_window(endless())
    session = window.session
    session.player.play()
    qtbot.waitUntil(lambda: session.cursor.newest > 10)
    session.change_run(0, hyperparameters={"learning_rate": 0.05})
    run = session.runs[0]
    qtbot.waitUntil(lambda: bool(run.trace.changes))
    qtbot.waitUntil(lambda: run.step > run.trace.changes[0].step + 5)
    session.player.pause()
    qtbot.waitUntil(lambda: not session.player.busy)
    change = run.trace.changes[0]
    assert (change.name, change.value) == ("learning_rate", 0.05)
    assert run.hyperparameters_at(change.step - 1)["learning_rate"] == 1e-3
    for step in (change.step - 1, change.step, change.step + 1):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])


def test_that_a_raised_step_limit_lets_a_run_go_on(open_window, qtbot):
    window = open_window(replace(endless(), limits=Limits(tolerance=None, max_steps=20)))
    session = window.session
    session.player.finish()
    run = session.runs[0]
    assert run.stop.reason is Reason.STEP_LIMIT
    session.edit(replace(session.experiment, limits=replace(session.experiment.limits, max_steps=50)))
    session.player.finish()
    assert session.runs[0] is run
    assert run.step == 50


def test_that_run_begins_again_when_all_have_stopped(window):
    window.session.player.finish()
    before = window.session.runs
    window.session.player.finish()
    assert window.session.runs != before
    assert np.array_equal(window.session.runs[0].trace.x, before[0].trace.x)


def test_that_another_run_does_not_disturb_those_under_way(window, qtbot):
    window.session.player.step()
    qtbot.waitUntil(lambda: window.session.cursor.newest == 1)
    before = list(window.session.runs)
    window.runs_panel.add_runs(["rmsprop"])
    assert window.session.runs[:2] == before
    window.session.selected = 0
    window.runs_panel.remove_run()
    assert window.session.runs[0] is before[1]


def test_that_an_error_in_user_code_ends_its_run_and_is_shown(open_window, qtbot):
    def fragile(x):
        if x[0] < 0.9:
            raise RuntimeError("the model broke")
        return x[0] ** 2 + x[1] ** 2

    window = open_window(on_function(fragile, "gradient_descent"))
    window.session.change_run(0, hyperparameters={"learning_rate": 0.02})
    window.session.player.finish()
    run = window.session.runs[0]
    assert run.stop.reason is Reason.ERROR
    assert run.step >= 1
    assert "RuntimeError: the model broke" in window.runs_panel.editor.message.text()
    assert 'raise RuntimeError("the model broke")' in window.runs_panel.editor.message.text()


def test_that_a_function_of_wrong_shape_is_reported(open_window):
    window = open_window(on_function(lambda x: x))
    window.session.player.finish()
    assert "one real number" in window.runs_panel.editor.message.text()


def test_that_a_function_that_blocks_is_given_up_and_others_go_on(open_window, qtbot, monkeypatch):
    monkeypatch.setattr(watchdog, "BLOCKED_SECONDS", 0.2)
    gate = threading.Event()

    def stuck(x):
        if x[0] < 0.999 and not gate.is_set():
            while not gate.is_set():
                pass
        return float(x @ x)

    window = open_window(on_function(stuck), ready=False)
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.runs[0].stop is not None, timeout=10_000)
    assert "has not returned" in window.runs_panel.editor.message.text()
    gate.set()
    window.problem_panel.choose("sphere")
    window.session.player.finish()
    assert window.session.runs[0].step > 10


def test_that_starting_and_stopping_two_hundred_times_leaves_nothing(open_window, qtbot):
    window = open_window(endless())
    for _ in range(200):
        window.session.player.play()
        qtbot.wait(0)
        window.session.player.pause()
    for _ in range(50):
        window.session.reset()
        window.session.player.play()
        qtbot.wait(0)
    qtbot.waitUntil(lambda: window.session.runs[0].step > 0, timeout=10_000)
    window.session.player.pause()


def test_that_closing_while_running_ends_the_thread(open_window, qtbot):
    window = open_window(endless(runs=2))
    window.session.player.pace.set_speed(math.inf)
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 100)
    window.close()
    assert not [t for t in threading.enumerate() if t.name == "gdviewer worker"]


def test_that_the_cursor_is_shared_and_follows_at_the_end(window):
    session = window.session
    session.player.finish()
    session.cursor.look_at(7)
    assert not session.cursor.is_live
    assert [session.cursor.position(run) for run in session.runs] == [7, 7]
    assert "step 7" in window.runs_panel.list.item(0).toolTip()
    assert (window.timeline.entry.text(), window.timeline.badge.text()) == ("7", "REVIEW")
    assert window.history.plot.cursor_line.value() == 7
    head = drawing_of(window.main_view.plot, session.runs[0]).head.pos()
    assert (head.x(), head.y()) == pytest.approx(tuple(session.runs[0].trace.x[7]))
    session.cursor.look_at(10**9)
    assert session.cursor.is_live


def test_that_a_diverging_run_keeps_the_plots_sane(window):
    window.problem_panel.choose("rosenbrock")
    window.session.change_run(0, hyperparameters={"learning_rate": 10.0})
    window.session.player.finish()
    run = window.session.runs[0]
    assert run.stop.reason is Reason.DIVERGED
    assert np.isfinite(run.trace.x).all()
    for (left, right), (bottom, top) in (
        p.getPlotItem().vb.viewRange() for p in (window.main_view.plot, window.history.plot)
    ):
        assert np.isfinite([left, right, bottom, top]).all()
    (left, right), _ = window.main_view.plot.getPlotItem().vb.viewRange()
    assert right - left < 20
