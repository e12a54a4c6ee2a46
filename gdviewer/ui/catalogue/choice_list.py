"""A grouped list that is searched by typing and tells of each entry before it is chosen."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from gdviewer.text import tr
from gdviewer.ui.widgets.theme import MATH_FONTS, look

_KEY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class ListEntry:
    """An entry of a list: what it is called, the heading it stands under, and what is told before choosing it.

    Attributes:
        summary: a sentence; source: where it is from; words: what else it is found by.
        formula: gives its lines of mathematics, two spaces a step of indentation; asked for when they are shown.
        facts: gives further lines that are told below the formula.
        refusal: why it can't be chosen now, in a few words; empty where it can.
    """

    key: str
    title: str
    group: str
    summary: str = ""
    source: str = ""
    words: str = ""
    formula: Callable[[], Sequence[str]] = tuple
    facts: Callable[[], Sequence[str]] = tuple
    refusal: str = ""

    def rank(self, text: str) -> int | None:
        """How near the entry is to what is looked for, 0 the nearest; None where some word is not in it at all."""
        words, title = folded(text).split(), folded(self.title)
        near = f"{title} {folded(self.key)} {folded(self.group)}"
        far = f"{near} {folded(self.summary)} {folded(self.source)} {folded(self.words)}"
        where = [title == " ".join(words), title.startswith(" ".join(words))]
        where += [all(word in place for word in words) for place in (title, near, far)]
        return where.index(True) if any(where) else None


_MATH = ", ".join([*map(repr, MATH_FONTS), "serif"])
_FAR = 4  # the rank of an entry that has the words in its description only


class ChoiceList(QFrame):
    """The list as a popup: the entries on the left, what the current one is on the right.

    Args:
        what: what is chosen, such as "Optimizer".
        current: the key of the entry that is chosen now.
        room: how many entries may be ticked; None where one is chosen with a click.
        confirm: the text of the button that takes what is ticked, given how many that are.
        hint: a line that is told below the list.

    Signals:
        chosen: the key of the one entry.
        picked: the keys of the entries that were ticked, in that order.
    """

    chosen = Signal(str)
    picked = Signal(list)

    def __init__(
        self, choices: Sequence[ListEntry], what: str, parent: QWidget, *, current: str = "", room: int | None = None,
        confirm: Callable[[int], str] = str, hint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._choices = {choice.key: choice for choice in choices}
        self._current, self._room, self._confirm, self._hint = current, room, confirm, hint
        self._ticked: list[str] = []
        self._typing = False
        self._mouse = QCursor.pos()
        self._row = QSize(0, round(1.4 * self.fontMetrics().height()))
        self.search = QLineEdit(placeholderText=tr("Search by name, group, idea or source"), clearButtonEnabled=True)
        self.search.setAccessibleName(tr("Search"))
        self.list = QListWidget(uniformItemSizes=True, focusPolicy=Qt.FocusPolicy.NoFocus, mouseTracking=True)
        self.list.setAccessibleName(what)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.details = QTextBrowser(openLinks=False)
        self.details.setAccessibleName(tr("What it is"))
        self.details.setFrameShape(QFrame.Shape.NoFrame)
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.button = QPushButton(objectName="primary")
        columns = QHBoxLayout(spacing=6)
        columns.addWidget(self.list, 2)
        columns.addWidget(self.details, 3)
        foot = QHBoxLayout(spacing=6)
        foot.addWidget(self.message, 1)
        foot.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.search)
        layout.addLayout(columns, 1)
        layout.addLayout(foot)
        self.button.setVisible(room is not None)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list.viewport().installEventFilter(self)
        self.list.currentItemChanged.connect(self._describe)
        self.list.itemClicked.connect(self._take)
        self.button.clicked.connect(self._finish)
        self._fill("")
        self._tell()
        self.search.setFocus()

    def open_at(self, anchor: QWidget) -> None:
        """Show the list below a widget, over the middle of a window, or where the screen has room for it."""
        room = anchor.screen().availableGeometry()
        line = self.fontMetrics().height()
        self.resize(min(52 * line, room.width() - 20), min(36 * line, room.height() - 40))
        at = anchor.mapToGlobal(QPoint(0, anchor.height()))
        if anchor.isWindow():
            at = anchor.geometry().center() - self.rect().center()
        at.setX(max(room.left(), min(at.x(), room.right() - self.width())))
        at.setY(max(room.top(), min(at.y(), room.bottom() - self.height())))
        self.move(at)
        self.show()
        self.list.scrollToItem(self.list.currentItem(), QAbstractItemView.ScrollHint.PositionAtCenter)

    # The list

    def _fill(self, text: str) -> None:
        self._typing = bool(text)
        self.list.clear()
        for heading, choices in self._sections(text):
            top = QListWidgetItem(heading, self.list)
            top.setFlags(Qt.ItemFlag.NoItemFlags)
            top.setSizeHint(self._row)
            font = top.font()
            font.setBold(True)
            top.setFont(font)
            for choice in choices:
                self._add(choice)
        chosen = [row for row in range(self.list.count()) if self._key(row) and self._key(row) == self._current]
        if chosen and not text.strip():
            self.list.setCurrentRow(chosen[0])
        else:
            self._move(1, start=-1)
        if not self.list.count():
            self.details.setPlainText(tr("Nothing has all of that in its name, group, description or source."))

    def _sections(self, text: str) -> Iterator[tuple[str, list[ListEntry]]]:
        """The headings with their entries; looked for, the nearest first, and those that only tell of it at the end."""
        found = [(rank, choice) for choice in self._choices.values() if (rank := choice.rank(text)) is not None]
        found.sort(key=lambda pair: pair[0] if text.strip() else 0)
        near = [choice for rank, choice in found if rank < _FAR]
        for group in dict.fromkeys(choice.group for choice in near):
            yield group, [choice for choice in near if choice.group == group]
        if len(near) < len(found):
            yield tr("In the description"), [choice for rank, choice in found if rank >= _FAR]

    def _add(self, choice: ListEntry) -> None:
        item = QListWidgetItem(f"  {choice.title}", self.list)
        item.setData(_KEY, choice.key)
        item.setSizeHint(self._row)
        if choice.refusal:
            item.setText(f"  {choice.title}  ({choice.refusal})")
            item.setForeground(QColor(look().theme.muted))
            font = item.font()
            font.setItalic(True)
            item.setFont(font)
        elif self._room is not None:
            on = choice.key in self._ticked
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _key(self, row: int) -> str:
        return self.list.item(row).data(_KEY) or ""

    def _move(self, by: int, start: int | None = None) -> None:
        """Go up or down by so many rows, or as far as there are any, and on to the next that is no heading."""
        rows = [row for row in range(self.list.count()) if self._key(row)]
        if not rows:
            return
        target = (self.list.currentRow() if start is None else start) + by
        beyond = [row for row in (rows if by > 0 else rows[::-1]) if (row - target) * by >= 0]
        self.list.setCurrentRow(beyond[0] if beyond else rows[-1] if by > 0 else rows[0])
        if self.list.currentRow() == rows[0]:
            self.list.scrollToTop()  # with its heading

    def _describe(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_KEY):
            self.details.setHtml(details_html(self._choices[item.data(_KEY)], self.fontMetrics().averageCharWidth()))

    # Choosing

    def _take(self, item: QListWidgetItem | None) -> None:
        """Choose an entry, or tick it or not; say why where it can't be."""
        choice = self._choices.get(item.data(_KEY)) if item else None
        if choice is None:
            return
        if choice.refusal:
            self._tell(tr("{title} can't be chosen here: {reason}", title=choice.title, reason=choice.refusal))
        elif self._room is None:
            self.close()
            self.chosen.emit(choice.key)
        elif choice.key not in self._ticked and len(self._ticked) >= self._room:
            self._tell(tr("There is no room for more than {n}: take off a tick first.", n=self._room))
        else:
            on = choice.key not in self._ticked
            self._ticked.append(choice.key) if on else self._ticked.remove(choice.key)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.search.selectAll()  # what is typed next is another search
            self._tell()

    def _finish(self) -> None:
        """Take what is ticked; the current entry where nothing is."""
        if not self._ticked:
            self._take(self.list.currentItem())
        if self._ticked:
            self.close()
            self.picked.emit(list(self._ticked))

    def _tell(self, refusal: str = "") -> None:
        if self._room is not None:
            self.button.setText(self._confirm(len(self._ticked)))
            self.button.setEnabled(bool(self._ticked))
        self.message.setText(refusal or self._hint)
        self.message.setVisible(bool(self.message.text()))
        self.message.setProperty("role", "error" if refusal else "muted")
        self.message.style().polish(self.message)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        if event.type() == QEvent.Type.MouseMove and QCursor.pos() != self._mouse:
            # A hand that moves looks at entries; a list that scrolls under a mouse at rest does not.
            self._mouse = QCursor.pos()
            item = self.list.itemAt(event.position().toPoint())
            if item is not None and item.data(_KEY):
                self.list.setCurrentItem(item)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        """Keys while searching: those that move in the list and choose from it."""
        page = max(1, self.list.viewport().height() // max(1, self.list.sizeHintForRow(0)) - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        if event.key() in steps:
            self._typing = False
            self._move(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish() if self._room is not None else self._take(self.list.currentItem())
        elif event.key() == Qt.Key.Key_Space and self._room is not None and not self._typing:
            self._take(self.list.currentItem())
        else:
            return False
        return True


def folded(text: str) -> str:
    """Text as it is compared: without case, accents, and kinds of dashes."""
    plain = unicodedata.normalize("NFKD", text.replace("–", "-").replace("_", " ")).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character))


def details_html(choice: ListEntry, width: int) -> str:
    """What is told of an entry; ``width`` is that of a character, by which the lines of a formula are indented."""
    theme = look().theme
    muted = f'style="color: {theme.muted}"'
    parts = [f"<p><big><b>{escape(choice.title)}</b></big> &nbsp; <span {muted}>{escape(choice.group)}</span></p>"]
    if choice.refusal:
        parts.append(f'<p style="color: {theme.error}">{escape(choice.refusal)}</p>')
    if lines := list(choice.formula()):
        rows = "".join(_formula_line(line, width) for line in lines)
        line = f"border-collapse: collapse; border-style: solid; border-color: {theme.line}"
        frame = f'border="1" style="{line}" bgcolor="{theme.window}"'
        parts.append(f'<table width="100%" cellspacing="0" cellpadding="8" {frame}><tr><td>{rows}</td></tr></table>')
    if choice.summary:
        parts.append(f"<p>{escape(choice.summary)}</p>")
    if facts := list(choice.facts()):
        parts.append(f"<p>{'<br>'.join(map(escape, facts))}</p>")
    if choice.source:
        parts.append(f"<p {muted}>{escape(tr('Source: {source}', source=choice.source))}</p>")
    return "".join(parts)


def _formula_line(line: str, width: int) -> str:
    """A line that hangs where it is too long, so that what goes on is not taken for another line."""
    text = line.lstrip()
    left = (len(line) - len(text) + 4) * width
    style = f"margin: 1px 0 1px {left}px; text-indent: {-4 * width}px; font-family: {_MATH}"
    return f'<p style="{style}">{escape(text)}</p>'
