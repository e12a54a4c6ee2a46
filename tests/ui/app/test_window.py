"""The window as a whole: keys, layout, themes, words, help."""

from __future__ import annotations

import gettext
import itertools
import re
import sys

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)

import gdviewer
from gdviewer.experiment.user_rule import TEMPLATE, read_rules
from gdviewer.text import set_translations
from gdviewer.ui.app.help import HelpDialog, about, help_page
from gdviewer.ui.app.main_window import LazyPanel
from gdviewer.ui.widgets.theme import THEMES, look
from tests.kinds import representatives
from tests.ui.helpers import dock_of, docks_of, fits, trigger

pytestmark = pytest.mark.display


def test_that_space_runs_and_pauses_and_the_arrow_steps(window, qtbot):
    assert QApplication.focusWidget() is not None
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.session.player.playing
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.session.player.playing
    qtbot.keyClick(window, Qt.Key.Key_R)
    assert window.session.cursor.newest == 0
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: window.session.cursor.newest == 1)


def test_that_a_click_on_a_control_does_not_take_space_from_the_runs(window, qtbot):
    for control in window.findChildren(QAbstractButton) + window.findChildren(QAbstractSlider):
        if not isinstance(control, QScrollBar) and not control.objectName().startswith("qt_"):
            assert not control.focusPolicy() & Qt.FocusPolicy.ClickFocus, control


def test_that_a_check_box_reached_by_tab_is_pressed_with_space(window, qtbot):
    box = window.history.log_steps
    window.activateWindow()
    box.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(box.hasFocus)
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked()
    assert not window.session.player.playing


def test_that_the_speed_reaches_from_one_step_a_second_to_as_fast_as_it_goes(window):
    slider = window.timeline.speed
    slider.setValue(slider.minimum())
    assert window.session.player.pace.speed == 1
    slider.setValue(slider.maximum())
    assert window.session.player.pace.speed == float("inf")
    assert window.timeline.speed_text.text() == "full speed"


def test_that_every_control_has_a_tool_tip_and_an_accessible_name(window):
    for name in ("rotated_quadratic", "samples"):
        window.problem_panel.choose(name)
        window.session.select(1)
        controls = [QAbstractButton, QAbstractSlider, QLineEdit, QComboBox, QPlainTextEdit]
        for control in (widget for kind in controls for widget in window.findChildren(kind)):
            inner = isinstance(control, QScrollBar) or control.objectName().startswith("qt_")
            in_title = isinstance(control.parent(), (QDockWidget, QComboBox))
            if inner or in_title or not control.isVisible():
                continue
            assert control.toolTip(), control
            assert control.accessibleName() or control.text(), control


@pytest.mark.parametrize("size", representatives([[1280, 720], [1280, 800], [1920, 1080]]))
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("problem", ["rotated_quadratic", "gramacy_lee"])
def test_that_no_label_is_cut_off(window, qtbot, size, theme, problem):
    look().choose(theme)
    window.resize(*size)
    window.problem_panel.choose(problem)
    window.session.select(1)
    window.session.player.finish()
    if window.session.runs[1].stop.is_about_the_point:  # its message grows once that is found out
        message, short = window.runs_panel.editor.message, window.session.runs[1].stop.message
        qtbot.waitUntil(lambda: len(message.text()) > len(short))
    qtbot.wait(50)
    assert [window.width(), window.height()] == size
    labels = [label for label in window.findChildren(QLabel) if label.isVisible() and label.text()]
    assert len(labels) > 15
    assert [label.text() for label in labels if not fits(label)] == []
    for button in window.findChildren(QAbstractButton):
        if button.isVisible() and button.text():
            assert button.width() >= button.minimumSizeHint().width(), button.text()
            right = button.mapTo(window, button.rect().topRight()).x()
            assert right <= window.width(), button.text()
    for dock in docks_of(window):
        side = dock.widget()
        if not isinstance(side, LazyPanel):  # those behind tabs are held to it where they are opened
            assert side.widget().width() <= side.viewport().width(), dock.windowTitle()


def test_that_the_layout_is_remembered(open_window, qtbot):
    first = open_window()
    dock_of(first, "problem").hide()
    first.resize(1100, 700)
    first.close()
    second = open_window()
    assert not dock_of(second, "problem").isVisible()
    trigger(second, "Reset layout")
    assert dock_of(second, "problem").isVisible()


def test_that_each_panel_has_one_tab_and_none_is_left_over_the_plots(open_window):
    def tabs(window):
        bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return sorted(bar.tabText(i) for bar in bars if bar.isVisible() for i in range(bar.count()))

    window = open_window()
    once = sorted(dock.windowTitle() for dock in docks_of(window) if dock.objectName() != "problem")
    assert tabs(window) == once
    trigger(window, "Reset layout")
    assert tabs(window) == once
    window.close()
    assert tabs(open_window()) == once


def test_that_the_theme_is_remembered_and_colours_the_plots(window, qtbot):
    look().choose("dark")
    assert window.main_view.plot.backgroundBrush().color().name() == THEMES["dark"].plot
    assert window.history.plot.backgroundBrush().color().name() == THEMES["dark"].plot
    pixel = window.grab().toImage().pixelColor(5, window.height() - 30)
    assert pixel.lightness() < 80
    from PySide6.QtCore import QSettings

    assert QSettings().value("theme") == "dark"


def test_that_colours_of_the_heat_image_are_evenly_spaced_to_the_eye():
    from gdviewer.ui.widgets.theme import _oklab

    for theme in THEMES.values():
        colors = theme.heat_colors()[::15, :3]
        lab = [_oklab("#{:02x}{:02x}{:02x}".format(*rgb)) for rgb in colors]
        gaps = [float(((b - a) ** 2).sum() ** 0.5) for a, b in itertools.pairwise(lab)]
        assert max(gaps) < 1.4 * min(gaps)


class Shouting(gettext.NullTranslations):
    """A language in which every word is in capitals."""

    def gettext(self, text):
        parts = text.replace("{", "}").split("}")
        return "".join(p.upper() if i % 2 == 0 else "{" + p + "}" for i, p in enumerate(parts))


def test_that_the_words_on_the_screen_go_through_translation(open_window):
    set_translations(Shouting())
    try:
        window = open_window()
        window.session.player.finish()
        window.problem_panel.formula.hide()
        texts = [w.text() for kind in (QLabel, QAbstractButton) for w in window.findChildren(kind) if w.isVisible()]
        texts += [a.text() for a in window.findChildren(QAction)]
        texts += [w.toolTip() for w in window.findChildren(QWidget) if w.isVisible() and not isinstance(w, QDockWidget)]
        of_qt = r"Export\.\.\.|\((Ctrl|Alt|Shift|Space|Home|End|Left|Right)\b[^)]*\)"
        names = f"Himmelblau|Gradient descent|Adam|gdviewer|SOURCE: .*|{of_qt}"
        words = [word for text in texts for word in re.findall(r"[a-z]{3,}", re.sub(f"{names}|<[^>]*>", "", text))]
        assert not words, sorted({t for t in texts if any(w in t for w in words)})
    finally:
        set_translations(gettext.NullTranslations())


def test_that_help_has_every_shortcut(window, qtbot):
    page = help_page(window.findChildren(QAction))
    for action in window.findChildren(QAction):
        if not action.shortcut().isEmpty():
            assert f"<b>{action.shortcut().toString()}</b>" in page
    trigger(window, "Help")
    trigger(window, "Help")
    (dialog,) = window.findChildren(HelpDialog)
    assert dialog.isVisible()
    dialog.close()


def test_that_no_two_actions_share_a_key(window):
    keys = [a.shortcut().toString() for a in window.findChildren(QAction) if not a.shortcut().isEmpty()]
    assert len(keys) == len(set(keys)) >= 12


def test_that_about_shows_the_versions(window):
    box = about(window)
    assert gdviewer.__version__ in box.text()
    assert sys.version.split()[0] in box.informativeText()
    box.close()


def test_that_show_opens_a_window_on_a_function(qtbot):
    window = gdviewer.show(
        lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2,
        [0, 0],
        runs=["adam", {"optimizer": "momentum", "learning_rate": 0.01, "start": [3, 3]}],
        block=False,
    )
    qtbot.waitExposed(window)
    session = window.session
    assert [plan.optimizer.name for plan in session.experiment.runs] == ["adam", "momentum"]
    assert session.experiment.runs[1].start == (3.0, 3.0)
    session.player.finish()
    assert session.runs[1].trace.x[-1] == pytest.approx([1, -2], abs=0.05)
    window.close()
    window.deleteLater()


def test_that_show_opens_an_experiment_that_was_stored_and_its_rule_is_opened_line_by_line(qtbot):
    described = gdviewer.Experiment("sphere", [read_rules(TEMPLATE, "code").rules[0], "adam"], [3, 2])
    window = gdviewer.show(gdviewer.Experiment.from_dict(described.to_dict()), block=False)
    qtbot.waitExposed(window)
    session = window.session
    assert session.experiment == described
    session.player.step(5)
    qtbot.waitUntil(lambda: all(run.begun and run.step == 5 for run in session.runs))
    dock = dock_of(window, "step")
    dock.raise_()
    qtbot.waitUntil(lambda: dock.widget().panel is not None and dock.widget().panel.report is not None)
    assert [row.text for row in dock.widget().panel.report.rows][:2] == ["g ← ∇f(x)", "v ← β·v + g"]
    window.close()
    window.deleteLater()


@pytest.mark.parametrize(
    ("call", "reported"),
    [
        (lambda: gdviewer.show(gdviewer.Experiment("sphere"), [1, 2], block=False), "leave out x0"),
        (lambda: gdviewer.show("himelblau", block=False), "himmelblau"),
        (lambda: gdviewer.show("sphere", [1, 2, 3], block=False), "shape"),
        (lambda: gdviewer.show("sphere", runs=["adma"], block=False), "did you mean 'adam'"),
        (lambda: gdviewer.show("sphere", runs=[{"optimizer": "adam", "beta": 1}], block=False), "did you mean 'beta"),
        (lambda: gdviewer.show(lambda x: x, block=False), "x0"),
    ],
)
def test_that_show_refuses_what_it_cannot_open(qapp, call, reported):
    with pytest.raises(ValueError, match=reported):
        call()


def test_that_the_window_is_an_object_of_qt(window):
    assert isinstance(window.session, QObject)
    assert QApplication.instance().applicationName() == "gdviewer"


def test_that_every_panel_is_there_when_its_tab_is_brought_to_the_front(window, qtbot):
    lazy = [dock for dock in docks_of(window) if isinstance(dock.widget(), LazyPanel)]
    assert len(lazy) == 4
    for dock in [*lazy, *reversed(lazy)]:
        dock.raise_()
        qtbot.waitUntil(lambda dock=dock: dock.widget().panel is not None and dock.widget().panel.isVisible())
