"""Going back and forth in time: keys, the line to drag along, the number to type, and the marks on the way."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QApplication

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.timeline.marks import CHANGE, HIT, ROSE, STOP, Rises
from gdviewer.ui.widgets.theme import THEMES, look

pytestmark = pytest.mark.display


ENDLESS = Limits(tolerance=None, max_steps=10**9)
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def race(*rates: float, problem: str = "rosenbrock", optimizer: str = "adam", limits: Limits = ENDLESS) -> Experiment:
    chosen = problems.get(problem)
    plans = tuple(RunPlan(optimizers.get(optimizer), {"learning_rate": r}, color=i) for i, r in enumerate(rates))
    return Experiment(chosen, plans, tuple(chosen.start.tolist()), limits)


def done(open_window, steps: int, *rates: float, **kind):
    """A window, paused, whose runs have done a number of steps."""
    window = open_window(race(*(rates or (0.01,)), **kind))
    for run in window.session.runs:
        run.advance(steps)
    window.session.frame.emit()
    return window


def press_at(qtbot, window, step: float, off: int = 0) -> None:
    scrubber = window.timeline.scrubber
    at = QPoint(round(scrubber.x_of(step)) + off, scrubber.height() // 2)
    qtbot.mousePress(scrubber, LEFT, pos=at)
    qtbot.mouseRelease(scrubber, LEFT, pos=at)


def type_step(qtbot, window, text: str) -> None:
    entry = window.timeline.entry
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, text)
    qtbot.keyClick(entry, Qt.Key.Key_Return)


# Keys


def test_that_the_arrow_keys_move_the_cursor_by_one_ten_and_a_hundred(open_window, qtbot):
    window = done(open_window, 400)
    session = window.session
    for key, modifiers, expected in (
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 399),
        (Qt.Key.Key_Left, SHIFT, 389),
        (Qt.Key.Key_Left, CTRL, 289),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 290),
        (Qt.Key.Key_Right, SHIFT, 300),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_Right, CTRL, 100),
    ):
        qtbot.keyClick(window, key, modifiers)
        assert (session.cursor.step, session.cursor.is_live) == (expected, False)
    qtbot.keyClick(window, Qt.Key.Key_End)
    assert (session.cursor.step, session.cursor.is_live) == (400, True)
    assert session.cursor.newest == 400


@pytest.mark.parametrize(("modifiers", "steps"), [(Qt.KeyboardModifier.NoModifier, 1), (SHIFT, 10), (CTRL, 100)])
def test_that_forward_at_the_newest_step_does_that_many_steps(open_window, qtbot, modifiers, steps):
    window = done(open_window, 20, 0.01, 0.02)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.session.cursor.newest == 20
    qtbot.keyClick(window, Qt.Key.Key_Right, modifiers)
    qtbot.waitUntil(lambda: not window.session.player.busy and not window.session.player.clock.running)
    assert [run.step for run in window.session.runs] == [20 + steps, 20 + steps]
    assert window.session.cursor.is_live


def test_that_more_steps_than_a_frame_has_time_for_are_all_done(open_window, qtbot):
    window = done(open_window, 5, 0.001, 0.002)
    window.session.player.step(9000)
    qtbot.waitUntil(lambda: window.session.cursor.newest >= 9005, timeout=20_000)
    qtbot.waitUntil(lambda: not window.session.player.busy and not window.session.player.clock.running)
    assert [run.step for run in window.session.runs] == [9005, 9005]


def test_that_text_fields_keep_their_own_keys(open_window, qtbot):
    window = done(open_window, 50)
    entry = window.problem_panel.start.entry
    entry.setFocus()
    entry.setCursorPosition(3)
    qtbot.keyClick(entry, Qt.Key.Key_Right)
    assert entry.cursorPosition() == 4
    qtbot.keyClick(entry, Qt.Key.Key_Left, SHIFT)
    assert len(entry.selectedText()) == 1
    qtbot.keyClick(entry, Qt.Key.Key_Right, CTRL)
    qtbot.keyClick(entry, Qt.Key.Key_Home)
    assert entry.cursorPosition() == 0
    qtbot.keyClick(entry, Qt.Key.Key_End)
    assert entry.cursorPosition() == len(entry.text())
    assert (window.session.cursor.step, window.session.cursor.is_live, window.session.cursor.newest) == (50, True, 50)


def test_that_a_slider_reached_by_tab_keeps_the_keys_that_move_it(open_window, qtbot):
    window = done(open_window, 50)
    slider = window.timeline.speed
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    before = slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == before + 1
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert slider.value() == slider.maximum()
    assert window.session.cursor.is_live


def test_that_the_speed_has_keys(window, qtbot):
    before = window.session.player.pace.speed
    qtbot.keyClick(window, "+")
    assert window.session.player.pace.speed > before
    qtbot.keyClick(window, "-")
    assert window.session.player.pace.speed == before


def test_that_show_all_has_a_key_that_is_not_the_start_of_time(window):
    keys = {action.shortcut().toString(): action.text() for action in window.findChildren(QAction)}
    assert keys["Ctrl+0"] == "Show &all"
    assert "start" in keys["Home"]


# Nothing of a run changes


def test_that_looking_back_and_forth_leaves_the_record_and_what_follows_as_they_would_be(open_window, qtbot):
    window = done(open_window, 150)
    session = window.session
    run = session.runs[0]
    before = [column.copy() for column in (run.trace.x, run.trace.loss, run.trace.gradient)]
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Left):
        qtbot.keyClick(window, key)
    type_step(qtbot, window, "60")
    press_at(qtbot, window, 70)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert session.cursor.step > 65
    type_step(qtbot, window, "33")
    assert session.cursor.step == 33
    after = (run.trace.x, run.trace.loss, run.trace.gradient)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert session.player.playing
    assert session.cursor.is_live
    qtbot.waitUntil(lambda: run.step > 160)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert not session.player.playing
    qtbot.waitUntil(lambda: not session.player.busy)
    alone = Run(run.problem, run.optimizer, run.start, run.hyperparameters, limits=ENDLESS)
    alone.advance(run.step)
    assert np.array_equal(run.trace.x, alone.trace.x)
    assert np.array_equal(run.trace.state["v"], alone.trace.state["v"])


def test_that_run_in_review_keeps_the_record_of_runs_that_have_stopped(window, qtbot):
    window.session.player.finish()
    runs, steps = list(window.session.runs), window.session.cursor.newest
    qtbot.keyClick(window, Qt.Key.Key_Home)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert (window.session.runs, window.session.cursor.step, window.session.cursor.is_live) == (runs, steps, True)


def test_that_looking_back_pauses(open_window, qtbot):
    window = open_window(race(0.001))
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 5)
    window.session.cursor.back()
    assert not window.session.player.playing
    assert "Run" in window.timeline.run.text()
    cursor = window.session.cursor.step
    qtbot.waitUntil(lambda: not window.session.player.busy)
    assert window.session.cursor.step == cursor


# The bar


def test_that_the_line_puts_the_cursor_where_it_is_pressed_and_dragged(open_window, qtbot):
    window = done(open_window, 1000, optimizer="gradient_descent", problem="sphere")
    session, scrubber = window.session, window.timeline.scrubber
    pixel = 1000 / scrubber.width()
    press_at(qtbot, window, 400)
    assert session.cursor.step == pytest.approx(400, abs=2 * pixel)
    qtbot.mousePress(scrubber, LEFT, pos=QPoint(round(scrubber.x_of(400)), 16))
    drag_to(scrubber, scrubber.x_of(900))
    assert session.cursor.step == pytest.approx(900, abs=2 * pixel)
    drag_to(scrubber, scrubber.x_of(120))
    assert session.cursor.step == pytest.approx(120, abs=2 * pixel)
    drag_to(scrubber, -50)
    assert session.cursor.step == 0
    drag_to(scrubber, scrubber.width() + 50)
    assert session.cursor.is_live


def drag_to(scrubber, x: float) -> None:
    none = Qt.KeyboardModifier.NoModifier
    at = QPointF(x, 16)
    QApplication.sendEvent(scrubber, QMouseEvent(QEvent.Type.MouseMove, at, scrubber.mapToGlobal(at), LEFT, LEFT, none))


def test_that_a_step_is_gone_to_by_its_number(open_window, qtbot):
    window = done(open_window, 2000)
    type_step(qtbot, window, "137")
    assert window.session.cursor.step == 137
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert (window.session.cursor.step, window.timeline.entry.text()) == (138, "138")
    type_step(qtbot, window, "1,999")
    assert window.session.cursor.step == 1999
    assert window.timeline.total.text() == "of 2,000"


@pytest.mark.parametrize(("text", "reported"), [("abc", "abc"), ("", "nothing"), ("2001", "0 to 2,000"), ("-3", "-3")])
def test_that_a_number_that_is_no_step_is_reported_beside_it_and_nothing_is_lost(open_window, qtbot, text, reported):
    window = done(open_window, 2000)
    window.session.cursor.look_at(7)
    timeline = window.timeline
    type_step(qtbot, window, text or "\b")
    message = timeline.entry.message
    assert window.session.cursor.step == 7
    assert timeline.entry.text() == text
    assert reported in message.text()
    assert message.isVisible()
    assert window.rect().contains(message.geometry())
    assert abs(message.geometry().bottom() - timeline.entry.mapTo(window, QPoint(0, 0)).y()) < 20
    type_step(qtbot, window, "12")
    assert (window.session.cursor.step, message.isVisible()) == (12, False)


def test_that_a_number_being_typed_survives_the_steps_that_are_done_meanwhile(open_window, qtbot):
    window = open_window(race(0.001))
    entry = window.timeline.entry
    window.session.player.play()
    qtbot.waitUntil(lambda: window.session.cursor.newest > 3)
    entry.setFocus()
    entry.selectAll()
    qtbot.keyClicks(entry, "2")
    steps = window.session.cursor.newest
    qtbot.waitUntil(lambda: window.session.cursor.newest > steps + 3)
    assert entry.text() == "2"
    qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert window.session.cursor.step == 2


def test_that_the_badge_distinguishes_live_from_review(open_window, qtbot):
    window = done(open_window, 30)
    badge = window.timeline.badge
    live = badge.grab().toImage().pixelColor(3, badge.height() // 2)
    assert badge.text() == "LIVE"
    window.session.cursor.back()
    assert badge.text() == "REVIEW"
    assert badge.grab().toImage().pixelColor(3, badge.height() // 2) != live


@pytest.mark.parametrize("theme", THEMES)
def test_that_the_bar_fits_and_nothing_in_it_moves_with_the_numbers(open_window, qtbot, theme):
    look().choose(theme)
    window = done(open_window, 5)
    window.resize(960, 700)
    timeline = window.timeline
    parts = [timeline.widgetForAction(action) for action in timeline.actions()]

    def places():
        qtbot.wait(20)
        return [part.geometry() for part in parts]

    at_first = places()
    shown = [part for part in parts if part is not timeline.speed_text or part.isVisible()]  # it may give way
    assert all(part.isVisible() and timeline.rect().contains(part.geometry()) for part in shown)
    assert timeline.scrubber.width() >= 90
    window.session.cursor.back()
    assert places() == at_first
    window.session.runs[0].advance(12_345)
    window.session.cursor.look_at(11_111)
    timeline.speed.setValue(timeline.speed.maximum())
    assert places() == at_first
    for label in (timeline.total, timeline.badge, timeline.speed_text):
        assert not label.isVisible() or label.width() >= label.minimumSizeHint().width(), label.text()


# Marks


def test_that_every_rise_of_the_loss_is_found_however_the_rows_come():
    rng = np.random.default_rng(0)
    loss = rng.normal(size=5000)
    loss[[40, 41]] = np.nan
    rises, end = Rises(), 1
    while end < len(loss):
        end = min(end + int(rng.integers(0, 40)), len(loss))
        rises.update(loss[:end])
    assert rises.update(loss).tolist() == [t for t in range(1, len(loss)) if loss[t] > loss[t - 1]]


def test_that_stops_changes_and_hits_are_marked_at_their_steps(open_window, qtbot):
    window = done(open_window, 60, 0.01, 0.02, limits=Limits(tolerance=None, max_steps=90))
    session = window.session
    session.runs[1].breakpoints = (Breakpoint("step", 75),)
    session.runs[1].advance(90)
    assert [mark.kind for mark in window.timeline.scrubber.marks.events()] == [HIT]
    session.runs[1].resume()
    session.change_run(0, hyperparameters={"learning_rate": 0.5})
    session.player.finish()
    marks = window.timeline.scrubber.marks.events()
    assert {(mark.step, mark.kind, mark.plan.color) for mark in marks} == {
        (61, CHANGE, 0), (90, STOP, 0), (75, HIT, 1), (90, STOP, 1)
    }  # fmt: skip
    texts = {mark.kind: mark.text for mark in marks}
    assert texts[CHANGE] == "step 61: learning rate becomes 0.5. Adam   η = 0.5"
    assert texts[HIT].startswith("Breakpoint: ")
    assert texts[HIT].endswith("step 75 is reached. Adam   η = 0.02")
    assert "Step limit reached" in texts[STOP]
    session.change_run(1, visible=False)
    assert {mark.plan.color for mark in window.timeline.scrubber.marks.events()} == {0}


def test_that_a_click_near_a_mark_goes_to_exactly_its_step(open_window, qtbot):
    window = done(open_window, 3000, optimizer="gradient_descent", problem="sphere")
    run, scrubber = window.session.runs[0], window.timeline.scrubber
    run.change("learning_rate", 0.011)
    run.advance(3000)
    for off in (-3, 0, 3):
        window.session.cursor.follow()
        press_at(qtbot, window, 3001, off)
        assert window.session.cursor.step == 3001
    assert "learning rate becomes 0.011" in scrubber.text_at(scrubber.x_of(3001))
    press_at(qtbot, window, 3001, 40)
    assert window.session.cursor.step > 3100


def test_that_a_lone_rise_among_a_hundred_thousand_steps_is_seen_and_gone_to(open_window, qtbot):
    window = done(open_window, 100_000, 1e-5, optimizer="gradient_descent", problem="sphere")
    run, scrubber = window.session.runs[0], window.timeline.scrubber
    run.trace._loss.rows[54_321] += 1e-3  # no rule of the catalogue goes uphill just once
    scrubber.marks._rises.clear()
    assert [mark.step for mark in scrubber.marks_at(scrubber.x_of(54_321))] == [54_321]
    position = round(scrubber.x_of(54_321))
    pixels = scrubber.grab().toImage()
    red = [x for x in range(scrubber.width()) if pixels.pixelColor(x, 26).red() > pixels.pixelColor(x, 26).blue() + 40]
    assert red
    assert all(abs(x - position) <= 1 for x in red)
    press_at(qtbot, window, 54_321, 2)
    assert window.session.cursor.step == 54_321
    assert "the loss rose" in scrubber.text_at(position)


def test_that_the_rises_marked_are_those_of_the_record(window):
    window.session.player.finish()
    loss = window.session.runs[1].trace.loss
    scrubber = window.timeline.scrubber
    found = {mark.step for step in range(len(loss)) for mark in scrubber.marks.near(step, 0) if mark.kind == ROSE}
    assert found == set((np.flatnonzero(np.diff(loss) > 0) + 1).tolist())
