"""Rules in files: opened, watched, read again on save, and messages if that fails."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from gdviewer.cli.main import main
from gdviewer.ui.app import startup
from gdviewer.ui.session import user_rules

MINE = "def mine(x, f, *, learning_rate=rate(0.01)):\n    return x - learning_rate * f.gradient(x)\n"


def titles(window):
    return [plan.optimizer.title for plan in window.session.experiment.runs]


def rate(window, index=2):
    return window.session.experiment.runs[index].hyperparameters["learning_rate"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "my_rule.py"
    path.write_text(MINE)
    return path


@pytest.fixture
def opened(window, qtbot, path):
    window.session.user_rules.open(path)
    qtbot.waitUntil(lambda: titles(window)[2:] == ["Mine"])
    window.session.player.finish()
    return window


def test_that_the_menu_opens_a_file_into_the_race(window, qtbot, path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    (action,) = (a for menu in window.menuBar().actions() for a in menu.menu().actions() if "timizer" in a.text())
    action.trigger()
    qtbot.waitUntil(lambda: titles(window) == ["Gradient descent", "Adam", "Mine"])
    assert window.session.user_rules.source_of(window.session.experiment.runs[2].optimizer).title == "my_rule.py"


@pytest.mark.display
def test_that_a_file_dropped_on_the_window_is_opened(window, qtbot, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, keys = window.rect().center(), (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(at, Qt.DropAction.CopyAction, data, *keys))
    QApplication.sendEvent(window, QDropEvent(at.toPointF(), Qt.DropAction.CopyAction, data, *keys))
    qtbot.waitUntil(lambda: titles(window)[2:] == ["Mine"])


def by_writing(path, text):
    path.write_text(text)


def by_replacing(path, text):
    other = path.with_name("my_rule.py.tmp")
    other.write_text(text)
    os.replace(other, path)


def by_renaming_the_old_one(path, text):
    path.rename(path.with_name("my_rule.py~"))
    path.write_text(text)


@pytest.mark.parametrize("save", [by_writing, by_replacing, by_renaming_the_old_one])
def test_that_each_save_is_taken_up_and_the_others_go_on(opened, qtbot, path, save):
    others = opened.session.runs[:2]
    steps = [run.step for run in others]
    for value in (0.02, 0.03, 0.005):
        save(path, MINE.replace("0.01", str(value)))
        qtbot.waitUntil(lambda value=value: rate(opened) == value)
        assert titles(opened) == ["Gradient descent", "Adam", "Mine"]
        assert opened.session.runs[:2] == others
        assert [run.step for run in others] == steps


def test_that_a_broken_save_is_reported_and_the_last_version_stays(opened, qtbot, path):
    runs = list(opened.session.runs)
    label = opened.runs_panel.files
    assert not label.isVisible()
    path.write_text(MINE + "def broken(:\n")
    qtbot.waitUntil(label.isVisible)
    assert "my_rule.py, line 3: SyntaxError" in label.text()
    assert "The last version without errors is used." in label.text()
    assert opened.session.runs == runs
    path.write_text(MINE)  # what is in force: nothing begins again
    qtbot.waitUntil(lambda: not label.isVisible())
    assert opened.session.runs == runs


def test_that_a_file_that_is_gone_is_reported_and_taken_up_when_it_is_back(opened, qtbot, path):
    runs = list(opened.session.runs)
    path.unlink()
    qtbot.waitUntil(opened.runs_panel.files.isVisible)
    assert "my_rule.py: it can't be read: No such file" in opened.runs_panel.files.text()
    assert opened.session.runs == runs
    path.write_text(MINE.replace("0.01", "0.04"))
    qtbot.waitUntil(lambda: rate(opened) == 0.04)
    assert not opened.runs_panel.files.isVisible()


def test_that_a_run_that_was_removed_does_not_come_back_with_a_save(opened, qtbot, path):
    opened.session.select(2)
    opened.runs_panel.remove_run()
    path.write_text(MINE.replace("0.01", "0.02") + MINE.replace("mine", "fresh"))
    qtbot.waitUntil(lambda: len(titles(opened)) > 2)
    assert titles(opened)[2:] == ["Fresh"]


def test_that_a_branch_takes_up_the_new_version_with_the_run_it_leaves(opened, qtbot, path):
    session = opened.session
    session.change_run(2, hyperparameters={"learning_rate": 0.002})
    session.reset()
    session.player.finish()
    session.cursor.look_at(5)
    opened.runs_panel.branch_run(user_rules.key_of(session.experiment.runs[2].optimizer))
    session.change_run(3, hyperparameters={"learning_rate": 0.004})
    opened.runs_panel.branch_run("adam")
    session.player.finish()
    left = session.runs[3].branch_step
    path.write_text(MINE.replace("- learning_rate", "- 0.5 * learning_rate"))
    qtbot.waitUntil(lambda: session.undo_history.undo_text == "runs")
    session.player.finish()
    mine, branch, other = session.runs[2:]
    assert left == branch.branch_step == other.branch_step
    assert branch.owner(left).optimizer is branch.optimizer is mine.optimizer
    assert np.array_equal(branch.trace.x[: left + 1], mine.trace.x[: left + 1])
    for run, step, rate in ((mine, 1, 0.002), (branch, left + 1, 0.004)):
        before = step - 1
        assert np.array_equal(run.trace.x[step], run.trace.x[before] - 0.5 * rate * run.trace.gradient[before])
    assert np.array_equal(other.trace.x[left], mine.trace.x[left])


def test_that_a_save_is_an_edit_by_its_own_words(opened, qtbot, path):
    assert opened.session.selected == 2  # what has joined is selected: its steps are what is wanted
    path.write_text(MINE.replace("0.01", "0.02"))
    qtbot.waitUntil(lambda: rate(opened) == 0.02)
    assert opened.session.undo_history.undo_text == "a new version of Mine"
    opened.session.undo()
    assert rate(opened) == 0.01


def test_that_a_file_that_is_no_rule_is_reported_and_taken_up_once_it_is(window, qtbot, path):
    path.write_text("x = 1\n1 / 0\n")
    window.session.user_rules.open(path)
    qtbot.waitUntil(window.runs_panel.files.isVisible)
    assert "my_rule.py, line 2: ZeroDivisionError: division by zero." in window.runs_panel.files.text()
    assert len(titles(window)) == 2
    path.write_text(MINE)
    qtbot.waitUntil(lambda: titles(window)[2:] == ["Mine"])
    window.session.user_rules.open(path.with_name("none.py"))
    assert "none.py: it can't be read" in window.runs_panel.files.text()


def test_that_two_files_are_two_rules(window, qtbot, path, tmp_path):
    other = tmp_path / "deeper" / "my_rule.py"
    other.parent.mkdir()
    other.write_text(MINE.replace("0.01", "0.003"))
    window.session.user_rules.open(path)
    window.session.user_rules.open(other)
    qtbot.waitUntil(lambda: titles(window)[2:] == ["Mine", "Mine"])
    first, second = (plan.optimizer for plan in window.session.experiment.runs[2:])
    assert user_rules.key_of(first) != user_rules.key_of(second)
    path.write_text(MINE.replace("0.01", "0.02"))
    qtbot.waitUntil(lambda: {rate(window, 2), rate(window, 3)} == {0.02, 0.003})


def test_that_a_file_that_never_ends_is_given_up(window, qtbot, path, monkeypatch):
    monkeypatch.setattr(user_rules, "READ_SECONDS", 0.2)
    path.write_text("while True:\n    pass\n")
    window.session.user_rules.open(path)
    window.session.player.play()
    qtbot.waitUntil(window.runs_panel.files.isVisible)
    assert "my_rule.py, line" in window.runs_panel.files.text()
    assert "has not ended within 0.2 seconds" in window.runs_panel.files.text()
    window.session.player.finish()
    assert window.session.player.finished


def test_that_a_save_while_a_file_is_read_wins(window, qtbot, path):
    path.write_text("import time\nwhile True:\n    time.sleep(0.01)\n")
    window.session.user_rules.open(path)
    path.write_text(MINE)
    qtbot.waitUntil(lambda: titles(window)[2:] == ["Mine"])
    assert not window.runs_panel.files.isVisible()


# The command line


def test_that_the_command_line_opens_the_window_with_the_rules_of_files(qapp, qtbot, path, tmp_path, monkeypatch):
    other = tmp_path / "second.py"
    other.write_text("def second(x, f, t):\n    print(t)\n    return x * 0.99\n")
    seen = []

    def live(application, experiment, files):
        from gdviewer.ui.app.main_window import MainWindow

        window = MainWindow(experiment)
        for file, version in files.items():
            window.session.user_rules.watch(file, version)
        window.show()
        window.session.player.finish()
        seen.append((titles(window), window.session.user_rules.output.lines()[:2]))
        path.write_text(MINE.replace("0.01", "0.02"))
        qtbot.waitUntil(lambda: rate(window) == 0.02)
        window.close()
        window.deleteLater()
        return 0

    monkeypatch.setattr(startup, "_live", live)
    monkeypatch.setattr(startup, "choose_platform", lambda *_: startup.Platform(None, True))
    assert main(["--optimizer", str(path), "--optimizer", str(other)]) == 0
    assert seen == [(["Gradient descent", "Adam", "Mine", "Second"], ["1", "2"])]


def test_that_the_command_line_reports_what_is_wrong_with_a_file(path, capsys):
    path.write_text("def mine(x, f):\n    return (\n")
    assert main(["--optimizer", str(path)]) == 2
    assert f"{path}, line 2: SyntaxError" in capsys.readouterr().err
    assert main(["run", "himmelblau", "--optimizer", str(path)]) == 2
    assert "line 2: SyntaxError" in capsys.readouterr().err
    assert main(["--optimizer", str(path) + "x"]) == 2
    assert "can't be read: No such file" in capsys.readouterr().err


def test_that_a_run_without_a_window_takes_a_rule_from_a_file(path, capsys):
    assert main(["run", "himmelblau", "--optimizer", str(path), "--learning-rate", "0.02", "--json"]) == 0
    assert '"optimizer": "mine"' in capsys.readouterr().out
    path.write_text(MINE + MINE.replace("mine", "second").replace("0.01", "0.001"))
    assert main(["run", "himmelblau", "--optimizer", str(path)]) == 2
    assert "has 2 optimizers; name one" in capsys.readouterr().err
    assert main(["run", "himmelblau", "--optimizer", f"{path}:second"]) == 0
    assert "Second on Himmelblau" in capsys.readouterr().out
    assert main(["run", "himmelblau", "--optimizer", f"{path}:secnd"]) == 2
    assert "did you mean 'second'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        ("if t == 7:\n        raise ValueError('seven')", "after step 6: ValueError: seven (line 3 of mine: raise"),
        ("return x[:1]", "after step 0: mine returned a point of shape (1,); it must be of shape (2,) (line 2 of mine"),
        ("import sys; sys.exit()", "after step 0: SystemExit"),
    ],
)
def test_that_the_command_line_reports_where_a_rule_fails(path, capsys, line, reported):
    path.write_text(MINE.replace("f, *", "f, t, *").replace("    return", f"    {line}\n    return"))
    assert main(["run", "himmelblau", "--optimizer", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gdviewer: Mine, ")
    assert reported in err
