"""A network's sequences over time, with what it says of them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from gdviewer import problems
from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.ui.network.sequences_page import SequencesPage

SMALL = {"samples": 40, "steps": 10}  # 8 rows are of the test


def said(window, rows):
    network, run = window.session.experiment.problem, window.session.runs[0]
    return network.predict(run.point(window.session.cursor.position(run)), network.test.inputs[rows])


def test_that_targets_and_predictions_stand_at_their_time_steps(trained):
    window, page = trained(SequencesPage, "recurrent_network", layers="rnn 4 every", **SMALL)
    data = window.session.experiment.problem.test
    for row, strip in enumerate(page.strips):
        times, values = strip.inputs[0].getData()
        assert times.tolist() == list(range(1, 13))
        assert np.array_equal(values, data.inputs[row, :, 0])
        assert np.array_equal(strip.targets.getData()[1], data.targets[row])
        assert np.allclose(strip.dots.getData()[1], said(window, [row])[0, :, 1])
    before = page.strips[0].dots.getData()[1].copy()
    trained.look_at(window, page, 0)
    assert not np.array_equal(page.strips[0].dots.getData()[1], before)
    assert np.allclose(page.strips[0].dots.getData()[1], said(window, [0])[0, :, 1])


def test_that_a_number_after_the_end_is_drawn_there(trained):
    window, page = trained(SequencesPage, "network", data="noisy_sine", layers="rnn 4", **SMALL)
    data = window.session.experiment.problem.test
    strip = page.strips[2]
    assert strip.targets.getData()[0].tolist() == [17]
    assert strip.targets.getData()[1].tolist() == data.targets[2].tolist()
    assert np.allclose(strip.dots.getData()[1], said(window, [2])[0])


def test_that_a_class_of_a_whole_sequence_is_reported_in_words(trained):
    window, page = trained(SequencesPage, "network", data="parity", layers="rnn 4", **SMALL)
    data, chances = window.session.experiment.problem.test, said(window, slice(3))
    for row, title in enumerate(page.titles):
        assert f"row {row + 1}: {data.classes[data.targets[row]]}" in title.text()
        assert f"{data.classes[chances[row].argmax()]} ({chances[row].max():.3g})" in title.text()
        assert not len(page.strips[row].targets.getData()[0])


def test_that_inputs_of_another_unit_are_stretched_over_the_axis(trained):
    window, page = trained(SequencesPage, "recurrent_network", layers="rnn 4 every", scale_ratio=1000, **SMALL)
    data = window.session.experiment.problem.test
    assert data.inputs.max() == 1000
    assert page.strips[0].inputs[0].getData()[1].max() == 1
    assert "x = 1000" in page.strips[0].describe(1 + int(data.inputs[0, :, 0].argmax()), 0.5)


@pytest.mark.display
def test_that_rows_are_turned_and_chosen(trained, qtbot):
    window, page = trained(SequencesPage, "recurrent_network", layers="rnn 4 every", **SMALL)
    example = window.main_view.plot.example
    assert not page.back.isEnabled()
    qtbot.mouseClick(page.forward, Qt.MouseButton.LeftButton)
    trained.wait(page)
    assert example.chosen == (3, TEST)
    qtbot.mouseClick(page.forward, Qt.MouseButton.LeftButton)
    trained.wait(page)
    assert not page.forward.isEnabled()  # of eight rows, the last two are shown
    strip = page.strips[1]
    qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=strip.viewport().rect().center())
    qtbot.waitUntil(lambda: example.chosen == (7, TEST))
    trained.wait(page)
    assert [title.font().bold() for title in page.titles] == [False, True, False]


def test_that_few_rows_leave_the_other_places_empty(trained):
    inputs = np.random.default_rng(0).normal(size=(2, 5, 2))
    made = problems.network("rnn 3", inputs, ["a", "b"])
    window, page = trained(SequencesPage, problem=made, steps=3)
    assert [strip.isVisible() for strip in page.strips] == [True, True, False]
    assert not page.bar.parts.isVisible()
    assert page.strips[0].inputs[1].isVisible()
    assert window.main_view.plot.example.row_of(made) == (0, TRAIN)
