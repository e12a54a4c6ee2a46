"""Panels that are made when they are first seen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget


class LazyPanel(QWidget):
    """Contains a panel behind a tab, which is made when it is first seen; the window opens without it.

    Qt moves a dock behind a tab out of view but leaves it visible. This widget hides the panel, so that
    ``isVisible`` is correct.

    Attributes:
        panel: the panel; None before it is made.
    """

    def __init__(self, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._make = make
        self.panel: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def watch(self, dock: QDockWidget) -> None:
        """Follow the visibility of the dock that contains this widget."""
        dock.visibilityChanged.connect(lambda: QTimer.singleShot(0, self, self._settle))  # after Qt has moved the dock

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.panel is None or not self.panel.isVisible():  # the dock was moved after it became visible
            QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        rect = QRect(self.mapTo(self.window(), QPoint()), self.size())  # the panel may cover the visible region
        seen = self.isVisible() and self.window().rect().intersects(rect)
        if seen and self.panel is None:
            self.panel = self._make()
            self._layout.addWidget(self.panel)
        if self.panel:
            self.panel.setVisible(seen)
