"""The selected example: one row of the training or test data of a network."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.rules.oracle import Array
from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network


class SelectedExample(QObject):
    """The selected row, which all pages share, and the rows that are listed.

    A page that shows the row gets it from :meth:`of` and returns :attr:`chosen` in its ``key()``; then it is updated
    automatically.

    Signals:
        changed: another row was selected, or other rows are listed.

    Attributes:
        index: index of the row in its part of the data, from 0.
        part: ``TRAIN`` or ``TEST``.
        listed: the part whose rows are listed and counted.
        cell: if only the rows of one cell of the confusion matrix are listed: the true and the predicted class.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.index, self.part = 0, TRAIN
        self.listed = TEST
        self.cell: tuple[int, int] | None = None

    @property
    def chosen(self) -> tuple[int, str]:
        """Index and part of the selected row."""
        return self.index, self.part

    def choose(self, index: int, part: str = TRAIN) -> None:
        """Select another row."""
        if (index, part) != self.chosen:
            self.index, self.part = index, part
            self.changed.emit()

    def list_rows(self, part: str, cell: tuple[int, int] | None = None) -> None:
        """List the rows of one part, or only those of one cell of its confusion matrix."""
        if (part, cell) != (self.listed, self.cell):
            self.listed, self.cell = part, cell
            self.changed.emit()

    def listed_in(self, network: Network) -> str:
        """Return the part that is listed; the training data if there are no test data."""
        return self.listed if len(network.test) else TRAIN

    def of(self, network: Network) -> tuple[Dataset, int]:
        """Return the part of a network's data and the index in it; the first training row if there is no such row."""
        row, part = self.row_of(network)
        return (network.test if part == TEST else network.train), row

    def row_of(self, network: Network) -> tuple[int, str]:
        """Return the index and the part, with the same rule as :meth:`of`."""
        data = network.test if self.part == TEST else network.train
        return self.chosen if self.index < len(data) else (0, TRAIN)

    def inputs(self, network: Network) -> Array:
        """Return the unscaled inputs of the example as a batch of one, shape (1, …)."""
        data, row = self.of(network)
        return data.inputs[row : row + 1]
