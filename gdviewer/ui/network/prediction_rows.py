"""An item model of rows of data with their predictions, for lists and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from gdviewer.inspection.prediction_scores import PredictionScores
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.text import tr
from gdviewer.ui.network.part_bar import part_text

Index = QModelIndex | QPersistentModelIndex
_MAX_VALUES = 16  # numbers or classes of one row in a text


def target_text(data: Dataset, row: int) -> str:
    """Return the target of a row, or its targets at the time steps, as text."""
    return _text(data, data.targets[row])


def prediction_text(data: Dataset, prediction: NDArray[np.float64]) -> str:
    """Return the prediction for a row as text: the likeliest class (at each time step), or numbers."""
    return _text(data, np.nan_to_num(prediction).argmax(axis=-1) if data.classes else prediction)


def _text(data: Dataset, values: Any) -> str:
    flat = np.ravel(values)
    shown = [data.classes[value] if data.classes else f"{value:.4g}" for value in flat[:_MAX_VALUES]]
    separator = "" if data.classes and max(map(len, data.classes)) == 1 else " "
    return separator.join(shown) + " …" * (len(flat) > _MAX_VALUES)


class PredictionModel(QAbstractTableModel):
    """The rows of a part of the data, worst first.

    Attributes:
        scores: the predictions for the part; None before they are computed.
        order: the numbers of the shown rows, from 0, shape (k,).
    """

    def __init__(self) -> None:
        super().__init__()
        self.scores: PredictionScores | None = None
        self.order = np.empty(0, dtype=int)
        self._titles = [""] * 4

    def show_rows(self, scores: PredictionScores, order: NDArray[np.intp]) -> None:
        """Show other rows; the scroll position is kept if their number and the columns are the same."""
        titles = [tr("row"), scores.data.target_name, tr("predicted"), _measure_title(scores)]
        same = len(order) == len(self.order) and titles == self._titles
        if not same:
            self.beginResetModel()
        self.scores, self.order, self._titles = scores, order, titles
        if same and len(order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(order) - 1, len(titles) - 1))
        elif not same:
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - the signature of Qt
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        shown = shown and orientation == Qt.Orientation.Horizontal
        return self._titles[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.scores is None or not 0 <= index.row() < len(self.order):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(self.scores, int(self.order[index.row()]), index.column())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.describe(int(self.order[index.row()]))
        return None

    def _cell(self, scores: PredictionScores, row: int, column: int) -> str:
        if column < 2:
            return f"{row + 1:,}" if column == 0 else target_text(scores.data, row)
        if column == 2:
            sign = ("✗ " if scores.wrong[row] else "✓ ") if scores.data.classes else ""
            return sign + prediction_text(scores.data, scores.predictions[row])
        if scores.data.classes and scores.data.per_step:
            return tr("{k} of {n}", k=int(scores.wrong[row]), n=scores.data.targets.shape[1])
        if scores.data.classes:
            if not scores.likely:
                return tr("yes") if scores.wrong[row] else tr("no")
            return f"{np.max(scores.predictions[row]):.4f}"
        return f"{scores.error_scores[row]:.4g}"

    def describe(self, row: int) -> str:
        """Return a line of text on a row: its target, prediction, and error or probabilities."""
        scores = self.scores
        if scores is None or row >= len(scores.data):
            return ""
        text = tr(
            "row {row} of the {part}: {y} is {target}   predicted: {prediction}", row=row + 1,
            part=part_text(scores.part), y=scores.data.target_name, target=target_text(scores.data, row),
            prediction=prediction_text(scores.data, scores.predictions[row]),
        )  # fmt: skip
        if not scores.data.classes:
            return text + tr("   error {e}", e=f"{scores.error_scores[row]:.4g}")
        if scores.data.per_step or not scores.likely:
            return text
        probabilities = scores.predictions[row]
        likely = [i for i in np.argsort(-probabilities)[:4] if probabilities[i] >= 5e-4]
        names = ", ".join(f"{scores.data.classes[i]} {100 * probabilities[i]:.1f} %" for i in likely)
        return f"{text}   ({names})"


def _measure_title(scores: PredictionScores) -> str:
    if not scores.data.classes:
        return tr("error")
    return tr("probability") if scores.likely and not scores.data.per_step else tr("wrong")
