"""An edit reaches what shows the thing that was edited, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from gdviewer import optimizers, problems
from gdviewer.experiment.diff import diff
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan

RATES = {"gradient_descent": 1e-3, "momentum": 5e-4, "adam": 0.1, "rmsprop": 0.05}


class Painted(QObject):
    """The widgets that are painted, of those that are watched."""

    def __init__(self, widgets):
        super().__init__()
        self.names = set()
        self._widgets = widgets
        for widget in widgets.values():
            widget.installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self.names |= {name for name, widget in self._widgets.items() if widget is watched}
        return False


@pytest.fixture
def four(open_window, qtbot):
    """A window on four runs after some steps, at rest."""
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=i) for i, (name, rate) in enumerate(RATES.items())
    )
    window = open_window(Experiment(problems.get("rosenbrock"), plans, (-1.2, 1.0)))
    window.session.select(2)
    window.session.player.step(20)
    qtbot.waitUntil(lambda: window.session.cursor.newest == 20 and not window.session.player.clock.running)
    QApplication.processEvents()
    return window


def slider_of(window):
    return window.runs_panel.editor.fields["learning_rate"].slider


def test_that_a_notch_of_a_slider_paints_only_the_controls_and_the_card_of_its_run(four, qtbot):
    panel = four.runs_panel
    widgets = {
        "slider": slider_of(four),
        "cards": panel.list.viewport(),
        "plot": four.main_view.plot.viewport(),
        "history": four.history.plot.viewport(),
        "timeline": four.timeline.scrubber,
        "problem": four.problem_panel.picker,
        "parameter": four.problem_panel.fields["b"].slider,
        "limits": four.limits_panel.fields["max_steps"].slider,
        "other parameter": panel.editor.fields["beta1"].slider,
    }
    rows = []
    panel.list.model().dataChanged.connect(lambda first, last, roles: rows.extend((first.row(), last.row())))
    painted = Painted(widgets)
    slider_of(four).setValue(slider_of(four).value() + 1)
    qtbot.wait(60)
    assert painted.names == {"slider", "cards"}
    assert set(rows) == {2}


def test_that_a_notch_of_a_slider_signals_one_difference_and_no_frame(four):
    session, reported = four.session, []
    before = session.experiment
    for name in ("problem_changed", "selection_changed", "runs_changed", "frame"):
        getattr(session, name).connect(lambda name=name: reported.append(name))
    session.cursor.moved.connect(lambda: reported.append("moved"))
    session.experiment_changed.connect(reported.append)
    slider_of(four).setValue(slider_of(four).value() + 1)
    assert reported == [diff(before, session.experiment)]
    assert reported[0].runs[2].hyperparameters == ("learning_rate",)


def test_that_an_edit_that_changes_nothing_is_none(four):
    session, reported = four.session, []
    session.experiment_changed.connect(reported.append)
    session.edit(replace(session.experiment, limits=replace(session.experiment.limits)))
    session.edit(session.experiment.with_run(1))
    assert reported == []
    assert not four.edit_actions.undo.isEnabled()


def test_that_the_difference_of_an_undo_and_a_redo_is_signalled_too(four):
    session, reported = four.session, []
    before = session.experiment
    four.limits_panel.fields["max_steps"].slider.setValue(300)
    after = session.experiment
    session.experiment_changed.connect(reported.append)
    session.undo()
    assert four.limits_panel.fields["max_steps"].value == before.limits.max_steps
    session.redo()
    assert four.limits_panel.fields["max_steps"].value == after.limits.max_steps
    assert reported == [diff(after, before), diff(before, after)]
    assert reported[0].limits == ("max_steps",)


def test_that_a_selection_is_signalled_once_and_is_no_edit(four):
    session, reported = four.session, []
    session.experiment_changed.connect(reported.append)
    session.selection_changed.connect(lambda: reported.append(session.selected))
    session.select(1)
    session.select(1)
    assert reported == [1]
    assert set(four.runs_panel.editor.fields) == {"learning_rate", "momentum", "dampening"}
    assert four.runs_panel.list.currentRow() == 1


def test_that_a_removed_run_moves_the_selection_where_it_must(four):
    session, reported = four.session, []
    session.select(3)
    session.selection_changed.connect(lambda: reported.append(session.selected))
    four.runs_panel.remove_run()
    assert reported == [2]
    four.runs_panel.remove_run()
    assert reported == [2, 1]
    session.undo()
    assert session.selected == 2
    assert reported == [2, 1, 2]


def test_that_an_undo_that_selects_another_run_shows_its_controls(four):
    session, editor = four.session, four.runs_panel.editor
    beta1 = editor.fields["beta1"].value
    editor.fields["beta1"].slider.setValue(300)
    session.select(0)
    session.undo()
    assert session.selected == 2
    assert editor.fields["beta1"].value == beta1


def test_that_the_notches_of_a_slider_are_signalled_once_when_the_runs_computed_for_them_are_shown(four, qtbot):
    session, reported = four.session, []
    four.edit_actions.what_if.setChecked(True)
    session.experiment_changed.connect(reported.append)
    before, slider = session.experiment, slider_of(four)
    for notch in range(3):
        slider.setValue(slider.value() + 1 + notch)
    assert reported == []
    qtbot.waitUntil(lambda: not session.what_if.pending)
    assert reported == [diff(before, session.experiment)]
    assert four.runs_panel.list.item(2).text() == session.experiment.runs[2].title
