"""Arrays of numbers as small pictures: negative orange, positive blue, zero in the background colour."""

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


def colors_of(values: NDArray[np.float64], scale: float, theme: Theme) -> NDArray[np.uint8]:
    """Return the RGBA colours, shape (…, 4), of numbers from −scale to scale; NaN and ±∞ have the error colour."""
    table = theme.signed_colors()
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(np.clip(values / (scale or 1.0), -1, 1))
    colors: NDArray[np.uint8] = table[255 + np.rint(255 * shares).astype(int)]
    error = QColor(theme.error)
    colors[~np.isfinite(values)] = error.red(), error.green(), error.blue(), error.alpha()
    return colors


def color_of(value: float, scale: float, theme: Theme) -> QColor:
    """Return the colour of one number, as :func:`colors_of`."""
    if not math.isfinite(value):
        return QColor(theme.error)
    share = min(max(value / (scale or 1.0), -1.0), 1.0)
    return QColor(*theme.signed_colors()[255 + round(255 * share)].tolist())


def scale_of(*values: NDArray[np.float64]) -> float:
    """Return the largest finite absolute value, which has the full colour; 1 if there is none above zero."""
    largest = [np.abs(part[np.isfinite(part)]).max(initial=0.0) for part in values]
    return float(max(largest, default=0.0)) or 1.0


def legend() -> str:
    """Return an explanation of the colours for a tool tip."""
    return tr("Blue: positive. Orange: negative. A stronger colour is a larger number; the background colour is zero.")


@dataclass
class Tile:
    """A picture of an array at a position.

    Attributes:
        rect: the rectangle on the screen, in pixels.
        values: the numbers, shape (height, width).
        scale: the absolute value that has the full colour.
        describe: returns the text on the number in a row and column.
    """

    rect: QRectF
    values: NDArray[np.float64]
    scale: float
    describe: Callable[[int, int], str]

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint the picture with a thin frame."""
        colors = np.ascontiguousarray(colors_of(self.values, self.scale, theme))
        height, width = self.values.shape
        image = QImage(colors.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        painter.drawImage(self.rect, image)
        painter.setPen(QColor(theme.line))
        painter.drawRect(self.rect)

    def center_of(self, row: float, column: float) -> QPointF:
        """Return the centre of the pixel of a number on the screen."""
        height, width = self.values.shape
        return QPointF(
            self.rect.left() + (column + 0.5) * self.rect.width() / width,
            self.rect.top() + (row + 0.5) * self.rect.height() / height,
        )

    def text_at(self, position: QPointF) -> str:
        """Return the text on the number at a position; empty outside the picture."""
        if not self.rect.contains(position):
            return ""
        height, width = self.values.shape
        row = int((position.y() - self.rect.top()) / self.rect.height() * height)
        column = int((position.x() - self.rect.left()) / self.rect.width() * width)
        return self.describe(min(row, height - 1), min(column, width - 1))
