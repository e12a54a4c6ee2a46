"""The loss along a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor

from gdviewer.engine.analysis.line import LineProfile
from gdviewer.text import number_text, tr
from gdviewer.ui.plots.base import Curve, Drawing, Plot, line_pen
from gdviewer.ui.session.session import Session

_HEIGHT = 3.0  # of the plot above the lowest loss, in multiples of the height of the start and end of the step


class SlicePlot(Plot[Drawing]):
    """Draws the loss f(x + α·d) along a step, with the parabola of its value, slope and curvature at x.

    Attributes:
        line: the loss along the step; None for an empty plot.
        curve, parabola, marks: the items of the plot.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.line: LineProfile | None = None
        self._color = QColor()
        self.setToolTip(tr("The loss along the last step. Wheel: zoom. Drag: move."))
        self.setAccessibleName(tr("Slice along the step"))
        self.setMinimumSize(200, 180)
        self.disableAutoRange()
        self.curve = Curve(self.theme.width, QColor(self.theme.text))
        self.parabola = pg.PlotCurveItem(antialias=True)
        self.marks = pg.ScatterPlotItem(pxMode=True)
        self.marks.setZValue(50)
        for item in (self.parabola, self.curve, self.marks):
            self.addItem(item, ignoreBounds=True)
        self.setLabel("left", tr("loss"))
        self.restyle()

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def restyle(self) -> None:
        super().restyle()
        self.show_line(self.line, self._color)

    def show_line(self, line: LineProfile | None, color: QColor) -> None:
        """Show the loss along a step in the colour of a run."""
        is_new = line is not self.line
        self.line, self._color = line, color
        if line is None:
            for item in (self.curve, self.parabola):
                item.setData([], [])
            self.marks.setData([])
            return
        theme = self.theme
        self.curve.setPen(line_pen(color, theme.width))
        dashed = line_pen(theme.muted, theme.width * 0.75)
        dashed.setStyle(Qt.PenStyle.DashLine)
        self.parabola.setPen(dashed)
        heights = np.where(np.isfinite(line.loss), line.loss, np.nan)
        self.curve.setData(line.alpha, heights, connect="finite")
        low, high = self._range(line, heights)
        parabola = line.parabola(line.alpha)
        near = np.isfinite(parabola) & (np.abs(parabola - low) <= 50 * (high - low))
        self.parabola.setData(line.alpha, np.where(near, parabola, np.nan), connect="finite")
        rim = line_pen(theme.plot, 1)
        marks: list[dict[str, Any]] = [
            {"pos": (0.0, line.loss_at_start), "symbol": "o", "size": 9, "brush": theme.plot,
             "pen": line_pen(color, theme.width)},
            {"pos": (line.best, line.best_loss), "symbol": "star", "size": 15, "brush": theme.text, "pen": rim},
            {"pos": (1.0, line.loss_at_end), "symbol": "o", "size": 11, "brush": color, "pen": rim},
        ]  # fmt: skip
        self.marks.setData([mark for mark in marks if np.isfinite(mark["pos"]).all()])
        if is_new:
            self.setLabel("bottom", tr("α (1: the step)") if line.step else tr("α (1: a step along −∇f)"))
            self.show_all()

    def show_all(self) -> None:
        if self.line is None:
            return
        low, high = self._range(self.line, self.line.loss)
        self.setXRange(float(self.line.alpha[0]), float(self.line.alpha[-1]), padding=0.02)
        self.setYRange(low, high, padding=0.08)

    def describe(self, x: float, y: float) -> str:
        if self.line is None:
            return ""
        height = float(np.interp(x, self.line.alpha, self.line.loss, left=np.nan, right=np.nan))
        loss = number_text(height) if np.isfinite(height) else tr("not defined")
        return tr("α = {alpha}   f = {loss}", alpha=f"{x:.4g}", loss=loss)

    @staticmethod
    def _range(line: LineProfile, heights: NDArray[np.float64]) -> tuple[float, float]:
        """Return the range of the losses to show, limited so that the step remains visible."""
        finite = heights[np.isfinite(heights) & (np.abs(heights) < 1e150)]
        ends = np.array([line.loss_at_start, line.loss_at_end])
        ends = ends[np.isfinite(ends) & (np.abs(ends) < 1e150)]
        if not len(finite) or not len(ends):
            return -1.0, 1.0
        low, top = float(finite.min()), float(ends.max())
        high = min(float(finite.max()), low + _HEIGHT * (top - low)) if top > low else float(finite.max())
        return (low, high) if high > low else (low - 1, low + 1)
