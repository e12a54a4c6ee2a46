"""Arrows that panels have the plots draw."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from gdviewer import optimizers, problems
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.plots.arrows import NORMALISED
from gdviewer.ui.session.arrow_set import Arrow

pytestmark = pytest.mark.display


@pytest.fixture
def open_on(open_window, qtbot):
    """Open a window on a problem and have its plot draw arrows; returns the segments painted, by label."""

    def open_one(name, *arrows, **values):
        problem = problems.get(name, **values)
        plan = RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 1e-3})
        window = open_window(Experiment(problem, (plan,), tuple(problem.start.tolist())))
        window.session.arrows.show("test", arrows)
        return window, painted(window)

    return open_one


def painted(window):
    window.main_view.plot.grab()
    return {label: line for line, label in window.main_view.plot.arrows.drawn}


def on_screen(plot, x, y):
    """A point of the plot in pixels of its viewport."""
    point = plot.getPlotItem().vb.mapViewToDevice(QPointF(x, y))
    return point.x(), point.y()


def test_that_an_arrow_leads_from_its_point_to_where_its_vector_ends(open_on):
    window, lines = open_on("himmelblau", Arrow((1.0, -2.0), (2.0, 3.0), "red", "d"))
    assert (lines["d"].x1(), lines["d"].y1()) == pytest.approx(on_screen(window.main_view.plot, 1, -2), abs=0.5)
    assert (lines["d"].x2(), lines["d"].y2()) == pytest.approx(on_screen(window.main_view.plot, 3, 1), abs=0.5)


def test_that_an_arrow_with_two_heads_has_its_point_in_the_middle(open_on):
    window, lines = open_on("himmelblau", Arrow((1.0, -2.0), (2.0, 0.0), "red", "v", two_headed=True))
    assert (lines["v"].x1(), lines["v"].y1()) == pytest.approx(on_screen(window.main_view.plot, -1, -2), abs=0.5)
    assert (lines["v"].x2(), lines["v"].y2()) == pytest.approx(on_screen(window.main_view.plot, 3, -2), abs=0.5)


def test_that_a_normalised_arrow_has_the_same_length_at_every_zoom(open_on):
    window, lines = open_on("himmelblau", Arrow((0.0, 0.0), (1e-3, 1e-3), "red", "d", normalised=True))
    assert lines["d"].length() == pytest.approx(NORMALISED)
    window.main_view.plot.getPlotItem().vb.scaleBy((0.01, 0.01))
    assert painted(window)["d"].length() == pytest.approx(NORMALISED)


def test_that_on_a_plane_an_arrow_is_projected_as_the_points_are(open_on):
    at, vector = np.full(5, 0.5), np.arange(5.0)
    window, lines = open_on("rosenbrock_nd", Arrow(at, vector, "red", "d"), n=5)
    plot = window.main_view.plot
    for end, point in ((lines["d"].p1(), at), (lines["d"].p2(), at + vector)):
        assert (end.x(), end.y()) == pytest.approx(on_screen(plot, *plot.surface.plane.project(point)), abs=0.5)


def test_that_a_vector_at_right_angles_to_the_plane_is_a_dot(open_on):
    _, lines = open_on("sphere_nd", Arrow(np.zeros(4), (0, 0, 0, 1.0), "red", "off"), n=4)
    assert lines["off"].length() == 0


def test_that_on_a_curve_an_arrow_lies_along_the_axis_at_the_height_of_the_loss(open_on):
    window, lines = open_on("parabola", Arrow((2.0,), (-3.0,), "red", "d"))
    assert (lines["d"].x1(), lines["d"].y1()) == pytest.approx(on_screen(window.main_view.plot, 2, 4), abs=0.5)
    assert (lines["d"].x2(), lines["d"].y2()) == pytest.approx(on_screen(window.main_view.plot, -1, 4), abs=0.5)


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-12, 1e300, -1e308])
def test_that_any_finite_vector_is_drawn_harmlessly(open_on, size):
    _, lines = open_on("himmelblau", Arrow((0.0, 0.0), (size, size), "red", "d"))
    assert math.isfinite(lines["d"].length())
    assert lines["d"].length() > 5 or size == 0


@pytest.mark.parametrize(
    "arrow",
    [
        Arrow((0.0, 0.0), (math.nan, 1.0), "red", "d"),
        Arrow((0.0, math.inf), (1.0, 1.0), "red", "d"),
        Arrow((1e300, 0.0), (1.0, 1.0), "red", "d"),
        Arrow((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "red", "d"),
    ],
)
def test_that_what_has_no_place_in_the_plot_is_not_drawn(open_on, arrow):
    _, lines = open_on("himmelblau", arrow)
    assert not lines


def test_that_owners_do_not_disturb_each_other(open_on):
    window, _ = open_on("himmelblau", Arrow((0.0, 0.0), (1.0, 1.0), "red", "mine"))
    window.session.arrows.show("other", [Arrow((0.0, 0.0), (1.0, -1.0), "blue", "theirs")])
    assert set(painted(window)) == {"mine", "theirs"}
    window.session.arrows.show("test", [])
    assert set(painted(window)) == {"theirs"}


def test_that_a_plot_made_later_draws_the_arrows_too(window):
    window.session.arrows.show("test", [Arrow((3.0,), (1.0,), "red", "d")])
    assert not painted(window)  # it is of one dimension, Himmelblau's function of two
    problem = problems.get("parabola")
    window.session.edit(Experiment(problem, (), (1.0,)))
    assert set(painted(window)) == {"d"}
