"""A grouped list with a search field, which describes each entry before it is chosen."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QKeyEvent, QMouseEvent
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
    """An entry of a list.

    Attributes:
        key: its key; title: its title; group: its heading.
        summary: a sentence; source: its reference; words: more words by which it is found.
        formula: returns the lines of its formula, indented by two spaces a level; called when they are shown.
        facts: returns the lines below the formula.
        refusal: the reason why it can't be chosen; empty if it can.
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
        """Return the rank of the entry in a search, 0 for the best match; None if it lacks one of the words."""
        words, title = folded(text).split(), folded(self.title)
        names = f"{title} {folded(self.key)} {folded(self.group)}"
        everything = f"{names} {folded(self.summary)} {folded(self.source)} {folded(self.words)}"
        matches = [title == " ".join(words), title.startswith(" ".join(words))]
        matches += [all(word in text for word in words) for text in (title, names, everything)]
        return matches.index(True) if any(matches) else None


_MATH = ", ".join([*map(repr, MATH_FONTS), "serif"])
_IN_DESCRIPTION = 4  # the rank of an entry that has the words only in its description


class ChoiceList(QFrame):
    """A popup with the entries on the left and a description of the current one on the right.

    Args:
        choices: the entries.
        name: the accessible name of the list, such as "Optimizer".
        parent: the parent widget.
        current: the key of the current entry.
        room: the maximum number of ticked entries; None if a click chooses one entry.
        confirm: returns the text of the button for a number of ticked entries.
        hint: a line below the list.

    Attributes:
        search: the search field; list: the entries; details: the description.
        message: the hint or the reason of a refusal; button: the button that confirms ticked entries.

    Signals:
        chosen: the key of the chosen entry.
        picked: the keys of the ticked entries, in the order of the ticks.
    """

    chosen = Signal(str)
    picked = Signal(list)

    def __init__(
        self, choices: Sequence[ListEntry], name: str, parent: QWidget, *, current: str = "", room: int | None = None,
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
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName(name)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.details = QTextBrowser(openLinks=False)
        self.details.setAccessibleName(tr("Description"))
        self.details.setFrameShape(QFrame.Shape.NoFrame)
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self._lay_out()
        self.button.setVisible(room is not None)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list.viewport().installEventFilter(self)
        self.list.currentItemChanged.connect(self._describe)
        self.list.itemClicked.connect(self._choose)
        self.button.clicked.connect(self._finish)
        self._fill("")
        self._show_message()
        self.search.setFocus()

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(6)
        columns.addWidget(self.list, 2)
        columns.addWidget(self.details, 3)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.message, 1)
        foot.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.search)
        layout.addLayout(columns, 1)
        layout.addLayout(foot)

    def open_at(self, anchor: QWidget) -> None:
        """Show the list below a widget or over the middle of a window, within the screen."""
        screen = anchor.screen().availableGeometry()
        line = self.fontMetrics().height()
        self.resize(min(52 * line, screen.width() - 20), min(36 * line, screen.height() - 40))
        at = anchor.mapToGlobal(QPoint(0, anchor.height()))
        if anchor.isWindow():
            at = anchor.geometry().center() - self.rect().center()
        at.setX(max(screen.left(), min(at.x(), screen.right() - self.width())))
        at.setY(max(screen.top(), min(at.y(), screen.bottom() - self.height())))
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
            self.details.setPlainText(tr("No entry has all of these words in its name, group, description or source."))

    def _sections(self, text: str) -> Iterator[tuple[str, list[ListEntry]]]:
        """Yield the headings with their entries; in a search the best matches first, description matches last."""
        found = [(rank, choice) for choice in self._choices.values() if (rank := choice.rank(text)) is not None]
        found.sort(key=lambda pair: pair[0] if text.strip() else 0)
        named = [choice for rank, choice in found if rank < _IN_DESCRIPTION]
        for group in dict.fromkeys(choice.group for choice in named):
            yield group, [choice for choice in named if choice.group == group]
        if len(named) < len(found):
            yield tr("In the description"), [choice for rank, choice in found if rank >= _IN_DESCRIPTION]

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
        """Move by a number of rows, within the list, to the next entry that is not a heading."""
        rows = [row for row in range(self.list.count()) if self._key(row)]
        if not rows:
            return
        target = (self.list.currentRow() if start is None else start) + by
        beyond = [row for row in (rows if by > 0 else rows[::-1]) if (row - target) * by >= 0]
        self.list.setCurrentRow(beyond[0] if beyond else rows[-1] if by > 0 else rows[0])
        if self.list.currentRow() == rows[0]:
            self.list.scrollToTop()  # show its heading too

    def _describe(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_KEY):
            self.details.setHtml(details_html(self._choices[item.data(_KEY)], self.fontMetrics().averageCharWidth()))

    # Choosing

    def _choose(self, item: QListWidgetItem | None) -> None:
        """Choose an entry or change its tick; show the reason if that is not possible."""
        choice = self._choices.get(item.data(_KEY)) if item else None
        if item is None or choice is None:
            return
        if choice.refusal:
            self._show_message(tr("{title} can't be chosen here: {reason}", title=choice.title, reason=choice.refusal))
        elif self._room is None:
            self.close()
            self.chosen.emit(choice.key)
        elif choice.key not in self._ticked and len(self._ticked) >= self._room:
            self._show_message(tr("At most {n} can be ticked: untick one first.", n=self._room))
        else:
            on = choice.key not in self._ticked
            self._ticked.append(choice.key) if on else self._ticked.remove(choice.key)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.search.selectAll()  # the next text replaces the search
            self._show_message()

    def _finish(self) -> None:
        """Confirm the ticked entries; without any, choose the current one."""
        if not self._ticked:
            self._choose(self.list.currentItem())
        if self._ticked:
            self.close()
            self.picked.emit(list(self._ticked))

    def _show_message(self, refusal: str = "") -> None:
        if self._room is not None:
            self.button.setText(self._confirm(len(self._ticked)))
            self.button.setEnabled(bool(self._ticked))
        self.message.setText(refusal or self._hint)
        self.message.setVisible(bool(self.message.text()))
        self.message.setProperty("role", "error" if refusal else "muted")
        self.message.style().polish(self.message)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove and QCursor.pos() != self._mouse:
            # Qt also reports a move when the list scrolls below a resting mouse.
            self._mouse = QCursor.pos()
            item = self.list.itemAt(event.position().toPoint())
            if item is not None and item.data(_KEY):
                self.list.setCurrentItem(item)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        """Handle the keys that move in the list and choose from it; return True for such a key."""
        page = max(1, self.list.viewport().height() // max(1, self.list.sizeHintForRow(0)) - 1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        if event.key() in steps:
            self._typing = False
            self._move(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish() if self._room is not None else self._choose(self.list.currentItem())
        elif event.key() == Qt.Key.Key_Space and self._room is not None and not self._typing:
            self._choose(self.list.currentItem())
        else:
            return False
        return True


def folded(text: str) -> str:
    """Return a text for comparison: without case, accents and kinds of dashes."""
    plain = unicodedata.normalize("NFKD", text.replace("–", "-").replace("_", " ")).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character))


def details_html(choice: ListEntry, width: int) -> str:
    """Return the description of an entry as HTML; ``width`` is the width of a character in pixels."""
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
    """Return a line of a formula as HTML, with a hanging indent if it is wrapped."""
    text = line.lstrip()
    left = (len(line) - len(text) + 4) * width
    style = f"margin: 1px 0 1px {left}px; text-indent: {-4 * width}px; font-family: {_MATH}"
    return f'<p style="{style}">{escape(text)}</p>'
