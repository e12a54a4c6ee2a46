"""The example that is looked at: one row of the data a network is trained or tested on."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network

TRAIN, TEST = "train", "test"


class Example(QObject):
    """The row that was chosen, in whatever page, for all pages that show one example.

    A page that shows it takes it from :meth:`of`, names :attr:`chosen` in its ``key()``, and is renewed by itself.

    Signals:
        changed: another row was chosen.

    Attributes:
        index: the row, from 0, of its part of the data; part: ``TRAIN`` or ``TEST``.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.index, self.part = 0, TRAIN

    @property
    def chosen(self) -> tuple[int, str]:
        """Row and part: what a picture of the example depends on."""
        return self.index, self.part

    def choose(self, index: int, part: str = TRAIN) -> None:
        """Look at another row."""
        if (index, part) != self.chosen:
            self.index, self.part = index, part
            self.changed.emit()

    def of(self, network: Network) -> tuple[Dataset, int]:
        """The part of a network's data and the row in it; the first one trained on where it has no such row."""
        data = network.test if self.part == TEST else network.train
        return (data, self.index) if self.index < len(data) else (network.train, 0)

    def inputs(self, network: Network) -> np.ndarray:
        """The example as a batch of one, (1, …), not scaled, as ``network.predict`` and ``activations`` take it."""
        data, row = self.of(network)
        return data.inputs[row : row + 1]
