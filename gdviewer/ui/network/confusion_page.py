"""The confusion matrix of classes, and for numbers a plot of predicted against true values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.inspection.prediction_scores import PredictionScores, score_predictions
from gdviewer.problems.networks.network import Network
from gdviewer.text import number_text, tr
from gdviewer.ui.network.colors import class_color, class_symbol
from gdviewer.ui.network.matrix_view import Matrix
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.part_bar import PartBar
from gdviewer.ui.network.prediction_rows import PredictionModel
from gdviewer.ui.network.predictions_page import PredictionsPage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.plots.base import Drawing, Plot, line_pen
from gdviewer.ui.session.session import Session

_MAX_POINTS = 3000
_NEAR = 12.0  # maximum distance of the mouse from a point, in pixels


class _ScoresPage(Page):
    """Base class of pages on the predictions for the listed part of the data."""

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.bar = PartBar(example)
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(0)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.bar)

    def key(self) -> tuple[Any, ...]:
        return self.example.listed, self.example.cell

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        listed = self.example.listed
        return lambda: score_predictions(network, run.point(step), listed)


class ConfusionPage(_ScoresPage):
    """The confusion matrix; a click on a cell lists its rows."""

    title = tr("Confusion")

    @staticmethod
    def suits(network: Network) -> bool:
        return bool(network.train.classes)

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.matrix = Matrix()
        self.matrix.hovered.connect(self.hovered)
        self.matrix.clicked.connect(self._list_rows)
        self._layout.addWidget(self.matrix)

    def show_result(self, result: PredictionScores) -> None:
        if self.network is None:
            return
        self.bar.match(self.network)
        counts = result.confusion()
        self.matrix.show_counts(counts, result.data.classes, self.example.cell)
        correct, total = int(np.trace(counts)), int(counts.sum())
        share = f"{100 * correct / total:.2f} %" if total else "–"
        self.bar.summary.setText(tr("{share} correct", share=share))
        tip = tr("Accuracy: {correct} of {n} are correct.", correct=f"{correct:,}", n=f"{total:,}")
        self.bar.summary.setToolTip(tip)

    def _list_rows(self, row: int, column: int) -> None:
        self.example.list_rows(self.example.listed, (row, column))
        self.turned_to.emit(PredictionsPage.title)


class _AgreementPlot(Plot[Drawing]):
    """Predictions against targets, with the line on which they are equal.

    Attributes:
        rows: the descriptions of the rows.
        diagonal, points: the graphics items.

    Signals:
        picked: the number of the row that was clicked.
    """

    picked = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumWidth(200)
        self.setToolTip(
            tr("Each point is an output of a row; on the line, it is predicted exactly. Click a point to select it. "
               "Wheel: zoom. Drag: move. Ctrl+0: show all.")
        )  # fmt: skip
        self.rows = PredictionModel()
        self._drawn_rows = np.empty(0, dtype=int)
        self._positions = np.empty((0, 2))
        self.diagonal = pg.InfiniteLine(angle=45, movable=False)
        self.points = pg.ScatterPlotItem(pxMode=True, size=7)
        self.addItem(self.diagonal, ignoreBounds=True)
        self.addItem(self.points, ignoreBounds=True)
        self.disableAutoRange()
        self._span = (np.nan, np.nan)  # smallest and largest target
        self.scene().sigMouseClicked.connect(self._click)

    def restyle(self) -> None:
        super().restyle()
        self.diagonal.setPen(line_pen(self.theme.muted, self.theme.width * 0.75))

    def show_scores(self, scores: PredictionScores) -> None:
        """Draw the rows; the view changes only if the range of the targets does."""
        data = scores.data
        self._drawn_rows = np.arange(0, len(data), max(1, -(-len(data) * data.targets[0].size // _MAX_POINTS)))
        self.rows.scores = scores
        targets, predictions = data.targets[self._drawn_rows], scores.predictions[self._drawn_rows]
        positions = np.column_stack([targets.ravel(), predictions.ravel()])
        outputs = targets.shape[-1]
        fills = [QColor(class_color(self.theme, i)) for i in range(outputs)]
        for color in fills:
            color.setAlphaF(0.6)
        number = np.arange(len(positions)) % outputs
        self.points.setData(
            x=positions[:, 0], y=np.where(np.isfinite(positions[:, 1]), positions[:, 1], 0.0),
            brush=[fills[i] for i in number] if outputs > 1 else fills[0],
            symbol=[class_symbol(i) for i in number] if outputs > 1 else class_symbol(0),
            pen=None,
        )  # fmt: skip
        self._positions = positions
        self.setLabel("bottom", tr("{y} in the data", y=data.target_name))
        self.setLabel("left", tr("{y} predicted", y=data.target_name))
        span = float(data.targets.min()), float(data.targets.max())
        if span != self._span:
            self._span = span
            self.show_all()

    def show_all(self) -> None:
        low, high = self._span
        if np.isfinite(low):
            size = (high - low) or 1.0
            self.setRange(QRectF(low, low, size, size), padding=0.1)

    def row_at(self, x: float, y: float) -> int | None:
        """Return the number of the row nearest to a position; None if it is more than 12 pixels away."""
        if not len(self._positions):
            return None
        width, height = self.getPlotItem().vb.viewPixelSize()
        distance = np.hypot((self._positions[:, 0] - x) / width, (self._positions[:, 1] - y) / height)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        best = int(distance.argmin())
        outputs = len(self._positions) // len(self._drawn_rows)
        return int(self._drawn_rows[best // outputs]) if distance[best] < _NEAR else None

    def describe(self, x: float, y: float) -> str:
        row = self.row_at(x, y)
        if row is not None:
            return self.rows.describe(row)
        return tr("in the data {x}   predicted {y}", x=number_text(x), y=number_text(y))

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            position = box.mapSceneToView(event.scenePos())
            row = self.row_at(position.x(), position.y())
            if row is not None:
                self.picked.emit(row)


class AgreementPage(_ScoresPage):
    """The plot of predicted against true numbers."""

    title = tr("Agreement")

    @staticmethod
    def suits(network: Network) -> bool:
        return not network.train.classes

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.plot = _AgreementPlot(session)
        self.plot.setAccessibleName(tr("Predicted against true numbers"))
        self.plot.hovered.connect(self.hovered)
        self.plot.picked.connect(self._choose)
        self._layout.addWidget(self.plot)
        self.bar.summary.setToolTip(
            tr("The root mean square error, and R², the explained share of the variance of the targets.")
        )
        self.plot.restyle()

    def show_all(self) -> None:
        self.plot.show_all()

    def show_result(self, result: PredictionScores) -> None:
        if self.network is None:
            return
        self.bar.match(self.network)
        self.plot.show_scores(result)
        targets = result.data.targets
        mean_square = float(((result.predictions - targets) ** 2).mean())
        variance = float(((targets - targets.mean(axis=0)) ** 2).mean())
        r_squared = f"{1 - mean_square / variance:.3f}" if variance > 0 else "–"
        self.bar.summary.setText(tr("error {e}   R² {r}", e=f"{mean_square**0.5:.4g}", r=r_squared))

    def _choose(self, row: int) -> None:
        scores = self.plot.rows.scores
        if scores:
            self.example.choose(row, scores.part)
