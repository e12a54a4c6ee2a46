"""A panel that is made when it is first seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QTimer
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget


class LazyPanel(QWidget):
    """Room for a panel behind a tab: made when it is first seen, so that the window opens without it.

    Qt leaves a dock behind a tab visible, and moves it aside; here its panel is hidden, so that it can tell.

    Attributes:
        panel: the panel; None until it was seen.
    """

    def __init__(self, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._make = make
        self.panel: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def watch(self, dock: QDockWidget) -> None:
        """Follow whether the dock it is in is seen."""
        dock.visibilityChanged.connect(lambda: QTimer.singleShot(0, self, self._settle))  # not before it has moved

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)
        if self.panel is None or not self.panel.isVisible():  # it had not yet moved when it was said to be visible
            QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        place = QRect(
            self.mapTo(self.window(), QPoint()), self.size()
        )  # its visible region lacks what the panel covers
        seen = self.isVisible() and self.window().rect().intersects(place)
        if seen and self.panel is None:
            self.panel = self._make()
            self.layout().addWidget(self.panel)
        if self.panel:
            self.panel.setVisible(seen)
