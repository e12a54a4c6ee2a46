"""How well a network does at the step looked at: loss and accuracy over all rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from gdviewer.engine.run import Run
from gdviewer.problems.networks.network import Network
from gdviewer.ui.networks.example import Example
from gdviewer.ui.networks.page import Page
from gdviewer.ui.session import Session
from gdviewer.ui.text import tr


class MeasuresPage(Page):
    """Numbers."""

    title = tr("Measures")

    def __init__(self, session: Session, example: Example) -> None:
        super().__init__(session, example)
        self.text = QLabel(textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        QVBoxLayout(self).addWidget(self.text)

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        return lambda: network.metrics(run.point(step))

    def show_result(self, result: Any) -> None:
        self.text.setText("\n".join(f"{name.replace('_', ' ')}: {value:.4g}" for name, value in result.items()))
