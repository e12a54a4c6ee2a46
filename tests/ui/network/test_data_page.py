"""A network's data, and its predictions for them at the current step."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from gdviewer import problems
from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.network.data_page import DataPage
from gdviewer.ui.network.decision_regions import class_shades


def colors_at(page, places):
    """The colours of the picture at places (k, 2)."""
    image, rect = page.plot.shade.image, page.plot.shade.mapRectToParent(page.plot.shade.boundingRect())
    rows, columns = image.shape[:2]
    column = ((places[:, 0] - rect.left()) / rect.width() * columns).astype(int)
    row = ((places[:, 1] - rect.top()) / rect.height() * rows).astype(int)
    centres = np.column_stack([rect.left() + (column + 0.5) * rect.width() / columns,
                               rect.top() + (row + 0.5) * rect.height() / rows])  # fmt: skip
    return image[row, column], centres


@pytest.mark.parametrize("values", [{"data": "moons"}, {"data": "blobs"}, {"data": "moons", "loss": "hinge"}])
def test_that_regions_are_what_the_network_predicts_there(trained, values):
    window, page = trained(DataPage, **values)
    network, (run,) = window.session.experiment.problem, window.session.runs
    (left, right), (low, high) = page.plot.view
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(left, right, 50), rng.uniform(low, high, 50)])
    shown, centres = colors_at(page, places)
    said = network.predict(run.point(run.step), centres)
    assert np.abs(shown.astype(int) - class_shades(said, page.plot.theme).astype(int)).max() <= 1
    assert len({tuple(color) for color in shown.tolist()}) > 1


def test_that_lines_are_where_the_network_is_undecided(trained):
    window, page = trained(DataPage, data="moons", layers="8", samples=60)
    lines = np.column_stack(page.plot.border.getData())
    said = window.session.experiment.problem.predict(window.session.runs[0].trace.last, lines)
    assert len(lines) > 10
    assert np.abs(said[:, 1] - 0.5).max() < 0.02


def test_that_an_earlier_step_shows_the_earlier_network_in_the_same_view(trained, qtbot):
    window, page = trained(DataPage)
    network, (run,) = window.session.experiment.problem, window.session.runs
    before, view = page.plot.shade.image.copy(), page.plot.view
    trained.look_at(window, page, 3)
    assert page.plot.view == view
    assert not np.array_equal(page.plot.shade.image, before)
    centre = np.array([[0.3, 0.3]])
    shown, centres = colors_at(page, centre)
    wanted = class_shades(network.predict(run.point(3), centres), page.plot.theme)
    assert np.abs(shown.astype(int) - wanted.astype(int)).max() <= 1
    trained.look_at(window, page, run.step)
    assert np.array_equal(page.plot.shade.image, before)


def test_that_a_curve_is_what_the_network_predicts(trained, qtbot):
    window, page = trained(DataPage, "fitting_network")
    network, (run,) = window.session.experiment.problem, window.session.runs
    places, values = page.plot.curves[0].getData()
    assert np.allclose(values, network.predict(run.point(run.step), places)[:, 0], atol=1e-12)
    trained.look_at(window, page, 0)
    assert np.allclose(page.plot.curves[0].getData()[1], network.predict(run.start, places)[:, 0], atol=1e-12)


def test_that_rings_are_round_the_batch_of_the_step(trained, qtbot):
    window, page = trained(DataPage, batch_size=8)
    network, (run,) = window.session.experiment.problem, window.session.runs
    for step in (5, 6):
        trained.look_at(window, page, step)
        rows = network.batches.at(step, run.seed)
        assert np.array_equal(np.column_stack(page.plot.batch.getData()), network.train.inputs[rows])
    trained.look_at(window, page, 0)
    assert not len(page.plot.batch.getData()[0])


@pytest.mark.display
def test_that_a_click_chooses_the_row_under_the_mouse(trained, qtbot):
    window, page = trained(DataPage)
    network, example = window.session.experiment.problem, window.main_view.plot.example
    for part, data, row in ((TRAIN, network.train, 7), (TEST, network.test, 2)):
        position = page.plot.getPlotItem().vb.mapViewToScene(QPointF(*data.inputs[row]))
        qtbot.mouseClick(page.plot.viewport(), Qt.MouseButton.LeftButton, pos=page.plot.mapFromScene(position))
        qtbot.waitUntil(lambda part=part: example.part == part)
        assert np.allclose(example.inputs(network)[0], data.inputs[row], atol=0.05)
        trained.wait(page)
        assert np.array_equal(np.column_stack(page.plot.chosen.getData()), example.inputs(network))


@pytest.mark.display
def test_that_hovering_shows_inputs_prediction_and_row(trained):
    window, page = trained(DataPage)
    network, (run,) = window.session.experiment.problem, window.session.runs
    x, y = network.train.inputs[4]
    text = page.describe(x, y)
    sure = network.predict(run.point(run.step), [[x, y]])[0].max()
    assert "row 5 of the training data" in text
    assert f"{sure:.3g}" in text
    far = page.describe(50.0, 50.0)
    assert "x₁ = 50" in far
    assert "row" not in far


def test_that_two_of_many_inputs_are_chosen_and_the_others_are_reported(trained, qtbot):
    rng = np.random.default_rng(0)
    inputs = rng.normal(np.arange(4.0), size=(40, 4))
    made = problems.network("6", inputs, (inputs[:, 0] * inputs[:, 3] > 0).astype(int), test_share=0.2)
    window, page = trained(DataPage, problem=made)
    run = window.session.runs[0]
    page.pickers[0].setCurrentIndex(3)
    page.pickers[0].activated.emit(3)
    trained.wait(page)
    means = made.train.inputs.mean(axis=0)
    assert f"x₁ = {means[0]:.4g}, x₃ = {means[2]:.4g}" in page._others.text()
    shown, centres = colors_at(page, np.array([[3.0, 1.0], [2.0, 0.5]]))
    rows = np.tile(means, (2, 1))
    rows[:, 3], rows[:, 1] = centres.T
    wanted = class_shades(made.predict(run.point(run.step), rows), page.plot.theme)
    assert np.abs(shown.astype(int) - wanted.astype(int)).max() <= 1


def test_that_heights_of_numbers_over_two_inputs_are_shaded(trained):
    window, page = trained(DataPage, data="two_scales")
    theme, run = page.plot.theme, window.session.runs[0]
    shown, centres = colors_at(page, np.array([[-0.9, 0.9], [0.9, -0.9]]))
    low, high = window.session.experiment.problem.predict(run.point(run.step), centres)[:, 0]
    assert low < high
    assert shown[0].sum() < shown[1].sum()  # brighter is higher, in every theme
    assert class_color(theme, 0).isValid()


def test_that_images_have_no_such_page(window):
    window.problem_panel.choose("digits_network")
    results = window.main_view.plot.results
    titles = [results.tabText(i) for i in range(results.count()) if results.isTabVisible(i)]
    assert DataPage.title not in titles
    window.problem_panel.choose("network")
    assert results.tabText(0) == DataPage.title
    assert results.isTabVisible(0)


@pytest.mark.parametrize("names", [("network", "fitting_network"), ("fitting_network", "network")])
def test_that_undo_shows_data_with_other_inputs_at_once(trained, names):
    window, page = trained(DataPage, names[0])
    window.problem_panel.choose(names[1])
    trained.wait(page)
    window.session.undo()
    trained.wait(page)
    assert page.plot.axes.shown == tuple(range(len(window.session.experiment.problem.train.input_names)))
    assert page.plot.flat == (names[0] == "network")
