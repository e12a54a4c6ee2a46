"""The code panel: typing an optimizer, applying it, correcting it, and its effect on the runs."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QAbstractButton, QApplication

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.user_rule import TEMPLATE
from gdviewer.ui.code.code_panel import CodePanel
from gdviewer.ui.session.user_rules import PANEL, key_of
from gdviewer.ui.widgets.theme import THEMES, look

pytestmark = pytest.mark.display


MINE = "def mine(x, f, *, learning_rate=rate(0.01), k=2.0):\n    return x - learning_rate * f.gradient(x)\n"


def panel_of(window, qtbot) -> CodePanel:
    window.code.raise_()
    qtbot.waitUntil(lambda: window.code.widget().panel is not None and window.code.widget().panel.isVisible())
    return window.code.widget().panel


def apply(panel, qtbot, text=None):
    if text is not None:
        panel.editor.replace_text(text)
    panel.apply.trigger()
    qtbot.waitUntil(lambda: not panel._rules.sources[PANEL].task, timeout=10_000)


def titles(window):
    return [plan.optimizer.title for plan in window.session.experiment.runs]


def test_that_the_panel_is_made_when_it_is_first_seen_and_then_has_room(window, qtbot):
    assert window.code.widget().panel is None
    panel = panel_of(window, qtbot)
    assert panel.text == TEMPLATE
    qtbot.waitUntil(lambda: window.code.width() > 0.42 * window.width())
    assert window.main_view.width() > 200


def test_that_ctrl_enter_puts_the_template_into_the_race(window, qtbot):
    panel = panel_of(window, qtbot)
    panel.editor.setFocus()
    qtbot.keyClick(panel.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "My momentum" in titles(window))
    assert panel.text == TEMPLATE
    assert len({plan.color for plan in window.session.experiment.runs}) == 3
    window.session.select(2)
    assert list(window.runs_panel.editor.fields) == ["learning_rate", "beta"]
    window.session.player.finish()
    assert window.session.runs[2].trace.loss[-1] < 1e-5
    assert panel.state.text() == "in the runs: My momentum"


def test_that_a_new_version_takes_the_place_of_the_old_and_the_others_go_on(window, qtbot):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, MINE)
    window.session.change_run(2, hyperparameters={"learning_rate": 0.02, "k": 2.0})
    window.session.player.finish()
    before = list(window.session.runs)
    lengths = [run.step for run in before]
    apply(panel, qtbot, MINE.replace("k=2.0", "k=3.0, new=1.0").replace("- learning", "- 0.5 * learning"))
    runs = window.session.runs
    assert runs[:2] == before[:2]
    assert [run.step for run in runs[:2]] == lengths[:2]
    assert len(runs) == 3
    assert runs[2] is not before[2]
    plan = window.session.experiment.runs[2]
    assert plan.hyperparameters == {"learning_rate": 0.02, "k": 3.0, "new": 1.0}  # what was set stays
    window.session.player.finish()
    assert [run.step for run in runs[:2]] == lengths[:2]
    assert np.array_equal(runs[2].trace.x[1], runs[2].trace.x[0] - 0.5 * 0.02 * runs[2].trace.gradient[0])


def test_that_a_renamed_rule_is_the_same_run_and_a_second_joins(window, qtbot):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, MINE)
    apply(panel, qtbot, MINE.replace("mine", "ours"))
    assert titles(window)[2:] == ["Ours"]
    apply(panel, qtbot, MINE.replace("mine", "ours") + MINE)
    assert titles(window)[2:] == ["Ours", "Mine"]
    window.session.select(3)
    window.runs_panel.remove_run()
    apply(panel, qtbot)
    assert titles(window)[2:] == ["Ours", "Mine"]


@pytest.mark.parametrize(
    ("text", "line", "reported"),
    [
        (MINE + "def broken(:\n", 3, "SyntaxError"),
        (MINE + "\n\nnowhere\n", 5, "NameError"),
        ("def mine(x, f, m):\n    return x\n", 1, "m needs an initial value"),
        ("", None, "no function of the form"),
    ],
)
def test_that_an_error_is_reported_at_its_line_and_the_last_version_stays(window, qtbot, text, line, reported):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, MINE)
    window.session.player.finish()
    runs = list(window.session.runs)
    apply(panel, qtbot, text)
    assert window.session.runs == runs
    assert reported in panel.message.text()
    assert panel.message.isVisible()
    assert "The last version without errors is used." in panel.message.text()
    assert panel.editor.marked == line
    if line:
        assert f"Line {line}" in panel.message.text()
        panel.editor.moveCursor(QTextCursor.MoveOperation.End)
        panel.message.linkActivated.emit(str(line))
        assert panel.editor.textCursor().blockNumber() == line - 1
    panel.editor.insertPlainText(" ")
    assert panel.editor.marked is None
    apply(panel, qtbot, MINE)
    assert not panel.message.isVisible()


def test_that_an_error_in_a_step_is_marked_at_its_line(window, qtbot):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, "def mine(x, f, t):\n    if t > 4:\n        x = x / nothing\n    return x * 0.9\n")
    window.session.player.finish()
    qtbot.waitUntil(lambda: panel.editor.marked == 3)
    assert window.session.runs[2].step == 4
    assert "Mine, after step 4: NameError" in panel.message.text()
    assert "&lt;" not in panel.message.text()
    assert [run.stop.reason.converged for run in window.session.runs] == [True, True, False]
    apply(panel, qtbot)  # the same text begins again
    assert window.session.runs[2].stop is None
    assert panel.editor.marked is None


def test_that_what_is_typed_survives_closing_and_a_restart_and_is_not_executed(open_window, qtbot):
    window = open_window()
    panel = panel_of(window, qtbot)
    text = "executed = open('/nonexistent/file')\n# ü\n" + MINE
    panel.editor.replace_text(text)
    window.code.close()
    window.code.show()
    assert panel_of(window, qtbot).text == text
    window.close()
    second = open_window()
    panel = panel_of(second, qtbot)
    assert panel.text == text
    assert second.session.user_rules.sources == {}
    assert titles(second) == titles(window)
    panel.editor.replace_text("  ")
    qtbot.waitUntil(lambda: str(QSettings().value("code")).strip() == "")
    second.close()
    assert panel_of(open_window(), qtbot).text == TEMPLATE


def test_that_a_restart_keeps_the_width_the_user_gave(open_window, qtbot):
    window = open_window()
    panel_of(window, qtbot)
    qtbot.waitUntil(lambda: window.code.width() > 0.42 * window.width())
    window.resizeDocks([window.code], [380], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: window.code.width() < 400)
    window.close()
    second = open_window()
    panel_of(second, qtbot)
    QApplication.processEvents()
    assert second.code.width() < 430


@pytest.mark.parametrize("name", ["adam", "armijo", "trust_region", "l_bfgs"])
def test_that_the_panel_starts_from_a_rule_of_the_catalogue(open_window, qtbot, name):
    problem = problems.get("himmelblau")
    window = open_window(Experiment(problem, (RunPlan(optimizers.get(name)),), tuple(problem.start)))
    panel = panel_of(window, qtbot)
    panel.editor.replace_text("# mine\n")
    panel.start_from.trigger()
    qtbot.keyClicks(panel.starting.search, optimizers.get(name).title)
    panel.starting.chosen.emit(name)
    panel.starting.close()
    assert f"def {name}_2(" in panel.text
    apply(panel, qtbot)
    assert titles(window) == [optimizers.get(name).title, f"{optimizers.get(name).title} 2"]
    window.session.player.finish()
    first, second = window.session.runs
    assert np.array_equal(first.trace.x, second.trace.x)
    panel.editor.undo()
    assert panel.text == "# mine\n"


def test_that_a_duplicate_begins_as_the_run_it_is_like_and_another_start_is_another_run(window, qtbot):
    panel = panel_of(window, qtbot)
    panel.start_with("adam")
    apply(panel, qtbot)
    assert window.session.experiment.runs[2].hyperparameters["learning_rate"] == 0.1
    panel.start_with("momentum")
    apply(panel, qtbot)
    assert titles(window)[2:] == ["Adam 2", "Momentum 2"]
    panel.start_with("adam")
    assert "def adam_3(" in panel.text


def test_that_the_lists_have_your_own_rules(window, qtbot):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, MINE)
    editor = window.runs_panel.editor
    window.session.select(0)
    (mine,) = (choice for choice in editor._choices() if choice.group == "Your own")
    assert (mine.title, list(mine.formula())) == ("Mine", ["return x − η·∇f(x)"])
    editor.choose(mine.key)
    assert titles(window) == ["Mine", "Adam", "Mine"]
    assert window.session.experiment.runs[0].hyperparameters["learning_rate"] == 0.01
    assert editor.picker._key == mine.key
    editor.choose("adam")
    assert titles(window) == ["Adam", "Adam", "Mine"]
    window.runs_panel.add_runs([mine.key, "momentum"])
    assert titles(window) == ["Adam", "Adam", "Mine", "Mine", "Momentum"]
    window.session.select(3)
    window.runs_panel.duplicate_run()
    assert titles(window)[-1] == "Mine"
    apply(panel, qtbot, MINE.replace("0.01", "0.02"))
    rates = [plan.hyperparameters["learning_rate"] for plan in window.session.experiment.runs]
    assert [rate for rate, title in zip(rates, titles(window), strict=True) if title == "Mine"] == [0.02] * 3


def test_that_the_same_text_applied_again_begins_its_run_again_with_what_it_reads_now(window, qtbot, tmp_path):
    panel, factor = panel_of(window, qtbot), tmp_path / "factor.txt"
    rule = MINE.replace("learning_rate * f", "K * learning_rate * f")
    text = f"from pathlib import Path\nK = float(Path({str(factor)!r}).read_text())\n{rule}"
    factor.write_text("1")
    apply(panel, qtbot, text)
    first = window.session.runs[2]
    others = window.session.runs[:2]
    window.session.player.step(5)
    qtbot.waitUntil(lambda: first.step == 5)
    factor.write_text("2")
    apply(panel, qtbot)
    second = window.session.runs[2]
    assert second is not first
    assert window.session.runs[:2] == others
    window.session.player.step(5)
    qtbot.waitUntil(lambda: second.step == 5)
    assert second.trace.x[1] - second.trace.x[0] == pytest.approx(2 * (first.trace.x[1] - first.trace.x[0]))


def test_that_your_adam_is_distinguished_from_the_catalogue(window, qtbot):
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, MINE.replace("mine", "adam"))
    assert titles(window)[1:] == ["Adam", "Adam (yours)"]
    keys = [key_of(plan.optimizer) for plan in window.session.experiment.runs]
    assert keys[1] == "adam" != keys[2]
    assert window.session.user_rules.get(keys[2]) is window.session.experiment.runs[2].optimizer
    assert window.session.user_rules.get("adam") is optimizers.get("adam")


def test_that_rules_given_from_python_are_shown_and_can_be_chosen(qtbot):
    def mine(x, f, *, learning_rate=0.01):
        return x - learning_rate * f.gradient(x)

    window = gdviewer.show(
        lambda x: float(x @ x), [1.0, 2.0], runs=[mine, {"optimizer": mine, "learning_rate": 0.1}, "adam"], block=False
    )
    qtbot.waitExposed(window)
    assert titles(window) == ["Mine", "Mine", "Adam"]
    choices = window.runs_panel.editor._choices()
    assert [choice.title for choice in choices if choice.group == "Your own"] == ["Mine"]
    window.session.player.finish()
    assert window.session.runs[1].trace.x[-1] == pytest.approx([0, 0], abs=1e-3)
    window.close()
    window.deleteLater()
    with pytest.raises(TypeError, match="must be written as"):
        gdviewer.show("sphere", runs=[lambda y: y], block=False)


# The editor


def test_that_the_editor_indents_as_python_wants_it(window, qtbot):
    editor = panel_of(window, qtbot).editor
    editor.replace_text("")
    editor.setFocus()
    for line in ("def a(x, f):", "if x:", "return x"):
        qtbot.keyClicks(editor, line)
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "y")
    assert editor.toPlainText() == "def a(x, f):\n    if x:\n        return x\n    y"
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText().endswith("    y   ")
    editor.replace_text("a\n\nb\n")
    editor.selectAll()
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.toPlainText() == "    a\n\n    b\n"
    qtbot.keyClick(editor, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert editor.toPlainText() == "a\n\nb\n"
    editor.replace_text("        a")
    editor.moveCursor(QTextCursor.MoveOperation.Right)
    for _ in range(5):
        editor.moveCursor(QTextCursor.MoveOperation.Right)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.toPlainText() == "      a"


def test_that_the_editor_has_its_keys_and_escape_leads_out(window, qtbot):
    panel = panel_of(window, qtbot)
    editor = panel.editor
    editor.replace_text("one two")
    editor.setFocus()
    editor.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == "one "
    assert len(window.session.experiment.runs) == 2
    qtbot.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.toPlainText() == "one two"
    for key in (Qt.Key.Key_Space, Qt.Key.Key_R, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_Plus):
        qtbot.keyClick(editor, key)
    assert not window.session.player.playing
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not editor.hasFocus()


@pytest.mark.parametrize("theme", THEMES)
def test_that_python_is_coloured_in_the_colours_of_the_theme(window, qtbot, theme):
    look().choose(theme)
    editor = panel_of(window, qtbot).editor
    editor.replace_text('def a():  # why\n    """Two\n    lines"""\n    return np.sqrt(x.np) + 1e-3 + "it\\"s # not"\n')

    def color(line, text):
        block = editor.document().findBlockByNumber(line)
        at = block.text().index(text)
        found = (part for part in block.layout().formats() if part.start <= at < part.start + part.length)
        return next((part.format.foreground().color().name() for part in found), None)

    chosen = THEMES[theme]
    string, number, known = (chosen.run_color(i).name() for i in (2, 0, 1))
    assert [color(0, t) for t in ("def", "#", "why")] == [chosen.accent, chosen.muted, chosen.muted]
    assert [color(1, '"""'), color(2, "lines"), color(3, "return")] == [string, string, chosen.accent]
    assert [color(3, t) for t in ("np", "sqrt", "1e-3", "not", "+")] == [known, None, number, string, None]
    assert editor.numbers_width() > 0


def test_that_what_is_printed_is_shown_and_bounded(window, qtbot):
    panel = panel_of(window, qtbot)
    assert not panel.output.isVisible()
    apply(panel, qtbot, "print('read')\ndef mine(x, f, t):\n    print('step', t)\n    return x * 0.9999\n")
    window.session.player.finish()
    qtbot.waitUntil(lambda: panel.output.toPlainText().endswith("step 1000"))
    assert panel.output.isVisible()
    assert panel.output.document().blockCount() <= 1000


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_that_the_panel_fits_and_its_controls_show_what_they_do(window, qtbot, size):
    window.resize(*size)
    panel = panel_of(window, qtbot)
    apply(panel, qtbot, "def mine(x, f):\n    print('x')\n    return x[:1]\n")
    window.session.player.finish()
    qtbot.waitUntil(lambda: panel.message.isVisible() and panel.output.isVisible())
    for control in [*panel.findChildren(QAbstractButton), panel.editor, panel.output]:
        assert control.toolTip()
        assert control.accessibleName() or control.text()
    for button in panel.findChildren(QAbstractButton):
        assert not button.focusPolicy() & Qt.FocusPolicy.ClickFocus
        assert button.width() >= button.minimumSizeHint().width()
    assert (window.width(), window.height()) == size
    assert panel.message.height() + 1 >= panel.message.heightForWidth(panel.message.width())
    assert panel.editor.height() > 200
