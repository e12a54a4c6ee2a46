"""Images of the data with their predictions: a picture, a text, and a bar for each class."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.text import tr
from gdviewer.ui.network.prediction_rows import PredictionModel
from gdviewer.ui.widgets.theme import Theme, look

_EDGE, _BARS, _GAP = 40, 26, 4  # pixels: size of a picture, height of the bars, gap between items


def picture_of(image: Array, span: tuple[float, float], theme: Theme) -> QImage:
    """Return an image of the data as a picture; with one channel, from the theme's background to its text colour.

    Args:
        image: the image, shape (height, width, channels).
        span: the values that are drawn darkest and brightest.
        theme: the theme.
    """
    low, high = span
    share = np.clip((image - low) / ((high - low) or 1.0), 0, 1)
    if image.shape[2] == 3:
        rgb = 255 * share
    else:
        background, ink = (np.array(_rgb(color)) for color in (theme.plot, theme.text))
        rgb = background + share[..., :1] * (ink - background)
    pixels = np.ascontiguousarray(np.round(rgb).astype(np.uint8))
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _rgb(color: str) -> tuple[int, int, int]:
    """Return the red, green and blue components of a colour, 0 … 255."""
    parsed = QColor(color)
    return parsed.red(), parsed.green(), parsed.blue()


class _Cell(QStyledItemDelegate):
    """Paints one image with its prediction."""

    def __init__(self, model: PredictionModel) -> None:
        super().__init__()
        self._model = model
        self._data: Dataset | None = None
        self._span = (0.0, 1.0)
        self.room = 0  # width of a line of images

    def _span_of(self, data: Dataset) -> tuple[float, float]:
        """Return the smallest and the largest value of all images."""
        if data is not self._data:
            self._data, self._span = data, (float(data.inputs.min()), float(data.inputs.max()))
        return self._span

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        least = _EDGE + option.fontMetrics.horizontalAdvance("100 %") + 4 * _GAP
        columns = max(1, self.room // least)
        return QSize(max(least, self.room // columns), max(_EDGE, 3 * option.fontMetrics.height()) + _BARS + 4 * _GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        scores, theme = self._model.scores, look().theme
        if scores is None:
            return
        row = int(self._model.order[index.row()])
        data, chances = scores.data, np.nan_to_num(scores.predictions[row])
        true, predicted, wrong = int(data.targets[row]), int(scores.predicted[row]), bool(scores.wrong[row])
        box = option.rect.adjusted(_GAP // 2, _GAP // 2, -_GAP // 2, -_GAP // 2)
        painter.save()
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.setBrush(QColor(theme.plot))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(theme.accent), 3))
        painter.drawRoundedRect(box, 4, 4)
        at = QRect(box.left() + _GAP, box.top() + _GAP, _EDGE, _EDGE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)  # so that the pixels are visible
        painter.drawImage(at, picture_of(data.inputs[row], self._span_of(data), theme))
        tall = box.height() - _BARS - 3 * _GAP
        words = QRect(at.right() + _GAP, at.top(), box.right() - at.right() - 2 * _GAP, tall)
        lines = [("✗ " if wrong else "✓ ") + data.classes[predicted], f"{100 * chances[predicted]:.0f} %"]
        if wrong:
            lines.append(tr("is {c}", c=data.classes[true]))
        height = words.height() // 3
        for i, line in enumerate(lines):
            painter.setPen(QColor(theme.error if wrong and i < 1 else theme.text if i < 1 else theme.muted))
            rect = QRect(words.left(), words.top() + i * height, words.width(), height)
            painter.drawText(
                rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, rect.width()),
            )  # fmt: skip
        baseline = box.bottom() - _GAP
        width = (box.width() - 2 * _GAP) / len(chances)
        for i, chance in enumerate(chances):
            color = theme.accent if i == true else theme.error if i == predicted else theme.muted
            left = box.left() + _GAP + i * width
            tall = round(_BARS * float(chance))
            painter.fillRect(QRect(round(left), baseline - tall, max(1, round(width) - 1), max(tall, 1)), QColor(color))
        painter.restore()


class Pictures(QListView):
    """A grid of the images in a model."""

    def __init__(self, model: PredictionModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(0)
        self._cell = _Cell(model)
        self.setItemDelegate(self._cell)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # so that the width does not change

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._cell.room = self.viewport().width() - 2
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
