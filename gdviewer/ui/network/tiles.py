"""Numbers as small pictures: orange below zero, blue above, the ground's colour at zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from gdviewer.text import tr
from gdviewer.ui.widgets.theme import Theme

Told = Callable[[int, int], str]


def colors_of(values: NDArray[np.float64], scale: float, theme: Theme) -> NDArray[np.uint8]:
    """The colours (…, 4) of numbers from −scale to scale; what is no number has the colour of errors."""
    table = theme.signed_colors()
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(np.clip(values / (scale or 1.0), -1, 1))
    colors = table[255 + np.rint(255 * shares).astype(int)]
    colors[~np.isfinite(values)] = QColor(theme.error).getRgb()
    return colors


def color_of(value: float, scale: float, theme: Theme) -> QColor:
    """The colour of one number."""
    if not math.isfinite(value):
        return QColor(theme.error)
    share = min(max(value / (scale or 1.0), -1.0), 1.0)
    return QColor(*theme.signed_colors()[255 + round(255 * share)].tolist())


def scale_of(*values: NDArray[np.float64]) -> float:
    """The largest finite size among numbers: that which has the full colour."""
    largest = [np.abs(part[np.isfinite(part)]).max(initial=0.0) for part in values]
    return float(max(largest, default=0.0)) or 1.0


def legend() -> str:
    """What the colours mean, for a tool tip."""
    return tr("Blue: positive. Orange: negative. The stronger, the larger; the ground's colour is zero.")


@dataclass
class Tile:
    """A picture of numbers (height, width) in its place.

    Attributes:
        told: the words for the number in a row and column.
    """

    rect: QRectF
    values: NDArray[np.float64]
    scale: float
    told: Told

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint it with a thin frame."""
        colors = np.ascontiguousarray(colors_of(self.values, self.scale, theme))
        height, width = self.values.shape
        image = QImage(colors.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        painter.drawImage(self.rect, image)
        painter.setPen(QColor(theme.line))
        painter.drawRect(self.rect)

    def place(self, row: float, column: float) -> QPointF:
        """Where the middle of a number is."""
        height, width = self.values.shape
        return QPointF(
            self.rect.left() + (column + 0.5) * self.rect.width() / width,
            self.rect.top() + (row + 0.5) * self.rect.height() / height,
        )

    def text_at(self, position: QPointF) -> str:
        """What is told of a place in it; empty outside."""
        if not self.rect.contains(position):
            return ""
        height, width = self.values.shape
        row = int((position.y() - self.rect.top()) / self.rect.height() * height)
        column = int((position.x() - self.rect.left()) / self.rect.width() * width)
        return self.told(min(row, height - 1), min(column, width - 1))
