"""One dimension: the curve, the points visited on it, and the tangent at the current one."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gdviewer.engine.run import Run
from gdviewer.problems.samples import SampledCurve
from gdviewer.ui.background import Latest
from gdviewer.ui.plots.base import Head, Plot, line_pen, thick_curve
from gdviewer.ui.plots.starts import StartMarkers
from gdviewer.ui.session import Session
from gdviewer.ui.text import number_text, tr
from gdviewer.ui.thinning import PathThinner, visible

_POINTS = 1500
_Items = tuple[pg.ScatterPlotItem, pg.PlotCurveItem, Head, PathThinner]


class CurvePlot(Plot):
    """A problem in one dimension, and the runs on it."""

    picture = "curve"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._problem: object = None
        self._runs: dict[Run, _Items] = {}
        self._work = Latest(self)
        self._work.done.connect(self._show)
        self.curve = thick_curve(2, QColor(self.theme.muted))
        self.addItem(self.curve, ignoreBounds=True)
        self._samples = pg.ScatterPlotItem(symbol="s", size=6, pxMode=True)
        self.addItem(self._samples, ignoreBounds=True)
        self._minima = pg.ScatterPlotItem(symbol="star", size=14, pxMode=True)
        self.addItem(self._minima, ignoreBounds=True)
        self.starts = StartMarkers(self, self._place, lambda x, _: (x,))
        self.disableAutoRange()
        self.getPlotItem().vb.sigXRangeChanged.connect(lambda: self.outdate())
        session.runs_changed.connect(self._match_runs)
        session.experiment_changed.connect(self._match_experiment)
        self.restyle()

    def restyle(self) -> None:
        self._label()
        super().restyle()
        theme = self.theme
        self.curve.setPen(line_pen(theme.muted, theme.width))
        self._samples.setBrush(QColor(theme.muted))
        self._samples.setPen(line_pen(theme.plot, 0.5))
        self._minima.setBrush(QColor(theme.text))
        self._minima.setPen(line_pen(theme.plot, 1))
        for run in list(self._runs):
            self._remove(run)
        self._draw_if_shown()

    def showEvent(self, event: object) -> None:
        self._match_experiment()
        super().showEvent(event)

    def show_all(self) -> None:
        problem = self.session.experiment.problem
        (left, right) = problem.domain[0]
        heights = self._heights(np.linspace(left, right, _POINTS)) if problem.broadcasts else self.curve.getData()[1]
        heights = heights[np.isfinite(heights)] if heights is not None else np.empty(0)
        low, high = np.quantile(heights, [0, 0.995]) if len(heights) else (-1.0, 1.0)
        self.setXRange(left, right, padding=0.02)
        self.setYRange(low, high if high > low else low + 1, padding=0.08)

    def describe(self, x: float, y: float) -> str:
        problem = self.session.experiment.problem
        if problem.broadcasts:
            height = self._heights(np.array([x]))[0]
        else:
            xs, ys = self.curve.getData()
            height = np.interp(x, xs, ys) if xs is not None and len(xs) else np.nan
        loss = number_text(height) if np.isfinite(height) else tr("not defined")
        return tr("x = {x}   f = {loss}", x=f"{x:.6g}", loss=loss)

    def draw(self) -> None:
        (left, right), _ = self.getPlotItem().vb.viewRange()
        pixel = self.getPlotItem().vb.viewPixelSize()[0]
        for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True):
            if not run.begun:
                continue
            *items, thinner = self._items_of(run, plan.color)
            for item in items:
                item.setVisible(plan.visible)
            points, tangent, head = items
            trace, position = run.trace, self.session.position(run)
            rows = thinner.update(trace.x)
            rows = rows[rows < position]
            if len(rows):
                rows = rows[visible(trace.x[rows], np.array([left]), np.array([right]), np.array([pixel]), most=400)]
            points.setData(trace.x[rows, 0], trace.loss[rows])
            x, y, slope = trace.x[position, 0], trace.loss[position], trace.gradient[position, 0]
            reach = np.array([-0.15, 0.15]) * (right - left)
            tangent.setData(x + reach, y + slope * reach)
            head.setPos(x, y)

    def close_threads(self) -> None:
        self._work.close()

    def _items_of(self, run: Run, color: int) -> _Items:
        if run not in self._runs:
            shade = self.theme.run_color(color)
            shade.setAlphaF(0.55)
            points = pg.ScatterPlotItem(size=6, pxMode=True, brush=shade, pen=None)
            tangent = thick_curve(self.theme.width, self.theme.run_color(color))
            head = Head(self.theme.run_color(color), self.theme.plot, self.theme.width)
            tangent.setZValue(25)
            points.setZValue(30)
            for item in (tangent, points, head):
                self.addItem(item, ignoreBounds=True)
            (left, right) = self.session.experiment.problem.domain[0]
            self._runs[run] = points, tangent, head, PathThinner((right - left) / 1e5)
        return self._runs[run]

    def _remove(self, run: Run) -> None:
        *items, _ = self._runs.pop(run)
        for item in items:
            self.removeItem(item)

    def _match_runs(self) -> None:
        for run in [run for run in self._runs if run not in self.session.runs]:
            self._remove(run)

    def _match_experiment(self) -> None:
        problem = self.session.experiment.problem
        if not self.active:
            return
        before, self._problem = self._problem, problem
        if before is not problem:
            self._label()
            sampled = isinstance(problem, SampledCurve)
            kept = slice(None, None, max(1, len(problem.samples) // _POINTS)) if sampled else slice(0)
            self._samples.setData(*((problem.positions[kept], problem.samples[kept]) if sampled else ((), ())))
            minima = problem.minima
            self._minima.setData(minima[:, 0], self._heights(minima[:, 0]) if len(minima) else [])
            if getattr(before, "name", None) != problem.name or not np.array_equal(before.domain, problem.domain):
                self.show_all()
            self.outdate()
        for run in list(self._runs):
            self._remove(run)
        self.starts.update()
        self._draw_if_shown()

    def _label(self) -> None:
        name = self.session.experiment.problem.axis_names[0]
        self.setLabel("bottom", tr("index") if name == "index" else name)
        self.setLabel("left", tr("loss f({x})", x="x" if name == "x" else name))

    def _place(self, start: tuple[float, ...]) -> tuple[float, float]:
        problem = self.session.experiment.problem
        if problem.broadcasts:
            height = float(self._heights(np.array(start[:1]))[0])
        else:
            xs, ys = self.curve.getData()
            height = float(np.interp(start[0], xs, ys)) if xs is not None and len(xs) else 0.0
        return start[0], height if np.isfinite(height) else 0.0

    def _heights(self, x: np.ndarray) -> np.ndarray:
        return self.session.experiment.problem.values_on_grid(x[:, None])

    def recompute(self) -> None:
        problem = self.session.experiment.problem
        self.draw()  # the points visited too are thinned for what is seen
        (left, right), _ = self.getPlotItem().vb.viewRange()
        x = np.linspace(left, right, _POINTS)
        if problem.broadcasts:
            self._show((x, problem.values_on_grid(x[:, None])))
        else:
            self._work.request(lambda: (x, problem.values_on_grid(x[:, None])))

    def _show(self, curve: tuple[np.ndarray, np.ndarray]) -> None:
        first = self.curve.getData()[0] is None
        x, heights = curve
        self.curve.setData(x, np.where(np.isfinite(heights), heights, np.nan), connect="finite")
        if first and not self.session.experiment.problem.broadcasts:
            self.show_all()
        self.starts.update()
