"""Looking at an earlier step: one cursor in every plot, what comes after it pale, and clicks on paths and curves."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.regression_problem import Regression
from gdviewer.problems.samples import SampledVector
from gdviewer.ui.plots.base import pale
from gdviewer.ui.plots.steps_plot import COMPONENTS
from gdviewer.ui.plots.thinning import Nearest, distance_to_line
from tests.ui.helpers import drawing_of

pytestmark = pytest.mark.display


def ran(open_window, qtbot, name: str, steps: int, *plans: RunPlan):
    """A window, painted, whose runs have done a number of steps."""
    problem = problems.get(name)
    limits = Limits(tolerance=None, max_steps=10**9)
    window = open_window(Experiment(problem, plans, tuple(problem.start.tolist()), limits))
    for run in window.session.runs:
        run.advance(steps)
    window.session.frame.emit()
    qtbot.waitUntil(lambda: not window.main_view.plot.computing, timeout=10_000)
    return window


def plan(optimizer: str, rate: float, color: int = 0) -> RunPlan:
    return RunPlan(optimizers.get(optimizer), {"learning_rate": rate}, color=color)


def pixel_of(plot, x: float, y: float) -> QPoint:
    scene = plot.getPlotItem().vb.mapViewToScene(QPointF(x, y))
    return plot.mapFromScene(scene)


def point_of(plot, pixel: QPoint) -> np.ndarray:
    point = plot.getPlotItem().vb.mapSceneToView(plot.mapToScene(pixel))
    return np.array([point.x(), point.y()])


def click(qtbot, plot, pixel: QPoint) -> None:
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=pixel)


def nearest_row(plot, points: np.ndarray, pixel: QPoint) -> int:
    away = (points - point_of(plot, pixel)) / plot.getPlotItem().vb.viewPixelSize()
    return int((away**2).sum(axis=1).argmin())


# The look


def test_that_a_path_goes_on_pale_past_its_head_at_the_cursor(window):
    session, plot = window.session, window.main_view.plot
    session.player.finish()
    session.cursor.look_at(30)
    short, long = session.runs  # of 23 and 202 steps
    drawing = drawing_of(plot, long)
    assert drawing.head.pos() == QPointF(*long.trace.x[30])
    assert drawing.future.isVisible()
    past = np.column_stack(drawing.curve.getData())
    future = np.column_stack(drawing.future.getData())
    assert np.array_equal(past[[0, -1]], long.trace.x[[0, 30]])
    assert np.array_equal(future[[0, -1]], long.trace.x[[30, -1]])
    whole = np.concatenate([past, future[1:]])
    session.cursor.follow()
    assert not drawing.future.isVisible()
    assert len(np.column_stack(drawing.curve.getData())) >= len(whole) - 2
    assert drawing.future.opts["pen"].color() == pale(drawing.curve.opts["pen"].color(), plot.theme)
    session.cursor.look_at(30)
    ended = drawing_of(plot, short)
    assert ended.head.pos() == QPointF(*short.trace.x[-1])
    assert not ended.future.isVisible()


def test_that_the_path_keeps_its_form_wherever_the_cursor_is(open_window, qtbot):
    window = ran(open_window, qtbot, "himmelblau", 3000, plan("adam", 0.003))
    drawing = drawing_of(window.main_view.plot, window.session.runs[0])
    chosen = None
    for step in (10, 700, 2999):
        window.session.cursor.look_at(step)
        points = np.concatenate([np.column_stack(c.getData()) for c in (drawing.curve, drawing.future)])
        found = {tuple(p) for p in points} - {tuple(window.session.runs[0].trace.x[s]) for s in (10, 700, 2999)}
        assert chosen is None or found == chosen
        chosen = found


@pytest.mark.parametrize("logarithmic", [False, True])
def test_that_the_curves_are_pale_from_a_strong_line_on(open_window, qtbot, logarithmic):
    window = ran(open_window, qtbot, "sphere", 400, plan("gradient_descent", 1e-3))
    window.history.log_values.click()
    if logarithmic:
        window.history.log_steps.click()
    plot = window.history.plot
    thin = plot.cursor_line.pen.widthF()

    def color_at(step: int):
        position = pixel_of(plot, np.log10(step) if logarithmic else step, window.session.runs[0].trace.loss[step])
        image = plot.viewport().grab().toImage()
        around = [image.pixelColor(position + QPoint(0, dy)) for dy in (-2, -1, 0, 1, 2)]
        return max(color.hslSaturation() * (255 - color.lightness()) for color in around)

    live = color_at(30), color_at(300)
    window.session.cursor.look_at(100)
    assert color_at(30) == live[0]
    assert color_at(300) < 0.6 * live[1]
    assert plot.cursor_line.pen.widthF() > thin
    assert plot.cursor_line.value() == pytest.approx(2 if logarithmic else 100)
    window.session.cursor.follow()
    assert color_at(300) == live[1]
    assert plot.cursor_line.pen.widthF() == thin


def test_that_all_views_follow_one_cursor_back_and_forth(open_window, qtbot):
    name = next(p.name for p in problems.catalogue().values() if isinstance(p, Regression) and p.dimension == 2)
    window = ran(open_window, qtbot, name, 60, plan("adam", 0.05))
    session, run = window.session, window.session.runs[0]
    for step in (10, 3, 40, 60):
        session.cursor.look_at(step)
        assert f"step {step}" in window.runs_panel.list.item(0).toolTip()
        assert window.timeline.entry.text() == str(step)
        assert window.history.plot.cursor_line.value() == step
        assert window.beside.data.model.text() == run.problem.model_text(run.trace.x[step])
        head = drawing_of(window.main_view.plot, run).head.pos()
        assert (head.x(), head.y()) == pytest.approx(tuple(run.trace.x[step]))


# Clicks


def test_that_a_click_on_a_path_looks_at_the_nearest_of_all_its_steps(open_window, qtbot):
    window = ran(open_window, qtbot, "rosenbrock", 50_000, plan("adam", 1e-3), plan("gradient_descent", 1e-4, 1))
    plot, session = window.main_view.plot, window.session
    for run, steps in ((session.runs[0], (700, 1500, 4321)), (session.runs[1], (40, 9_999))):
        for step in steps:
            pixel = pixel_of(plot, *run.trace.x[step])
            found = plot.step_at(*point_of(plot, pixel))
            assert found is not None
            hit = nearest_row(plot, found[1].trace.x, pixel)
            click(qtbot, plot, pixel)
            assert session.cursor.step == hit == found[2]
            assert session.runs[session.selected] is found[1]
            qtbot.wait(1)


def test_that_a_click_between_two_far_steps_is_on_the_path_and_one_beside_it_sets_the_start(open_window, qtbot):
    window = ran(open_window, qtbot, "himmelblau", 12, plan("gradient_descent", 0.015))
    plot, session = window.main_view.plot, window.session
    run = session.runs[0]
    step = int((np.diff(run.trace.x, axis=0) ** 2).sum(axis=1).argmax())  # the longest move is the one after it
    a, b = run.trace.x[step : step + 2]
    assert (pixel_of(plot, *a) - pixel_of(plot, *b)).manhattanLength() > 30
    between = pixel_of(plot, *(0.6 * a + 0.4 * b))
    click(qtbot, plot, between)
    assert session.cursor.step == step
    assert session.runs == [run]
    beside = between + QPoint(-60, -60)
    click(qtbot, plot, beside)
    assert session.runs != [run]
    assert session.experiment.start == pytest.approx(point_of(plot, beside), abs=0.05)


def test_that_the_mouse_shows_what_a_click_on_a_path_would_look_at(window, qtbot):
    window.session.player.finish()
    plot, run = window.main_view.plot, window.session.runs[1]
    reported = plot.describe(*run.trace.x[20])
    assert reported.endswith(f"step 20 of Adam   η = 0.1: loss {run.trace.loss[20]:.6g}, click to go to it")
    assert plot.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert "click" not in plot.describe(4, -4)
    assert plot.viewport().cursor().shape() == Qt.CursorShape.ArrowCursor
    window.session.change_run(1, visible=False)
    assert "Adam" not in plot.describe(*run.trace.x[20])


def test_that_a_click_on_a_visited_point_of_a_curve_looks_at_its_step(open_window, qtbot):
    window = ran(open_window, qtbot, "gramacy_lee", 300, plan("gradient_descent", 2e-4))
    plot, session = window.main_view.plot, window.session
    run = session.runs[0]
    points = np.column_stack([run.trace.x[:, 0], run.trace.loss])
    pixel = pixel_of(plot, *points[60])
    click(qtbot, plot, pixel)
    assert session.cursor.step == nearest_row(plot, points, pixel)
    drawing = drawing_of(plot, run)
    assert len(drawing.points.data)
    assert len(drawing.future.data)
    assert drawing.head.pos() == QPointF(*points[session.cursor.step])


def test_that_a_click_on_a_path_on_a_plane_looks_at_its_step(open_window, qtbot):
    window = ran(open_window, qtbot, "rosenbrock_nd", 500, plan("gradient_descent", 1e-4))
    plot, session = window.main_view.plot, window.session
    run = session.runs[0]
    points = plot.surface.plane.project(run.trace.x)
    pixel = pixel_of(plot, *points[100])
    click(qtbot, plot, pixel)
    assert session.cursor.step == nearest_row(plot, points, pixel)
    assert drawing_of(plot, run).future.isVisible()


@pytest.mark.parametrize("logarithmic", [False, True])
def test_that_a_click_among_the_curves_looks_at_that_step(open_window, qtbot, logarithmic):
    window = ran(open_window, qtbot, "rosenbrock", 1000, plan("adam", 1e-3))
    plot, session = window.history.plot, window.session
    if logarithmic:
        window.history.log_steps.click()
    (_, _), (low, high) = plot.getPlotItem().vb.viewRange()
    for step in (500, 40, 900):
        pixel = pixel_of(plot, np.log10(step) if logarithmic else step, 0.4 * low + 0.6 * high)
        at = point_of(plot, pixel)[0]
        click(qtbot, plot, pixel)
        assert session.cursor.step == round(10**at if logarithmic else at)
        assert session.cursor.step == pytest.approx(step, rel=0.1)


def test_that_a_click_in_the_components_looks_at_that_step(open_window, qtbot):
    problem = SampledVector(np.arange(20.0) ** 2)
    plans = (plan("gradient_descent", 0.001),)
    limits = Limits(tolerance=None, max_steps=300)
    window = open_window(Experiment(problem, plans, tuple(problem.start.tolist()), limits))
    window.session.player.finish()
    plot = window.main_view.plot
    assert plot.quantity == COMPONENTS
    (_, _), (low, high) = plot.getPlotItem().vb.viewRange()
    click(qtbot, plot, pixel_of(plot, 120, (low + high) / 2))
    assert window.session.cursor.step == pytest.approx(120, abs=3)
    assert window.history.plot.cursor_line.value() == window.session.cursor.step
    assert plot.veil.isVisible()


# What finds them


@pytest.mark.parametrize("kind", ["walk", "zigzag", "stuck", "spiral"])
def test_that_the_nearest_row_is_found_as_by_looking_at_all(kind):
    rng, n = np.random.default_rng(0), 20_011
    t = np.linspace(0, 1, n)
    path = {
        "walk": np.cumsum(rng.normal(size=(n, 2)), axis=0),
        "zigzag": np.column_stack([np.where(np.arange(n) % 2, 1, -1) * np.exp(-5 * t), t]),
        "stuck": np.vstack([rng.normal(size=(9, 2)), np.ones((n - 9, 2))]),
        "spiral": np.column_stack([np.cos(90 * t), np.sin(90 * t)]) * np.exp(-9 * t)[:, None],
    }[kind]
    nearest, unit = Nearest(), (0.01, 0.03)
    for length in (1, 2, 63, 64, 999, n):
        for _ in range(20):
            at = tuple(path[rng.integers(length)] + 0.05 * rng.normal(size=2))
            row, distance = nearest.find((path[:length, 0], path[:length, 1]), at, unit)
            away = np.sqrt((((path[:length] - at) / unit) ** 2).sum(axis=1))
            assert distance == pytest.approx(away[row])
            assert away[row] == away.min()


def test_that_the_distance_to_a_line_is_that_to_its_nearest_piece():
    line = np.array([[-1.0, 1], [3, 1], [3, 1], [3, -5]])
    assert distance_to_line(line) == 1
    assert distance_to_line(line[2:]) == 3
    assert distance_to_line(line[:1]) == pytest.approx(np.sqrt(2))
    assert distance_to_line(line[:0]) == np.inf
