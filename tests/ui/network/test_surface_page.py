"""The loss surface of a network, as a person sees it."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.network import surface_plot
from gdviewer.ui.network.surface_page import SurfacePage
from gdviewer.ui.plots.plane_plot import PATH, RANDOM
from gdviewer.ui.widgets.theme import look
from tests.ui.helpers import drawing_of


@pytest.fixture
def open_surface(open_window, qtbot, monkeypatch):
    """Open a window on a network with its loss surface in front, trained for some steps."""
    monkeypatch.setattr(surface_plot.SurfacePlot, "sizes", (4, 8))

    def open_one(name="network", steps=60, kind=PATH, seconds=30.0, **values):
        problem = problems.get(name, **values)
        plan = RunPlan(optimizers.get("adam"), {"learning_rate": 0.01})
        limits = Limits(tolerance=None, max_steps=steps)
        window = open_window(Experiment(problem, (plan,), tuple(problem.start.tolist()), limits))
        inside = window.main_view.currentWidget().inside
        inside.setCurrentIndex(inside._kinds.index(SurfacePage))
        page = inside.page
        if kind != PATH:
            page.view.kind.setCurrentIndex(page.view.kind.findData(kind))
        window.session.player.finish(seconds)
        settled(page, qtbot)
        return window, page

    return open_one


def settled(page, qtbot):
    qtbot.waitUntil(lambda: not page.computing and page.plot.landscape is not None, timeout=20_000)


def test_that_the_surface_of_a_path_shows_its_share_and_where_the_cursor_is(open_surface):
    window, page = open_surface()
    run, plot = window.session.runs[0], page.plot
    assert plot.fitted
    assert "to step 60" in page.view.plane_note.text()
    assert "all 320 training rows" in page.view.plane_note.text()
    loss = float(run.problem.value(run.point(60)))
    assert f"loss {loss:.4g}" in page.view.point_note.text()
    assert f"on the plane {loss:.4g}" in page.view.point_note.text()  # the plane goes through the last point
    head = drawing_of(plot, run).head.pos()
    assert (head.x(), head.y()) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_that_the_heights_are_the_losses_of_the_network_on_the_plane(open_surface):
    _, page = open_surface()
    shown, plane = page.plot.landscape, page.plot.surface.plane
    heights, rect = shown.heights, shown.rect
    for row, column in ((0, 0), (3, 5), (7, 2)):
        across = rect.left() + rect.width() * column / (heights.shape[1] - 1)
        up = rect.top() + rect.height() * row / (heights.shape[0] - 1)
        point = plane.lift(np.array([across, up]))
        assert heights[row, column] == pytest.approx(float(page.plot.surface.whole.value(point)), rel=1e-12)


def test_that_the_true_loss_stands_beside_the_planes_at_another_step(open_surface, qtbot):
    window, page = open_surface()
    run, plane = window.session.runs[0], page.plot.surface.plane
    window.session.cursor.look_at(17)
    qtbot.waitUntil(lambda: "after step 17" in page.view.point_note.text())
    x = run.point(17)
    loss, height = (float(run.problem.value(point)) for point in (x, plane.lift(plane.project(x))))
    reported = page.view.point_note.text()
    assert f"loss {loss:.4g}" in reported
    assert f"on the plane {height:.4g}" in reported
    assert f"distance {plane.distance(x):.3g}" in reported
    assert page.plot.surface.plane is plane  # it stays while one looks around


def test_that_random_directions_go_through_the_point_at_the_cursor_and_others_can_be_drawn(open_surface, qtbot):
    window, page = open_surface(kind=RANDOM)
    plane = page.plot.surface.plane
    assert np.array_equal(plane.origin, window.session.runs[0].point(60))
    assert not page.plot.fitted
    assert page.others.isVisible()
    page.others.click()
    qtbot.waitUntil(lambda: page.plot.surface.plane is not plane)
    settled(page, qtbot)
    assert not np.allclose(page.plot.surface.plane.directions, plane.directions)
    assert np.array_equal(page.plot.surface.plane.origin, plane.origin)


def test_that_a_surface_that_is_cancelled_stays_as_coarse_as_it_is(open_surface, qtbot, monkeypatch):
    _, page = open_surface()
    monkeypatch.setattr(surface_plot.SurfacePlot, "sizes", (4, 400))
    page.plot.outdate()
    qtbot.waitUntil(page.plot._sketch.stop.isVisible, timeout=20_000)
    assert "%" in page.plot._sketch._text.text()
    page.plot._sketch.stop.click()
    assert not page.plot.computing
    assert page.plot.landscape.heights.shape == (4, 4)


def test_that_closing_the_window_ends_a_surface_under_way(open_surface, qtbot, monkeypatch):
    window, page = open_surface()
    monkeypatch.setattr(surface_plot.SurfacePlot, "sizes", (4, 400))
    page.plot.outdate()
    qtbot.waitUntil(lambda: page.plot._sketch.progress is not None and page.plot._sketch.progress.done > 0)
    window.close()
    qtbot.waitUntil(lambda: not any(thread.name == "gdviewer background" for thread in threading.enumerate()))


@pytest.mark.display
def test_that_a_click_does_not_move_the_start_of_a_network(open_surface, qtbot):
    window, page = open_surface()
    before, viewport = window.session.experiment, page.plot.viewport()
    box = page.plot.getPlotItem().vb.sceneBoundingRect()
    corner = page.plot.mapFromScene(box.topRight()) + QPoint(-12, 12)  # far from any path
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=corner)
    assert window.session.experiment is before


def test_that_a_large_network_is_drawn_over_a_sample_of_its_rows_and_says_so(open_surface, monkeypatch):
    surface_plot.sampled.cache_clear()
    monkeypatch.setattr(surface_plot, "_MAX_PRODUCTS", 1)
    monkeypatch.setattr(surface_plot, "_MIN_ROWS", 50)
    _, page = open_surface(steps=10)
    assert "heights over 50 of 320 training rows" in page.view.plane_note.text()
    assert len(surface_plot.sampled(page.plot.surface.whole).targets) == 50
    surface_plot.sampled.cache_clear()


def test_that_other_layers_and_another_problem_in_between_have_their_own_surface(open_surface, qtbot):
    window, page = open_surface()
    session, before = window.session, window.session.experiment
    himmelblau = problems.get("himmelblau")
    session.edit(replace(before, problem=himmelblau, start=tuple(himmelblau.start.tolist())))
    other = before.problem.replace(layers="3")
    session.edit(replace(before, problem=other, start=tuple(other.start.tolist())))
    session.player.finish()
    qtbot.waitUntil(lambda: page.plot.surface.whole.dimension == other.dimension and page.plot.fitted)
    settled(page, qtbot)
    assert page.plot.surface.plane.directions.shape == (2, other.dimension)
    assert "after step 60" in page.view.point_note.text()


def test_that_the_plane_stays_while_the_descent_is_in_view(open_surface, qtbot):
    window, page = open_surface(steps=10**6, seconds=0.3)
    session, run = window.session, window.session.runs[0]
    qtbot.waitUntil(lambda: not session.player.busy and not page.computing, timeout=20_000)
    plane, reached = page.plot.surface.plane, run.step
    session.player.step()
    qtbot.waitUntil(lambda: run.step > reached)
    assert page.plot.surface.plane is plane
    page.view.again.click()
    qtbot.waitUntil(lambda: page.plot.surface.plane is not plane)
    assert np.array_equal(page.plot.surface.plane.origin, run.trace.last)


def test_that_the_plane_is_laid_to_the_whole_path_of_a_run_made_again(open_surface, qtbot):
    window, page = open_surface(steps=6000)
    session = window.session
    session.set_what_if(True)
    before = session.runs[0]
    session.change_run(0, hyperparameters={"learning_rate": 0.02})
    qtbot.waitUntil(lambda: session.runs[0] is not before and session.runs[0].step == 6000, timeout=20_000)
    last = session.runs[0].trace.last
    qtbot.waitUntil(lambda: np.array_equal(page.plot.surface.plane.origin, last), timeout=5_000)
    assert page.plot.step == 6000


def test_that_the_colour_of_the_run_that_is_shown_stands_beside_the_pages(open_surface):
    window, _ = open_surface()
    dot, session = window.main_view.plot.dot, window.session
    assert not dot.isVisible()  # there is no other
    plan = session.experiment.runs[0]
    other = RunPlan(optimizers.get("momentum"), color=plan.color + 1)
    session.edit(replace(session.experiment, runs=(plan, other)))
    assert dot.isVisible()
    for number, reported in ((0, plan), (1, other)):
        session.select(number)
        assert look().theme.run_color(reported.color).name() in dot.text()
        assert reported.title in dot.toolTip()
