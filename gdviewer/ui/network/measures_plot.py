"""Curves of a measure over the epochs, for all runs, of the training and the test data."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from gdviewer.engine.run.run import Run
from gdviewer.inspection.epoch_metrics import Epochs, epoch_steps
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.plots.base import Curve, Drawing, Plot, line_pen, pale
from gdviewer.ui.plots.series import Veil
from gdviewer.ui.plots.thinning import Array, Pyramid
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme

LOSS, ACCURACY = "loss", "accuracy"
_FEW = 40  # up to this number of epochs, the end of each is marked


class _Curves(Drawing):
    def __init__(self, color: QColor, theme: Theme) -> None:
        self.batch = pg.PlotCurveItem(pen=line_pen(pale(color, theme), 1))
        self.train = Curve(theme.width, color)
        dashed = line_pen(color, theme.width * 0.75)
        dashed.setStyle(Qt.PenStyle.DashLine)
        self.test = pg.PlotCurveItem(pen=dashed, antialias=True)  # segments of a Curve are too short for dashes
        self.dots = pg.ScatterPlotItem(pxMode=True, size=6, brush=color, pen=None)
        self.pyramid = Pyramid()
        self.batch.setZValue(5)
        for z, item in enumerate((self.test, self.train, self.dots)):
            item.setZValue(20 + z)
        super().__init__(self.batch, self.train, self.test, self.dots)


class MeasuresPlot(Plot[_Curves]):
    """A measure over the epochs: solid for the training data, dashed for the test data, pale for the batches.

    Args:
        session: the session.
        epochs: the measures of all runs that are known.
        measure: LOSS or ACCURACY.
    """

    frames_per_draw = 8

    def __init__(self, session: Session, epochs: Epochs, measure: str) -> None:
        super().__init__(session)
        self.setMinimumSize(200, 90)
        self.setToolTip(
            tr("Solid: all training data. Dashed: test data. Pale: the batch of each step, before the step. "
               "Click, or drag the line: go to that step. Wheel: zoom. Drag: move. Ctrl+0: show all.")
        )  # fmt: skip
        self.epochs, self.measure, self.log = epochs, measure, False
        self.getAxis("bottom").whole = True
        self._range: tuple[float, float, float, float] | None = None
        self._follow = True
        self.cursor_line = pg.InfiniteLine(movable=True, angle=90)
        self.cursor_line.setZValue(60)
        self.cursor_line.sigDragged.connect(lambda: self._go_to(self.cursor_line.value()))
        self.cursor_line.sigPositionChangeFinished.connect(self._place_cursor)
        self.veil = Veil()
        for item in (self.veil, self.cursor_line):
            self.addItem(item, ignoreBounds=True)
        self.disableAutoRange()
        self.getPlotItem().vb.sigRangeChangedManually.connect(self._zoomed)
        self.scene().sigMouseClicked.connect(self._click)
        session.runs_changed.connect(self.show_all)

    @property
    def active(self) -> bool:
        return isinstance(self.session.experiment.problem, Network)

    def set_log(self, log: bool) -> None:
        """Choose a logarithmic or linear vertical axis."""
        self.log = log
        self.getAxis("left").setLogMode(log)
        self.show_all()

    def restyle(self) -> None:
        super().restyle()
        self.cursor_line.setHoverPen(line_pen(self.theme.accent, 3))
        self.veil.set_color(self.theme.plot)
        self.setLabel("left", {LOSS: tr("loss"), ACCURACY: tr("accuracy")}[self.measure])
        self.setLabel("bottom", tr("epoch"))
        metrics = self.fontMetrics()  # the same width in both plots, so that their epochs are aligned
        self.getAxis("left").setWidth(metrics.horizontalAdvance("0.001") + metrics.height() + 8)
        self._place_cursor()

    def show_all(self) -> None:
        self._follow, self._range = True, None
        self._draw_if_shown()

    def make_drawing(self, run: Run, color: QColor) -> _Curves:
        return _Curves(color, self.theme)

    def draw(self) -> None:
        bounds, last = [], 0.0
        for plan, run in self.session.shown:
            if not run.begun or not isinstance(run.problem, Network):
                continue
            curves = self.drawing_of(run, plan.color)
            curves.set_visible(plan.visible)
            count, parts = epoch_steps(run), []
            if self.measure == LOSS:
                loss = run.trace.loss
                curves.pyramid.update(loss)
                steps, values = curves.pyramid.envelope(loss, 0, len(loss) - 1)
                parts.append((curves.batch, steps / count, values))
            train = self.epochs.curve(run, f"train_{self.measure}")
            parts += [(curves.train, *train), (curves.test, *self.epochs.curve(run, f"test_{self.measure}"))]
            for item, at, values in parts:
                shown = self._to_axis(values)
                item.setData(at, shown, connect="finite")
                finite = shown[np.isfinite(shown)]
                if plan.visible and len(finite):
                    bounds.append((float(finite.min()), float(finite.max())))
            few = len(train[0]) <= _FEW
            curves.dots.setData(*((train[0], self._to_axis(train[1])) if few else ((), ())))
            last = max(last, run.step / count)
        self._place_cursor()
        if self._follow:
            self._fit(last, bounds)

    def _to_axis(self, values: Array) -> Array:
        with np.errstate(all="ignore"):
            shown = np.log10(np.where(values > 0, values, np.nan)) if self.log else values
        return np.where(np.isfinite(shown), shown, np.nan)

    def _fit(self, last: float, bounds: list[tuple[float, float]]) -> None:
        """Extend the view in large steps, so that the axes are not drawn again each time."""
        right = 2.0
        while right < last:
            right *= 1.25
        low = min((b[0] for b in bounds), default=0.0)
        high = max((b[1] for b in bounds), default=1.0)
        margin = 0.08 * (high - low) or 0.05
        wanted = (-0.02 * right, right, low - margin, high + margin)
        if self._range:
            _, _, below, above = self._range
            if below <= low and high <= above and high - low > 0.5 * (above - below):
                wanted = (*wanted[:2], below, above)
        if wanted != self._range:
            self._range = wanted
            self.setRange(xRange=wanted[:2], yRange=wanted[2:], padding=0)

    def _zoomed(self, *_: object) -> None:
        self._follow = False

    @property
    def _steps(self) -> int:
        """Number of steps in an epoch."""
        problem = self.session.experiment.problem
        return problem.batches.count if isinstance(problem, Network) else 1

    def follow_cursor(self) -> None:
        if self.isVisible():
            self._place_cursor()

    def _place_cursor(self) -> None:
        live, at = self.session.cursor.is_live, self.session.cursor.step / self._steps
        self.cursor_line.setPen(line_pen(self.theme.muted, 1) if live else line_pen(self.theme.review, 2.5))
        self.veil.setVisible(not live)
        self.veil.begin(at)
        if not self.cursor_line.moving:
            self.cursor_line.setPos(at)

    def _go_to(self, epoch: float) -> None:
        self.session.cursor.look_at(round(epoch * self._steps))

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            self._go_to(box.mapSceneToView(event.scenePos()).x())

    def describe(self, x: float, y: float) -> str:
        selected = self.session.runs[self.session.selected]
        train, test = (self.epochs.curve(selected, f"{part}_{self.measure}") for part in ("train", "test"))
        if not len(train[0]):
            return ""
        nearest = int(np.abs(train[0] - x).argmin())
        text = tr(
            "epoch {epoch}   {measure} of the training data {value}", epoch=f"{train[0][nearest]:,.0f}",
            measure=tr(self.measure), value=f"{train[1][nearest]:.4g}",
        )  # fmt: skip
        if nearest < len(test[0]):
            text += tr("   of the test data {value}", value=f"{test[1][nearest]:.4g}")
        return text
