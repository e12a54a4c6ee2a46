"""A widget that paints tiles, and tells what is under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.ui.network.tiles import Tile
from gdviewer.ui.widgets.theme import Theme, look


class Canvas(QWidget):
    """Pictures of numbers, and words between them.

    Signals:
        hovered: what is under the mouse, as a line of text.
    """

    hovered = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return look().theme

    def tiles(self) -> list[Tile]:
        """The pictures, each in its place."""
        return []

    def arrange(self) -> None:
        """Put everything in its place."""

    def paint(self, painter: QPainter) -> None:
        """Paint what stands over the pictures."""

    def text_at(self, position: QPointF) -> str:
        """What is told of a place; empty for nothing."""
        return next((text for tile in self.tiles() if (text := tile.text_at(position))), "")

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.text_at(event.position()))

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.plot))
        for tile in self.tiles():
            tile.paint(painter, self.theme)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter)
