"""The plot of a table as points, over the predictions of a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor

from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network
from gdviewer.text import indexed, tr
from gdviewer.ui.network.colors import class_color, class_symbol
from gdviewer.ui.network.decision_regions import Axes, DecisionRegions, View, class_shades, height_shades
from gdviewer.ui.plots.base import Curve, Drawing, Plot, line_pen, pale
from gdviewer.ui.session.session import Session

_MAX_POINTS = 2000  # of each part of the data; of more rows, one in every few is drawn
_MAX_RINGS = 400  # of a batch
_NEAR = 12.0  # maximum distance of the mouse from a point, in pixels


def output_names(data: Dataset) -> list[str]:
    """Return the names of the outputs of a network that predicts numbers."""
    count = data.targets.shape[-1]
    return [data.target_name] if count == 1 else [indexed(data.target_name, i) for i in range(count)]


class NetworkDataPlot(Plot[Drawing]):
    """The data of a network as points, and its predictions.

    With one input on the horizontal axis, predictions are curves. With an input on each axis, they are shades.
    Points of the training data are filled, points of the test data are hollow.

    Attributes:
        network: the network; None before :meth:`show_data`.
        axes: the inputs on the axes.
        text_at: a function that returns the text on a position, for :attr:`hovered`.
        shade, border, curves, points, batch, chosen: the graphics items.

    Signals:
        picked: the number of the row that was clicked, and its part of the data.
        moved: the visible region changed.
    """

    picked = Signal(int, str)
    moved = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumWidth(200)
        self.network: Network | None = None
        self.axes = Axes((0,), np.zeros(1))
        self.text_at: Callable[[float, float], str] = lambda _x, _y: ""
        self._rows: dict[str, NDArray[np.intp]] = {}
        self._positions: dict[str, NDArray[np.float64]] = {}
        self._heights = (0.0, 1.0)
        self.shade = pg.ImageItem(axisOrder="row-major")
        self.shade.setZValue(-100)
        self.border = pg.PlotCurveItem(connect="finite")
        self.border.setZValue(-50)
        self.curves: list[Curve] = []
        self.points: dict[str, pg.ScatterPlotItem] = {
            part: pg.ScatterPlotItem(pxMode=True, size=7) for part in (TRAIN, TEST)
        }
        self.batch = pg.ScatterPlotItem(symbol="o", size=13, pxMode=True, brush=None)
        self.chosen = pg.ScatterPlotItem(symbol="o", size=20, pxMode=True, brush=None)
        for item in (self.shade, self.border, *self.points.values(), self.batch, self.chosen):
            self.addItem(item, ignoreBounds=True)
        self.batch.setZValue(30)
        self.chosen.setZValue(40)
        self.disableAutoRange()
        self.getPlotItem().vb.sigRangeChanged.connect(lambda: self.moved.emit())
        self.scene().sigMouseClicked.connect(self._click)

    @property
    def view(self) -> View:
        """The visible region."""
        (left, right), (low, high) = self.getPlotItem().vb.viewRange()
        return (left, right), (low, high)

    @property
    def flat(self) -> bool:
        """True if two inputs are drawn as a plane."""
        return len(self.axes.shown) == 2

    def show_data(self, network: Network, axes: Axes) -> None:
        """Draw the data of a network; the view changes only if the inputs do."""
        before, shown = self.network, self.axes.shown
        self.network, self.axes = network, axes
        if not before or before.train is not network.train or shown != axes.shown:
            self._draw_points()
            if not (
                before
                and before.train.inputs.shape == network.train.inputs.shape
                and shown == axes.shown
                and np.array_equal(before.train.inputs, network.train.inputs)
            ):
                self.show_all()

    def _draw_points(self) -> None:
        network, theme = self.network, self.theme
        if network is None:
            return
        train, classes = network.train, network.train.classes
        self._heights = (0.0, 1.0) if classes else (float(train.targets.min()), float(train.targets.max()))
        for part, data in ((TRAIN, train), (TEST, network.test)):
            rows = self._rows[part] = np.arange(0, len(data), max(1, -(-len(data) // _MAX_POINTS)))
            positions = self._positions[part] = self._positions_of(data, rows)
            outputs, spots = len(positions) // max(1, len(rows)), []
            for i in range(len(positions)):
                number = int(data.targets[rows[i]]) if classes else i // max(1, len(rows)) if outputs > 1 else 0
                color = class_color(theme, number)
                if not classes:
                    color = pale(color, theme)  # to keep the curve above them visible
                if not classes and self.flat:
                    color = QColor(*height_shades(data.targets[rows[i], :1], self._heights, theme)[0].tolist())
                spots.append((number, color))
            rim, hollow = QColor(theme.plot), part == TEST
            if not classes and self.flat:
                rim = QColor(theme.text)
            self.points[part].setData(
                x=positions[:, 0], y=positions[:, 1],
                symbol=[class_symbol(number) for number, _ in spots],
                brush=[QColor(theme.plot) if hollow and (classes or not self.flat) else color for _, color in spots],
                pen=[line_pen(color if hollow and (classes or not self.flat) else rim, 2 if hollow else 0.7)
                     for _, color in spots],
            )  # fmt: skip
        for item in self.curves:
            self.removeItem(item)
        count = 0 if self.flat else len(classes) if len(classes) > 2 else 1 if classes else train.targets.shape[-1]
        self.curves = [Curve(theme.width, class_color(theme, 1 if len(classes) == 2 else i)) for i in range(count)]
        for item in self.curves:
            item.setZValue(20)
            self.addItem(item, ignoreBounds=True)
        self._label_axes(network)

    def _positions_of(self, data: Dataset, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the positions of rows, shape (rows, 2).

        With several outputs over one input, it is (outputs · rows, 2), output by output.
        """
        first = data.inputs[rows, self.axes.shown[0]]
        if self.flat:
            return np.column_stack([first, data.inputs[rows, self.axes.shown[1]]])
        targets = data.targets[rows]
        if data.classes:
            return np.column_stack([first, targets if len(data.classes) == 2 else np.ones(len(rows))])
        return np.column_stack([np.tile(first, targets.shape[1]), targets.T.ravel()])

    def _label_axes(self, network: Network) -> None:
        data = network.train
        self.setLabel("bottom", data.input_names[self.axes.shown[0]])
        if self.flat:
            self.setLabel("left", data.input_names[self.axes.shown[1]])
        elif len(data.classes) == 2:
            self.setLabel("left", tr("probability of {c}", c=data.classes[1]))
        else:
            self.setLabel("left", tr("probability") if data.classes else data.target_name)

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        self.border.setPen(line_pen(theme.text, theme.width * 0.75))
        self.batch.setPen(line_pen(theme.muted, 1.5))
        self.chosen.setPen(line_pen(theme.text, 2.5))
        self._draw_points()

    def show_all(self) -> None:
        parts = [positions for positions in self._positions.values() if len(positions)]
        if parts:
            positions = np.concatenate(parts)
            low, high = positions.min(axis=0), positions.max(axis=0)
            size = np.where(high > low, high - low, 1.0)
            self.setRange(QRectF(*low, *size), padding=0.1)

    def show_regions(self, regions: DecisionRegions) -> None:
        """Draw the predictions over the plane, after :meth:`show_data`."""
        if self.network is None:
            return
        if self.network.train.classes:
            colors = class_shades(regions.predictions, self.theme)
        else:
            colors = height_shades(regions.predictions[..., 0], self._heights, self.theme)
        self.shade.setImage(colors, autoLevels=False, levels=(0, 255))
        (left, right), (low, high) = regions.view
        self.shade.setRect(QRectF(left, low, right - left, high - low))
        self.border.setData(regions.lines[:, 0], regions.lines[:, 1], connect=regions.joined)
        self.shade.setVisible(True)
        self.border.setVisible(True)

    def show_curves(self, inputs: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
        """Draw the predictions, shape (k, classes or outputs), at values of one input, after :meth:`show_data`."""
        if self.network is None:
            return
        self.shade.setVisible(False)
        self.border.setVisible(False)
        shown = predictions[:, 1:] if len(self.network.train.classes) == 2 else predictions
        for item, values in zip(self.curves, shown.T, strict=True):
            item.setData(inputs, np.where(np.isfinite(values), values, np.nan), connect="finite")

    def show_marks(self, batch: NDArray[np.intp], index: int, part: str) -> None:
        """Draw rings around the rows of a batch, and a larger one around the selected row of a part of the data."""
        if self.network is None:
            return
        rings = self._positions_of(self.network.train, batch[:_MAX_RINGS])
        self.batch.setData(rings[:, 0], rings[:, 1])
        data = self.network.test if part == TEST else self.network.train
        chosen = self._positions_of(data, np.array([index]))
        self.chosen.setData(chosen[:, 0], chosen[:, 1])

    def describe(self, x: float, y: float) -> str:
        return self.text_at(x, y)

    def row_at(self, x: float, y: float) -> tuple[int, str] | None:
        """Return the row nearest to a position and its part of the data; None if it is more than 12 pixels away."""
        width, height = self.getPlotItem().vb.viewPixelSize()
        best, found = _NEAR, None
        for part, positions in self._positions.items():
            if len(positions):
                distance = np.hypot((positions[:, 0] - x) / width, (positions[:, 1] - y) / height)
                if distance.min() < best:
                    best = float(distance.min())
                    found = int(self._rows[part][int(distance.argmin()) % len(self._rows[part])]), part
        return found

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            position = box.mapSceneToView(event.scenePos())
            if found := self.row_at(position.x(), position.y()):
                self.picked.emit(*found)
