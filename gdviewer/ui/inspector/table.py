"""An array of any size as a table."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QLabel, QTableView, QVBoxLayout, QWidget

from gdviewer.engine.notation.values import value_text
from gdviewer.text import tr

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_MAX_COPIED = 10**6  # cells


class ArrayModel(QAbstractTableModel):
    """The numbers of an array, shape (n,) or (…, n); the text of a cell is made when it is shown."""

    def __init__(self, array: NDArray[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = array.reshape(-1, 1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else self.cells.shape[0]

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else self.cells.shape[1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
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
    """A window with all numbers of an array; selected cells can be copied."""

    def __init__(self, title: str, array: NDArray[Any], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.view = QTableView()
        self._model = ArrayModel(array, self)
        self.view.setModel(self._model)
        self.view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.view.setAccessibleName(title)
        width = self.view.fontMetrics().horizontalAdvance("−0.00000000e−000")
        self.view.horizontalHeader().setDefaultSectionSize(width)
        self.view.verticalHeader().setDefaultSectionSize(round(1.5 * self.view.fontMetrics().height()))
        self.view.horizontalHeader().setVisible(self._model.columnCount() > 1)
        note = QLabel(f"{value_text(array) if array.size > 6 else title}   ·   {tr('Ctrl+C copies the selection')}")
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addWidget(note)
        QShortcut(QKeySequence.StandardKey.Copy, self.view, self.copy, context=Qt.ShortcutContext.WidgetShortcut)
        columns = min(self._model.columnCount(), 6)
        self.resize(max(320, columns * width + 110), 460)

    def copy(self) -> None:
        """Copy the smallest block with all selected cells, separated by tabs, with all digits."""
        selected = self.view.selectionModel().selection()
        ranges = [selected.at(i) for i in range(selected.count())]
        if not ranges:
            return
        top, bottom = min(r.top() for r in ranges), max(r.bottom() for r in ranges)
        left, right = min(r.left() for r in ranges), max(r.right() for r in ranges)
        block = self._model.cells[top : bottom + 1, left : right + 1]
        if block.size <= _MAX_COPIED:
            text = "\n".join("\t".join(map(repr, row)) for row in block.tolist())
            QGuiApplication.clipboard().setText(text)
