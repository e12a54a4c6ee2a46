"""How often each class is taken for which; and for numbers, what is predicted against what is true."""

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
from gdviewer.ui.plots.base import Plot, line_pen
from gdviewer.ui.session.session import Session

_POINTS = 3000
_NEAR = 12.0  # pixels


class _ScoresPage(Page):
    """A page on what the network says of the part of the data that is listed."""

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.bar = PartBar(example)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)

    def key(self) -> tuple[Any, ...]:
        return self.example.listed, self.example.cell

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        listed = self.example.listed
        return lambda: score_predictions(network, run.point(step), listed)


class ConfusionPage(_ScoresPage):
    """The confusion matrix."""

    title = tr("Confusion")

    @staticmethod
    def suits(network: Network) -> bool:
        return bool(network.train.classes)

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.matrix = Matrix()
        self.matrix.hovered.connect(self.hovered)
        self.matrix.clicked.connect(self._list)
        self.layout().addWidget(self.matrix)

    def show_result(self, result: PredictionScores) -> None:
        if self.network is None:
            return
        self.bar.match(self.network)
        counts = result.confusion()
        self.matrix.show_counts(counts, result.data.classes, self.example.cell)
        right, whole = int(np.trace(counts)), int(counts.sum())
        share = f"{100 * right / whole:.2f} %" if whole else "–"
        self.bar.told.setText(tr("{share} right", share=share))
        self.bar.told.setToolTip(tr("Accuracy: {right} of {n} are right.", right=f"{right:,}", n=f"{whole:,}"))

    def _list(self, row: int, column: int) -> None:
        self.example.list_rows(self.example.listed, (row, column))
        self.turned_to.emit(PredictionsPage.title)


class _AgreementPlot(Plot):
    """Predictions against targets, with the line on which they agree.

    Signals:
        picked: a row.
    """

    picked = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumWidth(200)
        self.setToolTip(
            tr("A point for each row and output: the nearer to the line, the better. Click on one to choose it. "
               "Wheel: zoom. Drag: move. Ctrl+0: show all.")
        )  # fmt: skip
        self.rows = PredictionModel()
        self._kept = np.empty(0, dtype=int)
        self._places = np.empty((0, 2))
        self.diagonal = pg.InfiniteLine(angle=45, movable=False)
        self.points = pg.ScatterPlotItem(pxMode=True, size=7)
        self.addItem(self.diagonal, ignoreBounds=True)
        self.addItem(self.points, ignoreBounds=True)
        self.disableAutoRange()
        self._span = (np.nan, np.nan)
        self.scene().sigMouseClicked.connect(self._click)

    def restyle(self) -> None:
        super().restyle()
        self.diagonal.setPen(line_pen(self.theme.muted, self.theme.width * 0.75))

    def show_scores(self, scores: PredictionScores) -> None:
        """Draw the rows; the view stays where it is while the targets are the same."""
        data = scores.data
        self._kept = np.arange(0, len(data), max(1, -(-len(data) * data.targets[0].size // _POINTS)))
        self.rows.scores = scores
        targets, said = data.targets[self._kept], scores.predictions[self._kept]
        places = np.column_stack([targets.ravel(), said.ravel()])
        outputs = targets.shape[-1]
        fills = [QColor(class_color(self.theme, i)) for i in range(outputs)]
        for color in fills:
            color.setAlphaF(0.6)
        number = np.arange(len(places)) % outputs
        self.points.setData(
            x=places[:, 0], y=np.where(np.isfinite(places[:, 1]), places[:, 1], 0.0),
            brush=[fills[i] for i in number] if outputs > 1 else fills[0],
            symbol=[class_symbol(i) for i in number] if outputs > 1 else class_symbol(0),
            pen=None,
        )  # fmt: skip
        self._places = places
        self.setLabel("bottom", tr("{y} in the data", y=data.target_name))
        self.setLabel("left", tr("{y} told by the network", y=data.target_name))
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
        """The row under the mouse, if there is one."""
        if not len(self._places):
            return None
        width, height = self.getPlotItem().vb.viewPixelSize()
        distance = np.hypot((self._places[:, 0] - x) / width, (self._places[:, 1] - y) / height)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        best = int(distance.argmin())
        each = len(self._places) // len(self._kept)
        return int(self._kept[best // each]) if distance[best] < _NEAR else None

    def describe(self, x: float, y: float) -> str:
        row = self.row_at(x, y)
        if row is not None:
            return self.rows.describe(row)
        return tr("in the data {x}   told by the network {y}", x=number_text(x), y=number_text(y))

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            at = box.mapSceneToView(event.scenePos())
            row = self.row_at(at.x(), at.y())
            if row is not None:
                self.picked.emit(row)


class AgreementPage(_ScoresPage):
    """Predicted numbers against the true ones."""

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
        self.layout().addWidget(self.plot)
        self.bar.told.setToolTip(
            tr("The root mean square error, and R²: the share of the targets' variance that is explained.")
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
        squares = float(((result.predictions - targets) ** 2).mean())
        spread = float(((targets - targets.mean(axis=0)) ** 2).mean())
        explained = f"{1 - squares / spread:.3f}" if spread > 0 else "–"
        self.bar.told.setText(tr("error {e}   R² {r}", e=f"{squares**0.5:.4g}", r=explained))

    def _choose(self, row: int) -> None:
        scores = self.plot.rows.scores
        if scores:
            self.example.choose(row, scores.part)
