"""The plots: what is drawn is what the trace holds, at every zoom and length."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.samples import SampledVector
from gdviewer.ui.plots.axis import log_text, log_ticks
from gdviewer.ui.plots.landscape import compute_landscape
from gdviewer.ui.plots.steps_plot import COMPONENTS, GRADIENT
from gdviewer.ui.plots.thinning import PathThinner, Pyramid, visible
from tests.ui.helpers import drawing_of

pytestmark = pytest.mark.display


HIMMELBLAU = QRectF(-6, -6, 12, 12)


def wheel(plot, notches: int) -> None:
    center = plot.viewport().rect().center()
    event = QWheelEvent(
        QPointF(center), QPointF(plot.viewport().mapToGlobal(center)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot.viewport(), event)


def test_that_contour_lines_lie_at_their_height():
    landscape = compute_landscape(problems.get("himmelblau"), HIMMELBLAU)
    path = landscape.lines
    points = np.array([(path.elementAt(i).x, path.elementAt(i).y) for i in range(0, path.elementCount(), 7)])
    heights = problems.get("himmelblau").value(points)
    off = np.abs(heights[:, None] - landscape.levels).min(axis=1) / np.maximum(heights, 1)
    assert np.quantile(off, 0.95) < 0.02


def test_that_levels_are_spaced_by_ratio_where_the_range_asks_for_it():
    steep = compute_landscape(problems.get("rosenbrock"), QRectF(-2, -1, 4, 4))
    even = compute_landscape(problems.get("peaks"), QRectF(-3, -3, 6, 6))
    assert steep.logarithmic
    assert steep.levels[-1] / steep.levels[0] > 1000
    assert not even.logarithmic
    assert np.allclose(np.diff(even.levels), np.diff(even.levels)[0])


def test_that_the_heat_image_has_the_orientation_of_the_plot():
    landscape = compute_landscape(problems.formula("x + 10*y"), QRectF(0, 0, 1, 1), size=11)
    assert landscape.heights[0, 0] == 0
    assert landscape.heights[0, -1] == 1
    assert landscape.heights[-1, 0] == 10


def test_that_zooming_computes_the_visible_region_again(window, qtbot):
    plot = window.main_view.plot
    before = plot.landscape.rect
    wheel(plot, 5)
    qtbot.waitUntil(lambda: plot.landscape.rect.width() < before.width() / 1.5)
    qtbot.waitUntil(lambda: plot.landscape.rect == plot.getPlotItem().vb.viewRect())
    assert plot.landscape.heights.shape == (256, 256)
    plot.show_all()
    qtbot.waitUntil(lambda: plot.landscape.rect.width() >= 12)


def test_that_hovering_reads_x_y_and_f(window):
    plot = window.main_view.plot
    text = plot.describe(3.0, 2.0)
    assert "x = 3" in text
    assert "y = 2" in text
    assert "f = 0" in text
    reported = []
    plot.hovered.connect(reported.append)
    plot.scene().sigMouseMoved.emit(plot.getPlotItem().vb.mapViewToScene(QPointF(1, 1)))
    assert reported
    assert reported[-1] == window._hover.text()
    assert "f = 106" in reported[-1]


def test_that_the_path_drawn_is_the_path_run(window):
    window.session.player.finish()
    plot = window.main_view.plot
    for run in window.session.runs:
        x, y = drawing_of(plot, run).curve.getData()
        drawn = np.column_stack([x, y])
        assert np.array_equal(drawn[-1], run.trace.x[-1])
        assert np.array_equal(drawn[0], run.trace.x[0])
        assert all((run.trace.x == point).all(axis=1).any() for point in drawn)


def test_that_the_tangent_has_the_slope_of_the_curve(window):
    window.problem_panel.choose("quartic_two_wells")
    window.session.player.finish()
    window.session.cursor.look_at(3)
    run = window.session.runs[0]
    drawing = drawing_of(window.main_view.plot, run)
    tangent, head = drawing.tangent, drawing.head
    x, y = tangent.getData()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(run.trace.gradient[3, 0])
    assert head.pos().x() == run.trace.x[3, 0]


def test_that_the_curve_below_shows_what_was_chosen(window, qtbot):
    window.session.player.finish()
    history = window.history
    run = window.session.runs[1]
    history.log_values.click()
    assert np.array_equal(drawing_of(history.plot, run).series[0].curve.getData()[1], run.trace.loss)
    history.quantity.setCurrentIndex(history.quantity.findData(GRADIENT))
    assert np.allclose(drawing_of(history.plot, run).series[0].curve.getData()[1], run.trace.gradient_norm)
    history.log_steps.click()
    assert np.allclose(drawing_of(history.plot, run).series[0].curve.getData()[0], np.log10(np.arange(1, run.step + 1)))
    history.log_steps.click()
    history.quantity.setCurrentIndex(history.quantity.findData(COMPONENTS))
    drawn = [series.curve.getData()[1] for series in drawing_of(history.plot, run).series]
    assert np.array_equal(np.column_stack(drawn), run.trace.x)
    assert [series.label.toPlainText() for series in drawing_of(history.plot, run).series] == ["x", "y"]


def test_that_losses_below_zero_have_a_logarithmic_axis_above_the_minimum(window):
    window.problem_panel.choose("styblinski_tang")
    window.session.player.finish()
    plot = window.history.plot
    assert plot.getAxis("left").labelText == "loss − min"
    assert window.history.note.text() == "min = -78.3323"
    values = drawing_of(plot, window.session.runs[0]).series[0].curve.getData()[1]
    assert np.isfinite(values[1:]).all()


def test_that_the_grey_line_moves_the_cursor(window):
    window.session.player.finish()
    line = window.history.plot.cursor_line
    line.setPos(12.3)
    line.sigDragged.emit(line)
    assert window.session.cursor.step == 12


def test_that_drawing_does_not_grow_with_the_trace(open_window, qtbot):
    problem = problems.get("rosenbrock")
    plan = RunPlan(optimizers.get("adam"), {"learning_rate": 0.05})
    window = open_window(Experiment(problem, (plan,), (-1.2, 1.0), Limits(tolerance=None, max_steps=60_000)))
    window.session.player.finish(60)
    assert window.session.cursor.newest == 60_000
    run = window.session.runs[0]
    assert len(drawing_of(window.main_view.plot, run).curve.getData()[0]) <= 1300
    assert len(drawing_of(window.history.plot, run).series[0].curve.getData()[0]) <= 1200


def test_that_a_thinned_path_stays_near_every_point():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(scale=0.01, size=(20_000, 2)), axis=0)
    thinner = PathThinner(0.01, most=600)
    for end in range(100, len(walk) + 1, 100):
        rows = thinner.update(walk[:end])
    assert len(rows) <= 600
    assert (np.diff(rows) > 0).all()
    moves = np.linalg.norm(np.diff(walk, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(moves)])
    assert np.diff(along[rows]).max() < 4 * along[-1] / len(rows)


def test_that_early_long_moves_survive_a_long_tail_of_short_ones():
    jumps = np.array([[0.0, 0], [5, 5], [-5, 5], [5, -5], [0, 0]])
    tail = np.column_stack([np.linspace(0, 1, 100_000), np.zeros(100_000)])
    rows = PathThinner(0.01, most=300).update(np.vstack([jumps, tail]))
    assert rows[:5].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("step", [1, 37, 1000])
def test_that_an_envelope_keeps_every_low_and_high(step):
    rng = np.random.default_rng(1)
    column = rng.normal(size=50_000)
    column[31_234] = 99.0
    column[40_001] = -99.0
    pyramid = Pyramid()
    for end in range(step, len(column) + 1, step):
        pyramid.update(column[:end])
    pyramid.update(column)
    steps, values = pyramid.envelope(column, 0, len(column) - 1)
    assert len(steps) <= 1100
    assert values.max() == 99.0
    assert values.min() == -99.0
    assert abs(steps[values.argmax()] - 31_234) < 200
    assert values[-1] == column[-1]
    near, exact = pyramid.envelope(column, 31_200, 31_300)
    assert near.tolist() == list(range(31_200, 31_301))
    assert np.array_equal(exact, column[31_200:31_301])


@pytest.mark.parametrize("length", [501, 700, 1003, 2500, 7999, 8000, 20_000])
def test_that_an_envelope_is_as_fine_as_it_may_be_at_any_length(length):
    column = np.random.default_rng(2).normal(size=length)
    pyramid = Pyramid()
    pyramid.update(column)
    steps, values = pyramid.envelope(column, 3, length - 1)
    assert 250 <= len(steps) <= 1100
    assert np.abs(values).max() == np.abs(column[3:]).max()


@pytest.mark.parametrize(("low", "high"), [(-8, 3), (2.24, 2.26), (0.1, 1.2), (-300, 300), (5.0, 5.0001)])
def test_that_a_logarithmic_axis_always_has_numbers(low, high):
    ticks = log_ticks(low, high, 6)
    assert 2 <= len(ticks) <= 14
    assert all(low <= tick <= high for tick in ticks)
    texts = [log_text(tick) for tick in ticks]
    assert len(set(texts)) == len(texts)


def test_that_a_function_that_takes_no_arrays_is_drawn_all_the_same(open_window, qtbot):
    def branched(x):
        return float(x[0] ** 2 if x[0] > 0 else -x[0]) + math.fabs(x[1])

    problem = FunctionProblem(branched, (1.0, 1.0))
    window = open_window(Experiment(problem, (RunPlan(optimizers.get("adam")),), (1.0, 1.0)))
    plot = window.main_view.plot
    qtbot.waitUntil(lambda: plot.landscape is not None, timeout=20_000)
    assert plot.landscape.heights[-1, -1] == pytest.approx(branched(plot.landscape.rect.bottomRight().toTuple()))


def test_that_a_vector_of_samples_shows_its_components(open_window):
    problem = SampledVector(np.arange(20.0) ** 2)
    plans = (RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.1}),)
    window = open_window(Experiment(problem, plans, tuple(problem.start.tolist())))
    window.session.player.finish()
    assert window.main_view.plot.quantity == COMPONENTS
    assert len(drawing_of(window.main_view.plot, window.session.runs[0]).series) == 12
    assert "the first 12 of 20" in window.main_view.currentWidget()._title.text()


def test_that_a_path_is_fine_where_it_is_seen_at_every_zoom():
    turns = np.linspace(0, 40 * np.pi, 3000)
    spiral = np.column_stack([np.cos(turns), np.sin(turns)]) * np.exp(-turns / 10)[:, None]
    whole = visible(spiral, np.array([-1.0, -1]), np.array([1.0, 1]), np.array([0.005, 0.005]))
    close = visible(spiral, np.array([-1e-3, -1e-3]), np.array([1e-3, 1e-3]), np.array([5e-6, 5e-6]))
    radius = np.linalg.norm(spiral, axis=1)
    ring = (radius > 4e-4) & (radius < 7e-4)
    assert whole[ring].sum() <= 1
    assert np.diff(np.flatnonzero(close & ring)).max() <= 4  # at most three pixels apart


@pytest.mark.parametrize("slope", [-0.25, 0.5])
def test_that_a_straight_line_stays_one(slope):
    line = 3 + slope * np.arange(20_000)
    pyramid = Pyramid()
    pyramid.update(line)
    steps, values = pyramid.envelope(line, 0, len(line) - 1)
    assert len(steps) < 1100
    assert np.array_equal(values, 3 + slope * steps)
