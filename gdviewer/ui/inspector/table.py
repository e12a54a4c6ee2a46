"""An array as a table, whatever its size."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QLabel, QTableView, QVBoxLayout, QWidget

from gdviewer.engine.notation.values import value_text
from gdviewer.text import tr

_MOST_COPIED = 10**6


class ArrayModel(QAbstractTableModel):
    """The numbers of an array (n,) or (…, n); a cell is made when it is seen."""

    def __init__(self, array: np.ndarray, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = array.reshape(-1, 1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else self.cells.shape[0]

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else self.cells.shape[1]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return value_text(self.cells[index.row(), index.column()], 8)
        if role == Qt.ItemDataRole.ToolTipRole:
            return repr(self.cells[index.row(), index.column()].item())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None


class ArrayTable(QDialog):
    """A window with all numbers of an array; what is selected in it can be copied."""

    def __init__(self, title: str, array: np.ndarray, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.view = QTableView()
        self.view.setModel(ArrayModel(array, self))
        self.view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.view.setAccessibleName(title)
        width = self.view.fontMetrics().horizontalAdvance("−0.00000000e−000")
        self.view.horizontalHeader().setDefaultSectionSize(width)
        self.view.verticalHeader().setDefaultSectionSize(round(1.5 * self.view.fontMetrics().height()))
        self.view.horizontalHeader().setVisible(self.view.model().columnCount() > 1)
        note = QLabel(f"{value_text(array) if array.size > 6 else title}   ·   {tr('Ctrl+C copies what is selected')}")
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addWidget(note)
        QShortcut(QKeySequence.StandardKey.Copy, self.view, self.copy, context=Qt.ShortcutContext.WidgetShortcut)
        columns = min(self.view.model().columnCount(), 6)
        self.resize(max(320, columns * width + 110), 460)

    def copy(self) -> None:
        """Copy the smallest block that holds all selected cells, with tabs between them, in all of their digits."""
        indexes = self.view.selectionModel().selection()
        if not indexes.size():
            return
        top, bottom = min(r.top() for r in indexes), max(r.bottom() for r in indexes)
        left, right = min(r.left() for r in indexes), max(r.right() for r in indexes)
        block = self.view.model().cells[top : bottom + 1, left : right + 1]
        if block.size <= _MOST_COPIED:
            text = "\n".join("\t".join(map(repr, row)) for row in block.tolist())
            QGuiApplication.clipboard().setText(text)
