"""Rows of a table as points, over what a network says of the plane they are in."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor

from gdviewer.inspection.prediction_scores import TEST, TRAIN
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network
from gdviewer.text import indexed, tr
from gdviewer.ui.network.colors import class_color, class_symbol
from gdviewer.ui.network.decision_regions import Axes, DecisionRegions, View, class_shades, height_shades
from gdviewer.ui.plots.base import Curve, Plot, line_pen, pale
from gdviewer.ui.session.session import Session

_POINTS = 2000  # of each part that are drawn; of larger data every so many
_RINGS = 400  # of a batch
_NEAR = 12.0  # pixels


def output_names(data: Dataset) -> list[str]:
    """What the outputs of a network for numbers are called."""
    count = data.targets.shape[-1]
    return [data.target_name] if count == 1 else [indexed(data.target_name, i) for i in range(count)]


class NetworkDataPlot(Plot):
    """The data of a network, and what it says of the places between them.

    One input is drawn along the bottom, with what is predicted as curves; two are drawn as a plane, with what is
    predicted as shades. Rows trained on are filled, rows of the test are hollow.

    Signals:
        picked: a row and the part of the data it is of.
        moved: another region is visible.
    """

    picked = Signal(int, str)
    moved = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumWidth(200)
        self.network: Network | None = None
        self.axes = Axes((0,), np.zeros(1))
        self._rows: dict[str, np.ndarray] = {}
        self._places: dict[str, np.ndarray] = {}
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
        """What is visible."""
        (left, right), (low, high) = self.getPlotItem().vb.viewRange()
        return (left, right), (low, high)

    @property
    def flat(self) -> bool:
        """Whether two inputs are drawn as a plane."""
        return len(self.axes.shown) == 2

    def show_data(self, network: Network, axes: Axes) -> None:
        """Draw these data; the view stays where it is while they are the same."""
        before, shown = self.network, self.axes.shown
        self.network, self.axes = network, axes
        if not before or before.train is not network.train or shown != axes.shown:
            self._draw_points()
            same = before and before.train.inputs.shape == network.train.inputs.shape and shown == axes.shown
            if not (same and np.array_equal(before.train.inputs, network.train.inputs)):
                self.show_all()

    def _draw_points(self) -> None:
        network, theme = self.network, self.theme
        if network is None:
            return
        train, classes = network.train, network.train.classes
        self._heights = (0.0, 1.0) if classes else (float(train.targets.min()), float(train.targets.max()))
        for part, data in ((TRAIN, train), (TEST, network.test)):
            rows = self._rows[part] = np.arange(0, len(data), max(1, -(-len(data) // _POINTS)))
            places = self._places[part] = self._placed(data, rows)
            shown, spots = len(places) // max(1, len(rows)), []
            for at in range(len(places)):
                number = int(data.targets[rows[at]]) if classes else at // max(1, len(rows)) if shown > 1 else 0
                color = class_color(theme, number)
                if not classes:
                    color = pale(color, theme)  # the curve is drawn over them
                if not classes and self.flat:
                    color = QColor(*height_shades(data.targets[rows[at], :1], self._heights, theme)[0].tolist())
                spots.append((number, color))
            rim, hollow = QColor(theme.plot), part == TEST
            if not classes and self.flat:
                rim = QColor(theme.text)
            self.points[part].setData(
                x=places[:, 0], y=places[:, 1],
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
        self._label()

    def _placed(self, data: Dataset, rows: np.ndarray) -> np.ndarray:
        """Where rows stand, (rows, 2); with several outputs over one input, once for each, output by output."""
        first = data.inputs[rows, self.axes.shown[0]]
        if self.flat:
            return np.column_stack([first, data.inputs[rows, self.axes.shown[1]]])
        targets = data.targets[rows]
        if data.classes:
            return np.column_stack([first, targets if len(data.classes) == 2 else np.ones(len(rows))])
        return np.column_stack([np.tile(first, targets.shape[1]), targets.T.ravel()])

    def _label(self) -> None:
        data = self.network.train
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
        places = [places for places in self._places.values() if len(places)]
        if places:
            every = np.concatenate(places)
            low, high = every.min(axis=0), every.max(axis=0)
            size = np.where(high > low, high - low, 1.0)
            self.setRange(QRectF(*low, *size), padding=0.1)

    def show_ground(self, ground: DecisionRegions) -> None:
        """Draw what was predicted over the plane."""
        if self.network.train.classes:
            colors = class_shades(ground.predictions, self.theme)
        else:
            colors = height_shades(ground.predictions[..., 0], self._heights, self.theme)
        self.shade.setImage(colors, autoLevels=False, levels=(0, 255))
        (left, right), (low, high) = ground.view
        self.shade.setRect(QRectF(left, low, right - left, high - low))
        self.border.setData(ground.lines[:, 0], ground.lines[:, 1], connect=ground.joined)
        self.shade.setVisible(True)
        self.border.setVisible(True)

    def show_curves(self, places: np.ndarray, predictions: np.ndarray) -> None:
        """Draw what was predicted along the one input."""
        self.shade.setVisible(False)
        self.border.setVisible(False)
        shown = predictions[:, 1:] if len(self.network.train.classes) == 2 else predictions
        for item, values in zip(self.curves, shown.T, strict=True):
            item.setData(places, np.where(np.isfinite(values), values, np.nan), connect="finite")

    def show_marks(self, batch: np.ndarray, index: int, part: str) -> None:
        """Put rings around the rows of a batch, and a larger one around the example that was chosen."""
        rings = self._placed(self.network.train, batch[:_RINGS])
        self.batch.setData(rings[:, 0], rings[:, 1])
        data = self.network.test if part == TEST else self.network.train
        place = self._placed(data, np.array([index]))
        self.chosen.setData(place[:, 0], place[:, 1])

    def row_at(self, x: float, y: float) -> tuple[int, str] | None:
        """The row under the mouse and its part of the data, if there is one."""
        width, height = self.getPlotItem().vb.viewPixelSize()
        best, found = _NEAR, None
        for part, places in self._places.items():
            if len(places):
                distance = np.hypot((places[:, 0] - x) / width, (places[:, 1] - y) / height)
                if distance.min() < best:
                    best = float(distance.min())
                    found = int(self._rows[part][int(distance.argmin()) % len(self._rows[part])]), part
        return found

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            at = box.mapSceneToView(event.scenePos())
            if found := self.row_at(at.x(), at.y()):
                self.picked.emit(*found)
