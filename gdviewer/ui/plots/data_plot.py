"""The data of a regression, and the models of the runs at the cursor."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QMouseEvent

from gdviewer.engine.run.run import Run
from gdviewer.problems.data import Data
from gdviewer.problems.regression_problem import Regression
from gdviewer.text import tr
from gdviewer.ui.plots.base import Curve, Drawing, Plot, line_pen
from gdviewer.ui.plots.thinning import Array
from gdviewer.ui.session.session import Session

CURVE, BOUNDARY, AGREEMENT = "curve", "boundary", "agreement"
_POINTS = 2000  # maximum of rows that are drawn; of larger data, evenly spaced rows
_PREDICTED = 400  # maximum of rows that are predicted in each frame
_STEPS = 240
_SHADES = 96


def kind_of(problem: Regression) -> str:
    """Return how a regression is drawn: CURVE over one input, BOUNDARY over two, else AGREEMENT with the targets."""
    inputs = problem.data.inputs.shape[1]
    if inputs == 1:
        return CURVE
    return BOUNDARY if inputs == 2 and problem.data.classes else AGREEMENT


class _Fit(Drawing):
    def __init__(self, kind: str, color: QColor, width: float) -> None:
        self.curve = Curve(width, color)
        self.curve.setZValue(30)
        faint = QColor(color)
        faint.setAlphaF(0.55)
        self.points = pg.ScatterPlotItem(size=6, pxMode=True, brush=faint, pen=None)
        self.points.setZValue(20)
        super().__init__(self.points if kind == AGREEMENT else self.curve)


class DataPlot(Plot[_Fit]):
    """Points, and lines in the runs' colours: fitted curves, decision boundaries, or predictions against the target.

    Rings mark the rows in the batch of the selected run's step at the cursor.
    """

    frames_per_draw = 2

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumWidth(180)
        self.setToolTip(tr("Wheel: zoom. Drag: move. Double click: show all."))
        self._problem: Regression | None = None
        self._kind = CURVE
        self._rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)  # the rows that are drawn
        self.shade = pg.ImageItem()
        self.shade.setZValue(-100)
        self.diagonal = pg.InfiniteLine(angle=45, movable=False)
        self.points = [pg.ScatterPlotItem(symbol=symbol, size=7, pxMode=True) for symbol in ("o", "s")]
        self.batch = pg.ScatterPlotItem(symbol="o", size=14, pxMode=True, brush=None)
        self.batch.setZValue(40)
        for item in (self.shade, self.diagonal, *self.points, self.batch):
            self.addItem(item, ignoreBounds=True)
        self.disableAutoRange()
        self.getPlotItem().vb.sigRangeChanged.connect(lambda: self.outdate())
        session.problem_changed.connect(self.match)
        self.restyle()

    @property
    def active(self) -> bool:
        return isinstance(self.session.experiment.problem, Regression)

    def recompute(self) -> None:
        self.draw()

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        first, second = QColor(theme.muted), QColor(theme.accent)
        self.points[0].setPen(line_pen(first, 1.5))
        self.points[0].setBrush(QColor(theme.plot))
        self.points[1].setPen(line_pen(theme.plot, 0.5))
        self.points[1].setBrush(second)
        self.diagonal.setPen(line_pen(theme.muted, 1))
        table = np.array(
            [[second.red(), second.green(), second.blue(), round(90 * share)] for share in np.linspace(0, 1, 64)],
            dtype=np.uint8,
        )
        self.shade.setLookupTable(table)
        self.match()

    def match(self) -> None:
        """Show the experiment's data."""
        problem = self.session.experiment.problem
        if not isinstance(problem, Regression):
            return
        before, self._problem = self._problem, problem
        self._kind = kind_of(problem)
        given = problem.data
        self._rows = np.arange(0, len(given), max(1, len(given) // _POINTS))
        positions = self._positions(given, self._rows, given.targets[self._rows])
        for value, item in enumerate(self.points):
            chosen = given.targets[self._rows] == value if given.classes else np.full(len(self._rows), value == 0)
            shown = self._kind != AGREEMENT
            item.setData(*(positions[chosen].T if shown else ((), ())))
        self.shade.setVisible(self._kind == BOUNDARY)
        self.diagonal.setVisible(self._kind == AGREEMENT)
        self._label(problem)
        if before is None or not _same(before, problem):
            self.show_all()
        self._draw_if_shown()

    def _label(self, problem: Regression) -> None:
        given = problem.data
        output = tr("probability of {c}", c=given.classes[1]) if given.classes else given.target_name
        if self._kind == CURVE:
            names = given.input_names[0], output
        elif self._kind == BOUNDARY:
            names = given.input_names[0], given.input_names[1]
        else:
            names = (
                tr("{y} in the data", y=given.target_name),
                output if given.classes else tr("{y} predicted", y=given.target_name),
            )
        self.setLabel("bottom", names[0])
        self.setLabel("left", names[1])

    def show_all(self) -> None:
        if self._problem is None:
            return
        given = self._problem.data
        x = given.inputs[:, 0] if self._kind != AGREEMENT else given.targets
        y = given.inputs[:, 1] if self._kind == BOUNDARY else given.targets
        (left, right), (low, high) = ((float(v.min()), float(v.max())) for v in (x, y))
        width, height = right - left or 1.0, high - low or 1.0
        self.setRange(QRectF(left, low, width, height), padding=0.1)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_all()

    def describe(self, x: float, y: float) -> str:
        problem = self._problem
        if problem is None:
            return ""
        names = [self.getAxis(side).labelText for side in ("bottom", "left")]
        return tr("{a} = {x}   {b} = {y}", a=names[0], b=names[1], x=f"{x:.5g}", y=f"{y:.5g}")

    def draw(self) -> None:
        problem, session = self._problem, self.session
        if problem is None:
            return
        self.batch.setVisible(False)
        for index, (plan, run) in enumerate(zip(session.experiment.runs, session.runs, strict=True)):
            if not run.begun or run.problem is not problem:
                continue
            fit = self.drawing_of(run, plan.color)
            x = run.nearest_point(session.cursor.position(run))[1]
            with np.errstate(all="ignore"):
                self._draw_fit(fit, problem, x)
                if index == session.selected:
                    self._draw_selected(problem, run, x, self.theme.run_color(plan.color))
            fit.set_visible(plan.visible)

    def make_drawing(self, run: Run, color: QColor) -> _Fit:
        return _Fit(self._kind, color, self.theme.width)

    def _draw_fit(self, fit: _Fit, problem: Regression, x: Array) -> None:
        (left, right), (low, high) = self.getPlotItem().vb.viewRange()
        if self._kind == CURVE:
            at = np.linspace(left, right, _STEPS)
            heights = problem.predict(x, at[:, None])
            reach = 2 * (high - low)  # a painter cannot draw very large coordinates
            positions = np.column_stack([at, np.clip(heights, low - reach, high + reach)])
        elif self._kind == BOUNDARY:
            positions = _boundary(problem.coefficients(x), left, right, low, high)
        else:
            rows = self._rows[:: max(1, len(self._rows) // _PREDICTED)]
            positions = self._positions(problem.data, rows, problem.predict(x, problem.data.inputs[rows]))
            positions = positions[np.isfinite(positions).all(axis=1)]
            fit.points.setData(*positions.T)
            return
        fit.curve.setData(*(positions if np.isfinite(positions).all() else np.empty((0, 2))).T)

    def _draw_selected(self, problem: Regression, run: Run, x: Array, color: QColor) -> None:
        """Draw the batch of the selected run, and its probabilities of the classes."""
        step = self.session.cursor.position(run)
        if problem.stochastic and step:
            rows = problem.batch_rows(step, run.seed)[:_PREDICTED]
            heights = problem.data.targets[rows]
            if self._kind == AGREEMENT:
                heights = problem.predict(x, problem.data.inputs[rows])
            self.batch.setPen(line_pen(color, 2))
            self.batch.setData(*self._positions(problem.data, rows, heights).T)
            self.batch.setVisible(True)
        if self._kind == BOUNDARY:
            (left, right), (low, high) = self.getPlotItem().vb.viewRange()
            at = [np.linspace(*side, _SHADES) for side in ((left, right), (low, high))]
            grid = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1).reshape(-1, 2)
            probability = problem.predict(x, grid).reshape(_SHADES, _SHADES)
            self.shade.setImage(np.nan_to_num(probability), autoLevels=False, levels=(0, 1))
            cell = (right - left) / (_SHADES - 1), (high - low) / (_SHADES - 1)
            self.shade.setRect(QRectF(left - cell[0] / 2, low - cell[1] / 2, cell[0] * _SHADES, cell[1] * _SHADES))

    def _positions(self, given: Data, rows: NDArray[np.intp], heights: Array) -> Array:
        """Return the positions of rows in the plot, shape (k, 2); ``heights`` are their targets or predictions."""
        if self._kind == BOUNDARY:
            return given.inputs[rows]
        across = given.inputs[rows, 0] if self._kind == CURVE else given.targets[rows]
        return np.column_stack([across, heights])


def _boundary(coefficients: Array, left: float, right: float, low: float, high: float) -> Array:
    """Return the ends of the line b₀ + b₁·x + b₂·y = 0 in the view, shape (2, 2)."""
    b0, b1, b2 = coefficients
    if abs(b2) * (high - low) >= abs(b1) * (right - left):
        x = np.array([left, right])
        return np.column_stack([x, -(b0 + b1 * x) / b2])
    y = np.array([low, high])
    return np.column_stack([-(b0 + b2 * y) / b1, y])


def _same(a: Regression, b: Regression) -> bool:
    """Return True if two problems are fits to the same data, drawn in the same way."""
    return (
        kind_of(a) == kind_of(b)
        and np.array_equal(a.data.inputs, b.data.inputs)
        and np.array_equal(a.data.targets, b.data.targets)
    )
