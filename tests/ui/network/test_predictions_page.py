"""Lists of what a network says of its rows, and the confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from gdviewer import problems
from gdviewer.inspection.prediction_scores import TEST, TRAIN, score_predictions
from gdviewer.ui.network.confusion_page import AgreementPage, ConfusionPage
from gdviewer.ui.network.predictions_page import PredictionsPage
from gdviewer.ui.widgets.theme import look

FEW = {"test_share": 0.8, "layers": "8"}  # of the digits: few to train on, many wrong


def said(window, part="test"):
    """Predictions of the selected run's network at the cursor."""
    network, run = window.session.experiment.problem, window.session.runs[0]
    data = getattr(network, part)
    return data, network.predict(run.point(window.session.cursor.position(run)), data.inputs)


def choose_part(page, part):
    page.bar.parts.setCurrentIndex(page.bar.parts.findData(part))
    page.bar.parts.activated.emit(page.bar.parts.currentIndex())


def test_that_mistakes_come_first_and_the_most_certain_of_them_before_others(trained):
    window, page = trained(PredictionsPage, "digits_network", **FEW)
    data, chances = said(window)
    order, reported = page.rows.order, chances.argmax(axis=1)
    wrong = reported != data.targets
    count = int(wrong.sum())
    assert 0 < count < len(data)
    assert wrong[order[:count]].all()
    assert not wrong[order[count:]].any()
    sure = chances.max(axis=1)[order]
    assert (np.diff(sure[:count]) <= 0).all()
    assert (np.diff(sure[count:]) >= 0).all()
    assert f"{count} of {len(data)} wrong" in page.bar.summary.text()
    assert page.pictures.isVisible()
    assert not page.table.isVisible()


def test_that_the_cursor_moved_back_lists_what_the_earlier_network_said(trained):
    window, page = trained(PredictionsPage, "digits_network", **FEW)
    before = page.rows.order.copy()
    trained.look_at(window, page, 0)
    _, chances = said(window)
    assert np.array_equal(page.rows.scores.predictions, chances)
    assert not np.array_equal(page.rows.order, before)
    trained.look_at(window, page, window.session.cursor.newest)
    assert np.array_equal(page.rows.order, before)


def test_that_train_and_test_can_be_listed(trained):
    window, page = trained(PredictionsPage, "digits_network", **FEW)
    network = window.session.experiment.problem
    assert page.rows.rowCount() == len(network.test)
    choose_part(page, TRAIN)
    trained.wait(page)
    assert page.rows.rowCount() == len(network.train)
    assert page.rows.scores.data is network.train


@pytest.mark.display
def test_that_a_click_on_a_picture_chooses_the_example(trained, qtbot):
    window, page = trained(PredictionsPage, "digits_network", **FEW)
    network, example = window.session.experiment.problem, window.main_view.plot.example
    row = int(page.rows.order[3])
    position = page.pictures.visualRect(page.rows.index(3, 0)).center()
    qtbot.mouseClick(page.pictures.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert example.chosen == (row, TEST)
    assert np.array_equal(example.inputs(network)[0], network.test.inputs[row])
    trained.look_at(window, page, 2)  # the list is sorted again, and the example stays
    assert example.chosen == (row, TEST)
    at = page.pictures.selectionModel().currentIndex().row()
    assert page.rows.order[at] == row


@pytest.mark.display
def test_that_keys_step_the_runs_after_a_click_and_move_in_the_list_after_tab(trained, qtbot):
    window, page = trained(PredictionsPage, "digits_network", **FEW)
    example = window.main_view.plot.example
    position = page.pictures.visualRect(page.rows.index(0, 0)).center()
    qtbot.mouseClick(page.pictures.viewport(), Qt.MouseButton.LeftButton, pos=position)
    assert not page.pictures.hasFocus()
    page.pictures.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(page.pictures, Qt.Key.Key_Right)
    assert example.chosen == (page.rows.order[1], TEST)
    assert window.session.cursor.step == window.session.cursor.newest


@pytest.mark.display
def test_that_pictures_are_painted_with_the_colours_of_the_theme(trained):
    _, page = trained(PredictionsPage, "digits_network", **FEW)
    page.pictures.setFixedSize(300, 300)
    image = page.pictures.viewport().grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(0, 250, 2) for y in range(0, 250, 2)}
    from gdviewer.ui.widgets.theme import look

    assert {look().theme.error, look().theme.accent} <= colors  # a wrong class, and the true one


@pytest.mark.display
@pytest.mark.parametrize("names", [("network", "digits_network"), ("digits_network", "network")])
def test_that_a_change_of_the_data_paints_no_row_as_what_it_is_not(trained, names):
    window, page = trained(PredictionsPage, names[0])
    window.problem_panel.choose(names[1])
    page.grab()  # before there are predictions for the other data
    trained.wait(page)
    page.grab()
    assert page.pictures.isVisible() == ("digits" in names[1])
    assert page.table.isVisible() != page.pictures.isVisible()


@pytest.mark.parametrize(
    ("name", "values", "measure"),
    [
        ("network", {"layers": "4"}, "probability"),
        ("fitting_network", {"layers": "4"}, "error"),
        ("recurrent_network", {"layers": "rnn 4 every"}, "wrong"),
        ("network", {"data": "noisy_sine", "layers": "rnn 4"}, "error"),
    ],
)
def test_that_tables_and_sequences_are_listed_worst_first(trained, name, values, measure):
    window, page = trained(PredictionsPage, name, steps=10, samples=40, **values)
    data, predictions = said(window)
    rows, order = page.rows, page.rows.order
    assert page.table.isVisible()
    assert rows.rowCount() == len(data)
    assert rows.headerData(3, Qt.Orientation.Horizontal) == measure
    if measure == "error":
        error = np.sqrt(((predictions - data.targets) ** 2).mean(axis=1))
        assert np.allclose(error[order], np.sort(error)[::-1])
    else:
        wrong = (predictions.argmax(axis=-1) != data.targets).reshape(len(data), -1).sum(axis=1)
        assert (np.diff(wrong[order]) <= 0).all()
    assert rows.data(rows.index(0, 0)) == f"{order[0] + 1}"


def test_that_the_matrix_counts_each_class_by_what_it_is_taken_for(trained):
    window, page = trained(ConfusionPage, "digits_network", **FEW)
    data, chances = said(window)
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (data.targets, chances.argmax(axis=1)), 1)
    assert np.array_equal(page.matrix.counts, counts)
    assert page.bar.summary.text() == f"{100 * np.trace(counts) / counts.sum():.2f} % correct"
    trained.look_at(window, page, 0)
    assert not np.array_equal(page.matrix.counts, counts)
    assert page.matrix.counts.sum() == counts.sum()


def test_that_a_sequence_counts_at_each_time(trained):
    window, page = trained(ConfusionPage, "recurrent_network", steps=5, samples=20, layers="rnn 4 every")
    assert page.matrix.counts.sum() == said(window)[0].targets.size


@pytest.mark.display
def test_that_hovering_shows_recall_and_precision(trained, reported_at):
    _, page = trained(ConfusionPage, "digits_network", **FEW)
    counts = page.matrix.counts
    text = reported_at(page, page.matrix, QPointF(page.matrix.rect_of(2, 5).center()))
    assert f"2 predicted as 5: {counts[2, 5]} " in text
    assert f"{100 * counts[2, 2] / counts[2].sum():.1f} %" in text
    assert f"{100 * counts[5, 5] / counts[:, 5].sum():.1f} %" in text


@pytest.mark.display
def test_that_a_click_on_a_cell_lists_its_rows_among_the_predictions(trained, qtbot):
    window, page = trained(ConfusionPage, "digits_network", **FEW)
    data, chances = said(window)
    counts = page.matrix.counts - np.diag(np.diag(page.matrix.counts))
    row, column = np.unravel_index(counts.argmax(), counts.shape)
    qtbot.mouseClick(page.matrix, Qt.MouseButton.LeftButton, pos=page.matrix.rect_of(row, column).center())
    listed = window.main_view.plot.results.page
    assert isinstance(listed, PredictionsPage)
    trained.wait(listed)
    wanted = np.flatnonzero((data.targets == row) & (chances.argmax(axis=1) == column))
    assert sorted(listed.rows.order) == wanted.tolist()
    assert listed.all.isVisible()
    qtbot.mouseClick(listed.all, Qt.MouseButton.LeftButton)
    trained.wait(listed)
    assert listed.rows.rowCount() == len(data)
    assert not listed.all.isVisible()


def test_that_numbers_are_drawn_against_the_true_ones(trained):
    window, page = trained(AgreementPage, "fitting_network", samples=60, layers="8")
    data, predictions = said(window)
    x, y = page.plot.points.getData()
    assert np.array_equal(x, data.targets[:, 0])
    assert np.array_equal(y, predictions[:, 0])
    before = page.plot.getPlotItem().vb.viewRange()
    trained.look_at(window, page, 1)
    assert page.plot.getPlotItem().vb.viewRange() == before
    assert np.array_equal(page.plot.points.getData()[1], said(window)[1][:, 0])
    error = float(np.sqrt(((said(window)[1] - data.targets) ** 2).mean()))
    assert f"{error:.4g}" in page.bar.summary.text()


def test_that_only_pages_that_suit_the_targets_are_offered(open_window, trained):
    window, _ = trained(ConfusionPage, samples=30, steps=2)
    results = window.main_view.plot.results

    def shown():
        return [results.tabText(i) for i in range(results.count()) if results.isTabVisible(i)]

    assert AgreementPage.title not in shown()
    window.problem_panel.choose("fitting_network")
    assert AgreementPage.title in shown()
    assert ConfusionPage.title not in shown()


def test_that_weights_that_are_no_numbers_count_as_the_worst():
    network = problems.get("fitting_network", samples=20)
    scores = score_predictions(network, np.full(network.dimension, np.nan), TRAIN)
    assert np.isinf(scores.error_scores).all()
    classes = problems.get("network", samples=20)
    scores = score_predictions(classes, np.full(classes.dimension, np.nan), TEST)
    assert scores.confusion().sum() == len(classes.test)


def test_that_a_row_is_described_with_the_probabilities_of_its_classes(trained):
    window, page = trained(PredictionsPage, samples=40, layers="4")
    _, probabilities = said(window)
    row = int(page.rows.order[0])
    described = page.rows.data(page.rows.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert described.startswith(f"row {row + 1} of the test data")
    likeliest = int(probabilities[row].argmax())
    name = window.session.experiment.problem.test.classes[likeliest]
    assert f"({name} {100 * probabilities[row, likeliest]:.1f} %" in described


def test_that_a_loss_without_probabilities_shows_none(trained):
    _, page = trained(PredictionsPage, loss="hinge", samples=40, layers="4")
    rows = page.rows
    assert rows.headerData(3, Qt.Orientation.Horizontal) == "wrong"
    assert {rows.data(rows.index(i, 3)) for i in range(rows.rowCount())} <= {"yes", "no"}
    assert "%" not in rows.describe(0)


def test_that_numbers_are_whole_in_a_window_that_is_narrow(trained):
    window, page = trained(PredictionsPage, "fitting_network")
    look().choose("projector")
    window.resize(1000, 700)
    widths = [page.table.columnWidth(column) for column in range(4)]
    assert min(widths) > page.table.fontMetrics().horizontalAdvance("−0.1234")
