"""The line above a list or a matrix: which part of the data it is of."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.selected_example import SelectedExample


def part_text(part: str) -> str:
    """What a part of the data is called."""
    return {TRAIN: tr("training data"), TEST: tr("test data")}[part]


class PartBar(QWidget):
    """Chooses the part that is listed, for all pages, and tells something of it.

    Signals:
        chosen: another part was chosen.
    """

    chosen = Signal(str)

    def __init__(self, example: SelectedExample) -> None:
        super().__init__()
        self._example = example
        self.parts = QComboBox()
        self.parts.setAccessibleName(tr("Part of the data"))
        self.parts.setToolTip(tr("Rows the network is trained on, or those held back to test it with."))
        for part in (TEST, TRAIN):
            self.parts.addItem(part_text(part), part)
        self.parts.activated.connect(self._choose)
        self.told = QLabel()
        self.told.setMinimumWidth(60)  # it is short, and on one line whatever it says, so that nothing moves
        layout = QHBoxLayout(self, spacing=6)
        layout.setContentsMargins(4, 4, 2, 2)
        layout.addWidget(self.parts)
        layout.addWidget(self.told, 1)

    def match(self, network: Network) -> None:
        """Show what is listed; there is nothing to choose without test data."""
        self.parts.setVisible(len(network.test) > 0)
        self.parts.setCurrentIndex(self.parts.findData(self._example.listed_in(network)))

    def _choose(self) -> None:
        self._example.list_rows(self.parts.currentData())
