"""A simple editor for Python: line numbers, colours, indentation, and a mark at the line of an error."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QMimeData, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from gdviewer.ui.code.highlighter import PythonHighlighter
from gdviewer.ui.widgets.theme import look

_INDENT = 4
_ENDS_BLOCK = re.compile(r"\s*(return|pass|break|continue|raise)\b")


class CodeEditor(QPlainTextEdit):
    """Edits Python. Tab and Shift+Tab indent lines by four spaces; Escape moves the focus to the next control.

    Attributes:
        marked: the number of the marked line, counted from 1; None if no line is marked.
    """

    def __init__(self) -> None:
        super().__init__(lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self._numbers = _Numbers(self)
        self._highlighter = PythonHighlighter(self.document())
        self.marked: int | None = None
        self.blockCountChanged.connect(self._set_margin)
        self.updateRequest.connect(self._scroll_numbers)
        self.textChanged.connect(lambda: self.mark(None))
        look().changed.connect(self._restyle)
        self._restyle()

    def mark(self, line: int | None) -> None:
        """Mark the line of an error, counted from 1; None for no mark."""
        if line == self.marked:
            return
        self.marked = line
        marks = []
        if line is not None:
            mark = QTextEdit.ExtraSelection()
            shade = QColor(look().theme.error)
            shade.setAlphaF(0.18)
            mark.format.setBackground(shade)
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            mark.cursor = QTextCursor(self.document().findBlockByNumber(line - 1))
            marks.append(mark)
        self.setExtraSelections(marks)
        self._numbers.update()

    def go_to(self, line: int) -> None:
        """Move the cursor to the first character of a line, counted from 1."""
        block = self.document().findBlockByNumber(line - 1)
        cursor = QTextCursor(block)
        cursor.movePosition(QTextCursor.MoveOperation.Right, n=len(block.text()) - len(block.text().lstrip()))
        self.setTextCursor(cursor)
        self.centerCursor()
        self.setFocus()

    def replace_text(self, text: str) -> None:
        """Replace the whole text; Ctrl+Z restores it."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    # Keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            words = (QKeySequence.StandardKey.DeleteStartOfWord, QKeySequence.StandardKey.DeleteEndOfWord)
            if any(event.matches(key) for key in words) or event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                event.accept()  # so that the window does not use the key
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if event.key() == Qt.Key.Key_Tab and plain:
            self._indent()
        elif event.key() == Qt.Key.Key_Backtab:
            self._move_lines(-1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self._new_line()
        elif event.key() == Qt.Key.Key_Backspace and plain and self._before().isspace():
            self._unindent()
        elif event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        """Move the focus to the next control."""
        widget = self.nextInFocusChain()
        while widget and not (widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible()):
            widget = widget.nextInFocusChain()
        if widget:
            widget.setFocus(Qt.FocusReason.TabFocusReason)

    def _before(self) -> str:
        """Return the text before the cursor in its line; empty if text is selected."""
        cursor = self.textCursor()
        return "" if cursor.hasSelection() else cursor.block().text()[: cursor.positionInBlock()]

    def _indent(self) -> None:
        cursor = self.textCursor()
        if cursor.hasSelection():
            self._move_lines(1)
        else:
            cursor.insertText(" " * (_INDENT - cursor.positionInBlock() % _INDENT))

    def _unindent(self) -> None:
        cursor = self.textCursor()
        for _ in range((cursor.positionInBlock() - 1) % _INDENT + 1):
            cursor.deletePreviousChar()

    def _new_line(self) -> None:
        before = self._before()
        indent = len(before) - len(before.lstrip())
        if before.split("#")[0].rstrip().endswith(":"):
            indent += _INDENT
        elif _ENDS_BLOCK.match(before):
            indent = max(0, indent - _INDENT)
        self.textCursor().insertText("\n" + " " * indent)
        self.ensureCursorVisible()

    def _move_lines(self, by: int) -> None:
        """Indent the selected lines, or the line of the cursor, by one level; ``by`` is 1 or −1."""
        cursor = self.textCursor()
        first = self.document().findBlock(cursor.selectionStart())
        last = self.document().findBlock(max(cursor.selectionStart(), cursor.selectionEnd() - cursor.hasSelection()))
        cursor.beginEditBlock()
        block = first
        while block.isValid() and block.blockNumber() <= last.blockNumber():
            line = QTextCursor(block)
            spaces = len(block.text()) - len(block.text().lstrip(" "))
            if by > 0 and block.text().strip():
                line.insertText(" " * _INDENT)
            elif by < 0:
                line.movePosition(line.MoveOperation.Right, line.MoveMode.KeepAnchor, min(spaces, _INDENT))
                line.removeSelectedText()
            block = block.next()
        cursor.endEditBlock()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return not source.hasUrls() and super().canInsertFromMimeData(source)  # the window opens files

    # The numbers

    def numbers_width(self) -> int:
        """Return the width of the line numbers in pixels."""
        digits = max(2, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("9") * digits + 18

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.numbers_width(), inside.height()))

    def _set_margin(self, *_: object) -> None:
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)

    def _scroll_numbers(self, rect: QRect, down: int) -> None:
        if down:
            self._numbers.scroll(0, down)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def _restyle(self) -> None:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.window().font().pointSizeF())
        self.setFont(font)
        self.setStyleSheet(f"CodeEditor {{ font-family: '{font.family()}'; }}")
        self.setTabStopDistance(_INDENT * self.fontMetrics().horizontalAdvance(" "))
        self._highlighter.restyle()
        self._set_margin()

    def paint_numbers(self, event: QPaintEvent) -> None:
        """Paint the numbers of the visible lines."""
        theme = look().theme
        painter = QPainter(self._numbers)
        painter.fillRect(event.rect(), QColor(theme.window))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber() + 1
            painter.setPen(QColor(theme.muted))
            if number == self.marked:
                painter.fillRect(QRect(0, round(top), self._numbers.width(), round(height)), QColor(theme.error))
                painter.setPen(QColor(theme.base))
            rect = QRect(0, round(top), self._numbers.width() - 8, round(height))
            painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(number))
            top += height
            block = block.next()


class _Numbers(QWidget):
    def __init__(self, editor: CodeEditor) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        return QSize(self._editor.numbers_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._editor.paint_numbers(event)
