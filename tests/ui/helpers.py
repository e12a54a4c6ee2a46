"""Actions and look-ups that the tests of the window share."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QLabel, QLineEdit, QMainWindow

from gdviewer.engine.run.run import Run


def type_into(qtbot: Any, field: QLineEdit, text: str, enter: bool = True) -> None:
    """Replace the text of a field by typing; an empty text deletes it."""
    field.setFocus()
    field.selectAll()
    if text:
        qtbot.keyClicks(field, text)
    else:
        qtbot.keyClick(field, Qt.Key.Key_Delete)
    if enter:
        qtbot.keyClick(field, Qt.Key.Key_Return)


def fits(label: QLabel) -> bool:
    """True if all words of a label are visible."""
    if label.wordWrap():
        return label.height() + 1 >= label.heightForWidth(label.width())
    return label.width() + 1 >= label.minimumSizeHint().width()


def docks_of(window: QMainWindow) -> list[QDockWidget]:
    """Return the docks of all panels."""
    return window.findChildren(QDockWidget)


def dock_of(window: QMainWindow, name: str) -> QDockWidget:
    """Return the dock of a panel."""
    dock = window.findChild(QDockWidget, name)
    assert dock is not None, [dock.objectName() for dock in docks_of(window)]
    return dock


def trigger(window: QMainWindow, text: str) -> None:
    """Choose the entry of a menu with a text."""
    entries = (action for action in window.findChildren(QAction) if not action.menu())
    (action,) = (action for action in entries if action.text().replace("&", "") == text)
    action.trigger()


def drawing_of(plot: Any, run: Run) -> Any:
    """Return the items that draw a run in a plot; fail if there are none."""
    return plot._drawings[run]  # drawing_of of the plot would make them
