"""A confusion matrix as a picture: counts on shaded cells, with the classes at the edges."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.text import tr
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.widgets.theme import Theme, look

_GAP = 6  # pixels between items
_MIN_LINED = 8.0  # smallest size of a cell with lines around it, in pixels
_MAX_LABELS = 0.3  # maximum share of the width for the names of the classes


class Matrix(QWidget):
    """Counts for each true class (rows) and predicted class (columns).

    Correct predictions are shaded in one colour and wrong ones in another, by their share of the row. The counts are
    omitted if the cells are too small for them.

    Attributes:
        counts: the counts, shape (classes, classes).
        classes: the names of the classes.
        cell: row and column of the framed cell; None for none.

    Signals:
        hovered: a line of text about the cell under the mouse; empty for none.
        clicked: row and column of the cell that was clicked.
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
        self.setAccessibleName(tr("Confusion matrix: rows are the true classes, columns the predicted classes"))
        self.setToolTip(
            tr("Rows: true class. Columns: predicted class. Darker: a larger share of the row; the diagonal is "
               "correct. Click a cell to list its rows on the page of predictions.")
        )  # fmt: skip

    def sizeHint(self) -> QSize:
        return QSize(330, 330)

    def show_counts(self, counts: np.ndarray, classes: tuple[str, ...], cell: tuple[int, int] | None) -> None:
        """Show the counts, shape (classes, classes), with a frame around ``cell``."""
        self.counts, self.classes, self.cell = counts, classes, cell
        self.update()

    def rect_of(self, row: int, column: int) -> QRect:
        """Return the rectangle of a cell in pixels."""
        left, top, size = self._geometry()
        return QRectF(left + column * size, top + row * size, size, size).toRect()

    def describe(self, row: int, column: int) -> str:
        """Return the text on a cell, with the recall of its true class and the precision of its predicted class."""
        counts, k = self.counts, int(self.counts[row, column])
        recall = _share(int(counts[row, row]), int(counts[row].sum()))
        precision = _share(int(counts[column, column]), int(counts[:, column].sum()))
        return tr(
            "{true} predicted as {predicted}: {k}   recall of {true}: {recall}   "
            "precision of {predicted}: {precision}",
            k=f"{k:,}", true=self.classes[row], predicted=self.classes[column], recall=recall, precision=precision,
        )  # fmt: skip

    def _geometry(self) -> tuple[float, float, float]:
        """Return the left and top edges of the cells, and the size of one, in pixels."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self.classes), default=0)
        line = metrics.height()
        left = line + 2 * _GAP + min(widest, _MAX_LABELS * self.width())
        top = 2 * line + 2 * _GAP
        k = max(1, len(self.counts))
        size = max(1.0, min((self.width() - left - _GAP) / k, (self.height() - top - _GAP) / k))
        left += max(0.0, (self.width() - left - _GAP - k * size) / 2)  # centred in the free width
        return left, top, size

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = look().theme, QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.plot))
        k = len(self.counts)
        if not k:
            return
        left, top, size = self._geometry()
        line, metrics = self.fontMetrics().height(), self.fontMetrics()
        cells = QRectF(left, top, k * size, k * size)
        painter.drawImage(cells, self._shades(theme))
        painter.setPen(QPen(QColor(theme.line), 1))
        edges = [i * size for i in range(k + 1) if size >= _MIN_LINED or i in (0, k)]
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
            label = QRectF(line + _GAP, top + i * size, left - line - 2 * _GAP, size * stride)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, align, metrics.elidedText(name, elided, int(label.width())))
            label = QRectF(left + i * size, line + _GAP, size * stride, line)
            align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(label, align, metrics.elidedText(name, elided, max(int(label.width()), 2 * line // 3)))
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(left, 2, k * size, line), Qt.AlignmentFlag.AlignCenter, tr("predicted class"))
        painter.rotate(-90)
        painter.drawText(
            QRectF(-top - k * size, 2, k * size, line), Qt.AlignmentFlag.AlignCenter, tr("true class")
        )  # fmt: skip

    def _shades(self, theme: Theme) -> QImage:
        """Return an image with one pixel for each cell."""
        k = len(self.counts)
        share = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        strong = (0.75 * np.sqrt(share))[..., None]  # the root makes single mistakes visible
        background, correct, wrong = (
            np.array([color.red(), color.green(), color.blue()])
            for color in (QColor(theme.plot), class_color(theme, 0), class_color(theme, 1))
        )
        color = np.where(np.eye(k, dtype=bool)[..., None], correct, wrong)
        pixels = np.round(strong * color + (1 - strong) * background).astype(np.uint8)
        return QImage(pixels.tobytes(), k, k, 3 * k, QImage.Format.Format_RGB888).copy()

    def _cell_at(self, position: QPoint) -> tuple[int, int] | None:
        left, top, size = self._geometry()
        column, row = int((position.x() - left) // size), int((position.y() - top) // size)
        k = len(self.counts)
        return (row, column) if 0 <= row < k and 0 <= column < k else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        self.hovered.emit(self.describe(*cell) if cell else "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*cell)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
