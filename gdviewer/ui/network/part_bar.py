"""The bar above a list or a matrix that selects a part of the data."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.selected_example import SelectedExample


def part_text(part: str) -> str:
    """Return the name of a part of the data."""
    return {TRAIN: tr("training data"), TEST: tr("test data")}[part]


class PartBar(QWidget):
    """Selects the part of the data that all pages list, and shows a summary of it.

    Attributes:
        summary: the label of the summary.

    Signals:
        chosen: another part was selected.
    """

    chosen = Signal(str)

    def __init__(self, example: SelectedExample) -> None:
        super().__init__()
        self._example = example
        self.parts = QComboBox()
        self.parts.setAccessibleName(tr("Part of the data"))
        self.parts.setToolTip(tr("Training data, or the rows held back as test data."))
        for part in (TEST, TRAIN):
            self.parts.addItem(part_text(part), part)
        self.parts.activated.connect(self._choose)
        self.summary = QLabel()
        self.summary.setMinimumWidth(60)  # so that a longer text does not move anything
        layout = QHBoxLayout(self)
        layout.setSpacing(6)
        layout.setContentsMargins(4, 4, 2, 2)
        layout.addWidget(self.parts)
        layout.addWidget(self.summary, 1)

    def match(self, network: Network) -> None:
        """Show the part that is listed; hide the choice if there are no test data."""
        self.parts.setVisible(len(network.test) > 0)
        self.parts.setCurrentIndex(self.parts.findData(self._example.listed_in(network)))

    def _choose(self) -> None:
        self._example.list_rows(self.parts.currentData())
