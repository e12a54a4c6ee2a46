"""The curves of a sweep: the median loss of each value over the steps, with the quartiles around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gdviewer.experiment.sweep import Band, Sweep, value_title
from gdviewer.text import tr
from gdviewer.ui.plots.base import Drawing, Plot, line_pen
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme

_RAMPS = {False: (0.0, 0.82), True: (0.22, 1.0)}  # the part of viridis that is visible on a light or a dark background


def value_colors(count: int, theme: Theme) -> list[QColor]:
    """Return a colour of viridis for each value; their lightness increases in order."""
    first, last = _RAMPS[QColor(theme.plot).lightnessF() < 0.5]
    ramp = pg.colormap.get("viridis")
    return [ramp.map(share, mode="qcolor") for share in np.linspace(first, last, max(count, 2))[:count]]


class SweepPlot(Plot[Drawing]):
    """Draws the bands of some values of a sweep.

    Attributes:
        sweep: the sweep; None before one is shown.
        log_steps, log_values: True if the axis is logarithmic.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.sweep: Sweep | None = None
        self.log_steps, self.log_values = False, True
        self._values: tuple[Any, ...] = ()
        self._emphasis: Any = None
        self._drawn: tuple[object, ...] = ()
        self._bands: dict[Any, tuple[NDArray[np.float64], ...]] = {}  # of all values, in the coordinates of the plot
        self._curves: dict[Any, tuple[pg.PlotCurveItem, pg.FillBetweenItem]] = {}
        self.setMinimumSize(170, 120)
        self.setToolTip(tr("Line: median of the runs of a value. Band: their quartiles."))
        self.getAxis("bottom").whole = True
        self.restyle()

    def show_sweep(self, sweep: Sweep, values: Sequence[Any]) -> None:
        """Show the bands of these values of a sweep."""
        self.sweep, self._values = sweep, tuple(values)
        self._clear()
        self.refresh()

    def emphasise(self, value: Any) -> None:
        """Draw the curve of one value wider; None for no value."""
        if value != self._emphasis:
            self._emphasis = value
            self._restyle_curves()

    def set_logarithmic(self, steps: bool, values: bool) -> None:
        """Set which axes are logarithmic."""
        if (steps, values) != (self.log_steps, self.log_values):
            self.log_steps, self.log_values = steps, values
            self._clear()
            self.refresh()

    def refresh(self) -> None:
        """Draw the new results and show all curves."""
        if self.sweep is None:
            return
        known = (self.sweep, len(self.sweep.outcomes), self.log_steps, self.log_values)
        if known == self._drawn and self._curves:
            return
        self._drawn = known
        self.getAxis("left").setLogMode(self.log_values)
        self.getAxis("bottom").setLogMode(self.log_steps)
        self.setLabel("bottom", tr("epoch") if self.sweep.in_epochs else tr("step"))
        self.getAxis("bottom").whole = not self.sweep.in_epochs
        self.setLabel("left", tr("loss on all rows") if self._values == self.sweep.values else tr("loss"))
        bands = {value: band for value in self.sweep.values if (band := self.sweep.band(value))}
        self._bands = {value: self._transformed(band) for value, band in bands.items()}
        for value in self._values:
            if value in bands:
                self._draw(value)
        self._restyle_curves()
        self.show_all()

    def show_all(self) -> None:
        """Show all curves; a curve that rises far above the others is cut off."""
        if self.sweep is None:
            return
        drawn = list(self._bands.values())
        if not drawn:
            return
        x = np.concatenate([at for at, *_ in drawn])
        y = np.concatenate([np.r_[low, median, high] for _, low, median, high in drawn])
        begin = max(median[0] for _, _, median, _ in drawn if len(median)) if len(y) else 0.0
        y = y[np.isfinite(y)]
        if len(x) and len(y):
            bottom, top = float(y.min()), float(y.max())
            top = min(top, begin + 0.35 * max(begin - bottom, 1e-9)) if begin > bottom else top
            self.setXRange(float(x.min()), float(x.max()), padding=0.01)
            self.setYRange(bottom, top, padding=0.04)

    def restyle(self) -> None:
        super().restyle()
        if hasattr(self, "_curves"):
            self._restyle_curves()

    def describe(self, x: float, y: float) -> str:
        """Return a text on the nearest curve: its value, the step, the loss and the quartiles."""
        sweep = self.sweep
        best: tuple[float, str] = (np.inf, "")
        (left, right), (bottom, top) = self.getPlotItem().vb.viewRange()
        if sweep is None:
            return ""
        for value in self._values:
            band = sweep.band(value)
            if band is None:
                continue
            at, _, median, _ = self._transformed(band)
            if not len(at) or not at[0] - 0.01 * (right - left) <= x <= at[-1] + 0.01 * (right - left):
                continue
            i = int(np.abs(at - x).argmin())
            off = abs(median[i] - y) / max(top - bottom, 1e-300)
            if off < best[0]:
                best = off, self._text(sweep, value, band, i + int((~self._shown(band)).sum()))
        return best[1] if best[0] < 0.1 else ""

    @staticmethod
    def _text(sweep: Sweep, value: Any, band: Band, i: int) -> str:
        name = tr("epoch") if sweep.in_epochs else tr("step")
        return tr(
            "{value}   {name} {step}   loss {loss}   quartiles {low} … {high}",
            value=value_title(sweep.what, value), name=name, step=f"{band.axis[i]:,.4g}",
            loss=f"{band.median[i]:.4g}", low=f"{band.low[i]:.4g}", high=f"{band.high[i]:.4g}",
        )  # fmt: skip

    def _shown(self, band: Band) -> NDArray[np.bool_]:
        """Return a mask of the points that can be drawn, shape (k,): a logarithmic axis has no zero."""
        return band.axis > 0 if self.log_steps else np.ones(len(band.axis), dtype=bool)

    def _transformed(self, band: Band) -> tuple[NDArray[np.float64], ...]:
        """Return axis, lower quartile, median and upper quartile in plot coordinates, until the median diverges."""
        shown = self._shown(band)
        x, *rows = (row[shown] for row in (band.axis, band.low, band.median, band.high))
        end = int(np.argmin(np.append(np.isfinite(rows[1]), False)))
        with np.errstate(all="ignore"):
            x = np.log10(x[:end]) if self.log_steps else x[:end]
            rows = [np.log10(np.maximum(row[:end], 1e-300)) if self.log_values else row[:end] for row in rows]
        low, median, high = rows
        return x, np.where(np.isfinite(low), low, median), median, np.where(np.isfinite(high), high, median)

    def _draw(self, value: Any) -> None:
        if value not in self._curves:
            edges = pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None)
            fill = pg.FillBetweenItem(*edges)
            fill.setZValue(1)
            curve = pg.PlotCurveItem()
            curve.setZValue(10)
            self._curves[value] = curve, fill
            for item in (fill, curve):
                self.addItem(item, ignoreBounds=True)
        curve, fill = self._curves[value]
        x, low, median, high = self._bands[value]
        curve.setData(x, median)
        for edge, row in zip(fill.curves, (low, high), strict=True):
            edge.setData(x, row)

    def _restyle_curves(self) -> None:
        if self.sweep is None:
            return
        colors = dict(zip(self.sweep.values, value_colors(len(self.sweep.values), self.theme), strict=True))
        for value, (curve, fill) in self._curves.items():
            color, wide = QColor(colors[value]), value == self._emphasis
            curve.setPen(line_pen(color, self.theme.width * (1.8 if wide else 1.0)))
            curve.setZValue(20 if wide else 10)
            color.setAlphaF(0.3 if wide else 0.16)
            fill.setBrush(color)

    def _clear(self) -> None:
        for curve, fill in self._curves.values():
            self.removeItem(fill)
            self.removeItem(curve)
        self._curves = {}
