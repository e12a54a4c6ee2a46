"""The hidden state of a recurrent network over the time steps of the selected sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QVBoxLayout

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run
from gdviewer.inspection.network_parts import ExampleValues
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.canvas import Canvas
from gdviewer.ui.network.example_page import ExamplePage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.tiles import Tile, legend, scale_of
from gdviewer.ui.session.session import Session

_ROW_HEIGHT = 16.0  # height of a row of inputs or outputs in pixels, if there are few
_MAX_HEIGHT = 64.0  # maximum height of all inputs, or of all outputs, in pixels


@dataclass(frozen=True, eq=False)
class Passage:
    """The values in a network for one sequence, with the hidden states.

    Attributes:
        inside: the other values for the example.
        states: the state h of each recurrent layer by its name, shape (time, units).
    """

    inside: ExampleValues
    states: dict[str, Array]


def states_of(network: Network, x: Array, inputs: Array) -> dict[str, Array]:
    """Return the state of each recurrent layer, shape (time, units), for one sequence of shape (time, features)."""
    a, found = network.scaling.apply(inputs[None]), {}
    with np.errstate(all="ignore"):
        for stage, w in zip(network.architecture.stages, network.architecture.views(x), strict=True):
            if stage.layer.has_states:
                found[stage.name] = stage.layer.states(a, w)[0]
            a, _ = stage.layer.forward(a, w)
    return found


@dataclass
class StateBlock:
    """A block of rows of numbers over time, with a title.

    Attributes:
        title: the title.
        rows: the names of the rows.
        values: the numbers, shape (rows, time).
        scale: the absolute value that has the full colour.
        large: True if it shares the free height of the canvas.
        marks: the row of the true class at each time step; None for no marks.
        tile: the picture; None before its position is computed.
    """

    title: str
    rows: Sequence[str]
    values: NDArray[np.float64]
    scale: float
    large: bool = False
    marks: NDArray[np.int64] | None = None
    tile: Tile | None = None


class States(Canvas):
    """Paints the input, the states and the outputs as blocks from top to bottom, with time steps as columns.

    Attributes:
        blocks: the blocks.
    """

    def __init__(self) -> None:
        super().__init__(tr("Hidden state over time"))
        self.setToolTip(
            tr("Columns: time steps. Rows: inputs, hidden units and outputs.") + "\n" + legend() + "\n"
            + tr("Ring: the true class.")
        )  # fmt: skip
        self.setMinimumSize(220, 180)
        self.blocks: list[StateBlock] = []
        self._bottom = 0.0  # of the blocks, in pixels
        self._note = ""  # the text on the whole sequence

    def show_sequence(self, network: Network, passage: Passage) -> None:
        """Show the values in a network for a sequence."""
        self.blocks, self._note = _blocks(network, passage)
        self.arrange()

    def arrange(self) -> None:
        if not self.blocks:
            return
        line = self.fontMetrics().height()
        names = [name for block in self.blocks for name in block.rows]
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        left = min(widest, self.width() // 5) + 10
        sizes = [min(len(block.rows) * _ROW_HEIGHT, _MAX_HEIGHT) for block in self.blocks]
        footer = line * (2 + bool(self._note)) + 4
        free: float = self.height() - footer - len(self.blocks) * (line + 6)
        large = [i for i, block in enumerate(self.blocks) if block.large]
        free -= sum(size for i, size in enumerate(sizes) if i not in large)
        for i in large:
            sizes[i] = max(30.0, min(free / len(large), len(self.blocks[i].rows) * 34.0))
        y = 2.0
        for block, size in zip(self.blocks, sizes, strict=True):
            rect = QRectF(left, y + line + 2, self.width() - left - 8, size)
            block.tile = Tile(rect, block.values, block.scale, self._description(block))
            y = rect.bottom() + 4
        self._bottom = y
        self.update()

    def tiles(self) -> list[Tile]:
        return [block.tile for block in self.blocks if block.tile]

    @staticmethod
    def _description(block: StateBlock) -> Callable[[int, int], str]:
        """Return a function of a row and a column that describes the number there."""

        def describe(row: int, t: int) -> str:
            text = tr(
                "{title}: {name} at time step {t}: {a}", title=block.title, name=block.rows[row], t=t + 1,
                a=f"{block.values[row, t]:.4g}",
            )  # fmt: skip
            true = block.marks is not None and block.marks[t] == row
            return text + (tr("   (true class)") if true else "")

        return describe

    def paint(self, painter: QPainter) -> None:
        if not self.blocks:
            return
        theme, line = self.theme, self.fontMetrics().height()
        for block in self.blocks:
            tile = block.tile
            if tile is None:
                continue
            rect = tile.rect
            painter.setPen(QColor(theme.text))
            painter.drawText(
                QRectF(4, rect.top() - line - 1, self.width(), line), Qt.AlignmentFlag.AlignLeft, block.title
            )
            self._paint_names(painter, block.rows, tile)
            if block.marks is not None:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                size = min(rect.height() / len(block.rows), rect.width() / len(block.marks)) * 0.3
                for color, width in ((theme.plot, 3.5), (theme.text, 1.5)):
                    painter.setPen(QPen(QColor(color), width))
                    for t, row in enumerate(block.marks.tolist()):
                        painter.drawEllipse(tile.center_of(row, t), size, size)
        if tile:
            self._paint_footer(painter, tile)

    def _paint_names(self, painter: QPainter, names: Sequence[str], tile: Tile) -> None:
        """Paint the names of the rows; skip some if there is no space for all."""
        line, rect = self.fontMetrics().height(), tile.rect
        stride = max(1, int(np.ceil(line * 0.8 * len(names) / rect.height())))
        painter.setPen(QColor(self.theme.muted))
        for row in range(0, len(names), stride):
            y = tile.center_of(row, 0).y()
            label = QRectF(0, y - line / 2, rect.left() - 4, line)
            name = self.fontMetrics().elidedText(names[row], Qt.TextElideMode.ElideRight, int(label.width()))
            painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_footer(self, painter: QPainter, tile: Tile) -> None:
        """Paint the numbers of the time steps, from 1 as in the data, below a tile, and the text on the sequence."""
        line = self.fontMetrics().height()
        painter.setPen(QColor(self.theme.muted))
        steps = tile.values.shape[1]
        stride = max(1, int(np.ceil(steps * self.fontMetrics().horizontalAdvance("000") / tile.rect.width())))
        for t in range(0, steps, stride):
            x = tile.center_of(0, t).x()
            painter.drawText(QRectF(x - 30, self._bottom - 2, 60, line), Qt.AlignmentFlag.AlignHCenter, str(t + 1))
        rect = QRectF(tile.rect.left(), self._bottom - 2 + line, tile.rect.width(), line)
        painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, tr("time step"))
        if self._note:
            painter.setPen(QColor(self.theme.text))
            rect = QRectF(4, rect.bottom(), self.width() - 8, line)
            note = self.fontMetrics().elidedText(self._note, Qt.TextElideMode.ElideRight, int(rect.width()))
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, note)


def _blocks(network: Network, passage: Passage) -> tuple[list[StateBlock], str]:
    """Return the blocks for a sequence, and the text on the whole sequence if it has one target, else ""."""
    inside, data = passage.inside, network.train
    inputs = inside.values[0].T
    blocks = [StateBlock(tr("input"), data.input_names, inputs, scale_of(inputs))]
    for name, states in passage.states.items():
        units = [str(k) for k in range(states.shape[1])]
        blocks.append(StateBlock(tr("{layer}: hidden state", layer=name), units, states.T, 1.0, large=True))
    prediction, target = inside.prediction, inside.target
    if data.classes and data.per_step:
        title = tr("prediction: probabilities")
        blocks.append(StateBlock(title, data.classes, prediction.T, 1.0, marks=np.asarray(target)))
        return blocks, ""
    if data.classes:
        best = int(np.argmax(prediction))
        note = tr(
            "{target} is {true}; predicted: {predicted}, with a probability of {p}", target=data.target_name,
            true=data.classes[int(target)], predicted=data.classes[best], p=f"{prediction[best]:.2f}",
        )  # fmt: skip
        return blocks, note
    if data.per_step:
        names = [data.target_name] if target.shape[1] == 1 else [str(k) for k in range(target.shape[1])]
        scale = scale_of(np.asarray(prediction), np.asarray(target))
        blocks.append(StateBlock(tr("prediction"), names, prediction.T, scale))
        blocks.append(StateBlock(tr("target"), names, target.T, scale))
        return blocks, ""
    numbers = [", ".join(f"{value:.4g}" for value in np.ravel(part)) for part in (target, prediction)]
    return blocks, tr(
        "{target} is {true}; predicted: {predicted}", target=data.target_name, true=numbers[0], predicted=numbers[1]
    )


class StatesPage(ExamplePage):
    """Hidden states at the current step, for the selected sequence.

    Attributes:
        states: the canvas with the states.
    """

    title = tr("Hidden state")

    @staticmethod
    def suits(network: Network) -> bool:
        return any(layer.has_states for layer in network.architecture.layers)

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.states = States()
        self.states.hovered.connect(self.hovered)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.states)

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Passage]:
        values_of_example = super().computation(network, run, step)

        def compute() -> Passage:
            inside = values_of_example()
            return Passage(inside, states_of(network, inside.x, inside.values[0]))

        return compute

    def show_result(self, result: Passage) -> None:
        if self.network:
            self.states.show_sequence(self.network, result)

    def restyle(self) -> None:
        self.states.arrange()
