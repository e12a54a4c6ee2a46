"""A widget that paints tiles and reports the item under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSize, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.ui.network.tiles import Tile
from gdviewer.ui.widgets.theme import Theme, look


class Canvas(QWidget):
    """Base class of widgets that paint tiles, and texts between them.

    Args:
        name: the accessible name.

    Signals:
        hovered: a line of text about the item under the mouse; empty for none.
    """

    hovered = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def theme(self) -> Theme:
        """The current theme."""
        return look().theme

    def tiles(self) -> list[Tile]:
        """Return the tiles with their positions."""
        return []

    def arrange(self) -> None:
        """Compute the positions of all items."""

    def paint(self, painter: QPainter) -> None:
        """Paint the items above the tiles."""

    def text_at(self, position: QPointF) -> str:
        """Return the text on the item at a position; empty for none."""
        return next((text for tile in self.tiles() if (text := tile.text_at(position))), "")

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.text_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.plot))
        for tile in self.tiles():
            tile.paint(painter, self.theme)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter)
