"""Choosing what is minimised: the catalogue, formulas, samples, and the start."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from gdviewer import problems
from gdviewer.engine.run.stop import Reason
from gdviewer.problems.samples import SampledCurve, SampledVector
from tests.kinds import problem_kind, representatives
from tests.ui.helpers import type_into


@pytest.mark.parametrize("name", representatives(problems.names(), problem_kind))
def test_that_every_problem_is_drawn_and_descends(window, qtbot, name):
    window.problem_panel.choose(name)
    session = window.session
    assert session.experiment.problem.name == name
    session.player.step()
    qtbot.waitUntil(lambda: all(run.step == 1 or run.stop for run in session.runs), timeout=10_000)
    assert all(run.begun for run in session.runs)
    plot = window.main_view.plot
    assert plot.isVisible()
    if session.experiment.problem.picture == "network":
        assert plot.results.opened
        assert plot.inside.opened
        return
    if session.experiment.problem.dimension >= 2:
        assert plot.landscape.lines.elementCount() > 100
    else:
        qtbot.waitUntil(lambda: plot.curve.getData()[0] is not None)
        assert len(plot.curve.getData()[0]) > 500
    assert all(plot.getAxis(side).labelText for side in ("left", "bottom"))


@pytest.mark.display
def test_that_the_list_is_searched_by_typing_and_taken_with_enter(window, qtbot):
    picker = window.problem_panel.picker
    qtbot.mouseClick(picker, Qt.MouseButton.LeftButton)
    popup = picker.popup
    qtbot.keyClicks(popup.search, "six hump")
    assert [popup.list.item(i).text().strip() for i in range(2)] == ["Many minima (2-D)", "Six-hump camel"]
    assert "Six minima" in popup.details.toPlainText()
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert window.session.experiment.problem.name == "six_hump_camel"


def test_that_each_heading_stands_once_in_the_list(window, qtbot):
    picker = window.problem_panel.picker
    picker.open()
    texts = [picker.popup.list.item(i).text() for i in range(picker.popup.list.count())]
    picker.popup.close()
    headings = [text for text in texts if not text.startswith(" ")]
    assert len(headings) == len(set(headings)) >= 4


def test_that_moving_a_parameter_draws_again_at_once(window, qtbot):
    window.problem_panel.choose("rosenbrock")
    qtbot.waitUntil(lambda: window.main_view.plot.landscape is not None)
    before = window.main_view.plot.landscape
    window.problem_panel.fields["b"].slider.setValue(100)
    qtbot.waitUntil(lambda: window.main_view.plot.landscape is not before)
    assert window.session.experiment.problem.values["b"] != 100
    assert window.main_view.plot.landscape.heights.max() < before.heights.max()


@pytest.mark.display
def test_that_a_typed_formula_is_minimised_and_its_names_are_sliders(window, qtbot):
    type_into(qtbot, window.problem_panel.formula.entry, "a*x**2 + b*sin(3*y)")
    assert window.session.experiment.problem.formula == "a*x**2 + b*sin(3*y)"
    assert list(window.problem_panel.fields) == ["a", "b"]
    type_into(qtbot, window.problem_panel.fields["a"].entry, "2.5")
    assert window.session.experiment.problem.value([1.0, 0.0]) == 2.5
    window.session.player.finish()
    assert window.session.runs[0].stop.reason in (Reason.TOLERANCE, Reason.STEP_LIMIT)


@pytest.mark.display
def test_that_a_formula_of_x_alone_is_a_curve(window, qtbot):
    type_into(qtbot, window.problem_panel.formula.entry, "(x - 1)**2")
    assert window.session.experiment.problem.picture == "curve"
    window.session.player.finish()
    assert window.session.runs[1].trace.x[-1, 0] == pytest.approx(1, abs=1e-2)


@pytest.mark.display
def test_that_a_formula_is_drawn_when_the_typing_rests(window, qtbot):
    type_into(qtbot, window.problem_panel.formula.entry, "x**2 + 3*y**2", enter=False)
    qtbot.waitUntil(lambda: window.session.experiment.problem.formula == "x**2 + 3*y**2")


@pytest.mark.display
@pytest.mark.parametrize("text", ["__import__('os')", "x.real", "9**9**9", "2x", "x + foo(y)", "[x for x in y]"])
def test_that_a_bad_formula_is_reported_below_and_the_good_one_stays(window, qtbot, text):
    entry = window.problem_panel.formula.entry
    type_into(qtbot, entry, text)
    assert entry.message.isVisible()
    assert "position" in entry.message.text()
    assert entry.text() == text
    assert window.session.experiment.problem.name == "himmelblau"
    type_into(qtbot, entry, "x**2 + y**2")
    assert not entry.message.isVisible()


def test_that_the_gradient_can_be_read(window, qtbot):
    window.problem_panel.choose("sphere")
    window.problem_panel.formula.show_gradient.click()
    qtbot.waitUntil(lambda: window.problem_panel.formula.gradient.text() == "∂f/∂x = 2*x\n∂f/∂y = 2*y", timeout=10_000)


@pytest.mark.display
def test_that_undefined_regions_are_masked(window, qtbot):
    type_into(qtbot, window.problem_panel.formula.entry, "log(x) + y**2")
    plot = window.main_view.plot
    qtbot.waitUntil(lambda: bool(np.isnan(plot.landscape.heights).any()))
    assert np.isnan(plot.landscape.shades()[np.isnan(plot.landscape.heights)]).all()
    assert "not defined" in plot.describe(-2.0, 0.0)
    window.session.player.finish()
    assert window.session.runs[0].stop.reason is Reason.LEFT_DOMAIN


def test_that_samples_are_typed_and_read_along_the_curve(window, qtbot):
    panel = window.problem_panel
    panel.choose("samples")
    panel.samples.text.setPlainText("4 1 0 1 4 9")
    qtbot.waitUntil(lambda: len(window.session.experiment.problem.samples) == 6 and
                    window.session.experiment.problem.samples[0] == 4)  # fmt: skip
    assert isinstance(window.session.experiment.problem, SampledCurve)
    window.session.change_run(0, hyperparameters={"learning_rate": 0.1})
    window.session.player.finish()
    assert window.session.runs[0].trace.x[-1, 0] == pytest.approx(2, abs=0.3)


@pytest.mark.display
def test_that_the_article_s_first_example_is_reproduced_in_the_window(window, qtbot):
    panel = window.problem_panel
    panel.choose("samples_vector")
    assert isinstance(window.session.experiment.problem, SampledVector)
    type_into(qtbot, window.limits_panel.fields["max_steps"].entry, "50")
    window.session.player.finish()
    gradient_descent = window.session.runs[0]
    assert gradient_descent.step == 50
    assert str(gradient_descent.trace.x[-1]) == "[9.5  9.25 8.75 8.25 7.75 7.5 ]"
    assert window.main_view.plot.quantity == "components"


@pytest.mark.display
def test_that_a_file_dropped_on_the_window_is_opened(window, qtbot, tmp_path):
    path = tmp_path / "valley.csv"
    path.write_text("x,f\n0,4\n1,1\n2,0\n3,1\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(event)
    qtbot.waitUntil(lambda: isinstance(window.session.experiment.problem, SampledCurve))
    assert window.session.experiment.problem.positions.tolist() == [0, 1, 2, 3]
    assert "3, 1" in window.problem_panel.samples.text.toPlainText()


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ("", "no numbers"),
        ("7", "two samples"),
        ("1\n2\nthree\n", "line 3"),
        ("1,2\n3\n", "line 2"),
        ("1\nnan\n", "line 2"),
        ("1,2,3\n4,5,6\n", "choose a regression or a network first"),
    ],
)
def test_that_a_bad_file_is_reported_and_the_problem_stays(window, qtbot, tmp_path, content, reported):
    path = tmp_path / "bad.txt"
    path.write_text(content)
    window.problem_panel.open_file(str(path))
    message = window.problem_panel.samples.message
    qtbot.waitUntil(lambda: bool(message.text()))
    assert message.isVisible()
    assert reported in message.text()
    assert "bad.txt" in message.text()
    assert window.session.experiment.problem.name == "himmelblau"


@pytest.mark.display
def test_that_the_start_is_chosen_by_number(window, qtbot):
    type_into(qtbot, window.problem_panel.start.entry, "1.5, -2")
    assert window.session.experiment.start == (1.5, -2.0)
    qtbot.waitUntil(lambda: not window.session.player.busy)
    assert window.session.runs[0].trace.x[0].tolist() == [1.5, -2.0]


@pytest.mark.display
@pytest.mark.parametrize("text", ["", "1", "1, 2, 3", "a, b", "nan, 0", "inf, 1"])
def test_that_a_bad_start_is_reported_and_the_last_one_stays(window, qtbot, text):
    entry = window.problem_panel.start.entry
    before = window.session.experiment.start
    type_into(qtbot, entry, text) if text else (
        entry.setFocus(),
        entry.clear(),
        qtbot.keyClick(entry, Qt.Key.Key_Return),
    )
    assert entry.message.isVisible()
    assert window.session.experiment.start == before


def pixel(plot, x: float, y: float) -> QPoint:
    return plot.mapFromScene(plot.getPlotItem().vb.mapViewToScene(QPointF(x, y)))


@pytest.mark.display
def test_that_the_start_is_chosen_by_a_click(window, qtbot):
    plot = window.main_view.plot
    qtbot.mouseMove(plot.viewport(), pixel(plot, 1, 2))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=pixel(plot, 1, 2))
    qtbot.waitUntil(lambda: window.session.experiment.start != (-0.5, -0.75))
    assert window.session.experiment.start == pytest.approx((1, 2), abs=0.05)
    assert len(window.problem_panel.start.entry.text()) < 16


@pytest.mark.display
def test_that_the_start_is_dragged(window, qtbot):
    plot = window.main_view.plot
    begin, end = pixel(plot, -0.5, -0.75), pixel(plot, 2, -3)
    viewport = plot.viewport()
    qtbot.mouseMove(viewport, begin)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=begin)
    for share in (0.25, 0.5, 0.75, 1.0):
        qtbot.mouseMove(viewport, begin + (end - begin) * share)
        qtbot.wait(20)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: window.session.experiment.start == pytest.approx((2, -3), abs=0.15))
    assert plot.getPlotItem().vb.viewRect().left() < -5.5
