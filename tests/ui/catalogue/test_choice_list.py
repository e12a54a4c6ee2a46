"""The lists that optimizers and problems are chosen from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QMouseEvent, QTextDocument, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import expression, formulas, name_text
from gdviewer.experiment.catalogue import minima_text
from gdviewer.ui.catalogue.choice_list import ChoiceList, ListEntry, details_html
from gdviewer.ui.catalogue.choices import optimizer_choices, problem_choices
from gdviewer.ui.widgets.theme import THEMES, look

pytestmark = pytest.mark.display


KEY = Qt.ItemDataRole.UserRole
CHOICES = [
    ListEntry("plain", "Gradient descent", "Descent", "Straight down.", "Cauchy 1847"),
    ListEntry("ball", "Heavy ball", "Descent", "Rolls, unlike Adam.", "Polyak 1964"),
    ListEntry("newton", "Newton", "Curvature", "By the Hessian.", "textbook", refusal="needs a Hessian"),
    ListEntry(
        "adam", "Adam", "Adaptive", "Both moments.", "Kingma & Ba 2015", formula=lambda: ["m ← m̂", "  x ← x − <η>"]
    ),
    ListEntry("adamw", "AdamW", "Adaptive", "Decays apart.", "Loshchilov & Hutter 2019", facts=lambda: ["λ = 0.01"]),
    ListEntry("nadam", "NAdam", "Adaptive", "With Nesterov's look ahead.", "Dozat 2016"),
    ListEntry("mueller", "Müller–Brown", "Paths", "Chemists' vanishing slopes.", "Müller & Brown 1979"),
]


@pytest.fixture
def open_list(qtbot, qapp) -> Iterator:
    """Open lists of made-up entries; they are gone afterwards."""
    anchor = QWidget()
    anchor.resize(200, 40)
    anchor.show()
    opened = []

    def open_one(choices=CHOICES, **options) -> ChoiceList:
        popup = ChoiceList(choices, "Optimizer", anchor, **options)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        popup.taken = []
        popup.chosen.connect(popup.taken.append)
        popup.picked.connect(popup.taken.append)
        popup.open_at(anchor)
        opened.append(popup)
        return popup

    yield open_one
    for popup in opened:
        popup.close()
    anchor.close()
    anchor.deleteLater()
    opened.clear()
    look().choose("system")
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def rows(popup) -> list[str]:
    return [popup.list.item(i).text().strip() for i in range(popup.list.count())]


def current(popup) -> str:
    return popup.list.currentItem().data(KEY)


def click(qtbot, popup, key: str) -> None:
    item = next(popup.list.item(i) for i in range(popup.list.count()) if popup.list.item(i).data(KEY) == key)
    popup.list.scrollToItem(item)
    position = popup.list.visualItemRect(item).center()
    qtbot.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=position)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("adam", ["Adaptive", "Adam", "AdamW", "NAdam", "In the description", "Heavy ball"]),
        ("kingma", ["In the description", "Adam"]),
        ("vanishing", ["In the description", "Müller–Brown"]),
        ("muller-brown", ["Paths", "Müller–Brown"]),
        ("descent", ["Descent", "Gradient descent", "Heavy ball"]),
        ("ahead nesterov", ["In the description", "NAdam"]),
        ("nadam", ["Adaptive", "NAdam"]),
        ("xyz", []),
    ],
)
def test_that_titles_are_found_before_descriptions(open_list, qtbot, text, found):
    popup = open_list()
    qtbot.keyClicks(popup.search, text)
    assert rows(popup) == found
    if found:
        assert popup.list.currentRow() == 1
    else:
        assert "No entry has all of these words" in popup.details.toPlainText()


def test_that_a_problem_is_found_by_the_data_it_can_have(qapp):
    found = {choice.key for choice in problem_choices() if choice.rank("parity") is not None}
    assert "network" in found
    assert "linear_regression" in {c.key for c in problem_choices() if c.rank("three features") is not None}


def test_that_all_that_is_known_of_an_entry_is_reported(open_list):
    popup = open_list(current="adam")
    reported = popup.details.toPlainText()
    for text in ("Adam", "Adaptive", "Both moments.", "m ← m̂", "x ← x − <η>", "Kingma & Ba 2015"):
        assert text in reported


def shown(choice: ListEntry) -> str:
    """The words shown for an entry."""
    document = QTextDocument()
    document.setHtml(details_html(choice, 8))
    return " ".join(document.toPlainText().split())


def test_that_every_optimizer_is_reported_with_its_rule(qapp):
    reported = {choice.key: shown(choice) for choice in optimizer_choices(problems.get("rosenbrock"))}
    assert list(reported) == optimizers.names()
    for name, text in reported.items():
        o = optimizers.get(name)
        symbols = [f"{name_text(key)} = " for key in o.hyperparameters]
        for words in (o.title, o.summary, o.source, *formulas(o.function), *symbols):
            assert " ".join(words.split()) in text


def test_that_every_problem_is_reported_with_its_formula_and_minima(qapp):
    reported = {choice.key: shown(choice) for choice in problem_choices()}
    assert list(reported) == problems.names()
    for name, text in reported.items():
        p = problems.get(name)
        known = p.batch_text if isinstance(p, problems.Network) else minima_text(p)
        for words in (p.title, p.why, p.source, expression(p.formula), known):
            assert " ".join(words.split()) in text


def test_that_what_is_chosen_now_can_be_seen(open_list):
    many = [ListEntry(str(i), f"Entry {i}", f"Group {i // 10}") for i in range(120)]
    popup = open_list(many, current="97")
    assert current(popup) == "97"
    assert popup.list.viewport().rect().contains(popup.list.visualItemRect(popup.list.currentItem()))


def test_that_keys_move_over_headings_and_pages(open_list, qtbot):
    popup = open_list([ListEntry(str(i), f"Entry {i}", f"Group {i // 3}") for i in range(120)], current="2")
    for key, expected in (("Down", "3"), ("Up", "2"), ("Up", "1"), ("Up", "0"), ("Up", "0"), ("PageUp", "0")):
        qtbot.keyClick(popup.search, getattr(Qt.Key, f"Key_{key}"))
        assert current(popup) == expected
    assert popup.list.verticalScrollBar().value() == 0  # so the first heading is seen
    qtbot.keyClick(popup.search, Qt.Key.Key_PageDown)
    assert int(current(popup)) > 5
    for _ in range(40):
        qtbot.keyClick(popup.search, Qt.Key.Key_PageDown)
    assert current(popup) == "119"
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert popup.taken == ["119"]
    assert not popup.isVisible()


def test_that_escape_chooses_nothing(open_list, qtbot):
    popup = open_list()
    qtbot.keyClick(popup.search, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert popup.taken == []


def test_that_the_wheel_scrolls_the_list(open_list, qtbot):
    popup = open_list([ListEntry(str(i), f"Entry {i}", "Group") for i in range(120)])
    qtbot.waitUntil(lambda: popup.list.verticalScrollBar().maximum() > 0)
    view = popup.list.viewport()
    at, where = QPointF(20, 20), QPointF(view.mapToGlobal(QPoint(20, 20)))
    nothing = Qt.KeyboardModifier.NoModifier
    turn = (QPoint(0, 0), QPoint(0, -240), Qt.MouseButton.NoButton, nothing, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(view, QWheelEvent(at, where, *turn))
    assert popup.list.verticalScrollBar().value() > 0
    assert current(popup) == "0"


def test_that_an_entry_is_reported_when_the_mouse_comes_to_it(open_list, monkeypatch):
    popup = open_list()
    item = next(popup.list.item(i) for i in range(popup.list.count()) if popup.list.item(i).data(KEY) == "adamw")
    position = QPointF(popup.list.visualItemRect(item).center())
    view = popup.list.viewport()
    where = QPointF(view.mapToGlobal(position.toPoint()))
    monkeypatch.setattr(QCursor, "pos", where.toPoint)
    none = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        view, QMouseEvent(QEvent.Type.MouseMove, position, where, none, none, Qt.KeyboardModifier.NoModifier)
    )
    assert current(popup) == "adamw"
    assert "λ = 0.01" in popup.details.toPlainText()


@pytest.mark.parametrize("room", [None, 5])
def test_that_what_is_refused_is_reported_with_the_reason_and_not_taken(open_list, qtbot, room):
    popup = open_list(room=room)
    assert "Newton  (needs a Hessian)" in rows(popup)
    click(qtbot, popup, "newton")
    assert popup.isVisible()
    assert popup.taken == []
    assert "needs a Hessian" in popup.message.text()
    assert popup.message.property("role") == "error"
    assert "needs a Hessian" in popup.details.toPlainText()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space)[: 1 if room is None else 2]:
        qtbot.keyClick(popup.search, key)
    assert popup.isVisible()
    assert popup.taken == []
    click(qtbot, popup, "ball")
    if room:
        qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert popup.taken == (["ball"] if room is None else [["ball"]])


def test_that_ticks_are_kept_over_searches_and_taken_in_their_order(open_list, qtbot):
    popup = open_list(room=5, confirm=lambda n: f"Add {n}")
    assert not popup.button.isEnabled()
    qtbot.keyClicks(popup.search, "nadam")
    click(qtbot, popup, "nadam")
    qtbot.keyClicks(popup.search, "heavy ball")  # over the last search, and with a space in it
    assert popup.search.text() == "heavy ball"
    qtbot.keyClick(popup.search, Qt.Key.Key_Down)
    qtbot.keyClick(popup.search, Qt.Key.Key_Space)
    popup.search.clear()
    click(qtbot, popup, "adam")
    click(qtbot, popup, "plain")
    click(qtbot, popup, "adam")
    ticked = [
        popup.list.item(i).data(KEY)
        for i in range(popup.list.count())
        if popup.list.item(i).checkState() == Qt.CheckState.Checked
    ]
    assert ticked == ["plain", "ball", "nadam"]
    assert popup.button.text() == "Add 3"
    popup.button.click()
    assert popup.taken == [["nadam", "ball", "plain"]]


def test_that_enter_takes_the_current_entry_where_none_is_ticked(open_list, qtbot):
    popup = open_list(room=5)
    qtbot.keyClicks(popup.search, "adamw")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert popup.taken == [["adamw"]]


@pytest.mark.parametrize("theme", THEMES)
def test_that_a_long_rule_is_reported_whole_within_the_screen(open_list, qtbot, theme):
    look().choose(theme)
    lines = [f"  x{i} ← {' + '.join(['β₁·m'] * 30)}" for i in range(40)]
    popup = open_list([ListEntry("long", "Long", "G", "S", formula=lambda: lines)])
    room = popup.screen().availableGeometry()
    assert room.contains(popup.geometry())
    qtbot.waitUntil(lambda: popup.details.verticalScrollBar().maximum() > 0)
    assert popup.details.horizontalScrollBar().maximum() == 0
    assert "x39" in popup.details.toPlainText()
