"""Weights, gradients and activations over the steps."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.inspection.distributions import (
    ACTIVATIONS,
    GRADIENTS,
    MAX_STEPS,
    Distribution,
    DistributionHistory,
    steps_shown,
)
from gdviewer.ui.network.distributions_page import DistributionsPage


def settle(qtbot, page):
    qtbot.waitUntil(lambda: not page.computing, timeout=20_000)


def test_that_histograms_add_up(open_inside, qtbot):
    window, page = open_inside(DistributionsPage)
    x = window.session.runs[0].point(20)
    for strip, parts in zip(page.ridges.strips, window.session.experiment.problem.parameters(x).values(), strict=True):
        assert strip.counts.sum() == pytest.approx(parts["W"].size)
        assert strip.counts == pytest.approx(np.histogram(parts["W"], strip.edges)[0])
        assert strip.shares.sum(axis=1) == pytest.approx(1)
        assert strip.quartiles[-1] == pytest.approx(np.quantile(parts["W"], [0.25, 0.5, 0.75]))


def test_that_many_numbers_are_spread_as_a_sample_of_them_is():
    values = np.random.default_rng(1).normal(size=100_000)
    spread = Distribution(np.append(values, [np.nan, np.inf]))
    assert (spread.count, spread.lost) == (100_000, 2)
    assert len(spread.values) == 512
    assert spread.quartiles == pytest.approx((-0.674, 0, 0.674), abs=0.05)
    assert spread.counts(np.linspace(-10, 10, 21)).sum() == pytest.approx(100_000)


@pytest.mark.parametrize("stride", [1, 4])
def test_that_steps_shown_of_a_longer_run_are_among_those_of_a_shorter_one(stride):
    known = set()
    for last in (1000, 500, 130, 59, 3, 0):
        steps = steps_shown(last, stride)
        assert 0 < len(steps) <= MAX_STEPS
        assert {step for step in known if step <= last} <= set(steps)
        known = set(steps)


def test_that_what_was_computed_of_a_run_is_kept_and_the_rest_comes_bit_by_bit():
    problem = problems.get("digits_network")
    run = Run(problem, optimizers.get("adam"), problem.start, {}, Limits(tolerance=None, max_steps=300))
    run.advance(40)
    history = DistributionHistory(problem, run)
    early = history.known(ACTIVATIONS, 0, seconds=0.0)
    assert not early.complete
    assert len(early.steps) == 1
    whole = history.known(ACTIVATIONS, 0)
    assert whole.complete
    run.advance(260)
    later = history.known(ACTIVATIONS, 17)
    assert later.steps[-1] > 200
    before, after = (dict(zip(grown.steps, grown.distributions, strict=True)) for grown in (whole, later))
    shared = before.keys() & after.keys()
    assert len(shared) >= 2
    assert all(after[step] is before[step] for step in shared)
    assert later.current[0].count == later.examples * 32 == 256 * 32
    run.pace = 1e-4  # as it is where a worker has stepped it
    fine = history.known(ACTIVATIONS, 17, fine=True)
    assert len(fine.steps) > 2 * len(later.steps)
    at = next(step for step in fine.steps if step % run.trace.row_stride)
    fresh = DistributionHistory(problem, run).known(ACTIVATIONS, at).current
    assert np.array_equal(fine.distributions[fine.steps.index(at)][0].values, fresh[0].values)


@pytest.mark.display
def test_that_the_page_shows_gradients_and_activations_when_asked_for(open_inside, qtbot):
    window, page = open_inside(DistributionsPage, "digits_network", steps=3)
    problem, run = window.session.experiment.problem, window.session.runs[0]
    qtbot.mouseClick(page.choice.buttons[GRADIENTS], Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    gradient = problem.parameters(run.recorded_gradient(3))["dense 2"]["W"]
    assert page.ridges.strips[1].current.count == gradient.size
    assert page.ridges.strips[1].current.values[[0, -1]] == pytest.approx([gradient.min(), gradient.max()])
    assert page.ridges.strips[1].counts.sum() == pytest.approx(gradient.size)
    widths = np.diff(page.ridges.strips[1].edges)
    assert widths.min() < widths[[0, -1]].min() / 5  # fine near zero
    qtbot.mouseClick(page.choice.buttons[ACTIVATIONS], Qt.MouseButton.LeftButton)
    settle(qtbot, page)
    assert page.ridges.strips[0].current.count == 256 * 32


def test_that_the_cursor_moved_back_shows_the_histogram_of_then(open_inside, qtbot):
    window, page = open_inside(DistributionsPage)
    problem, run = window.session.experiment.problem, window.session.runs[0]
    window.session.cursor.look_at(4)
    settle(qtbot, page)
    weights = problem.parameters(run.point(4))["dense 2"]["W"]
    assert np.array_equal(page.ridges.strips[1].current.values, np.sort(weights, axis=None))


@pytest.mark.display
def test_that_a_click_looks_at_the_step_there_and_hovering_shows_how_many(open_inside, qtbot, reported_at):
    window, page = open_inside(DistributionsPage)
    plot = page.ridges.strips[0].plot
    reported = reported_at(page, page.ridges, QPointF(plot.right() - 1, plot.center().y()))
    assert reported.startswith("dense 1 at step 20: ")
    assert " of 16 from " in reported
    qtbot.mouseClick(page.ridges, Qt.MouseButton.LeftButton, pos=plot.center().toPoint())
    assert window.session.cursor.step == 10


def test_that_dead_units_are_found(open_inside, qtbot):
    problem = problems.get("network", layers="6 relu")
    start = problem.start.copy()
    biases = problem.parameters(start)["dense 1"]["b"]
    biases[[1, 4]], biases[[0, 2, 3, 5]] = -100.0, 10.0
    window, page = open_inside(DistributionsPage, problem, steps=1)
    assert "2 of 6 units are dead" not in page.words.text()
    window.session.set_start(tuple(start.tolist()))
    qtbot.waitUntil(
        lambda: "dense 1: 2 of 6 units are dead: 0 for 256 sampled examples" in page.words.text(), timeout=20_000
    )


def test_that_saturated_units_and_a_vanishing_gradient_are_found(open_inside, qtbot):
    problem = problems.get("network", layers="4, 4")
    start = problem.start.copy()
    problem.parameters(start)["dense 2"]["b"][:] = 50.0
    window, page = open_inside(DistributionsPage, problem, steps=1)
    window.session.set_start(tuple(start.tolist()))
    qtbot.waitUntil(lambda: "dense 2: 4 of 4 units are saturated" in page.words.text(), timeout=20_000)
    assert "it vanishes in the backward pass" in page.words.text()
