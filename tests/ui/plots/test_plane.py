"""Problems of more than two dimensions, drawn on a plane."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt, QTimer

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.ui.plots.plane_plot import COORDINATES, PATH
from gdviewer.ui.plots.steps_plot import COMPONENTS
from gdviewer.ui.widgets.theme import THEMES, look
from tests.ui.helpers import drawing_of


@pytest.fixture
def open_plane(open_window):
    """Open a window on a problem of many dimensions, gradient descent beside Adam."""

    def open_one(name="rosenbrock_nd", n=10, steps=400):
        problem = problems.get(name, n=n) if isinstance(name, str) else name
        plans = (
            RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 1e-3}),
            RunPlan(optimizers.get("adam"), {"learning_rate": 0.05}, color=1),
        )
        limits = Limits(tolerance=None, max_steps=steps)
        return open_window(Experiment(problem, plans, tuple(problem.start.tolist()), limits))

    return open_one


def choose(window, kind, *axes):
    """Choose a plane in the bar above it; axes are typed as numbers from 1."""
    view = window.main_view.currentWidget()
    view.kind.setCurrentIndex(view.kind.findData(kind))
    for box, number in zip(view.axes, axes, strict=False):
        box.lineEdit().setText(f"x{number}")
        box.interpretText()
    return view.plot


def drawn(plot, run):
    return np.column_stack(drawing_of(plot, run).curve.getData())


def enter(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_that_the_plane_of_a_finished_run_is_that_of_its_path(open_plane):
    window = open_plane()
    window.session.player.finish()
    view, plot, run = window.main_view.currentWidget(), window.main_view.plot, window.session.runs[0]
    moves = run.trace.x - run.trace.x[-1]
    _, sizes, axes = np.linalg.svd(moves)
    plane = plot.surface.plane
    assert np.allclose(np.abs(plane.directions @ axes[:2].T), np.eye(2), atol=1e-9)
    shares = sizes**2 / (sizes**2).sum()
    assert plane.shares == pytest.approx(shares[:2])
    assert f"{100 * shares[:2].sum():.1f} % of the path to step 400" in view.plane_note.text()
    assert plot.getAxis("bottom").labelText == f"PC 1 ({100 * shares[0]:.1f} %)"
    assert plot.getAxis("left").labelText == f"PC 2 ({100 * shares[1]:.1f} %)"


@pytest.mark.parametrize("kind", [PATH, COORDINATES])
def test_that_every_run_is_drawn_projected_with_its_head_its_start_and_the_minima(open_plane, kind):
    window = open_plane()
    window.session.player.finish()
    plot = choose(window, kind)
    plane = plot.surface.plane
    for run in window.session.runs:
        projected = (run.trace.x - plane.origin) @ plane.directions.T
        path = drawn(plot, run)
        assert np.allclose(path[[0, -1]], projected[[0, -1]], atol=1e-9)
        nearest = np.abs(path[:, None] - projected).max(axis=-1).min(axis=1)
        assert nearest.max() < 1e-9
        head = drawing_of(plot, run).head.pos()
        assert (head.x(), head.y()) == pytest.approx(projected[-1], abs=1e-9)
    problem = window.session.experiment.problem
    start = plot.starts._markers[None].pos()
    assert (start.x(), start.y()) == pytest.approx((problem.start - plane.origin) @ plane.directions.T)
    stars = np.array([item.pos().toTuple() for item in plot._minima._items])
    assert np.allclose(stars, (problem.minima - plane.origin) @ plane.directions.T)


@pytest.mark.display
def test_that_the_distance_off_the_plane_and_both_losses_are_reported_at_the_cursor(open_plane):
    window = open_plane()
    window.session.player.finish()
    view, plane, run = window.main_view.currentWidget(), window.main_view.plot.surface.plane, window.session.runs[0]
    window.session.cursor.look_at(37)
    x = run.trace.x[37]
    below = plane.origin + ((x - plane.origin) @ plane.directions.T) @ plane.directions
    height = float(window.session.experiment.problem.value(below))
    assert view.point_note.text() == (
        f"Gradient descent at step 37: {np.linalg.norm(x - below):.3g} off the plane,"
        f" f = {run.trace.loss[37]:.4g}, on the plane {height:.4g}"
    )
    window.session.select(1)
    assert view.point_note.text().startswith("Adam at step 37: ")


def test_that_a_plane_of_coordinates_holds_the_others_where_the_cursor_is(open_plane, qtbot):
    window = open_plane()
    window.session.player.finish()
    plot = choose(window, COORDINATES, 3, 7)
    run, problem = window.session.runs[0], window.session.experiment.problem
    assert [plot.getAxis(side).labelText for side in ("bottom", "left")] == ["x₃", "x₇"]
    assert np.array_equal(drawn(plot, run)[[0, -1]], run.trace.x[[0, -1]][:, [2, 6]])
    for step in (400, 25):
        window.session.cursor.look_at(step)
        qtbot.waitUntil(lambda: not plot.computing)
        point = run.trace.x[step].copy()
        point[[2, 6]] = plot.landscape.rect.left(), plot.landscape.rect.top()
        assert plot.landscape.heights[0, 0] == problem.value(point)
        assert window.main_view.currentWidget().plane_note.text() == f"other coordinates from step {step}"


def test_that_two_coordinates_are_never_the_same(open_plane):
    window = open_plane()
    plot = choose(window, COORDINATES, 3, 7)
    assert plot.axes == (2, 6)
    choose(window, COORDINATES, 7)
    assert plot.axes == (6, 2)
    assert [box.text() for box in window.main_view.currentWidget().axes] == ["x₇", "x₃"]
    choose(window, COORDINATES, 99)
    assert plot.axes == (6, 2)


@pytest.mark.display
def test_that_a_coordinate_is_typed_while_the_runs_are_played(open_plane, qtbot):
    window = open_plane(steps=10**6)
    plot = choose(window, COORDINATES, 1, 2)
    box = window.main_view.currentWidget().axes[0]
    box.setFocus()
    box.selectAll()
    window.session.player.pace.set_speed(300)
    window.session.player.play()
    qtbot.keyClicks(box, "1")
    steps = window.session.cursor.newest
    qtbot.waitUntil(lambda: window.session.cursor.newest > steps + 100)
    qtbot.keyClicks(box, "0")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    window.session.player.pause()
    assert plot.axes == (9, 1)
    assert box.text() == "x₁₀"


@pytest.mark.display
def test_that_hovering_reads_the_planes_coordinates_and_the_loss_there(open_plane):
    window = open_plane()
    plot = choose(window, COORDINATES, 2, 4)
    point = window.session.experiment.problem.start.copy()
    point[[1, 3]] = 0.5, -1
    loss = float(window.session.experiment.problem.value(point))
    assert plot.describe(0.5, -1) == f"x₂ = 0.5   x₄ = -1   f = {loss:.6g}"
    window.session.player.finish()
    choose(window, PATH)
    assert plot.describe(0, 0).startswith("PC 1 = 0   PC 2 = 0   f = ")


def test_that_without_a_path_the_plane_is_that_of_two_coordinates_and_says_so(open_plane):
    window = open_plane()
    view = window.main_view.currentWidget()
    assert view.kind.currentData() == PATH
    assert "no path yet" in view.plane_note.text()
    assert view.plot.getAxis("bottom").labelText == "x₁"
    assert not any(box.isVisible() for box in view.axes)
    assert len(view.plot._minima._items) == 2


def test_that_the_plane_follows_the_number_of_dimensions(open_plane, qtbot):
    window = open_plane()
    window.session.player.finish()
    field = window.problem_panel.fields["n"]
    for n in (50, 3, 10):
        enter(qtbot, field.entry, str(n))
        plot = window.main_view.plot
        assert plot.surface.whole.dimension == n
        assert window.session.experiment.start == tuple(problems.get("rosenbrock_nd", n=n).start.tolist())
        window.session.player.finish()
        qtbot.waitUntil(lambda plot=plot: plot.fitted and not plot.computing)
        assert plot.surface.plane.directions.shape == (2, n)
        assert all(drawing_of(plot, run).head.isVisible() for run in window.session.runs)
    enter(qtbot, field.entry, "2.5")
    assert "whole number" in field.entry.message.text()
    enter(qtbot, field.entry, "2")
    assert window.session.experiment.problem.picture == "landscape"
    window.session.player.finish()
    assert np.array_equal(drawn(window.main_view.plot, window.session.runs[0])[0], window.session.experiment.start)


def test_that_the_slider_of_n_gives_whole_numbers(open_plane, qtbot):
    window = open_plane()
    field = window.problem_panel.fields["n"]
    for tick in (3, 111, 777, 1000):
        field.slider.setValue(tick)
        assert window.session.experiment.problem.dimension == field.value == int(field.value)
        qtbot.waitUntil(lambda: not window.session.player.busy)
    assert field.value == 1000


@pytest.mark.parametrize("kind", [PATH, COORDINATES])
def test_that_a_dragged_start_moves_within_the_plane(open_plane, kind):
    window = open_plane()
    window.session.player.finish()
    plot = choose(window, kind)
    plane, before = plot.surface.plane, np.array(window.session.experiment.start)
    marker = plot.starts._markers[None]
    marker.setPos(marker.pos() + QPointF(0.3, -0.2))
    after = np.array(window.session.experiment.start)
    pixel = max(plot.getPlotItem().vb.viewPixelSize())
    moved = (after - before) @ plane.directions.T
    assert np.abs(moved - (0.3, -0.2)).max() <= pixel
    assert np.allclose(after - before, moved @ plane.directions, atol=1e-12)
    assert plot.surface.plane is plane or kind == COORDINATES
    assert np.array_equal(plot.surface.plane.directions, plane.directions)


def test_that_a_click_starts_there_and_a_start_of_its_own_is_moved_alone(open_plane):
    window = open_plane()
    start = window.session.experiment.start
    window.session.change_run(1, start=start)
    plot = choose(window, COORDINATES, 1, 2)
    plot.starts._set_start(0.5, 0.25, 1)
    assert window.session.experiment.runs[1].start == (0.5, 0.25, *start[2:])
    assert window.session.experiment.start == start
    plot.starts._set_start(-0.5, 0.75, None)
    assert window.session.experiment.start == (-0.5, 0.75, *start[2:])


def test_that_the_plane_stays_while_the_path_is_in_view_and_is_fitted_again_at_the_end(open_plane, qtbot):
    window = open_plane("sphere_nd", steps=10**6)
    session, plot = window.session, window.main_view.plot
    session.player.pace.set_speed(300)
    session.player.play()
    planes, steps = [], []

    def look_on():
        planes.append(plot.surface.plane)
        steps.append(session.runs[0].step)
        return plot.fitted and steps[-1] > 60

    qtbot.waitUntil(look_on, timeout=20_000)
    fitted = [plane for plane in planes if plane.shares]
    assert len({id(plane) for plane in fitted}) <= 1 + np.log2(max(steps))
    session.player.pause()
    # It may have been fitted at the very last step already; then it stays.
    qtbot.waitUntil(lambda: not session.player.busy and plot.step == session.runs[0].step)
    assert np.array_equal(plot.surface.plane.origin, session.runs[0].trace.x[-1])


def test_that_fit_again_lays_the_plane_through_the_path_as_it_is(open_plane, qtbot):
    window = open_plane("sphere_nd", steps=10**6)
    session, view = window.session, window.main_view.currentWidget()
    while session.runs[0].step < 9 or view.plot.step == session.runs[0].step:
        session.player.step()
        qtbot.waitUntil(lambda steps=session.cursor.newest: session.cursor.newest > steps)
    before = view.plot.surface.plane
    view.again.click()
    assert view.plot.surface.plane is not before
    assert view.plot.step == session.runs[0].step


def test_that_another_run_selected_has_its_own_plane(open_plane):
    window = open_plane()
    window.session.player.finish()
    window.session.select(1)
    plot, run = window.main_view.plot, window.session.runs[1]
    assert np.array_equal(plot.surface.plane.origin, run.trace.x[-1])


def test_that_after_a_reset_the_plane_is_reported_to_be_of_an_earlier_path(open_plane):
    window = open_plane()
    window.session.player.finish()
    plane = window.main_view.plot.surface.plane
    window.session.reset()
    assert window.main_view.plot.surface.plane is plane
    assert window.main_view.currentWidget().plane_note.text() == "fitted to an earlier path of 400 steps"


def test_that_a_path_that_diverges_is_fitted_near_the_domain_so_that_the_others_are_seen(open_plane):
    window = open_plane()
    window.session.change_run(0, hyperparameters={"learning_rate": 0.01})
    window.session.player.finish()
    diverged, other = window.session.runs
    assert np.abs(diverged.trace.x[-1]).max() > 1000
    plot = window.main_view.plot
    assert plot.fitted
    low, high = plot.surface.domain.T
    assert (high - low).max() < 500
    assert plot.surface.plane.distance(diverged.trace.x[1]) < 1e-9
    window.session.change_run(0, hyperparameters={"learning_rate": 10.0})  # out of sight with the first step
    window.session.reset()
    window.session.player.finish()
    assert not plot.fitted
    assert "through the start" in window.main_view.currentWidget().plane_note.text()
    assert plot.surface.plane.distance(other.start) == 0


def test_that_without_runs_there_is_a_plane_through_the_start(open_plane):
    window = open_plane()
    for _ in range(2):
        window.runs_panel.remove_run()
    view = window.main_view.currentWidget()
    assert view.point_note.text() == ""
    view.again.click()
    assert view.plot.surface.plane.distance(window.session.experiment.problem.start) == 0


def test_that_a_thousand_dimensions_leave_the_window_responsive(open_plane, qtbot):
    window = open_plane(n=1000, steps=300)
    session, plot = window.session, window.main_view.plot
    beats = []
    pulse = QTimer(window, interval=5)
    pulse.timeout.connect(lambda: beats.append(perf_counter()))
    pulse.start()
    session.player.pace.set_speed(float("inf"))
    session.player.play()
    qtbot.waitUntil(lambda: session.player.finished and not session.player.busy and not plot.computing, timeout=30_000)
    pulse.stop()
    assert plot.landscape.heights.shape == (256, 256)
    assert plot.fitted
    assert np.diff(beats).max() < 0.5
    left, top = plot.landscape.rect.left(), plot.landscape.rect.top()
    corner = plot.surface.plane.origin + np.array([left, top]) @ plot.surface.plane.directions
    assert plot.landscape.heights[0, 0] == pytest.approx(float(session.experiment.problem.value(corner)))


def test_that_a_picture_of_a_plane_left_behind_is_not_shown(open_plane, qtbot):
    window = open_plane(n=1000)
    enter(qtbot, window.problem_panel.fields["n"].entry, "4")
    plot = window.main_view.plot
    qtbot.waitUntil(lambda: not plot.computing)
    assert np.nanmax(plot.landscape.heights) < 1e5


def test_that_a_function_of_many_dimensions_is_drawn_on_a_plane(open_plane, qtbot):
    def branched(x):
        return float(sum(v * v if v > 0 else -v for v in x))

    window = open_plane(FunctionProblem(branched, np.arange(1.0, 21.0)))
    window.session.player.finish()
    plot = window.main_view.plot
    qtbot.waitUntil(lambda: plot.landscape is not None and not plot.computing, timeout=20_000)
    assert plot.fitted
    corner = np.array([plot.landscape.rect.right(), plot.landscape.rect.bottom()])
    lifted = plot.surface.plane.lift(corner)
    assert plot.landscape.heights[-1, -1] == pytest.approx(branched(lifted))
    history = window.history
    history.quantity.setCurrentIndex(history.quantity.findData(COMPONENTS))
    names = [series.label.toPlainText() for series in drawing_of(history.plot, window.session.runs[0]).series]
    assert (names[0], names[-1]) == ("x₁", "x₁₂")


def test_that_show_opens_a_function_of_three_dimensions_on_a_plane(qtbot):
    window = gdviewer.show(lambda x: float(x @ x), [1.0, 2.0, 3.0], block=False)
    qtbot.waitUntil(lambda: not window.session.player.busy)
    window.session.player.finish()
    assert window.main_view.plot.picture == "plane"
    assert window.main_view.plot.fitted
    window.close()
    window.deleteLater()


def test_that_two_dimensions_are_drawn_as_they_are(window):
    plot = window.main_view.plot
    run = window.session.runs[0]
    assert plot.picture == "landscape"
    assert plot.surface is window.session.experiment.problem
    assert np.shares_memory(plot.points_of(plot.drawing_of(run, 0), run), run.trace.x)


def test_that_a_theme_and_another_kind_of_problem_leave_the_plane_as_it_was(open_plane):
    window = open_plane()
    window.session.player.finish()
    window.problem_panel.choose("gramacy_lee")
    look().choose("dark")
    window.session.player.finish()
    window.problem_panel.choose("sphere_nd")
    window.session.player.finish()
    plot = window.main_view.plot
    assert plot.fitted
    assert np.array_equal(plot.surface.plane.origin, window.session.runs[0].trace.x[-1])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", [PATH, COORDINATES])
def test_that_no_word_above_the_plane_is_cut_off(open_plane, qtbot, theme, kind):
    look().choose(theme)
    window = open_plane()
    window.session.player.finish()
    choose(window, kind)
    window.session.cursor.look_at(37)
    view = window.main_view.currentWidget()
    qtbot.waitUntil(lambda: view.point_note.height() >= view.point_note.heightForWidth(view.point_note.width()))
    assert view.plane_note.height() >= view.plane_note.heightForWidth(view.plane_note.width())
    assert (window.width(), window.height()) == (1280, 800)
    for widget in (view.kind, view.again, *view.axes):
        if widget.isVisible():
            assert widget.width() >= widget.minimumSizeHint().width()
            assert widget.toolTip()
            assert widget.accessibleName() or widget.text()
