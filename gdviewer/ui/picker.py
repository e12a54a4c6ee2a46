"""A button that opens a grouped, searchable list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from gdviewer.ui.keys import keys_by_tab
from gdviewer.ui.text import tr


@dataclass(frozen=True)
class Choice:
    """An entry of a list: what it is called, the heading it stands under, and what is told before choosing it."""

    key: str
    title: str
    group: str
    details: str
    words: str = ""


class Picker(QPushButton):
    """Shows what is chosen; pressed, it opens a list one can search by typing.

    Args:
        choices: called when the list opens.

    Signals:
        chosen: the key of the entry.
    """

    chosen = Signal(str)

    def __init__(self, choices: Callable[[], Sequence[Choice]], what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._what = what
        self._key = ""
        self.popup: _Popup | None = None
        self.setAccessibleName(what)
        self.setToolTip(tr("{what}: click to choose from the list, or type to search it.", what=what))
        self.setStyleSheet("text-align: left; padding: 5px 8px;")
        keys_by_tab(self)
        self.clicked.connect(self.open)

    def show_choice(self, key: str, title: str) -> None:
        """Show what is chosen."""
        self._key = key
        self.setText(f"{title}  ▾")

    def open(self) -> None:
        """Open the list."""
        self.popup = _Popup(self._choices(), self._key, self._what, self)
        self.popup.chosen.connect(self.chosen)
        self.popup.setMinimumWidth(max(self.width(), 360))
        self.popup.move(self._place(self.popup))
        self.popup.show()

    def _place(self, popup: QWidget) -> QPoint:
        below = self.mapToGlobal(QPoint(0, self.height()))
        room = self.screen().availableGeometry()
        popup.resize(max(self.width(), 360), min(520, room.height() - 40))
        below.setX(max(room.left(), min(below.x(), room.right() - popup.width())))
        below.setY(max(room.top(), min(below.y(), room.bottom() - popup.height())))
        return below


class _Popup(QFrame):
    chosen = Signal(str)

    def __init__(self, choices: Sequence[Choice], current: str, what: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        groups = list(dict.fromkeys(choice.group for choice in choices))
        ordered = sorted(choices, key=lambda choice: groups.index(choice.group))
        self._choices = {choice.key: choice for choice in ordered}
        self.search = QLineEdit(placeholderText=tr("Search"), clearButtonEnabled=True)
        self.search.setAccessibleName(tr("Search"))
        self.list = QListWidget()
        self.list.setAccessibleName(what)
        self.details = QLabel(wordWrap=True, minimumHeight=96, alignment=Qt.AlignmentFlag.AlignTop)
        self.details.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.details)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list.currentItemChanged.connect(self._describe)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self._current = current
        self._fill("")
        self.search.setFocus()

    def _fill(self, text: str) -> None:
        words = text.casefold().split()
        self.list.clear()
        group = None
        for choice in self._choices.values():
            if not all(w in f"{choice.title} {choice.group} {choice.key} {choice.words}".casefold() for w in words):
                continue
            if choice.group != group:
                group = choice.group
                heading = QListWidgetItem(group, self.list)
                heading.setFlags(Qt.ItemFlag.NoItemFlags)
                font = heading.font()
                font.setBold(True)
                heading.setFont(font)
            item = QListWidgetItem(f"    {choice.title}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, choice.key)
            item.setToolTip(choice.details)
            if choice.key == self._current and not words:
                self.list.setCurrentItem(item)
        if words:
            self._move(1, start=-1)
        if not self.list.count():
            self.details.setText(tr("Nothing has that in its name."))

    def _move(self, by: int, start: int | None = None) -> None:
        row = self.list.currentRow() if start is None else start
        row += by
        while 0 <= row < self.list.count():
            if self.list.item(row).data(Qt.ItemDataRole.UserRole):
                self.list.setCurrentRow(row)
                return
            row += by

    def _describe(self, item: QListWidgetItem | None) -> None:
        key = item.data(Qt.ItemDataRole.UserRole) if item else None
        self.details.setText(self._choices[key].details if key else "")

    def _choose(self, item: QListWidgetItem | None) -> None:
        key = item.data(Qt.ItemDataRole.UserRole) if item else None
        if key:
            self.close()
            self.chosen.emit(key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {
                Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1,
            }  # fmt: skip
            if event.key() in steps:
                self._move(steps[Qt.Key(event.key())])
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)
