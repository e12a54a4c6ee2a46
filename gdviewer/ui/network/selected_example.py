"""The example that is looked at: one row of the data a network is trained or tested on."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network


class SelectedExample(QObject):
    """The row that was chosen, in whatever page, for all pages that show one example; and which rows are listed.

    A page that shows it takes it from :meth:`of`, names :attr:`chosen` in its ``key()``, and is renewed by itself.

    Signals:
        changed: another row was chosen, or others are listed.

    Attributes:
        index: the row, from 0, of its part of the data; part: ``TRAIN`` or ``TEST``.
        listed: the part whose rows are listed and counted.
        cell: where only some of them are listed, their class and the class they are taken for.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.index, self.part = 0, TRAIN
        self.listed = TEST
        self.cell: tuple[int, int] | None = None

    @property
    def chosen(self) -> tuple[int, str]:
        """Row and part: what a picture of the example depends on."""
        return self.index, self.part

    def choose(self, index: int, part: str = TRAIN) -> None:
        """Look at another row."""
        if (index, part) != self.chosen:
            self.index, self.part = index, part
            self.changed.emit()

    def list_rows(self, part: str, cell: tuple[int, int] | None = None) -> None:
        """List the rows of one part, or only those of one cell of its confusion matrix."""
        if (part, cell) != (self.listed, self.cell):
            self.listed, self.cell = part, cell
            self.changed.emit()

    def listed_in(self, network: Network) -> str:
        """The part that is listed; the training data where there are none for the test."""
        return self.listed if len(network.test) else TRAIN

    def of(self, network: Network) -> tuple[Dataset, int]:
        """The part of a network's data and the row in it; the first one trained on where it has no such row."""
        row, part = self.row_of(network)
        return (network.test if part == TEST else network.train), row

    def row_of(self, network: Network) -> tuple[int, str]:
        """The row and the part it is of, as :meth:`of`."""
        data = network.test if self.part == TEST else network.train
        return self.chosen if self.index < len(data) else (0, TRAIN)

    def inputs(self, network: Network) -> np.ndarray:
        """The example as a batch of one, (1, …), not scaled, as ``network.predict`` and ``activations`` take it."""
        data, row = self.of(network)
        return data.inputs[row : row + 1]
