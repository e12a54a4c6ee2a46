"""The page of a table and the predictions of the network: regions of classes, a fitted curve, or heights."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviewer.engine.run.run import Run
from gdviewer.inspection.prediction_scores import TEST
from gdviewer.problems.networks.network import Network
from gdviewer.text import number_text, tr
from gdviewer.ui.network.colors import SIGNS, class_color, class_symbol
from gdviewer.ui.network.data_plot import NetworkDataPlot, output_names
from gdviewer.ui.network.decision_regions import Axes, curve, decision_regions
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.part_bar import part_text
from gdviewer.ui.network.prediction_rows import target_text
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme, look

_MAX_CLASSES = 10  # in the legend above the plot


def batch_rows(network: Network, run: Run, step: int) -> NDArray[np.intp]:
    """Return the rows of the batch of a step; none for step 0 and if every step uses all rows."""
    if step < 1 or network.batches.count == 1:
        return np.empty(0, dtype=np.intp)
    return network.batches.at(step, run.seed)


def prediction_text(network: Network, prediction: NDArray[np.float64]) -> str:
    """Return a prediction as text: the likeliest class with its probability, or the predicted numbers."""
    data = network.train
    if data.classes:
        best = int(np.nan_to_num(prediction).argmax())
        if not network.loss.probabilities:
            return data.classes[best]
        return tr("{c} with probability {p}", c=data.classes[best], p=f"{prediction[best]:.3g}")
    pairs = zip(output_names(data), prediction, strict=True)
    return "   ".join(f"{name} = {number_text(float(value))}" for name, value in pairs)


class DataPage(Page):
    """The data as points, over the predictions of the network."""

    title = tr("Data")

    @staticmethod
    def suits(network: Network) -> bool:
        return network.train.kind == "table"

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.point: NDArray[np.float64] | None = None  # the weights of the shown predictions
        self._matched: Network | None = None  # the network whose data are shown
        self.legend = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.pickers = [QComboBox(), QComboBox()]
        self._picking = QWidget()
        self._others = QLabel(wordWrap=True)
        self._others.setProperty("role", "muted")
        names = tr("Input of the horizontal axis"), tr("Input of the vertical axis")
        row = QHBoxLayout(self._picking)
        row.setContentsMargins(0, 0, 0, 0)
        for picker, name in zip(self.pickers, names, strict=True):
            picker.setAccessibleName(name)
            picker.setToolTip(name)
            picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            picker.setMinimumContentsLength(6)
            picker.activated.connect(self._repick)
            row.addWidget(picker, 1)
        self.plot = NetworkDataPlot(session)
        self.plot.setAccessibleName(tr("Data and predictions"))
        self.plot.text_at = self.describe
        self.plot.hovered.connect(self.hovered)
        self.plot.picked.connect(example.choose)
        self.plot.moved.connect(self.renew)
        top = QVBoxLayout()
        top.setSpacing(2)
        top.setContentsMargins(8, 4, 8, 0)
        for widget in (self.legend, self._picking, self._others):
            top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.plot, 1)
        session.problem_changed.connect(self._match)
        self._match()
        self.plot.restyle()

    def _match(self) -> None:
        """Show the data of the current network, unless they are shown."""
        network = self.network
        if network is None or network is self._matched:
            return
        self._matched = network
        names = list(network.train.input_names)
        if [self.pickers[0].itemText(i) for i in range(self.pickers[0].count())] != names:
            for i, picker in enumerate(self.pickers):
                picker.clear()
                picker.addItems(names)
                picker.setCurrentIndex(min(i, len(names) - 1))
        self._arrange(network)

    def _repick(self) -> None:
        if self.network:
            self._arrange(self.network)
            self.again()

    def _arrange(self, network: Network) -> None:
        names = network.train.input_names
        shown = tuple(picker.currentIndex() for picker in self.pickers)
        if len(names) == 1:
            shown = (0,)
        elif shown[0] == shown[1]:
            self.pickers[1].setCurrentIndex((shown[0] + 1) % len(names))
            shown = shown[0], self.pickers[1].currentIndex()
        self._picking.setVisible(len(names) > 2)
        self._others.setVisible(len(names) > 2)
        means = network.train.inputs.mean(axis=0)
        held = [f"{name} = {value:.4g}" for i, (name, value) in enumerate(zip(names, means, strict=True))
                if i not in shown]  # fmt: skip
        self._others.setText(tr("The other inputs are at their means: {held}", held=_first(held, 3)))
        self._others.setToolTip(", ".join(held))
        self.plot.show_data(network, Axes(shown, means))
        self._show_legend(network)

    def _show_legend(self, network: Network) -> None:
        data, theme = network.train, look().theme
        if data.classes:
            shown = enumerate(data.classes[:_MAX_CLASSES])
            parts = [_sign(theme, i) + escape(name) for i, name in shown] + ["…"] * (len(data.classes) > _MAX_CLASSES)
        elif self.plot.flat:
            low, high = float(data.targets[:, 0].min()), float(data.targets[:, 0].max())
            name = escape(output_names(data)[0])
            parts = [tr("{y} from {low} (dark) to {high} (bright)", y=name, low=f"{low:.4g}", high=f"{high:.4g}")]
        else:
            parts = [_sign(theme, i) + escape(name) for i, name in enumerate(output_names(data))]
        self.legend.setText("&nbsp;&nbsp; ".join(parts))
        shapes = tr("Filled points: training data. Hollow points: test data.")
        if not data.classes and self.plot.flat:
            shapes = tr("Points with a thin outline: training data. Points with a thick outline: test data.")
        marks = tr("Thin rings: the batch of the current step. Thick ring: the selected example. Click a point to "
                   "select it.")  # fmt: skip
        shades = tr("The stronger the shade, the higher the probability. Lines: boundaries between the classes.")
        use = tr("Wheel: zoom. Drag: move. Ctrl+0: show all.")
        self.plot.setToolTip("\n".join([shapes, marks, *([shades] if data.classes and self.plot.flat else []), use]))
        self.legend.setToolTip(self.plot.toolTip())

    def restyle(self) -> None:
        if self.network:
            self._show_legend(self.network)
        self.again()

    def show_all(self) -> None:
        self.plot.show_all()

    def key(self) -> tuple[Any, ...]:
        return self.example.chosen, self.plot.view, self.plot.axes.shown, self.session.player.playing

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        self._match()  # after undo, this is called before the signal problem_changed
        axes, view, fine = self.plot.axes, self.plot.view, not self.session.player.playing
        chosen, flat = self.example.row_of(network), self.plot.flat

        def compute() -> tuple[Any, ...]:
            x = run.point(step)
            shown = decision_regions(network, x, axes, view, fine) if flat else curve(network, x, axes, view)
            return axes, x, shown, batch_rows(network, run, step), chosen

        return compute

    def show_result(self, result: Any) -> None:
        axes, self.point, shown, batch, (row, part) = result
        if axes is not self.plot.axes:  # the axes changed during the computation
            return
        if self.plot.flat:
            self.plot.show_regions(shown)
        else:
            self.plot.show_curves(*shown)
        self.plot.show_marks(batch, row, part)

    def describe(self, x: float, y: float) -> str:
        """Return a text on a position: the inputs, the prediction, and the row there, if any."""
        network = self.network
        if network is None or self.point is None or len(self.point) != network.dimension:
            return ""
        data, axes = network.train, self.plot.axes
        coordinates = (x, y)[: len(axes.shown)]
        prediction = network.predict(self.point, axes.inputs(*(np.array([value]) for value in coordinates)))[0]
        inputs = [f"{data.input_names[i]} = {value:.4g}" for i, value in zip(axes.shown, coordinates, strict=True)]
        text = "   ".join([*inputs, tr("predicted: {prediction}", prediction=prediction_text(network, prediction))])
        found = self.plot.row_at(x, y)
        if found is None:
            return text
        row, part = found
        rows = network.test if part == TEST else data
        prediction = network.predict(self.point, rows.inputs[row : row + 1])[0]
        return tr(
            "row {row} of the {part}: {y} is {target}   predicted: {prediction}", row=row + 1, part=part_text(part),
            y=data.target_name, target=target_text(rows, row), prediction=prediction_text(network, prediction),
        )  # fmt: skip


def _sign(theme: Theme, number: int) -> str:
    return f'<span style="color:{class_color(theme, number).name()}">{SIGNS[class_symbol(number)]}</span> '


def _first(parts: list[str], count: int) -> str:
    return ", ".join(parts[:count]) + ", …" * (len(parts) > count)
