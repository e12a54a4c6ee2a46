"""Quantities over the steps, for all runs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer.engine.record.trace import Trace
from gdviewer.engine.run.run import Run
from gdviewer.text import component_name, number_text, tr
from gdviewer.ui.plots.base import Plot, line_pen
from gdviewer.ui.plots.series import Column, RunCurves, Series, SomeSteps, Veil
from gdviewer.ui.plots.thinning import Array
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab

MAX_COMPONENTS = 12
LOSS, GRADIENT, RATE, COMPONENTS, PINNED = "loss", "gradient", "rate", "components", "pinned"


class StepsPlot(Plot[RunCurves]):
    """Loss, norm of the gradient, learning rate, or components over the steps, linear or logarithmic, with the cursor.

    Signals:
        noted: the text :attr:`note`, when it may have changed.
    """

    noted = Signal(str)

    def __init__(self, session: Session, quantity: str = LOSS) -> None:
        super().__init__(session)
        self.getAxis("bottom").whole = True
        self.setToolTip(tr("Wheel: zoom. Drag: move. Ctrl+0: show all. Click, or drag the line: go to that step."))
        self.quantity = quantity
        self.log_values = quantity != COMPONENTS
        self.log_steps = False
        self._follow = True
        self._range: tuple[float, float, float, float] | None = None
        self._base = 0.0
        self.cursor_line = pg.InfiniteLine(movable=True, angle=90)
        self.cursor_line.setZValue(60)
        self.cursor_line.sigDragged.connect(self._drag_cursor)
        self.cursor_line.sigPositionChangeFinished.connect(self._place_cursor)
        self.veil = Veil()
        for item in (self.veil, self.cursor_line):
            self.addItem(item, ignoreBounds=True)
        self.scene().sigMouseClicked.connect(self._click)
        self.disableAutoRange()
        self.getPlotItem().vb.sigRangeChangedManually.connect(self._zoomed)
        session.runs_changed.connect(self._on_runs_changed)
        session.pins.changed.connect(self._on_pins_changed)
        session.pins.sampled.connect(self._draw_pinned)
        self.restyle()

    def set_quantity(self, quantity: str) -> None:
        """Choose the quantity that is shown."""
        self.quantity = quantity
        self._rebuild()

    def set_logarithmic(self, *, values: bool | None = None, steps: bool | None = None) -> None:
        """Choose linear or logarithmic axes."""
        self.log_values = self.log_values if values is None else values
        self.log_steps = self.log_steps if steps is None else steps
        self._rebuild()

    def restyle(self) -> None:
        super().restyle()
        self.cursor_line.setHoverPen(line_pen(self.theme.accent, 3))
        self.veil.set_color(self.theme.plot)
        self._pen_is_live: bool | None = None
        self._rebuild()

    def show_all(self) -> None:
        self._follow, self._range = True, None
        self.draw()

    def describe(self, x: float, y: float) -> str:
        step = 10**x if self.log_steps else x
        value = 10**y + (self._base if self._shifted else 0) if self._logarithmic else y
        return tr(
            "step {step}   {what} {value}",
            step=f"{max(step, 0):,.0f}",
            what=self._quantity_title(),
            value=number_text(value),
        )

    @property
    def _logarithmic(self) -> bool:
        return self.log_values and self.quantity != COMPONENTS

    @property
    def _shifted(self) -> bool:
        return self._logarithmic and self.quantity == LOSS and self._base != 0

    @property
    def note(self) -> str:
        """A remark that is needed to read the plot; usually empty."""
        n = self.session.experiment.problem.dimension
        if self.quantity == PINNED and not self.session.pins.pins:
            return tr("nothing is pinned: right-click a line of the step, or press P on it")
        if self.quantity == COMPONENTS and n > MAX_COMPONENTS:
            return tr("the first {k} of {n}", k=MAX_COMPONENTS, n=n)
        return tr("min = {base}", base=f"{self._base:.6g}") if self._shifted else ""

    def _quantity_title(self) -> str:
        if self.quantity == LOSS:
            return tr("loss − min") if self._shifted else tr("loss")
        if self.quantity == PINNED:
            return tr("|pinned values|") if self._logarithmic else tr("pinned values")
        return {GRADIENT: tr("‖gradient‖"), RATE: tr("learning rate η")}.get(self.quantity, tr("components"))

    def draw(self) -> None:
        steps = self.session.cursor.newest
        if self._logarithmic and self.quantity == LOSS:
            self._find_base()
        first, last = self._shown_steps(steps)
        bounds = []
        taken: list[tuple[float, float]] = []  # positions of labels that are shown
        for plan, run in self.session.shown:
            if not run.begun:
                continue
            begin = max(first, self.first_step(run))
            curves = self.drawing_of(run, plan.color)
            curves.set_visible(plan.visible)
            for series in curves.series:
                at, values = series.envelope(run.trace, begin, last, by_decade=self.log_steps)
                series.show_fine(series.is_dense and min(last, run.step) - begin >= len(at) * series.stride)
                at, values = self._to_axes(at, values)
                series.curve.setData(at, values, connect="finite")
                self._place_label(series, at, values, taken, plan.visible)
                finite = values[np.isfinite(values)]
                if plan.visible and len(finite):
                    bounds.append((finite.min(), finite.max()))
            self._mark_changes(curves, run)
        self._place_cursor()
        if self._follow:
            self._fit(steps, bounds)

    def make_drawing(self, run: Run, color: QColor) -> RunCurves:
        names = [self.quantity]
        columns: list[Column | SomeSteps] = [lambda trace: (1, trace.gradient_norm)]
        if self.quantity == LOSS:
            columns = [lambda trace: (1, trace.loss)]
        elif self.quantity == RATE:
            columns = [lambda trace: (1, trace.rate)]
        elif self.quantity == COMPONENTS:
            shown = range(min(len(run.start), MAX_COMPONENTS))
            columns = [partial(_component, i) for i in shown]
            names = [component_name(self.session.experiment.problem, i) for i in shown]
        elif self.quantity == PINNED:
            from gdviewer.ui.plots.pinned_curves import pinned_columns  # loaded when something can be pinned

            columns, names = pinned_columns(self.session.pins, run, self.session.experiment.problem)
        return RunCurves(columns, names, color, self.theme, labelled=self.quantity in (COMPONENTS, PINNED))

    def _on_pins_changed(self) -> None:
        if self.quantity == PINNED:
            self._rebuild()

    def _draw_pinned(self) -> None:
        if self.quantity == PINNED:
            self._draw_if_shown()

    def _place_label(
        self, series: Series, at: Array, values: Array, taken: list[tuple[float, float]], visible: bool
    ) -> None:
        """Show a curve's name at its end, unless another name is there."""
        if series.label is None or not len(at):
            return
        end = self.getPlotItem().vb.mapViewToScene(QPointF(at[-1], values[-1]))
        height = self.fontMetrics().height()
        free = all(abs(end.x() - x) > 2 * height or abs(end.y() - y) > 0.8 * height for x, y in taken)
        series.label.setVisible(visible and free)
        if free and visible:
            taken.append((end.x(), end.y()))
        series.label.setPos(at[-1], values[-1])

    def _mark_changes(self, curves: RunCurves, run: Run) -> None:
        """Show a triangle at each step after which a hyperparameter was changed, and a ring at the branch step."""
        if not (curves.series and curves.series[0].is_dense):
            curves.marks.setVisible(False)
            curves.ring.setVisible(False)
            return
        first = self.first_step(run)
        steps = np.array([change.step - 1 for change in run.trace.changes if change.step > first + 1], dtype=int)
        stride, column = curves.series[0].column(run.trace)
        curves.marks.setVisible(curves.marks.isVisible() and len(steps) > 0)
        if len(steps):
            curves.marks.setData(*self._to_axes(steps.astype(float), column[steps // stride]))
        shown = run.branch_step > 0 and curves.series[0].curve.isVisible()
        if shown:
            at, values = self._to_axes(np.array([float(run.branch_step)]), column[[run.branch_step // stride]])
            curves.ring.mark(True, at[0], values[0])
        else:
            curves.ring.setVisible(False)

    def _shown_steps(self, steps: int) -> tuple[int, int]:
        if self._follow:
            return 0, steps
        (left, right), _ = self.getPlotItem().vb.viewRange()
        if self.log_steps:
            left, right = 10 ** min(left, 15), 10 ** min(right, 15)
        return int(max(left - 1, 0)), int(min(max(right + 2, 0), steps))

    def _to_axes(self, steps: Array, values: Array) -> tuple[Array, Array]:
        with np.errstate(all="ignore"):
            if self.log_steps:
                steps, values = steps[steps > 0], values[steps > 0]
                steps = np.log10(steps)
            if self._logarithmic:
                values = np.abs(values) if self.quantity == PINNED else values
                shifted = values - self._base if self._shifted else values
                values = np.log10(np.where(shifted > 0, shifted, np.nan))
        return steps, np.where(np.isfinite(values), values, np.nan)

    def _find_base(self) -> None:
        """Find the lowest known loss: losses that are not all positive are drawn as the distance to it."""
        pairs = zip(self.session.experiment.runs, self.session.runs, strict=True)
        lowest = min((self.drawing_of(run, plan.color).lowest(run) for plan, run in pairs if run.begun), default=0.0)
        problem = self.session.experiment.problem
        known = problem.minima
        floor = float(problem.value(known[0])) if len(known) and problem.broadcasts else 0.0
        base = min(floor, lowest, self._base, 0.0)
        if base != self._base:
            self._base = base
            self._label()

    def _fit(self, steps: int, bounds: list[tuple[float, float]]) -> None:
        """Extend the view in large steps, so that the axes are not drawn again in each frame."""
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

    def follow_cursor(self) -> None:
        if self.isVisible() and self.active:
            self._place_cursor()

    def _place_cursor(self) -> None:
        live, step = self.session.cursor.is_live, self.session.cursor.step
        at = np.log10(max(step, 1)) if self.log_steps else step
        if live != self._pen_is_live:
            self._pen_is_live = live
            self.cursor_line.setPen(line_pen(self.theme.muted, 1) if live else line_pen(self.theme.review, 2.5))
            self.veil.setVisible(not live)
        if not live:
            self.veil.begin(at)
        if not self.cursor_line.moving:
            self.cursor_line.setPos(at)

    def _drag_cursor(self) -> None:
        self.session.cursor.look_at(self._step_at(self.cursor_line.value()))

    def _click(self, event: MouseClickEvent) -> None:
        box = self.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            self.session.cursor.look_at(self._step_at(box.mapSceneToView(event.scenePos()).x()))

    def _step_at(self, x: float) -> int:
        return round(10 ** min(x, 15) if self.log_steps else x)

    def _label(self) -> None:
        self.noted.emit(self.note)
        self.setLabel("bottom", tr("step"))
        self.setLabel("left", self._quantity_title())
        self.getAxis("left").setLogMode(self._logarithmic)
        self.getAxis("bottom").setLogMode(self.log_steps)

    def _rebuild(self) -> None:
        self.forget_runs()
        self._base, self._follow, self._range = 0.0, True, None
        self._label()
        self._draw_if_shown()

    def _on_runs_changed(self) -> None:
        if not self.session.what_if.ghosts:  # during a What-if change the view stays, to compare
            self._base, self._range, self._follow = 0.0, None, True
            self._label()


class HistoryPanel(QWidget):
    """The plot under the main plot, with the choice of its quantity."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.plot = StepsPlot(session)
        self.plot.frames_per_draw = 3
        self.plot.setAccessibleName(tr("Curves over the steps"))
        self.quantity = QComboBox()
        self.quantity.setAccessibleName(tr("Quantity shown over the steps"))
        self.quantity.setToolTip(
            tr("Quantity of the curves: loss f, gradient norm ‖∇f‖, learning rate η, or components of θ.")
        )
        titles = {
            LOSS: tr("Loss"), GRADIENT: tr("‖gradient‖"), RATE: tr("Learning rate"), COMPONENTS: tr("Components"),
        }  # fmt: skip
        for key, title in titles.items():
            self.quantity.addItem(title, key)
        self.log_values = QCheckBox(tr("log values"))
        self.log_values.setChecked(True)
        self.log_values.setToolTip(
            tr("Logarithmic vertical axis; losses that are not positive are shown as the distance to the lowest known.")
        )
        self.log_steps = QCheckBox(tr("log steps"))
        self.log_steps.setToolTip(tr("Logarithmic axis of the steps."))
        self.fit = QToolButton()
        self.fit.setText(tr("Show all"))
        self.fit.setAutoRaise(True)
        self.fit.setToolTip(tr("Show all steps, and follow new ones."))
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        keys_by_tab(self.log_values, self.log_steps, self.fit)
        bar = QHBoxLayout()
        bar.setSpacing(10)
        bar.setContentsMargins(8, 4, 8, 0)
        for widget in (self.quantity, self.log_values, self.log_steps, self.fit):
            bar.addWidget(widget)
        bar.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.plot, 1)
        self.quantity.currentIndexChanged.connect(self._choose)
        self.log_values.toggled.connect(lambda on: self.plot.set_logarithmic(values=on))
        self.log_steps.toggled.connect(lambda on: self.plot.set_logarithmic(steps=on))
        self.fit.clicked.connect(self.plot.show_all)
        self.plot.noted.connect(self.note.setText)
        self._pins = session.pins
        self._pinned = 0
        self._pins.changed.connect(self._follow_pins)

    def _follow_pins(self) -> None:
        """Offer the pinned values among the quantities, and show them when the first value is pinned."""
        before, self._pinned = self._pinned, len(self._pins.pins)
        if self._pinned and not before:
            if self.quantity.findData(PINNED) < 0:
                self.quantity.addItem(tr("Pinned values"), PINNED)
            self.quantity.setCurrentIndex(self.quantity.findData(PINNED))
        elif not self._pinned and self.plot.quantity == PINNED:
            self.quantity.setCurrentIndex(0)

    def _choose(self) -> None:
        self.plot.set_quantity(self.quantity.currentData())
        self.log_values.setEnabled(self.plot.quantity != COMPONENTS)


def _component(index: int, trace: Trace) -> tuple[int, Array]:
    rows = trace.rows
    return rows.stride, rows.x[:, index]


def _round_up(value: float) -> float:
    """Round up to one of the numbers 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120 and so on."""
    decade = 10 ** np.floor(np.log10(value))
    return next(float(decade * m) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if decade * m >= value * 0.9999)


def _padded(low: float, high: float) -> tuple[float, float]:
    margin = 0.08 * (high - low) or 0.08 * max(abs(high), 1.0)
    return low - margin, high + margin
