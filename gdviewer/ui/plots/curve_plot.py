"""One dimension: the curve, the points visited on it, and the tangent at the current one."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gdviewer.engine.run import Run
from gdviewer.problems.problem import Problem
from gdviewer.problems.samples import SampledCurve
from gdviewer.ui.plots.base import Curve, Drawing, Head, Plot, Stars, line_pen
from gdviewer.ui.plots.sketch import Sketch
from gdviewer.ui.plots.starts import StartMarkers
from gdviewer.ui.session import Session
from gdviewer.ui.text import number_text, tr
from gdviewer.ui.theme import Theme
from gdviewer.ui.thinning import PathThinner, visible

_POINTS = 1500
_SIZES = (40, 300, _POINTS)  # for a function that may be slow


class _Visits(Drawing):
    def __init__(self, color: QColor, theme: Theme, resolution: float) -> None:
        self.tangent = Curve(theme.width, color)
        self.tangent.setZValue(25)
        self.head = Head(color, theme.plot, theme.width)
        faint = QColor(color)
        faint.setAlphaF(0.55)
        self.points = pg.ScatterPlotItem(size=6, pxMode=True, brush=faint, pen=None)
        self.points.setZValue(30)
        self.thinner = PathThinner(resolution)
        super().__init__(self.points, self.tangent, self.head)


class CurvePlot(Plot):
    """A problem in one dimension, and the runs on it."""

    picture = "curve"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._problem: Problem | None = None
        self._unfitted = False
        self._sketch = Sketch(self)
        self._sketch.ready.connect(self._show)
        self.curve = Curve(2, QColor(self.theme.muted))
        self.addItem(self.curve, ignoreBounds=True)
        self._samples = pg.ScatterPlotItem(symbol="s", size=6, pxMode=True)
        self.addItem(self._samples, ignoreBounds=True)
        self._minima = Stars(self)
        self.starts = StartMarkers(self, self._place, lambda x, _: (x,))
        self.disableAutoRange()
        self.getPlotItem().vb.sigXRangeChanged.connect(lambda: self.outdate())
        session.experiment_changed.connect(self._match_experiment)
        self.restyle()

    def restyle(self) -> None:
        self._label()
        super().restyle()
        theme = self.theme
        self.curve.setPen(line_pen(theme.muted, theme.width))
        self._samples.setBrush(QColor(theme.muted))
        self._samples.setPen(line_pen(theme.plot, 0.5))
        if self.active:
            self._show_minima()

    def showEvent(self, event: object) -> None:
        self._match_experiment()
        super().showEvent(event)

    def show_all(self) -> None:
        problem = self.session.experiment.problem
        (left, right) = problem.domain[0]
        heights = self._heights(np.linspace(left, right, _POINTS)) if problem.broadcasts else self.curve.getData()[1]
        heights = heights[np.isfinite(heights)] if heights is not None else np.empty(0)
        low, high = np.quantile(heights, [0, 0.995]) if len(heights) else (-1.0, 1.0)
        low, high = max(low, -1e150), min(high, 1e150)
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
            visits = self.drawing_of(run, plan.color)
            position, trace = self.session.position(run), run.trace
            rows = visits.thinner.update(trace.x)
            rows = rows[rows < position]
            rows = rows[visible(trace.x[rows], np.array([left]), np.array([right]), np.array([pixel]), most=400)]
            visits.points.setData(trace.x[rows, 0], trace.loss[rows])
            x, y, slope = trace.x[position, 0], trace.loss[position], trace.gradient[position, 0]
            reach = np.array([-0.15, 0.15]) * (right - left)
            visits.set_visible(plan.visible)
            if not np.isfinite([y, slope]).all():  # a point or a tangent nowhere is not drawn
                visits.tangent.setVisible(False)
                visits.head.setVisible(bool(plan.visible and np.isfinite(y)))
                y, slope = (y if np.isfinite(y) else 0.0), 0.0
            visits.tangent.setData(x + reach, y + slope * reach)
            visits.head.setPos(x, y)

    def close_threads(self) -> None:
        self._sketch.close()

    def make_drawing(self, run: Run, color: QColor) -> _Visits:
        (left, right) = self.session.experiment.problem.domain[0]
        return _Visits(color, self.theme, (right - left) / 1e5)

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
            self._show_minima()
            shown = before is not None and (before.name, before.formula) == (problem.name, problem.formula)
            if not shown or not np.array_equal(before.domain, problem.domain):
                self._unfitted = not problem.broadcasts  # then it is fitted when its first picture comes
                self.show_all()
            self.outdate()
        self.starts.update()
        self._draw_if_shown()

    def _show_minima(self) -> None:
        x = self.session.experiment.problem.minima[:, 0]
        self._minima.show(np.column_stack([x, self._heights(x)]) if len(x) else np.empty((0, 2)))

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
        if problem.broadcasts:
            self._show(_sample(problem, left, right, _POINTS))
        else:
            self._sketch.request(lambda size: _sample(problem, left, right, size), _SIZES, dimension=1)

    def _show(self, curve: tuple[np.ndarray, np.ndarray]) -> None:
        x, heights = curve
        self.curve.setData(x, np.where(np.isfinite(heights), heights, np.nan), connect="finite")
        if self._unfitted:
            self._unfitted = False
            self.show_all()
        self.starts.update()


def _sample(problem: Problem, left: float, right: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(left, right, size)
    return x, problem.values_on_grid(x[:, None])
