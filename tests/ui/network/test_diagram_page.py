"""The diagram of a network."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QAbstractButton

from gdviewer.ui.network.diagram_page import DiagramPage
from gdviewer.ui.widgets.theme import THEMES, look


@pytest.mark.display
def test_that_a_line_shows_its_weight_and_gradient_at_the_cursor(open_inside, qtbot, reported_at):
    window, page = open_inside(DiagramPage)
    problem, run = window.session.experiment.problem, window.session.runs[0]
    for step in (20, 3):
        window.session.cursor.look_at(step)
        qtbot.waitUntil(lambda: not page.computing, timeout=20_000)
        layout = page.diagram.layout_
        x = run.point(step)
        lines = layout.lines[0]
        k = len(lines.index) - 1
        x0, y0, x1, y1 = lines.ends[k]
        reported = reported_at(page, page.diagram, QPointF(0.02 * x1 + 0.98 * x0, 0.02 * y1 + 0.98 * y0))
        at = lines.index[np.abs(lines.ends[:, :2] - (x0, y0)).sum(axis=1) < 1e-9]  # those that begin there
        slope = run.recorded_gradient(step)
        known = {f"{problem.axis_names[i]} = {x[i]:.4g}, gradient {slope[i]:.4g}" for i in at}
        assert layout.weight_text(int(lines.index[k])) in known
        assert reported in known or reported.startswith("x")


@pytest.mark.display
def test_that_a_node_shows_what_comes_out_of_its_unit_and_its_bias(open_inside, reported_at):
    window, page = open_inside(DiagramPage)
    problem, x = window.session.experiment.problem, window.session.runs[0].point(20)
    node = page.diagram.layout_.columns[1].nodes[3]
    reported = reported_at(page, page.diagram, node.rect.center())
    activation = problem.activations(x, problem.train.inputs[:1])[1][0, 3]
    assert reported.startswith(f"dense 1 unit 3: {activation:.4g}")
    assert f"bias {problem.parameters(x)['dense 1']['b'][3]:.4g}" in reported


@pytest.mark.display
def test_that_a_large_layer_is_folded_and_unfolds_where_it_is_clicked(open_inside, qtbot, reported_at):
    _, page = open_inside(DiagramPage, "digits_network")
    column = page.diagram.layout_.columns[1]
    assert column.part.units == 32
    assert column.shown == list(range(len(column.nodes)))
    assert len(column.nodes) + sum(fold.count for fold in column.folds) == 32
    below = column.folds[1]
    assert str(below.count) in reported_at(page, page.diagram, below.rect.center())
    while column.folds[1].count:
        qtbot.mouseClick(
            page.diagram,
            Qt.MouseButton.LeftButton,
            pos=page.diagram.layout_.columns[1].folds[1].rect.center().toPoint(),
        )
        before, column = column, page.diagram.layout_.columns[1]
        assert column.shown[0] == min(before.shown[-1] + 1, 32 - len(column.nodes))
    assert column.shown[-1] == 31


@pytest.mark.display
def test_that_the_words_under_a_column_show_what_the_layer_is(open_inside, reported_at):
    _, page = open_inside(DiagramPage, "convolutional_network", steps=1)
    column = page.diagram.layout_.columns[1]
    reported = reported_at(page, page.diagram, QPointF(column.x, page.diagram.height() - 6))
    assert reported == "conv 1: conv 8 3x3 relu, output 6×6×8"


@pytest.mark.display
def test_that_the_gradient_is_drawn_when_asked_for(open_inside, qtbot):
    window, page = open_inside(DiagramPage, "xor_network")
    run, batch = window.session.runs[0], window.session.experiment.problem.batch(21, 0)
    assert np.array_equal(page.diagram.layout_.shown, run.point(20))
    qtbot.mouseClick(page.lines.buttons["gradients"], Qt.MouseButton.LeftButton)
    assert np.array_equal(page.diagram.layout_.shown, batch.gradient(run.point(20)))


@pytest.mark.display
def test_that_feature_maps_and_pixels_are_those_of_the_example(open_inside, reported_at):
    window, page = open_inside(DiagramPage, "convolutional_network", steps=3)
    problem, x = window.session.experiment.problem, window.session.runs[0].point(3)
    picture, maps = page.diagram.layout_.columns[0], page.diagram.layout_.columns[1]
    assert np.array_equal(picture.nodes[0].tile.values, problem.train.inputs[0, :, :, 0])
    activations = problem.activations(x, problem.train.inputs[:1])
    for node in maps.nodes:
        assert np.array_equal(node.tile.values, activations[1][0, :, :, node.unit])
    node = maps.nodes[0]
    position = node.tile.center_of(2, 4)
    assert reported_at(page, page.diagram, position).endswith(f"[2, 4]: {activations[1][0, 2, 4, 0]:.4g}")


def test_that_the_diagram_follows_the_example(open_inside, qtbot):
    window, page = open_inside(DiagramPage, steps=3)
    problem, x = window.session.experiment.problem, window.session.runs[0].point(3)
    page.example.choose(7, "test")
    qtbot.waitUntil(lambda: not page.computing, timeout=20_000)
    found = [node.value for node in page.diagram.layout_.columns[-1].nodes]
    assert found == problem.outputs(x, problem.test.inputs[7:8])[0].tolist()


def test_that_a_recurrent_layer_has_its_loop_and_every_weight_is_drawn_once(open_inside):
    window, page = open_inside(DiagramPage, "recurrent_network", steps=3, layers="rnn 5 every")
    problem = window.session.experiment.problem
    lines = page.diagram.layout_.lines
    names = [problem.axis_names[i] for each in lines for i in each.index]
    assert [bool(each.arcs) for each in lines] == [False, True, False]
    weights = [name for name in problem.axis_names if " b[" not in name]
    assert sorted(names) == sorted(weights)
    reported = {}
    for arc, index in zip(lines[1].arcs, lines[1].index.tolist(), strict=True):
        outermost = QPointF(arc.boundingRect().right(), arc.boundingRect().center().y())
        reported[page.diagram.layout_.weight_text(index)] = page.diagram.layout_.text_at(outermost)
    assert sum(weight == found for weight, found in reported.items()) > 15  # others are behind units or lines


@pytest.mark.display
def test_that_controls_show_what_they_are_for_and_every_theme_has_its_own_ground(open_inside):
    _, page = open_inside(DiagramPage, "xor_network", steps=1)
    for button in page.findChildren(QAbstractButton):
        assert button.toolTip()
        assert button.accessibleName() or button.text()
    assert "Blue" in page.diagram.toolTip()
    for name, theme in THEMES.items():
        look().choose(name)
        assert page.diagram.grab().toImage().pixelColor(1, 1).name() == theme.plot
