"""Loss and accuracy over the epochs."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.inspection.epoch_metrics import MAX_EPOCHS, Epochs, measure
from gdviewer.ui.network.measures_page import MeasuresPage

SMALL = {"layers": "6", "samples": 60, "batch_size": 12}  # 48 rows are trained on: four batches an epoch


def curve(plot, run, which):
    drawing = plot.drawing_of(run, 0)
    return getattr(drawing, which).getData()


def test_that_the_curves_are_the_metrics_at_the_ends_of_epochs(trained):
    window, page = trained(MeasuresPage, steps=42, **SMALL)
    network, (run,) = window.session.experiment.problem, window.session.runs
    for plot, metric in ((page.loss, "loss"), (page.accuracy, "accuracy")):
        for which in ("train", "test"):
            epochs, values = curve(plot, run, which)
            assert epochs.tolist() == list(range(11))
            wanted = [network.metrics(run.point(4 * epoch))[f"{which}_{metric}"] for epoch in range(11)]
            assert values.tolist() == wanted
    steps, losses = curve(page.loss, run, "batch")
    assert np.array_equal(steps, np.arange(43) / 4)
    assert np.array_equal(losses, run.trace.loss)


def test_that_numbers_at_the_cursor_are_reported_for_any_step(trained):
    window, page = trained(MeasuresPage, steps=42, **SMALL)
    network, (run,) = window.session.experiment.problem, window.session.runs
    for step in (42, 7):
        trained.look_at(window, page, step)
        found = network.metrics(run.point(step))
        text = page.head.text()
        assert f"epoch {step / 4:.2f}" in text
        assert f"{found['train_loss']:.4g}" in text
        assert f"{found['test_loss']:.4g}" in text
        assert f"{100 * found['test_accuracy']:.2f} %" in text


def test_that_all_visible_runs_have_curves(trained):
    window, page = trained(MeasuresPage, steps=8, rates=(0.02, 0.1), **SMALL)
    first, second = window.session.runs
    ends = [page.loss.drawing_of(run, i).train.getData()[1][-1] for i, run in enumerate((first, second))]
    assert ends == [run.problem.metrics(run.point(8))["train_loss"] for run in (first, second)]
    assert ends[0] != ends[1]
    window.session.change_run(1, visible=False)
    trained.wait(page)
    page.loss.draw()
    assert not page.loss.drawing_of(second, 1).train.isVisible()


@pytest.mark.display
def test_that_a_click_moves_the_cursor_to_that_step(trained, qtbot):
    window, page = trained(MeasuresPage, steps=42, **SMALL)
    for plot, epoch in ((page.loss, 2.5), (page.accuracy, 5.0)):
        box = plot.getPlotItem().vb
        y = np.mean(box.viewRange()[1])
        position = plot.mapFromScene(box.mapViewToScene(QPointF(epoch, y)))
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=position)
        qtbot.waitUntil(lambda epoch=epoch: abs(window.session.cursor.step - 4 * epoch) <= 1)
        assert page.loss.cursor_line.value() == page.accuracy.cursor_line.value() == window.session.cursor.step / 4


def test_that_the_loss_can_be_seen_logarithmically(trained, qtbot):
    window, page = trained(MeasuresPage, steps=42, **SMALL)
    run = window.session.runs[0]
    linear = curve(page.loss, run, "train")[1].copy()
    page.log.click()
    assert np.allclose(curve(page.loss, run, "train")[1], np.log10(linear))
    low, high = page.loss.getPlotItem().vb.viewRange()[1]
    assert low < np.log10(linear.min())
    assert high > np.log10(linear.max())


def test_that_numbers_have_no_accuracy(trained):
    window, page = trained(MeasuresPage, "fitting_network", steps=8, layers="6", samples=60)
    assert page.loss.isVisible()
    assert not page.accuracy.isVisible()
    assert "accuracy" not in page.head.text()
    assert "test" in page.head.text()
    assert window.session.runs[0].step == 8


def test_that_a_problem_without_test_data_has_no_curve_of_them(trained):
    window, page = trained(MeasuresPage, "xor_network", steps=8, samples=20)
    run = window.session.runs[0]
    assert len(curve(page.loss, run, "train")[0]) > 1
    assert not len(curve(page.loss, run, "test")[0])
    assert "test" not in page.head.text()


@pytest.fixture(scope="module")
def long_run():
    """Of a network that sees all its rows at each step, so that each is an epoch."""
    network = problems.get("network", layers="2", samples=10, batch_size=0)
    limits = Limits(tolerance=None, max_steps=5 * MAX_EPOCHS)
    run = Run(network, optimizers.get("adam"), network.start, {"learning_rate": 0.01}, limits)
    run.advance(5 * MAX_EPOCHS)
    return run


def test_that_of_many_epochs_some_are_measured_evenly(long_run):
    epochs = Epochs()
    wanted = epochs.wanted(long_run)
    assert MAX_EPOCHS / 2 <= len(wanted) <= MAX_EPOCHS + 1
    assert len(set(np.diff(wanted))) == 1
    assert wanted[0] == 0
    for step, metrics in measure(long_run, epochs.missing(long_run)[:9], 60).items():
        epochs.add(long_run, step, metrics)
    known, values = epochs.curve(long_run, "train_loss")
    assert len(known) == len(values) == 9
    assert np.diff(known).max() <= 256  # spread over all
    assert len(epochs.missing(long_run)) == len(wanted) - 9


def test_that_measuring_keeps_to_its_time(long_run):
    steps = Epochs().missing(long_run)
    assert len(measure(long_run, steps, 0.0)) <= 1
    assert len(measure(long_run, steps, 60.0)) == len(steps)
