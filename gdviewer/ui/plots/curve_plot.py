"""Problems of one dimension: the curve, the points visited on it, and the tangent at the current point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gdviewer.engine.record.trace import StoredRows, Trace
from gdviewer.engine.run.run import Run
from gdviewer.experiment.plan import Point
from gdviewer.problems.problem import Problem
from gdviewer.problems.samples import SampledCurve
from gdviewer.text import number_text, tr
from gdviewer.ui.plots.arrows import Ends
from gdviewer.ui.plots.base import Curve, Drawing, Head, Ring, Stars, line_pen, pale
from gdviewer.ui.plots.problem_plot import ProblemPlot
from gdviewer.ui.plots.thinning import Array, Nearest, PathThinner, visible
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme

_POINTS = 1500


class _Visits(Drawing):
    def __init__(self, color: QColor, theme: Theme, resolution: float) -> None:
        self.tangent = Curve(theme.width, color)
        self.tangent.setZValue(25)
        self.head = Head(color, theme.plot, theme.width)
        faint = QColor(color)
        faint.setAlphaF(0.55)
        self.points = pg.ScatterPlotItem(size=6, pxMode=True, brush=faint, pen=None)
        self.points.setZValue(30)
        self.future = pg.ScatterPlotItem(size=6, pxMode=True, brush=pale(color, theme), pen=None)
        self.future.setZValue(29)
        self.ring = Ring(color, theme.plot, theme.width)
        self._resolution = resolution
        self.restart()
        present = self.future, self.tangent, self.head
        super().__init__(self.points, *present, self.ring, present=present)

    def restart(self) -> bool:
        self.stride = 1
        self.thinner = PathThinner(self._resolution)
        self.nearest = Nearest()
        return True

    def stored_rows(self, trace: Trace) -> StoredRows:
        """Return the stored rows of a trace; if fewer rows are stored than before, thin all of them again."""
        kept = trace.rows
        if kept.stride != self.stride:
            self.restart()
            self.stride = kept.stride
        return kept


class CurvePlot(ProblemPlot[_Visits]):
    """A problem in one dimension, and the runs on it."""

    picture = "curve"
    sizes: tuple[int, ...] = (40, 300, _POINTS)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._unfitted = False
        self.curve = Curve(2, QColor(self.theme.muted))
        self.addItem(self.curve, ignoreBounds=True)
        self._samples = pg.ScatterPlotItem(symbol="s", size=6, pxMode=True)
        self.addItem(self._samples, ignoreBounds=True)
        self.getPlotItem().vb.sigXRangeChanged.connect(lambda: self.outdate())
        self.restyle()

    def restyle(self) -> None:
        self._label()
        super().restyle()
        theme = self.theme
        self.curve.setPen(line_pen(theme.muted, theme.width))
        self._samples.setBrush(QColor(theme.muted))
        self._samples.setPen(line_pen(theme.plot, 0.5))

    def show_all(self) -> None:
        problem = self.session.experiment.problem
        (left, right) = problem.domain[0]
        heights = self._heights(np.linspace(left, right, _POINTS)) if problem.broadcasts else self.curve.getData()[1]
        heights = heights[np.isfinite(heights)] if heights is not None else np.empty(0)
        low, high = np.quantile(heights, [0, 0.995]) if len(heights) else (-1.0, 1.0)
        low, high = max(low, -1e150), min(high, 1e150)
        self.setXRange(left, right, padding=0.02)
        self.setYRange(low, high if high > low else low + 1, padding=0.08)

    def describe_point(self, x: float, y: float) -> str:
        height = self._height_at(x)
        loss = number_text(height) if np.isfinite(height) else tr("not defined")
        return tr("x = {x}   f = {loss}", x=f"{x:.6g}", loss=loss)

    def draw(self) -> None:
        (left, right), _ = self.getPlotItem().vb.viewRange()
        pixel = self.getPlotItem().vb.viewPixelSize()[0]
        for plan, run in self.session.shown:
            if not run.begun:
                continue
            visits = self.drawing_of(run, plan.color)
            last, trace = run.step, run.trace  # read once: the trace may grow meanwhile
            position = min(self.session.cursor.step, last)
            kept = visits.stored_rows(trace)
            rows = visits.thinner.update(kept.x[: last // kept.stride + 1])
            rows = rows[rows * kept.stride >= self.first_step(run)]
            rows = rows[visible(kept.x[rows], np.array([left]), np.array([right]), np.array([pixel]), most=400)]
            steps = rows * kept.stride
            for item, some in ((visits.points, steps < position), (visits.future, steps > position)):
                if some.any() or len(item.data):
                    item.setData(kept.x[rows[some], 0], trace.loss[steps[some]])
            position, point = run.nearest_point(position)
            x, y, slope = point[0], trace.loss[position], run.recorded_gradient(position)[0]
            reach = np.array([-0.15, 0.15]) * (right - left)
            visits.set_visible(plan.visible)
            left, point = run.nearest_point(min(run.branch_step, position))
            visits.ring.mark(plan.visible and 0 < run.branch_step <= position, point[0], trace.loss[left])
            if not np.isfinite([y, slope]).all():  # no tangent, or no point, can be drawn
                visits.tangent.setVisible(False)
                visits.head.setVisible(bool(plan.visible and np.isfinite(y)))
                y, slope = (y if np.isfinite(y) else 0.0), 0.0
            visits.tangent.setData(x + reach, y + slope * reach)
            visits.head.setPos(x, y)

    def distance_to(self, drawing: _Visits, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> float:
        return drawing.nearest.find(_visited(drawing, run), at, pixel)[1]

    def nearest_step(self, drawing: _Visits, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> int:
        return drawing.nearest.find(_visited(drawing, run), at, pixel)[0] * drawing.stride

    def make_drawing(self, run: Run, color: QColor) -> _Visits:
        (left, right) = self.session.experiment.problem.domain[0]
        return _Visits(color, self.theme, (right - left) / 1e5)

    def adopt(self, before: Problem | None, problem: Problem) -> None:
        self._label()
        if isinstance(problem, SampledCurve):
            stride = max(1, len(problem.samples) // _POINTS)
            self._samples.setData(problem.positions[::stride], problem.samples[::stride])
        else:
            self._samples.setData((), ())
        self._unfitted = not problem.broadcasts  # then the view is fitted to the first picture
        if before is not None and before.formula != problem.formula:
            before = None  # so that the view is fitted to the heights of the other formula
        super().adopt(before, problem)

    def show_minima(self, stars: Stars) -> None:
        x = self.surface.minima[:, 0]
        stars.show(np.column_stack([x, self._heights(x)]) if len(x) else np.empty((0, 2)))

    def _label(self) -> None:
        name = self.session.experiment.problem.axis_names[0]
        self.setLabel("bottom", tr("index") if name == "index" else name)
        self.setLabel("left", tr("loss f({x})", x="x" if name == "x" else name))

    def position_of(self, start: Point) -> tuple[float, float]:
        height = self._height_at(start[0])
        return start[0], height if np.isfinite(height) else 0.0

    def ends_of(self, at: Array, vector: Array) -> Ends:
        return float(at[0]), self._height_at(float(at[0])), float(vector[0]), 0.0

    def start_at(self, x: float, y: float, start: Point) -> Point:
        return (x,)

    def _height_at(self, x: float) -> float:
        """Return the loss at x: exact, or from the drawn curve if the function may be slow."""
        if self.session.experiment.problem.broadcasts:
            return float(self._heights(np.array([x]))[0])
        xs, ys = self.curve.getData()
        return float(np.interp(x, xs, ys)) if xs is not None and len(xs) else np.nan

    def _heights(self, x: Array) -> Array:
        return self.session.experiment.problem.values_on_grid(x[:, None])

    def picture_of(self, problem: Problem) -> Callable[[int], tuple[Array, Array]]:
        (left, right), _ = self.getPlotItem().vb.viewRange()

        def sample(size: int) -> tuple[Array, Array]:
            x = np.linspace(left, right, size)
            return x, problem.values_on_grid(x[:, None])

        return sample

    def show_picture(self, picture: tuple[Array, Array]) -> None:
        x, heights = picture
        self.curve.setData(x, np.where(np.isfinite(heights), heights, np.nan), connect="finite")
        if self._unfitted:
            self._unfitted = False
            self.show_all()
        self.starts.update()


def _visited(visits: _Visits, run: Run) -> tuple[Array, Array]:
    """Return x and loss of each stored step of a run, with equal lengths although the run may be growing."""
    kept = visits.stored_rows(run.trace)
    return kept.x[:, 0], run.trace.loss[:: kept.stride][: len(kept.x)]
