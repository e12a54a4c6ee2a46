"""A few sequences over time: what goes in, what should come out, and what the network says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.inspection.prediction_scores import part_of
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.network.data_page import DataPage
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.part_bar import PartBar
from gdviewer.ui.network.prediction_rows import prediction_text, target_text
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.plots.base import Curve, Plot, line_pen
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab

_SHOWN = 3
_INPUTS = 3  # features that are drawn
_UNLIKE = 3.0  # times that inputs may be as large as targets, or as small, to be drawn on one axis


class SequencePlot(Plot):
    """One sequence over time.

    Signals:
        picked: it was clicked.
    """

    picked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumSize(200, 64)
        self.setAccessibleName(tr("Input, target and prediction over time"))
        self.setToolTip(
            tr("Grey: the input. Rings: the target. Dots: what the network says. Click to choose the example.")
        )
        self.getAxis("bottom").whole = True
        self.inputs = [Curve(1.5, self.theme.muted) for _ in range(_INPUTS)]
        self.targets = pg.ScatterPlotItem(pxMode=True, size=10, brush=None)
        self.said = pg.PlotCurveItem(antialias=True, connect="finite")
        self.dots = pg.ScatterPlotItem(pxMode=True, size=6, pen=None)
        for item in (*self.inputs, self.said, self.targets, self.dots):
            self.addItem(item, ignoreBounds=True)
        self._row: tuple[Dataset, int, np.ndarray] | None = None
        self.disableAutoRange()
        self.getPlotItem().vb.setMouseEnabled(False, False)
        self.scene().sigMouseClicked.connect(self._click)

    def restyle(self) -> None:
        super().restyle()
        theme = self.theme
        styles = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine
        for item, style in zip(self.inputs, styles, strict=True):
            pen = line_pen(theme.muted, 1.5)
            pen.setStyle(style)
            item.setPen(pen)
        color = class_color(theme, 1)
        self.targets.setPen(line_pen(theme.text, 1.5))
        self.said.setPen(line_pen(color, theme.width * 0.75))
        self.dots.setBrush(color)

    def show_row(self, data: Dataset, row: int, prediction: np.ndarray, span: tuple[float, float]) -> None:
        """Draw one row; ``span`` is the lowest and the highest of the axis."""
        self._row = data, row, prediction
        times = np.arange(1, data.inputs.shape[1] + 1)
        for i, item in enumerate(self.inputs):
            shown = i < data.inputs.shape[2]
            item.setVisible(shown)
            if shown:
                item.setData(times, on_axis(data, data.inputs[row, :, i], span))
        at, wanted, said = _outputs(data, row, prediction)
        self.targets.setData(np.tile(at, wanted.shape[1]), wanted.T.ravel())
        gap = np.full(1, np.nan)
        lines = [np.concatenate([column, gap]) for column in said.T]
        self.said.setData(np.tile(np.append(at, np.nan), len(lines)), np.concatenate(lines))
        self.dots.setData(np.tile(at, said.shape[1]), said.T.ravel())
        room = 0.22 * ((span[1] - span[0]) or 1.0)
        end = times[-1] + (1.5 if not data.per_step and not data.classes else 0.5)
        self.setRange(QRectF(0.5, span[0] - room, end - 0.5, span[1] - span[0] + 2 * room), padding=0)

    def show_all(self) -> None:
        """It shows all there is."""

    def describe(self, x: float, y: float) -> str:
        if self._row is None:
            return ""
        data, row, prediction = self._row
        time = int(np.clip(round(x), 1, data.inputs.shape[1])) - 1
        parts = [tr("time step {t}", t=time + 1)]
        parts += [f"{name} = {value:.4g}" for name, value in zip(data.input_names, data.inputs[row, time], strict=True)]
        if data.per_step:
            own, said = data.targets[row, time], prediction[time]
            if data.classes:
                told = f"{data.classes[int(np.nan_to_num(said).argmax())]} ({np.max(said):.3g})"
                parts.append(tr("{y} is {own}   network: {told}", y=data.target_name, own=data.classes[own], told=told))
            else:
                texts = (", ".join(f"{value:.4g}" for value in values) for values in (own, said))
                own_text, told = texts
                parts.append(tr("{y} is {own}   network: {told}", y=data.target_name, own=own_text, told=told))
        return "   ".join(parts)

    def _click(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit()


def span_of(data: Dataset) -> tuple[float, float]:
    """The lowest and the highest that is drawn of rows of these data."""
    if data.classes:
        drawn = np.array([0.0, max(1.0, len(data.classes) - 1)]) if data.per_step else data.inputs
    else:
        drawn = data.targets
        if _alike(data.inputs, drawn):
            drawn = np.concatenate([drawn.ravel(), data.inputs.ravel()])
    return float(drawn.min()), float(drawn.max())


def on_axis(data: Dataset, values: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Inputs as they are drawn: on the axis of the targets where they are of a like size, else stretched over it."""
    if data.classes and not data.per_step:
        return values
    low, high = float(data.inputs.min()), float(data.inputs.max())
    if _alike(data.inputs, np.array(span)) or high == low:
        return values
    return span[0] + (values - low) / (high - low) * (span[1] - span[0])


def _alike(inputs: np.ndarray, targets: np.ndarray) -> bool:
    one, other = (max(abs(float(values.min())), abs(float(values.max()))) for values in (inputs, targets))
    return one <= _UNLIKE * other and other <= _UNLIKE * one


def _outputs(data: Dataset, row: int, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, targets and predictions as they are drawn: (k,), (k, outputs) and (k, outputs)."""
    length = data.inputs.shape[1]
    if not data.per_step:  # numbers come after the end; a class is told above the picture
        drawn = int(not data.classes)
        targets, said = np.atleast_2d(data.targets[row]), np.atleast_2d(prediction)
        return np.full(drawn, length + 1), targets[:drawn], said[:drawn]
    times = np.arange(1, length + 1)
    if not data.classes:
        return times, data.targets[row], prediction
    said = prediction[:, 1] if len(data.classes) == 2 else prediction.argmax(axis=1)
    return times, data.targets[row][:, None].astype(float), said[:, None].astype(float)


class SequencesPage(Page):
    """A few rows at a time, the example that is chosen among them."""

    title = DataPage.title

    @staticmethod
    def suits(network: Network) -> bool:
        return network.train.kind == "sequences"

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.bar = PartBar(example)
        self.back, self.onward = QToolButton(text="‹"), QToolButton(text="›")
        for button, move, name in (
            (self.back, -_SHOWN, tr("Rows before these")), (self.onward, _SHOWN, tr("Rows after these"))
        ):  # fmt: skip
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(lambda _=False, move=move: self._turn(move))
        keys_by_tab(self.back, self.onward)
        top = QHBoxLayout(spacing=2)
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(self.bar, 1)
        top.addWidget(self.back)
        top.addWidget(self.onward)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        self.titles = [QLabel() for _ in range(_SHOWN)]
        self.strips = [SequencePlot(session) for _ in range(_SHOWN)]
        self._rows = range(0)
        for i, (title, strip) in enumerate(zip(self.titles, self.strips, strict=True)):
            title.setContentsMargins(8, 2, 8, 0)
            title.setMinimumWidth(60)
            strip.hovered.connect(self.hovered)
            strip.picked.connect(lambda i=i: self._choose(i))
            layout.addWidget(title)
            layout.addWidget(strip, 1)
            strip.restyle()

    def _first(self, network: Network) -> int:
        """The first of the rows that are shown."""
        row, part = self.example.row_of(network)
        return row // _SHOWN * _SHOWN if part == self._part(network) else 0

    def _part(self, network: Network) -> str:
        return self.example.listed_in(network)

    def _turn(self, move: int) -> None:
        network = self.network
        if network:
            part = self._part(network)
            row = self._first(network) + move
            if 0 <= row < len(part_of(network, part)):
                self.example.choose(row, part)

    def _choose(self, place: int) -> None:
        network = self.network
        if network and place < len(self._rows):
            self.example.choose(self._rows[place], self._part(network))

    def key(self) -> tuple[Any, ...]:
        return self.example.listed, self.example.chosen

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        part, first = self._part(network), self._first(network)
        chosen = self.example.row_of(network)

        def compute() -> tuple[Any, ...]:
            data = part_of(network, part)
            rows = range(first, min(first + _SHOWN, len(data)))
            said = network.predict(run.point(step), data.inputs[rows.start : rows.stop])
            return data, part, rows, said, chosen, span_of(data)

        return compute

    def show_result(self, result: Any) -> None:
        data, part, self._rows, said, chosen, span = result
        if self.network is None:
            return
        self.bar.match(self.network)
        self.bar.summary.setText(
            tr("{first}–{last} of {n}", first=self._rows.start + 1, last=self._rows.stop, n=f"{len(data):,}")
        )
        self.back.setEnabled(self._rows.start > 0)
        self.onward.setEnabled(self._rows.stop < len(data))
        left = ", ".join(data.input_names[:_INPUTS])
        if data.per_step or not data.classes:
            left += f", {data.target_name}"
        last = len(self._rows) - 1
        for place, (title, strip) in enumerate(zip(self.titles, self.strips, strict=True)):
            shown = place < len(self._rows)
            title.setVisible(shown)
            strip.setVisible(shown)
            if not shown:
                continue
            row = self._rows[place]
            strip.show_row(data, row, said[place], span)
            strip.setLabel("left", left)
            strip.setLabel("bottom", tr("time step") if place == last else "")
            strip.getAxis("bottom").showLabel(place == last)
            weight = 700 if (row, part) == chosen else 400
            font = title.font()
            font.setWeight(font.Weight(weight))
            title.setFont(font)
            title.setText(_title(data, row, said[place]))


def _title(data: Dataset, row: int, prediction: np.ndarray) -> str:
    if not data.classes:
        error = float(np.sqrt(((prediction - data.targets[row]) ** 2).mean()))
        return tr("row {row}: error {e}", row=row + 1, e=f"{error:.4g}")
    told = np.nan_to_num(prediction).argmax(axis=-1)
    if data.per_step:
        wrong = int((told != data.targets[row]).sum())
        return tr("row {row}: {k} of {n} wrong", row=row + 1, k=wrong, n=len(told))
    sign = "✓" if told == data.targets[row] else "✗"
    return tr("row {row}: {own}   network: {sign} {told} ({p})", row=row + 1, own=target_text(data, row), sign=sign,
              told=prediction_text(data, prediction), p=f"{np.max(prediction):.3g}")  # fmt: skip
