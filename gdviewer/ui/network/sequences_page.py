"""The page of a few sequences over time, with their inputs, targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor
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
from gdviewer.ui.plots.base import Curve, Drawing, Plot, line_pen
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab

_SHOWN = 3  # rows on the page
_MAX_INPUTS = 3  # maximum number of drawn features
_MAX_RATIO = 3.0  # largest ratio of the sizes of inputs and targets that are drawn on one axis


class SequencePlot(Plot[Drawing]):
    """One sequence over time.

    Attributes:
        inputs: the curves of the features; targets, line, dots: the targets, and the predictions as lines and dots.

    Signals:
        picked: the plot was clicked.
    """

    picked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setMinimumSize(200, 64)
        self.setAccessibleName(tr("Input, target and prediction over time"))
        self.setToolTip(tr("Grey: the input. Rings: the target. Dots: the prediction. Click to select the example."))
        self.getAxis("bottom").whole = True
        self.inputs = [Curve(1.5, QColor(self.theme.muted)) for _ in range(_MAX_INPUTS)]
        self.targets = pg.ScatterPlotItem(pxMode=True, size=10, brush=None)
        self.line = pg.PlotCurveItem(antialias=True, connect="finite")
        self.dots = pg.ScatterPlotItem(pxMode=True, size=6, pen=None)
        for item in (*self.inputs, self.line, self.targets, self.dots):
            self.addItem(item, ignoreBounds=True)
        self._row: tuple[Dataset, int, NDArray[np.float64]] | None = None
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
        self.line.setPen(line_pen(color, theme.width * 0.75))
        self.dots.setBrush(color)

    def show_row(self, data: Dataset, row: int, prediction: NDArray[np.float64], span: tuple[float, float]) -> None:
        """Draw one row with its prediction.

        Args:
            data: the rows.
            row: the number of the row, from 0.
            prediction: the prediction for the row.
            span: the smallest and the largest value on the axis.
        """
        self._row = data, row, prediction
        times = np.arange(1, data.inputs.shape[1] + 1)
        for i, item in enumerate(self.inputs):
            shown = i < data.inputs.shape[2]
            item.setVisible(shown)
            if shown:
                item.setData(times, on_axis(data, data.inputs[row, :, i], span))
        output_times, targets, predicted = _outputs(data, row, prediction)
        self.targets.setData(np.tile(output_times, targets.shape[1]), targets.T.ravel())
        gap = np.full(1, np.nan)
        lines = [np.concatenate([column, gap]) for column in predicted.T]
        self.line.setData(np.tile(np.append(output_times, np.nan), len(lines)), np.concatenate(lines))
        self.dots.setData(np.tile(output_times, predicted.shape[1]), predicted.T.ravel())
        margin = 0.22 * ((span[1] - span[0]) or 1.0)
        end = times[-1] + (1.5 if not data.per_step and not data.classes else 0.5)
        self.setRange(QRectF(0.5, span[0] - margin, end - 0.5, span[1] - span[0] + 2 * margin), padding=0)

    def show_all(self) -> None:
        """Do nothing: the plot always shows the whole sequence."""

    def describe(self, x: float, y: float) -> str:
        if self._row is None:
            return ""
        data, row, prediction = self._row
        time = int(np.clip(round(x), 1, data.inputs.shape[1])) - 1
        parts = [tr("time step {t}", t=time + 1)]
        parts += [f"{name} = {value:.4g}" for name, value in zip(data.input_names, data.inputs[row, time], strict=True)]
        if data.per_step:
            true, output = data.targets[row, time], prediction[time]
            if data.classes:
                target = data.classes[true]
                predicted = f"{data.classes[int(np.nan_to_num(output).argmax())]} ({np.max(output):.3g})"
            else:
                target, predicted = (", ".join(f"{value:.4g}" for value in values) for values in (true, output))
            names = {"y": data.target_name, "target": target, "predicted": predicted}
            parts.append(tr("{y} is {target}   predicted: {predicted}", **names))
        return "   ".join(parts)

    def _click(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit()


def span_of(data: Dataset) -> tuple[float, float]:
    """Return the smallest and the largest drawn value of the rows."""
    if data.classes:
        drawn = np.array([0.0, max(1.0, len(data.classes) - 1)]) if data.per_step else data.inputs
    else:
        drawn = data.targets
        if _similar(data.inputs, drawn):
            drawn = np.concatenate([drawn.ravel(), data.inputs.ravel()])
    return float(drawn.min()), float(drawn.max())


def on_axis(data: Dataset, values: NDArray[np.float64], span: tuple[float, float]) -> NDArray[np.float64]:
    """Return inputs as they are drawn: unchanged if their size is similar to the targets', else scaled to ``span``."""
    if data.classes and not data.per_step:
        return values
    low, high = float(data.inputs.min()), float(data.inputs.max())
    if _similar(data.inputs, np.array(span)) or high == low:
        return values
    return span[0] + (values - low) / (high - low) * (span[1] - span[0])


def _similar(inputs: NDArray[Any], targets: NDArray[Any]) -> bool:
    first, second = (max(abs(float(values.min())), abs(float(values.max()))) for values in (inputs, targets))
    return first <= _MAX_RATIO * second and second <= _MAX_RATIO * first


def _outputs(
    data: Dataset, row: int, prediction: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    """Return the drawn times, shape (k,), and the targets and predictions there, shape (k, outputs)."""
    length = data.inputs.shape[1]
    if not data.per_step:  # a number is drawn after the end; a class is in the title
        drawn = int(not data.classes)
        targets, predicted = np.atleast_2d(data.targets[row]), np.atleast_2d(prediction)
        return np.full(drawn, length + 1), targets[:drawn], predicted[:drawn]
    times = np.arange(1, length + 1)
    if not data.classes:
        return times, data.targets[row], prediction
    predicted = prediction[:, 1] if len(data.classes) == 2 else prediction.argmax(axis=1)
    return times, data.targets[row][:, None].astype(float), predicted[:, None].astype(float)


class SequencesPage(Page):
    """A few rows at a time: those with the selected example, or the first ones if it is not in the listed part.

    Attributes:
        bar: the choice of training or test data; back, forward: the buttons that show other rows.
        titles, strips: the title and the plot of each shown row.
    """

    title = DataPage.title

    @staticmethod
    def suits(network: Network) -> bool:
        return network.train.kind == "sequences"

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.bar = PartBar(example)
        self.back, self.forward = QToolButton(), QToolButton()
        for button, sign, move, name in (
            (self.back, "‹", -_SHOWN, tr("Previous rows")), (self.forward, "›", _SHOWN, tr("Next rows"))
        ):  # fmt: skip
            button.setText(sign)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(lambda _=False, move=move: self._scroll(move))
        keys_by_tab(self.back, self.forward)
        top = QHBoxLayout()
        top.setSpacing(2)
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(self.bar, 1)
        top.addWidget(self.back)
        top.addWidget(self.forward)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
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
        """Return the number of the first shown row."""
        row, part = self.example.row_of(network)
        return row // _SHOWN * _SHOWN if part == self._part(network) else 0

    def _part(self, network: Network) -> str:
        return self.example.listed_in(network)

    def _scroll(self, move: int) -> None:
        """Select the first of other rows, ``move`` rows further on; this also shows them."""
        network = self.network
        if network:
            part = self._part(network)
            row = self._first(network) + move
            if 0 <= row < len(part_of(network, part)):
                self.example.choose(row, part)

    def _choose(self, index: int) -> None:
        network = self.network
        if network and index < len(self._rows):
            self.example.choose(self._rows[index], self._part(network))

    def key(self) -> tuple[Any, ...]:
        return self.example.listed, self.example.chosen

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        part, first = self._part(network), self._first(network)
        chosen = self.example.row_of(network)

        def compute() -> tuple[Any, ...]:
            data = part_of(network, part)
            rows = range(first, min(first + _SHOWN, len(data)))
            predictions = network.predict(run.point(step), data.inputs[rows.start : rows.stop])
            return data, part, rows, predictions, chosen, span_of(data)

        return compute

    def show_result(self, result: Any) -> None:
        data, part, self._rows, predictions, chosen, span = result
        if self.network is None:
            return
        self.bar.match(self.network)
        self.bar.summary.setText(
            tr("{first}–{last} of {n}", first=self._rows.start + 1, last=self._rows.stop, n=f"{len(data):,}")
        )
        self.back.setEnabled(self._rows.start > 0)
        self.forward.setEnabled(self._rows.stop < len(data))
        label = ", ".join(data.input_names[:_MAX_INPUTS])
        if data.per_step or not data.classes:
            label += f", {data.target_name}"
        last = len(self._rows) - 1
        for i, (title, strip) in enumerate(zip(self.titles, self.strips, strict=True)):
            shown = i < len(self._rows)
            title.setVisible(shown)
            strip.setVisible(shown)
            if not shown:
                continue
            row = self._rows[i]
            strip.show_row(data, row, predictions[i], span)
            strip.setLabel("left", label)
            strip.setLabel("bottom", tr("time step") if i == last else "")
            strip.getAxis("bottom").showLabel(i == last)
            weight = 700 if (row, part) == chosen else 400
            font = title.font()
            font.setWeight(font.Weight(weight))
            title.setFont(font)
            title.setText(_title(data, row, predictions[i]))


def _title(data: Dataset, row: int, prediction: NDArray[np.float64]) -> str:
    if not data.classes:
        error = float(np.sqrt(((prediction - data.targets[row]) ** 2).mean()))
        return tr("row {row}: error {e}", row=row + 1, e=f"{error:.4g}")
    predicted = np.nan_to_num(prediction).argmax(axis=-1)
    if data.per_step:
        wrong = int((predicted != data.targets[row]).sum())
        return tr("row {row}: {k} of {n} wrong", row=row + 1, k=wrong, n=len(predicted))
    sign = "✓" if predicted == data.targets[row] else "✗"
    return tr(
        "row {row}: {target}   predicted: {sign} {predicted} ({p})", row=row + 1, target=target_text(data, row),
        sign=sign, predicted=prediction_text(data, prediction), p=f"{np.max(prediction):.3g}",
    )  # fmt: skip
