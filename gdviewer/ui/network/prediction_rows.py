"""Rows of data with what a network says of them, as a model that lists and tables show."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from gdviewer.inspection.prediction_scores import PredictionScores
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.text import tr
from gdviewer.ui.network.part_bar import part_text

Index = QModelIndex | QPersistentModelIndex
_SHOWN = 16  # numbers or classes of one row that are written out


def target_text(data: Dataset, row: int) -> str:
    """The target of a row, or those at all its time steps, in words."""
    return _text(data, data.targets[row])


def prediction_text(data: Dataset, prediction: np.ndarray) -> str:
    """What a network says of a row, in words: the likeliest class, of each time step or of all, or numbers."""
    return _text(data, np.nan_to_num(prediction).argmax(axis=-1) if data.classes else prediction)


def _text(data: Dataset, values: Any) -> str:
    every = np.ravel(values)
    shown = [data.classes[value] if data.classes else f"{value:.4g}" for value in every[:_SHOWN]]
    apart = "" if data.classes and max(map(len, data.classes)) == 1 else " "
    return apart.join(shown) + " …" * (len(every) > _SHOWN)


class PredictionModel(QAbstractTableModel):
    """The rows of a part of the data, the worst first.

    Attributes:
        judged: the rows and what is said of them; order: the rows that are shown, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.judged: PredictionScores | None = None
        self.order = np.empty(0, dtype=int)
        self._titles = [""] * 4

    def show_rows(self, judged: PredictionScores, order: np.ndarray) -> None:
        """Show others; what is scrolled to stays where as many are shown as before."""
        titles = [tr("row"), judged.data.target_name, tr("network"), _measure(judged)]
        same = len(order) == len(self.order) and titles == self._titles
        if not same:
            self.beginResetModel()
        self.judged, self.order, self._titles = judged, order, titles
        if same and len(order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(order) - 1, len(titles) - 1))
        elif not same:
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal
        return self._titles[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.judged is None or not 0 <= index.row() < len(self.order):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(self.judged, int(self.order[index.row()]), index.column())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.describe(int(self.order[index.row()]))
        return None

    def _cell(self, judged: PredictionScores, row: int, column: int) -> str:
        if column < 2:
            return f"{row + 1:,}" if column == 0 else target_text(judged.data, row)
        if column == 2:
            sign = ("✗ " if judged.wrong[row] else "✓ ") if judged.data.classes else ""
            return sign + prediction_text(judged.data, judged.predictions[row])
        if judged.data.classes and judged.data.per_step:
            return tr("{k} of {n}", k=int(judged.wrong[row]), n=judged.data.targets.shape[1])
        if judged.data.classes:
            if not judged.likely:
                return tr("yes") if judged.wrong[row] else tr("no")
            return f"{np.max(judged.predictions[row]):.4f}"
        return f"{judged.badness[row]:.4g}"

    def describe(self, row: int) -> str:
        """All there is to say of one row, in a line."""
        judged = self.judged
        if judged is None or row >= len(judged.data):
            return ""
        text = tr("row {row} of the {part}: {y} is {target}   network: {said}", row=row + 1,
                  part=part_text(judged.part), y=judged.data.target_name, target=target_text(judged.data, row),
                  said=prediction_text(judged.data, judged.predictions[row]))  # fmt: skip
        if not judged.data.classes:
            return text + tr("   error {e}", e=f"{judged.badness[row]:.4g}")
        if judged.data.per_step or not judged.likely:
            return text
        chances = judged.predictions[row]
        likely = [i for i in np.argsort(-chances)[:4] if chances[i] >= 5e-4]
        named = ", ".join(f"{judged.data.classes[i]} {100 * chances[i]:.1f} %" for i in likely)
        return tr("{text}   ({chances})", text=text, chances=named)


def _measure(judged: PredictionScores) -> str:
    if not judged.data.classes:
        return tr("error")
    return tr("probability") if judged.likely and not judged.data.per_step else tr("wrong")
