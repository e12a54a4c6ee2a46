"""Putting a network together without code, in the problem panel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTabBar,
    QTreeWidget,
)

from gdviewer import optimizers
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.networks.network import Network
from gdviewer.ui.widgets.theme import THEMES, look
from tests.ui.helpers import fits, type_into


def pick(window, name: str = "network", page: int = 1) -> Network:
    window.problem_panel.choose(name)
    window.problem_panel.builder.setCurrentIndex(page)
    return window.session.experiment.problem


def choose(field, word: str) -> None:
    field.entry.setCurrentIndex(field.entry.findData(word))


def rows(window) -> list[tuple[str, str, str]]:
    """The texts in the list; of a message only its text."""
    tree = window.problem_panel.builder.layers.tree
    found = []
    for i in range(tree.topLevelItemCount()):
        item = tree.topLevelItem(i)
        label = tree.itemWidget(item, 0)
        found.append((label.text(),) if label else tuple(item.text(column) for column in range(3)))
    return found


def select(window, position: int) -> None:
    tree = window.problem_panel.builder.layers.tree
    tree.setCurrentItem(tree.topLevelItem(position))


def layers_of(window) -> str:
    return window.session.experiment.problem.values["layers"]


def test_that_each_layer_has_a_row_with_its_shape_and_weights(window):
    pick(window, "convolutional_network")
    assert rows(window) == [
        ("Conv2D 8 3×3 relu", "6×6×8", "80"), ("MaxPool2D 2", "3×3×8", "–"), ("Flatten", "72", "–"),
        ("Dense 10", "10", "730"),
    ]  # fmt: skip


def test_that_the_start_and_the_formula_give_way_to_a_sentence_on_the_weights(window):
    pick(window, "digits_network", page=2)
    panel = window.problem_panel
    assert not panel.start.isVisible()
    assert not panel.formula.isVisible()
    assert panel.builder.weights.text() == "Loss: cross entropy. 2,410 weights, he, seed 0."
    panel.choose("sphere")
    assert panel.start.isVisible()
    assert panel.formula.isVisible()
    assert not panel.builder.isVisible()


@pytest.mark.display
def test_that_layers_are_added_sized_moved_and_removed(window, qtbot):
    pick(window)
    builder = window.problem_panel.builder.layers
    select(window, 0)
    next(a for a in builder.add_button.menu().actions() if a.text() == "Dropout").trigger()
    assert layers_of(window) == "8, dropout 0.2, 8"
    assert builder.chosen == 1
    qtbot.mouseClick(builder.up, Qt.MouseButton.LeftButton)
    assert layers_of(window) == "dropout 0.2, 8, 8"
    qtbot.keyClick(builder.tree, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert layers_of(window) == "8, dropout 0.2, 8"
    qtbot.keyClick(builder.tree, Qt.Key.Key_Delete)
    assert layers_of(window) == "8, 8"
    select(window, 0)
    units = builder.fields.fields["units"]
    assert isinstance(units, QSpinBox)
    type_into(qtbot, units, "24")
    assert layers_of(window) == "24, 8"
    box = builder.fields.fields["activation"]
    box.setCurrentIndex(box.findData("relu"))
    assert layers_of(window) == "24 relu, 8"
    assert window.session.experiment.problem.dimension == 2 * 24 + 24 + 24 * 8 + 8 + 8 + 1


@pytest.mark.display
def test_that_a_row_is_dragged_to_another_place(window, qtbot):
    pick(window, "network")
    type_into(qtbot, window.problem_panel.builder.layers.entry, "9, 7, 5")
    tree = window.problem_panel.builder.layers.tree
    select(window, 2)
    tree.insertTopLevelItem(0, tree.takeTopLevelItem(2))  # what a drop does; the drag itself is Qt's
    tree.moved.emit(2)
    assert layers_of(window) == "5, 9, 7"
    assert window.problem_panel.builder.layers.chosen == 0


@pytest.mark.display
def test_that_a_layer_that_does_not_fit_is_reported_at_its_row_and_the_last_good_network_goes_on(window):
    network = pick(window, "convolutional_network")
    builder = window.problem_panel.builder.layers
    select(window, 2)
    builder.remove()
    assert rows(window)[-2:] == [("Dense 10", "", "–"), ("Flatten before Dense: the input is 3×3×8",)]
    assert window.session.experiment.problem is network
    assert builder.entry.text() == "conv 8 3x3, maxpool 2"
    choose(window.problem_panel.fields["init"], "glorot")  # another edit: what was entered stays
    assert window.session.experiment.problem.values["layers"] == "conv 8 3x3, maxpool 2, flatten"
    assert rows(window)[-1] == ("Flatten before Dense: the input is 3×3×8",)
    select(window, 1)
    next(a for a in builder.add_button.menu().actions() if a.text() == "Flatten").trigger()
    assert rows(window)[-1] == ("Dense 10", "10", "730")
    assert builder.pending is None


@pytest.mark.display
def test_that_undo_takes_back_layers_that_do_not_fit_and_no_more(window, qtbot):
    network = pick(window, "convolutional_network")
    builder = window.problem_panel.builder.layers
    select(window, 2)
    qtbot.mouseClick(builder.delete, Qt.MouseButton.LeftButton)
    assert "the network has: conv 8 3x3, maxpool 2, flatten." in builder.note.text()
    builder.tree.setFocus()
    qtbot.keyClick(builder.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert builder.pending is None
    assert not builder.note.isVisible()
    assert rows(window)[-1] == ("Dense 10", "10", "730")
    assert window.session.experiment.problem is network
    qtbot.keyClick(builder.tree, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.experiment.problem is not network


@pytest.mark.display
def test_that_layers_entered_for_other_data_hold_once_these_are_chosen(window, qtbot):
    pick(window)
    type_into(qtbot, window.problem_panel.builder.layers.entry, "conv 4 3x3, flatten")
    assert "Conv2D needs images" in rows(window)[1][0]
    choose(window.problem_panel.fields["data"], "digits")
    assert layers_of(window) == "conv 4 3x3, flatten"
    assert rows(window)[0] == ("Conv2D 4 3×3 tanh", "6×6×4", "40")


@pytest.mark.display
@pytest.mark.parametrize(
    ("text", "reported"), [("8, 9x", "write it as dense 32 relu"), ("8,, 8", "missing"), ("dens 8", "did you mean")]
)
def test_that_a_text_that_is_no_layers_is_reported_below_it_and_nothing_is_lost(window, qtbot, text, reported):
    network = pick(window)
    entry = window.problem_panel.builder.layers.entry
    type_into(qtbot, entry, text)
    assert reported in entry.message.text()
    assert entry.message.isVisible()
    assert entry.text() == text
    assert window.session.experiment.problem is network


@pytest.mark.display
def test_that_too_many_weights_are_reported_at_the_row(window, qtbot):
    pick(window)
    type_into(qtbot, window.problem_panel.builder.layers.entry, "3000, 3000")
    assert rows(window)[2] == ("9,012,000 weights are more than 2,000,000, the most there can be",)
    assert layers_of(window) == "8, 8"


def test_that_no_layers_are_a_regression_and_said_to_be(window):
    pick(window)
    builder = window.problem_panel.builder.layers
    for _ in range(2):
        select(window, 0)
        builder.remove()
    assert layers_of(window) == ""
    assert builder.note.text() == "Without hidden layers, this is logistic regression."
    assert window.session.experiment.problem.dimension == 3


def test_that_data_of_another_kind_bring_layers_that_suit_them_and_undo_brings_all_back(window):
    before = pick(window, "digits_network", page=0)
    panel = window.problem_panel
    choose(panel.fields["loss"], "cross_entropy")
    choose(panel.fields["data"], "echo")
    assert layers_of(window) == "rnn 12 every"
    assert panel.builder.notes.text() == "Layers changed to fit the data: rnn 12 every."
    assert panel.builder.notes.isVisible()
    choose(panel.fields["data"], "sine")
    assert window.session.experiment.problem.values["loss"] == "auto"
    assert "Loss changed to fit the targets: mean squared error." in panel.builder.notes.text()
    for _ in range(3):
        window.session.undo()
    assert window.session.experiment.problem is before
    assert rows(window)[1][0] == "Dense 32 relu"
    assert not panel.builder.notes.isVisible()


def test_that_only_what_has_an_effect_on_the_data_is_shown(window):
    pick(window, page=0)
    fields = window.problem_panel.fields
    assert fields["samples"].isVisible()
    assert fields["data_noise"].isVisible()
    choose(fields["data"], "digits")
    fields = window.problem_panel.fields
    assert not any(fields[name].isVisible() for name in ("samples", "data_noise", "scale_ratio"))
    assert fields["data_seed"].isVisible()
    window.problem_panel.builder.setCurrentIndex(2)
    assert not fields["init_scale"].isVisible()
    choose(fields["init"], "small")
    assert fields["init_scale"].isVisible()


@pytest.mark.display
def test_that_a_batch_larger_than_the_data_is_said_to_be(window, qtbot):
    pick(window, page=2)
    type_into(qtbot, window.problem_panel.fields["batch_size"].entry, "5000")
    reported = window.problem_panel.builder.batch.text()
    assert reported == "Every step sees all 320 rows. A batch of 5,000 is larger than the data."


def test_that_a_loss_that_does_not_fit_is_reported_and_the_one_before_stays(window):
    network = pick(window, page=2)
    field = window.problem_panel.fields["loss"]
    choose(field, "huber")
    assert window.session.experiment.problem is network
    assert field.entry.currentData() == "auto"
    builder = window.problem_panel.builder
    assert "the loss can be cross_entropy" in builder.messages[2].text()
    assert builder.messages[2].isVisible()
    choose(field, "hinge")
    assert not builder.messages[2].isVisible()


def test_that_the_data_entry_is_of_the_network_s_page_and_comes_back_for_a_regression(window):
    pick(window, page=0)
    data = window.problem_panel.data
    assert data.open_button.isVisible()
    window.problem_panel.builder.setCurrentIndex(1)
    assert not data.open_button.isVisible()
    window.problem_panel.choose("linear_regression")
    assert data.open_button.isVisible()
    assert data.formula.isVisible()


def open_table(window, qtbot, tmp_path, text: str):
    path = tmp_path / "own.csv"
    path.write_text(text)
    shown = window.problem_panel.data.origin.text()
    window.problem_panel.open_file(str(path))
    data = window.problem_panel.data
    qtbot.waitUntil(lambda: bool(data.message.text()) or data.origin.text() != shown)


def test_that_a_table_of_one_s_own_is_learnt(window, qtbot, tmp_path):
    pick(window, "convolutional_network", page=0)
    lines = "".join(f"{i},{i * 0.5},{'pqr'[i % 3]}\n" for i in range(30))
    open_table(window, qtbot, tmp_path, "a,b,kind\n" + lines)
    panel = window.problem_panel
    network = window.session.experiment.problem
    assert network.train.classes == ("p", "q", "r")
    assert network.shape_text == "2-8-8-3"
    assert panel.data.origin.text() == (
        "Trained on 24 of 30 rows of own.csv, tested with 6. 2 features; 3 classes: p, q, r."
    )
    assert "Layers changed to fit the data: 8, 8." in panel.builder.notes.text()
    panel.data.target.setCurrentText("b")
    assert window.session.experiment.problem.loss_name == "mean_squared_error"
    panel.data.swap_button.click()
    assert window.session.experiment.problem.values["data"] == "digits"


def test_that_few_whole_numbers_are_classes_unless_read_as_numbers(window, qtbot, tmp_path):
    pick(window, page=0)
    open_table(window, qtbot, tmp_path, "a,stars\n" + "".join(f"{i * 0.3:.1f},{i % 5}\n" for i in range(40)))
    data = window.problem_panel.data
    assert window.session.experiment.problem.train.classes == ("0", "1", "2", "3", "4")
    assert data.reading.isVisible()
    data.reading.setCurrentIndex(data.reading.findData(False))
    assert window.session.experiment.problem.loss_name == "mean_squared_error"
    assert data.origin.text().endswith("One feature; numbers to predict: stars.")
    window.problem_panel.choose("linear_regression")
    assert not data.reading.isVisible()


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("a,b\nx,y\nu,v\n", "no column of numbers to predict 'b' from"),
        ("a,b\n1,2\nnan,3\n", "no value in line 3"),
        ("a,b\n1,p\n2,p\n", "there is one class only"),
        ("a,b\n1,2\n", "at least two are needed"),
    ],
)
def test_that_a_table_that_cannot_be_learnt_is_reported_and_the_network_stays(window, qtbot, tmp_path, text, reported):
    network = pick(window, page=0)
    open_table(window, qtbot, tmp_path, text)
    assert reported in window.problem_panel.data.message.text()
    assert window.problem_panel.data.message.isVisible()
    assert window.session.experiment.problem is network


def test_that_a_network_begins_with_runs_that_suit_it_and_one_s_own_are_kept(window):
    session = window.session
    before = session.experiment
    pick(window)
    (plan,) = session.experiment.runs
    assert (plan.optimizer.name, plan.hyperparameters["learning_rate"]) == ("adam", 0.003)
    assert session.experiment.limits.tolerance is None
    window.problem_panel.choose("himmelblau")
    assert session.experiment.runs == before.runs
    assert session.experiment.limits == before.limits
    momentum = RunPlan(optimizers.get("momentum"))
    session.edit(session.experiment.with_more(momentum))
    runs = session.experiment.runs
    pick(window)
    assert session.experiment.runs == runs


def test_that_undo_says_what_was_edited_of_a_network(window):
    pick(window, "digits_network")
    select(window, 1)
    window.problem_panel.builder.layers.add(window.problem_panel.builder.layers.layers[0])
    assert window.session.undo_history.undo_text == "layers of Neural network: digits"


@pytest.mark.display
def test_that_a_layer_that_grows_in_one_go_is_one_edit(window, qtbot):
    pick(window)
    select(window, 0)
    units = window.problem_panel.builder.layers.fields.fields["units"]
    for _ in range(4):
        qtbot.keyClick(units, Qt.Key.Key_Up)
    assert layers_of(window) == "12, 8"
    window.session.undo()
    assert layers_of(window) == "8, 8"


def test_that_the_list_is_as_high_as_its_rows(window):
    pick(window, "convolutional_network")
    tree = window.problem_panel.builder.layers.tree
    last = tree.visualItemRect(tree.topLevelItem(tree.topLevelItemCount() - 1))
    assert 0 <= tree.viewport().height() - last.bottom() < 12
    assert tree.itemAt(QPoint(5, last.center().y())) is not None


@pytest.mark.parametrize("theme", THEMES)
def test_that_nothing_of_the_panel_is_cut_off_and_all_of_it_is_named(window, qtbot, theme):
    look().choose(theme)
    pick(window, "convolutional_network")
    panel = window.problem_panel
    panel.builder.layers.add(panel.builder.layers.layers[0])
    for page in range(3):
        panel.builder.setCurrentIndex(page)
        for position in range(4 if page == 1 else 1):
            select(window, position)
            qtbot.wait(20)
            assert window.width() == 1280
            assert panel.width() <= panel.parentWidget().width()
            for owner in (panel, window.progress, window.limits_panel):
                labels = [label for label in owner.findChildren(QLabel) if label.isVisible() and label.text()]
                assert [label.text() for label in labels if not fits(label)] == []
            for kind in (QAbstractButton, QAbstractSlider, QLineEdit, QComboBox, QAbstractSpinBox, QTreeWidget):
                for control in panel.findChildren(kind):
                    inner = isinstance(control.parent(), (QAbstractSpinBox, QComboBox, QTabBar))
                    if control.isVisible() and not inner and not control.objectName().startswith("qt_"):
                        assert control.toolTip(), control
                        assert control.accessibleName() or control.text(), control


def test_that_an_entry_is_not_reported_of_with_other_data(window):
    pick(window, "convolutional_network", page=0)
    assert window.problem_panel.why.isVisible()
    choose(window.problem_panel.fields["data"], "moons")
    assert not window.problem_panel.why.isVisible()
    assert window.windowTitle().startswith("Neural network")
    choose(window.problem_panel.fields["data"], "digits")
    assert window.windowTitle().startswith("Convolutional network: digits")
