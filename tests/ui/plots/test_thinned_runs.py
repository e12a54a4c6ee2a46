"""Long runs that do not store every step, in the window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.record import trace
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.inspector.panel import StepPanel
from gdviewer.ui.plots.steps_plot import COMPONENTS
from tests.ui.helpers import dock_of, drawing_of

STEPS = 400


@pytest.fixture
def open_thinned(open_window, monkeypatch, qtbot):
    """Windows whose runs have done their steps with little room for a record."""
    monkeypatch.setattr(trace, "ROW_BYTES", 2**11)
    monkeypatch.setattr(trace, "STATE_BYTES", 2**10)

    def open_one(name="himmelblau", rules=("gradient_descent", "adam")):
        problem = problems.get(name)
        plans = tuple(RunPlan(optimizers.get(rule), {"learning_rate": 1e-3}) for rule in rules)
        limits = Limits(tolerance=None, max_steps=STEPS)
        window = open_window(Experiment(problem, plans, tuple(problem.start.tolist()), limits))
        window.session.player.finish()
        qtbot.waitUntil(lambda: all(run.stop for run in window.session.runs))
        qtbot.waitUntil(lambda: not window.session.player.busy)
        for run in window.session.runs:
            assert run.trace.row_stride >= 4
            run.pace = 1e-6  # as where nothing else is computed meanwhile: then steps are executed again while drawing
        return window

    return open_one


def whole_run(window, index=0):
    """The same run, all of which is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "ROW_BYTES", 2**28)
        patch.setattr(trace, "STATE_BYTES", 2**28)
        run = window.session.experiment.build(window.session.experiment.runs[index])
        run.advance(run.limits.max_steps)
    return run


@pytest.mark.parametrize("name", ["himmelblau", "quartic_two_wells", "rosenbrock_nd"])
def test_that_heads_stand_where_the_runs_were_at_any_step(open_thinned, name):
    window = open_thinned(name)
    plot, whole = window.main_view.plot, whole_run(window)
    (run, _) = window.session.runs
    for step in (STEPS, 3, 8, 101, STEPS - 1, 0):
        window.session.cursor.look_at(step)
        head = drawing_of(plot, run).head.pos()
        x = whole.trace.x[step]
        expected = (
            (x[0], whole.trace.loss[step]) if name == "quartic_two_wells"
            else x if name == "himmelblau" else plot.surface.plane.project(x)
        )  # fmt: skip
        assert (head.x(), head.y()) == pytest.approx(tuple(expected), abs=1e-12)


def test_that_a_path_leads_through_the_points_kept_to_the_newest(open_thinned):
    window = open_thinned()
    for run in window.session.runs:
        drawn = np.column_stack(drawing_of(window.main_view.plot, run).curve.getData())
        assert np.array_equal(drawn[0], run.start)
        assert np.array_equal(drawn[-1], run.trace.last)
        assert all((run.trace.x == point).all(axis=1).any() for point in drawn[:-1])
        assert len(drawn) > 10


def test_that_a_plane_goes_through_the_newest_point_though_it_is_not_kept(open_thinned, qtbot):
    window = open_thinned("rosenbrock_nd")
    session, plot = window.session, window.main_view.plot
    run = session.runs[0]
    session.edit(replace(session.experiment, limits=replace(session.experiment.limits, max_steps=STEPS + 1)))
    session.player.step()
    qtbot.waitUntil(lambda: run.step == STEPS + 1 and not session.player.busy)
    assert STEPS + 1 not in run.trace.kept
    plot.update_plane()
    assert plot.step == STEPS + 1
    assert np.array_equal(plot.surface.plane.origin, run.trace.last)
    low, high = plot.surface.domain.T
    assert (low < 0).all()
    assert (high > 0).all()


def test_that_paths_go_on_while_fewer_and_fewer_of_their_points_are_kept(open_thinned, qtbot):
    window = open_thinned()
    run = window.session.runs[1]
    before = run.trace.row_stride
    limits = Limits(tolerance=None, max_steps=8 * STEPS)
    window.session.edit(replace(window.session.experiment, limits=limits))
    window.session.player.finish()
    qtbot.waitUntil(lambda: not window.session.player.busy and run.step == 8 * STEPS)
    assert run.trace.row_stride > before
    drawn = np.column_stack(drawing_of(window.main_view.plot, run).curve.getData())
    assert all((run.trace.x == point).all(axis=1).any() for point in drawn[:-1])
    assert np.array_equal(drawn[-1], run.trace.last)


@pytest.mark.parametrize("name", ["himmelblau", "quartic_two_wells"])
def test_that_a_click_on_a_path_leads_to_a_step_that_is_kept(open_thinned, name):
    window = open_thinned(name)
    run = window.session.runs[0]
    step = 5 * run.trace.row_stride
    x = run.point(step)
    at = (x[0], run.trace.loss[step]) if name == "quartic_two_wells" else x
    assert window.main_view.plot.take_click(*at)
    assert window.session.cursor.step == step


def test_that_components_are_drawn_at_the_steps_that_are_kept(open_thinned):
    window = open_thinned()
    history, run = window.history, window.session.runs[1]
    history.quantity.setCurrentIndex(history.quantity.findData(COMPONENTS))
    for index, series in enumerate(drawing_of(history.plot, run).series):
        steps, values = series.curve.getData()
        assert np.array_equal(steps, run.trace.kept)
        assert np.array_equal(values, run.trace.x[:, index])


def test_that_a_step_that_is_not_kept_can_be_read_and_left(open_thinned, qtbot):
    window = open_thinned()
    window.session.select(1)
    window.session.cursor.look_at(101)
    dock_of(window, "step").raise_()
    qtbot.waitUntil(lambda: window.findChild(StepPanel) is not None)
    panel, whole = window.findChild(StepPanel), whole_run(window, 1)
    qtbot.waitUntil(lambda: panel.report is not None and panel.report.step == 101)
    assert panel.report.faults == []
    assert np.array_equal(panel.report.start, whole.trace.x[100])
    window.runs_panel.branch_run("adam")
    qtbot.waitUntil(lambda: not window.session.player.busy and window.session.runs[-1].begun)
    window.session.player.finish()
    qtbot.waitUntil(lambda: window.session.runs[-1].stop is not None)
    assert window.session.runs[-1].branch_step == 101
    assert np.array_equal(window.session.runs[-1].trace.loss, whole.trace.loss)


def test_that_the_card_of_a_run_shows_what_its_record_takes(open_thinned):
    window = open_thinned()
    run = window.session.runs[1]
    tip = window.runs_panel.list.item(1).toolTip()
    assert f"MiB of 0.0 MiB, 1 of {run.trace.row_stride} points kept" in tip
