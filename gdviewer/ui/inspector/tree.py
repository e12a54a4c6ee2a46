"""The lines of a step as a tree that is gone through with the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPointF, QRect, Qt, Signal
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


class _ReportModel(QAbstractItemModel):
    """The rows as Qt asks for them."""

    def __init__(
        self, told: Callable[[ReportRow], str], is_pinned: Callable[[ReportRow], bool], parent: QTreeView
    ) -> None:
        super().__init__(parent)
        self._told, self._is_pinned = told, is_pinned
        self.rows: Sequence[ReportRow] = ()

    def take(self, rows: Sequence[ReportRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def index_of(self, row: ReportRow) -> QModelIndex:
        return self.createIndex(row.place, 0, row)

    def index(self, place: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's
        rows = self._below(parent)
        return self.createIndex(place, column, rows[place]) if 0 <= place < len(rows) else QModelIndex()

    def parent(self, index: QModelIndex) -> QModelIndex:  # type: ignore[override] # QObject has one of that name too
        above = index.internalPointer().parent if index.isValid() else None
        return self.index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return len(self._below(parent))

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row: ReportRow = index.internalPointer()
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._told(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " = ".join(filter(None, [self._told(row), row.numbers, row.value])) + f" {row.change} {row.error}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if self._is_pinned(row) else None
        return None

    def _below(self, parent: QModelIndex) -> Sequence[ReportRow]:
        return parent.internalPointer().children if parent.isValid() else self.rows


class LinesView(QTreeView):
    """Shows the rows of a step. ↓ and ↑ go from line to line; ← and → stay with the window, where they go through time.

    Signals:
        looked_at: the row that is current now, or None.
        table_wanted: a row whose value is to be shown as a table.
        pin_wanted: a row whose value is to be pinned, or no longer.
    """

    looked_at = Signal(object)
    table_wanted = Signal(object)
    pin_wanted = Signal(object)

    def __init__(self, is_pinned: Callable[[ReportRow], bool]) -> None:
        super().__init__(headerHidden=True, indentation=15, expandsOnDoubleClick=False)
        self.cell = Cell(self)
        self._is_pinned = is_pinned
        self._rows = _ReportModel(self.cell.line_of, is_pinned, self)
        self._wish = ""  # the key of the line that was chosen last, whether this step has it or not
        self._folds: dict[str, bool] = {}  # what was folded or opened by hand
        self._filling = False
        self.setModel(self._rows)
        self.setItemDelegate(self.cell)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName(tr("Lines of the step"))
        self.restyle()
        self.expanded.connect(lambda index: self._remember(index, True))
        self.collapsed.connect(lambda index: self._remember(index, False))
        self.selectionModel().currentChanged.connect(self._look)

    @property
    def rows(self) -> Sequence[ReportRow]:
        """The rows at the top."""
        return self._rows.rows

    @property
    def current(self) -> ReportRow | None:
        """The row that is looked at."""
        index = self.currentIndex()
        return index.internalPointer() if index.isValid() else None

    def take(self, rows: Sequence[ReportRow]) -> None:
        """Show the rows of another step, opened and folded, scrolled and with the same line current as before."""
        bar = self.verticalScrollBar()
        top = bar.value()
        self._rows.take(rows)
        self._unfold(rows)
        current = self._find(self._wish) or self._usual()
        self._filling = True  # it is told of once, below
        if current:
            self.selectionModel().setCurrentIndex(
                self._rows.index_of(current), self.selectionModel().SelectionFlag.ClearAndSelect
            )
        self.executeDelayedItemsLayout()
        bar.setValue(top)
        self._filling = False
        self.looked_at.emit(current)

    def choose(self, row: ReportRow) -> None:
        """Look at a row, and open what it is folded into."""
        self.setCurrentIndex(self._rows.index_of(row))
        self.scrollTo(self.currentIndex())

    def restyle(self) -> None:
        """Take the theme's colours."""
        palette = self.palette()
        for group, focused in ((QPalette.ColorGroup.Active, True), (QPalette.ColorGroup.Inactive, False)):
            palette.setColor(group, QPalette.ColorRole.Highlight, chosen_tint(focused))
        self.setPalette(palette)
        self.relay()

    def relay(self) -> None:
        """Lay the rows out anew: they take other room."""
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def fold(self, row: ReportRow) -> None:
        """Open or fold a row."""
        index = self._rows.index_of(row)
        self.setExpanded(index, not self.isExpanded(index))

    def _find(self, key: str) -> ReportRow | None:
        return next((row for first in self.rows for row in first.walk() if row.key == key), None) if key else None

    def _usual(self) -> ReportRow | None:
        """What is looked at unless something else was chosen: the line that failed, or else the last that made a point
        or a vector."""
        rows = [row for first in self.rows for row in first.walk() if row.of_rule]
        failed = next((row for row in rows if row.error), None)
        vectors = [row for row in rows if row.vector is not None and not (row.executed and row.executed.returns)]
        made = [row for row in vectors if row.is_place] or vectors
        return failed or (made[-1] if made else None)

    def _look(self, index: QModelIndex) -> None:
        if self._filling or not index.isValid():
            return
        row = index.internalPointer()
        if self.hasFocus():
            self._wish = row.key
        self.looked_at.emit(row)

    def _remember(self, index: QModelIndex, on: bool) -> None:
        if not self._filling:
            row: ReportRow = index.internalPointer()
            self._folds[row.key] = on
            if on:
                self._unfold(row.children)

    def _unfold(self, rows: Sequence[ReportRow]) -> None:
        """Open rows that are to be open, as far as they are seen; those below a folded row when that is opened."""
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
            self.pin_wanted.emit(row)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Copy) and row is not None:
            QGuiApplication.clipboard().setText(
                self._rows.data(self.currentIndex(), Qt.ItemDataRole.AccessibleTextRole)
            )
        else:
            event.ignore()  # the rest is the window's

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._open(index.internalPointer())

    def _open(self, row: ReportRow) -> None:
        if row.children:
            self.fold(row)
        elif row.is_large:
            self.table_wanted.emit(row)

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
        """What can be done with a row."""
        menu = QMenu(self)
        if row.children:
            menu.addAction(tr("Fold or open\tEnter"), lambda: self.fold(row))
        if row.can_be_pinned:
            text = tr("Unpin {name}\tP") if self._is_pinned(row) else tr("Pin {name} as arrow and curve\tP")
            menu.addAction(text.format(name=row.symbol), lambda: self.pin_wanted.emit(row))
        if row.is_large or row.vector is not None:
            menu.addAction(tr("Show as a table"), lambda: self.table_wanted.emit(row))
        told = self._rows.data(self._rows.index_of(row), Qt.ItemDataRole.AccessibleTextRole)
        menu.addAction(tr("Copy line\tCtrl+C"), lambda: QGuiApplication.clipboard().setText(told))
        return menu

    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex) -> None:
        """A triangle beside the first line of a row that can be opened."""
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
        """Letters are the window's shortcuts."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.relay()


def _tip(row: ReportRow) -> str:
    """All that a row tells, at full length, and its value in more digits."""
    parts = [f"<pre>{escape(row.code)}</pre>", escape(row.text) if row.text != row.code else ""]
    parts += [f"= {escape(row.numbers)}" if row.numbers else ""]
    if row.amount is not None:
        parts.append(f"<b>{escape(row.symbol)} = {escape(value_text(row.amount, EXACT))}</b>")
    elif row.value:
        parts.append(escape(row.value))
    if row.error:
        parts.append(f'<span style="color: {look().theme.error}">{escape(row.error)}</span>')
    if row.change:
        parts.append(escape(tr("Of all lines this changed most: {how}.", how=row.change)))
    return "<qt>" + "<br>".join(filter(None, parts)) + "</qt>"
