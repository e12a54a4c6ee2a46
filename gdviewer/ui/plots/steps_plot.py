"""Quantities over the steps, for all runs."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer.engine.run import Run
from gdviewer.engine.trace import Trace
from gdviewer.ui.keys import keys_by_tab
from gdviewer.ui.plots.base import Plot, line_pen, thick_curve
from gdviewer.ui.session import Session
from gdviewer.ui.text import number_text, tr
from gdviewer.ui.thinning import Growing, Pyramid

MAX_COMPONENTS = 12
LOSS, GRADIENT, COMPONENTS = "loss", "gradient", "components"


class _Norms:
    """The norm of the gradient at each row, computed once for each."""

    def __init__(self) -> None:
        self._values = Growing()

    def __call__(self, trace: Trace) -> np.ndarray:
        self._values.extend(np.linalg.norm(trace.gradient[len(self._values) :], axis=1))
        return self._values.values


class _Series:
    """One line of the plot: where its values come from, and what is drawn of them."""

    def __init__(self, column, curve: pg.PlotCurveItem, label: pg.TextItem | None) -> None:
        self.column, self.curve, self.label = column, curve, label
        self.pyramid = Pyramid()
        self._width = curve.opts["pen"].widthF()
        self._fine = False

    def show_fine(self, fine: bool) -> None:
        """Draw a band of lows and highs with thin hard lines, which are cheap, and single values with smooth ones."""
        if fine != self._fine:
            self._fine = fine
            pen = self.curve.opts["pen"]
            pen.setWidthF(1.0 if fine else self._width)
            self.curve.setData(antialias=not fine)
            self.curve.setPen(pen)


class StepsPlot(Plot):
    """Loss, norm of the gradient, or components over the steps, linear or logarithmic, with the cursor.

    Signals:
        noted: :attr:`note`, whenever it may have changed.
    """

    noted = Signal(str)

    def __init__(self, session: Session, quantity: str = LOSS) -> None:
        super().__init__(session)
        self.setToolTip(tr("Wheel: zoom. Drag: move. Double click: show all. The grey line: look at an earlier step."))
        self.quantity = quantity
        self.log_values = quantity != COMPONENTS
        self.log_steps = False
        self._series: dict[Run, list[_Series]] = {}
        self._follow = True
        self._range: tuple[float, float, float, float] | None = None
        self._base = 0.0
        self.cursor_line = pg.InfiniteLine(movable=True, angle=90)
        self.cursor_line.setZValue(60)
        self.cursor_line.sigDragged.connect(self._drag_cursor)
        self.addItem(self.cursor_line, ignoreBounds=True)
        self.disableAutoRange()
        self.getPlotItem().vb.sigRangeChangedManually.connect(self._zoomed)
        session.runs_changed.connect(self._match_runs)
        session.experiment_changed.connect(self._match_experiment)
        self.restyle()

    def set_quantity(self, quantity: str) -> None:
        """Choose what is shown."""
        self.quantity = quantity
        self._rebuild()

    def set_logarithmic(self, *, values: bool | None = None, steps: bool | None = None) -> None:
        """Choose the axes."""
        self.log_values = self.log_values if values is None else values
        self.log_steps = self.log_steps if steps is None else steps
        self._rebuild()

    def restyle(self) -> None:
        super().restyle()
        self.cursor_line.setPen(line_pen(self.theme.muted, 1))
        self.cursor_line.setHoverPen(line_pen(self.theme.accent, 3))
        self._rebuild()

    def show_all(self) -> None:
        self._follow, self._range = True, None
        self.draw()

    def mouseDoubleClickEvent(self, event: object) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_all()

    def describe(self, x: float, y: float) -> str:
        step = 10**x if self.log_steps else x
        value = 10**y + (self._base if self._shifted else 0) if self._logarithmic else y
        return tr(
            "step {step}   {what} {value}", step=f"{max(step, 0):,.0f}", what=self._what(), value=number_text(value)
        )

    @property
    def _logarithmic(self) -> bool:
        return self.log_values and self.quantity != COMPONENTS

    @property
    def _shifted(self) -> bool:
        return self._logarithmic and self.quantity == LOSS and self._base != 0

    @property
    def note(self) -> str:
        """What has to be known to read the plot; mostly nothing."""
        n = self.session.experiment.problem.dimension
        if self.quantity == COMPONENTS and n > MAX_COMPONENTS:
            return tr("the first {k} of {n}", k=MAX_COMPONENTS, n=n)
        return tr("min = {base}", base=f"{self._base:.6g}") if self._shifted else ""

    def _what(self) -> str:
        if self.quantity == LOSS:
            return tr("loss − min") if self._shifted else tr("loss")
        return tr("‖gradient‖") if self.quantity == GRADIENT else tr("components")

    def draw(self) -> None:
        steps = self.session.steps
        if self._logarithmic and self.quantity == LOSS:
            self._find_base()
        first, last = self._shown_steps(steps)
        bounds = []
        for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True):
            for series in self._series_of(run, plan.color) if run.begun else ():
                series.curve.setVisible(plan.visible)
                column = series.column(run.trace)
                series.pyramid.update(column)
                at, values = series.pyramid.envelope(column, first, last)
                series.show_fine(min(last, run.step) - first >= len(at))
                at, values = self._to_axes(at, values)
                series.curve.setData(at, values, connect="finite")
                if series.label:
                    series.label.setVisible(plan.visible and len(at) > 0)
                    if len(at):
                        series.label.setPos(at[-1], values[-1])
                finite = values[np.isfinite(values)]
                if plan.visible and len(finite):
                    bounds.append((finite.min(), finite.max()))
        self._place_cursor()
        if self._follow:
            self._fit(steps, bounds)

    def _shown_steps(self, steps: int) -> tuple[int, int]:
        if self._follow:
            return 0, steps
        (left, right), _ = self.getPlotItem().vb.viewRange()
        if self.log_steps:
            left, right = 10 ** min(left, 15), 10 ** min(right, 15)
        return int(max(left - 1, 0)), int(min(max(right + 2, 0), steps))

    def _to_axes(self, steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            if self.log_steps:
                steps, values = steps[steps > 0], values[steps > 0]
                steps = np.log10(steps)
            if self._logarithmic:
                shifted = values - self._base if self._shifted else values
                values = np.log10(np.where(shifted > 0, shifted, np.nan))
        return steps, np.where(np.isfinite(values), values, np.nan)

    def _find_base(self) -> None:
        """Losses that are not all positive are drawn as their distance to the lowest known, which is said."""
        lowest = min(
            (float(run.trace.loss.min()) for run in self.session.runs if run.begun and run.step < 4096), default=0.0
        )
        problem = self.session.experiment.problem
        known = problem.minima
        floor = float(problem.value(known[0])) if len(known) and problem.broadcasts else 0.0
        base = min(floor, lowest, self._base) if min(floor, lowest, self._base) < 0 else 0.0
        if base != self._base:
            self._base = base
            self._label()

    def _fit(self, steps: int, bounds: list[tuple[float, float]]) -> None:
        """Widen the view in strides, so that axes are not drawn anew at each frame."""
        right = _round_up(max(steps, 10))
        left, right = (0.0, np.log10(right)) if self.log_steps else (-0.01 * right, float(right))
        low = min((b[0] for b in bounds), default=0.0)
        high = max((b[1] for b in bounds), default=1.0)
        if self._range:
            _, _, shown_low, shown_high = self._range
            if shown_low <= low and high <= shown_high and high - low > 0.4 * (shown_high - shown_low):
                low, high = shown_low, shown_high
            else:
                low, high = _padded(low, high)
        else:
            low, high = _padded(low, high)
        wanted = (left, right, low, high)
        if wanted != self._range:
            self._range = wanted
            self.setRange(xRange=(left, right), yRange=(low, high), padding=0)

    def _zoomed(self, *_: object) -> None:
        self._follow = False
        self.draw()

    def _place_cursor(self) -> None:
        if self.cursor_line.moving:
            return
        step = self.session.cursor
        self.cursor_line.setPos(np.log10(max(step, 1)) if self.log_steps else step)

    def _drag_cursor(self) -> None:
        at = self.cursor_line.value()
        self.session.look_at(round(10 ** min(at, 15) if self.log_steps else at))

    def _label(self) -> None:
        self.noted.emit(self.note)
        self.setLabel("bottom", tr("step"))
        self.setLabel("left", self._what())
        self.getAxis("left").setLogMode(self._logarithmic)
        self.getAxis("bottom").setLogMode(self.log_steps)

    def _rebuild(self) -> None:
        for run in list(self._series):
            self._remove(run)
        self._base, self._follow, self._range = 0.0, True, None
        self._label()
        self._draw_if_shown()

    def _series_of(self, run: Run, color: int) -> list[_Series]:
        if run not in self._series:
            columns = {LOSS: [lambda trace: trace.loss], GRADIENT: [_Norms()]}.get(self.quantity) or [
                (lambda trace, i=i: trace.x[:, i]) for i in range(min(len(run.start), MAX_COMPONENTS))
            ]
            self._series[run] = [self._add(column, i, len(columns), color) for i, column in enumerate(columns)]
        return self._series[run]

    def _add(self, column, index: int, count: int, color: int) -> _Series:
        shade = self.theme.run_color(color)
        curve = thick_curve(max(1.0, self.theme.width * 0.75), shade)
        if count > 1:
            pen = curve.opts["pen"]
            pen.setStyle([Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine][index % 3])
        label = None
        if self.quantity == COMPONENTS:
            label = pg.TextItem(self._component_name(index), color=shade, anchor=(1, 1))
            self.addItem(label, ignoreBounds=True)
        self.addItem(curve, ignoreBounds=True)
        return _Series(column, curve, label)

    def _component_name(self, index: int) -> str:
        problem = self.session.experiment.problem
        if problem.dimension <= len(problem.axis_names):
            return problem.axis_names[index]
        return "x" + str(index).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))

    def _remove(self, run: Run) -> None:
        for series in self._series.pop(run):
            self.removeItem(series.curve)
            if series.label:
                self.removeItem(series.label)

    def _match_runs(self) -> None:
        for run in [run for run in self._series if run not in self.session.runs]:
            self._remove(run)
        self._base, self._range, self._follow = 0.0, None, True
        self._label()

    def _match_experiment(self) -> None:
        for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True):
            for series in self._series.get(run, ()):
                pen = series.curve.opts["pen"]
                pen.setColor(self.theme.run_color(plan.color))
                series.curve.setPen(pen)


class History(QWidget):
    """The plot under the main one, with the choice of what it shows."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.plot = StepsPlot(session)
        self.plot.frames_per_draw = 3
        self.quantity = QComboBox()
        self.quantity.setAccessibleName(tr("Quantity shown over the steps"))
        self.quantity.setToolTip(
            tr("What the curves show: the loss f, the norm of its gradient ‖∇f‖, or the components of θ.")
        )
        for key, title in ((LOSS, tr("Loss")), (GRADIENT, tr("‖gradient‖")), (COMPONENTS, tr("Components"))):
            self.quantity.addItem(title, key)
        self.log_values = QCheckBox(tr("log values"), checked=True)
        self.log_values.setToolTip(
            tr("Logarithmic vertical axis; losses that are not positive are shown above the lowest known.")
        )
        self.log_steps = QCheckBox(tr("log steps"))
        self.log_steps.setToolTip(tr("Logarithmic axis of the steps."))
        self.fit = QToolButton(text=tr("Show all"), autoRaise=True)
        self.fit.setToolTip(tr("Show all steps, and follow new ones."))
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        keys_by_tab(self.log_values, self.log_steps, self.fit)
        bar = QHBoxLayout(spacing=10)
        bar.setContentsMargins(8, 4, 8, 0)
        for widget in (self.quantity, self.log_values, self.log_steps, self.fit):
            bar.addWidget(widget)
        bar.addWidget(self.note, 1)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.plot, 1)
        self.quantity.currentIndexChanged.connect(self._choose)
        self.log_values.toggled.connect(lambda on: self.plot.set_logarithmic(values=on))
        self.log_steps.toggled.connect(lambda on: self.plot.set_logarithmic(steps=on))
        self.fit.clicked.connect(self.plot.show_all)
        self.plot.noted.connect(self.note.setText)

    def _choose(self) -> None:
        self.plot.set_quantity(self.quantity.currentData())
        self.log_values.setEnabled(self.plot.quantity != COMPONENTS)


def _round_up(value: float) -> float:
    """The next of 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, …"""
    decade = 10 ** np.floor(np.log10(value))
    return next(float(decade * m) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if decade * m >= value * 0.9999)


def _padded(low: float, high: float) -> tuple[float, float]:
    room = 0.08 * (high - low) or 0.08 * max(abs(high), 1.0)
    return low - room, high + room
