"""A confusion matrix as a picture: numbers on shades, with the classes at its edges."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.text import tr
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.widgets.theme import Theme, look

_ROOM = 6  # pixels between things
_RULED = 8.0  # pixels of a cell from which on there are lines between them
_LABELS = 0.3  # of the width that the names of the classes may take


class Matrix(QWidget):
    """Counts of each class, in rows, by the class they are taken for, in columns.

    What is right is shaded in one colour, what is wrong in another, each by its share of the row. Where cells are too
    small for them, numbers are left out.

    Signals:
        hovered: what the cell under the mouse counts, as a line of text; empty for none.
        clicked: the cell that was clicked: row and column.
    """

    hovered = Signal(str)
    clicked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.counts = np.zeros((0, 0), dtype=int)
        self.classes: tuple[str, ...] = ()
        self.cell: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(180, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Confusion matrix: rows are the true classes, columns what they are taken for"))
        self.setToolTip(
            tr("Rows: true class. Columns: class told by the network. Darker: a larger share of its row; the diagonal "
               "is right. Click on a cell to list its rows among the predictions.")
        )  # fmt: skip

    def sizeHint(self) -> QSize:
        return QSize(330, 330)

    def show_counts(self, counts: np.ndarray, classes: tuple[str, ...], cell: tuple[int, int] | None) -> None:
        """Show others; ``cell`` has a frame."""
        self.counts, self.classes, self.cell = counts, classes, cell
        self.update()

    def rect_of(self, row: int, column: int) -> QRect:
        """Where a cell is drawn."""
        left, top, size = self._place()
        return QRectF(left + column * size, top + row * size, size, size).toRect()

    def describe(self, row: int, column: int) -> str:
        """What a cell counts, with the recall of its row and the precision of its column."""
        counts, k = self.counts, int(self.counts[row, column])
        right, own, told = int(counts[row, row]), int(counts[row].sum()), int(counts[:, column].sum())
        hit = int(counts[column, column])
        return tr(
            "{k} that are {true}, told {told}   recall of {true}: {recall}   precision of {told}: {precision}",
            k=f"{k:,}", true=self.classes[row], told=self.classes[column],
            recall=_share(right, own), precision=_share(hit, told),
        )  # fmt: skip

    def _place(self) -> tuple[float, float, float]:
        """Left and top of the cells, and the size of one."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self.classes), default=0)
        line = metrics.height()
        left = line + 2 * _ROOM + min(widest, _LABELS * self.width())
        top = 2 * line + 2 * _ROOM
        k = max(1, len(self.counts))
        size = max(1.0, min((self.width() - left - _ROOM) / k, (self.height() - top - _ROOM) / k))
        left += max(0.0, (self.width() - left - _ROOM - k * size) / 2)  # in the middle of the room there is
        return left, top, size

    def paintEvent(self, event: object) -> None:
        theme, painter = look().theme, QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.plot))
        k = len(self.counts)
        if not k:
            return
        left, top, size = self._place()
        line, metrics = self.fontMetrics().height(), self.fontMetrics()
        cells = QRectF(left, top, k * size, k * size)
        painter.drawImage(cells, self._shades(theme))
        painter.setPen(QPen(QColor(theme.line), 1))
        edges = [i * size for i in range(k + 1) if size >= _RULED or i in (0, k)]
        painter.drawLines([QLineF(left + at, top, left + at, cells.bottom()) for at in edges])
        painter.drawLines([QLineF(left, top + at, cells.right(), top + at) for at in edges])
        painter.setPen(QColor(theme.text))
        if metrics.horizontalAdvance(f"{self.counts.max():,}") + 2 <= size and line <= size:
            for row, column in np.argwhere(self.counts).tolist():
                box = self.rect_of(row, column)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{self.counts[row, column]:,}")
        if self.cell and max(self.cell) < k:
            painter.setPen(QPen(QColor(theme.text), 3))
            painter.drawRect(self.rect_of(*self.cell))
        painter.setPen(QColor(theme.text))
        stride = max(1, int(np.ceil(line / size)))
        elided = Qt.TextElideMode.ElideRight
        for i in range(0, k, stride):
            name = self.classes[i]
            room = QRectF(line + _ROOM, top + i * size, left - line - 2 * _ROOM, size * stride)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(room, align, metrics.elidedText(name, elided, int(room.width())))
            room = QRectF(left + i * size, line + _ROOM, size * stride, line)
            align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(room, align, metrics.elidedText(name, elided, max(int(room.width()), 2 * line // 3)))
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(left, 2, k * size, line), Qt.AlignmentFlag.AlignCenter, tr("told by the network"))
        painter.rotate(-90)
        painter.drawText(
            QRectF(-top - k * size, 2, k * size, line), Qt.AlignmentFlag.AlignCenter, tr("true class")
        )  # fmt: skip

    def _shades(self, theme: Theme) -> QImage:
        """A pixel for each cell."""
        k = len(self.counts)
        share = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        strong = (0.75 * np.sqrt(share))[..., None]  # of the root, so that single mistakes are seen
        paper, right, wrong = (
            np.array(color.getRgb()[:3]) for color in (QColor(theme.plot), class_color(theme, 0), class_color(theme, 1))
        )
        color = np.where(np.eye(k, dtype=bool)[..., None], right, wrong)
        pixels = np.round(strong * color + (1 - strong) * paper).astype(np.uint8)
        return QImage(pixels.tobytes(), k, k, 3 * k, QImage.Format.Format_RGB888).copy()

    def _cell_at(self, place: QPoint) -> tuple[int, int] | None:
        left, top, size = self._place()
        column, row = int((place.x() - left) // size), int((place.y() - top) // size)
        k = len(self.counts)
        return (row, column) if 0 <= row < k and 0 <= column < k else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        self.hovered.emit(self.describe(*cell) if cell else "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*cell)

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit("")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
