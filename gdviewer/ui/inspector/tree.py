"""The lines of a step as a tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPalette,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTreeView

from gdviewer.engine.notation.values import value_text
from gdviewer.inspection.rows import EXACT, ReportRow
from gdviewer.text import tr
from gdviewer.ui.inspector.cell import ROW, Cell, chosen_tint
from gdviewer.ui.widgets.theme import look

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class _ReportModel(QAbstractItemModel):
    """The model of the rows."""

    def __init__(
        self, text: Callable[[ReportRow], str], is_pinned: Callable[[ReportRow], bool], parent: QTreeView
    ) -> None:
        super().__init__(parent)
        self._text, self._is_pinned = text, is_pinned
        self.rows: Sequence[ReportRow] = ()

    def show_rows(self, rows: Sequence[ReportRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def index_of(self, row: ReportRow) -> QModelIndex:
        return self.createIndex(row.index, 0, row)

    def index(self, row: int, column: int, parent: Index = _NO_INDEX) -> QModelIndex:
        rows = self._below(parent)
        return self.createIndex(row, column, rows[row]) if 0 <= row < len(rows) else QModelIndex()

    def parent(self, index: QModelIndex) -> QModelIndex:  # type: ignore[override] # QObject has a method of this name
        above = index.internalPointer().parent if index.isValid() else None
        return self.index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return len(self._below(parent))

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row: ReportRow = index.internalPointer()
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " = ".join(filter(None, [self._text(row), row.numbers, row.value])) + f" {row.change} {row.error}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if self._is_pinned(row) else None
        return None

    def _below(self, parent: Index) -> Sequence[ReportRow]:
        return parent.internalPointer().children if parent.isValid() else self.rows


class LinesView(QTreeView):
    """Shows the rows of a step. ↓ and ↑ go from line to line; the window uses ← and →.

    Attributes:
        cell: the delegate that paints a row.

    Signals:
        row_selected: the current row, or None.
        table_requested: a row whose value is to be shown as a table.
        pin_requested: a row whose value is to be pinned or unpinned.
    """

    row_selected = Signal(object)
    table_requested = Signal(object)
    pin_requested = Signal(object)

    def __init__(self, is_pinned: Callable[[ReportRow], bool]) -> None:
        super().__init__(headerHidden=True, indentation=15, expandsOnDoubleClick=False)
        self.cell = Cell(self)
        self._is_pinned = is_pinned
        self._rows = _ReportModel(self.cell.line_of, is_pinned, self)
        self._chosen_key = ""  # the key of the line chosen by the user; this step may not have it
        self._folds: dict[str, bool] = {}  # rows that the user folded (False) or opened (True)
        self._filling = False
        self.setModel(self._rows)
        self.setItemDelegate(self.cell)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName(tr("Lines of the step"))
        self.restyle()
        self.expanded.connect(lambda index: self._store_fold(index, True))
        self.collapsed.connect(lambda index: self._store_fold(index, False))
        self.selectionModel().currentChanged.connect(self._emit_row)

    @property
    def rows(self) -> Sequence[ReportRow]:
        """The rows at the top."""
        return self._rows.rows

    @property
    def current(self) -> ReportRow | None:
        """The current row; None if there is none."""
        index = self.currentIndex()
        return index.internalPointer() if index.isValid() else None

    def show_rows(self, rows: Sequence[ReportRow]) -> None:
        """Show the rows of another step, with the same folds, scroll position and current line."""
        bar = self.verticalScrollBar()
        top = bar.value()
        self._rows.show_rows(rows)
        self._unfold(rows)
        current = self._find(self._chosen_key) or self._default()
        self._filling = True  # the signal is emitted once, below
        if current:
            self.selectionModel().setCurrentIndex(
                self._rows.index_of(current), self.selectionModel().SelectionFlag.ClearAndSelect
            )
        self.executeDelayedItemsLayout()
        bar.setValue(top)
        self._filling = False
        self.row_selected.emit(current)

    def choose(self, row: ReportRow) -> None:
        """Make a row current, and open its ancestors."""
        self.setCurrentIndex(self._rows.index_of(row))
        self.scrollTo(self.currentIndex())

    def restyle(self) -> None:
        """Use the colours of the theme."""
        palette = self.palette()
        for group, focused in ((QPalette.ColorGroup.Active, True), (QPalette.ColorGroup.Inactive, False)):
            palette.setColor(group, QPalette.ColorRole.Highlight, chosen_tint(focused))
        self.setPalette(palette)
        self.lay_out_again()

    def lay_out_again(self) -> None:
        """Lay the rows out again, as their sizes have changed."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def fold(self, row: ReportRow) -> None:
        """Open or fold a row."""
        index = self._rows.index_of(row)
        self.setExpanded(index, not self.isExpanded(index))

    def _find(self, key: str) -> ReportRow | None:
        return next((row for first in self.rows for row in first.walk() if row.key == key), None) if key else None

    def _default(self) -> ReportRow | None:
        """Return the default row: the line that failed, or else the last line with a point or a vector."""
        rows = [row for first in self.rows for row in first.walk() if row.of_rule]
        failed = next((row for row in rows if row.error), None)
        vectors = [row for row in rows if row.vector is not None and not (row.executed and row.executed.returns)]
        points = [row for row in vectors if row.is_point] or vectors
        return failed or (points[-1] if points else None)

    def _emit_row(self, index: QModelIndex) -> None:
        if self._filling or not index.isValid():
            return
        row = index.internalPointer()
        if self.hasFocus():
            self._chosen_key = row.key
        self.row_selected.emit(row)

    def _store_fold(self, index: QModelIndex, on: bool) -> None:
        if not self._filling:
            row: ReportRow = index.internalPointer()
            self._folds[row.key] = on
            if on:
                self._unfold(row.children)

    def _unfold(self, rows: Sequence[ReportRow]) -> None:
        """Open the rows that are open by default or by the user; rows below a folded one are opened with it."""
        before, self._filling = self._filling, True
        for row in rows:
            if row.children and self._folds.get(row.key, row.unfolded):
                self.setExpanded(self._rows.index_of(row), True)
                self._unfold(row.children)
        self._filling = before

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.current, event.key()
        if row is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(row)
        elif row is not None and key == Qt.Key.Key_P and not event.modifiers():
            self.pin_requested.emit(row)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Copy) and row is not None:
            QGuiApplication.clipboard().setText(
                self._rows.data(self.currentIndex(), Qt.ItemDataRole.AccessibleTextRole)
            )
        else:
            event.ignore()  # the window handles other keys

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._open(index.internalPointer())

    def _open(self, row: ReportRow) -> None:
        if row.children:
            self.fold(row)
        elif row.is_large:
            self.table_requested.emit(row)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos()) if event.reason() == event.Reason.Mouse else self.currentIndex()
        if not index.isValid():
            return
        menu = self.menu_of(index.internalPointer())
        at = (
            event.globalPos()
            if event.reason() == event.Reason.Mouse
            else self.mapToGlobal(self.visualRect(index).center())
        )
        menu.exec(at)
        menu.deleteLater()

    def menu_of(self, row: ReportRow) -> QMenu:
        """Return the context menu of a row."""
        menu = QMenu(self)
        if row.children:
            menu.addAction(tr("Fold or open\tEnter"), lambda: self.fold(row))
        if row.can_be_pinned:
            text = tr("Unpin {name}\tP") if self._is_pinned(row) else tr("Pin {name} as arrow and curve\tP")
            menu.addAction(text.format(name=row.symbol), lambda: self.pin_requested.emit(row))
        if row.is_large or row.vector is not None:
            menu.addAction(tr("Show as a table"), lambda: self.table_requested.emit(row))
        text_of_row = self._rows.data(self._rows.index_of(row), Qt.ItemDataRole.AccessibleTextRole)
        menu.addAction(tr("Copy line\tCtrl+C"), lambda: QGuiApplication.clipboard().setText(text_of_row))
        return menu

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """Draw a triangle beside the first line of a row that can be opened."""
        row: ReportRow = index.internalPointer()
        if index == self.currentIndex():
            painter.fillRect(rect, chosen_tint(self.hasFocus()))
        if not row.children:
            return
        middle = QPointF(rect.right() - self.indentation() / 2 + 1, rect.top() + self.cell.first_line(row))
        ends = [(-4.5, -3), (4.5, -3), (0, 4)] if self.isExpanded(index) else [(-3, -4.5), (-3, 4.5), (4, 0)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look().theme.muted))
        painter.drawPolygon(QPolygonF([middle + QPointF(x, y) for x, y in ends]))
        painter.restore()

    def keyboardSearch(self, search: str) -> None:
        """Do nothing: letters are shortcuts of the window."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.lay_out_again()


def _tip(row: ReportRow) -> str:
    """Return the full text of a row, and its value with more digits."""
    parts = [f"<pre>{escape(row.code)}</pre>", escape(row.text) if row.text != row.code else ""]
    parts += [f"= {escape(row.numbers)}" if row.numbers else ""]
    if row.amount is not None:
        parts.append(f"<b>{escape(row.symbol)} = {escape(value_text(row.amount, EXACT))}</b>")
    elif row.value:
        parts.append(escape(row.value))
    if row.error:
        parts.append(f'<span style="color: {look().theme.error}">{escape(row.error)}</span>')
    if row.change:
        parts.append(escape(tr("This line changed most: {how}.", how=row.change)))
    return "<qt>" + "<br>".join(filter(None, parts)) + "</qt>"
