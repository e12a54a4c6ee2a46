"""The hidden state of a recurrent network over the time steps of the chosen sequence."""

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
from gdviewer.inspection.network_parts import Inside
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.canvas import Canvas
from gdviewer.ui.network.example_page import ExamplePage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.tiles import Tile, legend, scale_of
from gdviewer.ui.session.session import Session

_ROW = 16.0  # pixels of a row of inputs or outputs, where there are few
_SOME = 64.0  # pixels that all inputs, or all outputs, have at most


@dataclass(frozen=True, eq=False)
class Passage:
    """A sequence as it goes through a network.

    Attributes:
        inside: all else of the example; states: h of each recurrent layer by its name, (time, units).
    """

    inside: Inside
    states: dict[str, Array]


def states_of(network: Network, x: Array, inputs: Array) -> dict[str, Array]:
    """The state of each recurrent layer after each time step, (time, units), for one sequence (time, features)."""
    a, found = network.scaling.apply(inputs[None]), {}
    with np.errstate(all="ignore"):
        for stage, w in zip(network.architecture.stages, network.architecture.views(x), strict=True):
            if stage.layer.has_states:
                found[stage.name] = stage.layer.states(a, w)[0]
            a, _ = stage.layer.forward(a, w)
    return found


@dataclass
class StateBlock:
    """Rows of numbers over time, under a title.

    Attributes:
        rows: what they are called; values: (rows, time); marks: the row that is right at each time step.
    """

    title: str
    rows: Sequence[str]
    values: NDArray[np.float64]
    scale: float
    large: bool = False
    marks: NDArray[np.int64] | None = None
    tile: Tile | None = None


class States(Canvas):
    """Paints the input, the states and the outputs one over the other, time steps across."""

    def __init__(self) -> None:
        super().__init__(tr("Hidden state over time"))
        self.setToolTip(
            tr("Time steps across; a row for each input, hidden unit and output.") + "\n" + legend() + "\n"
            + tr("A ring: the class that is right.")
        )  # fmt: skip
        self.setMinimumSize(220, 180)
        self.blocks: list[StateBlock] = []
        self._words = ""

    def show_sequence(self, network: Network, shown: Passage) -> None:
        """Show another network, point or example."""
        self.blocks, self._words = _blocks(network, shown)
        self.arrange()

    def arrange(self) -> None:
        if not self.blocks:
            return
        line = self.fontMetrics().height()
        names = [name for block in self.blocks for name in block.rows]
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        left = min(widest, self.width() // 5) + 10
        sizes = [min(len(block.rows) * _ROW, _SOME) for block in self.blocks]
        foot = line * (2 + bool(self._words)) + 4
        free = self.height() - foot - len(self.blocks) * (line + 6)
        large = [i for i, block in enumerate(self.blocks) if block.large]
        free -= sum(size for i, size in enumerate(sizes) if i not in large)
        for i in large:
            sizes[i] = max(30.0, min(free / len(large), len(self.blocks[i].rows) * 34.0))
        y = 2.0
        for block, size in zip(self.blocks, sizes, strict=True):
            rect = QRectF(left, y + line + 2, self.width() - left - 8, size)
            block.tile = Tile(rect, block.values, block.scale, self._told(block))
            y = rect.bottom() + 4
        self._bottom = y
        self.update()

    def tiles(self) -> list[Tile]:
        return [block.tile for block in self.blocks if block.tile]

    @staticmethod
    def _told(block: StateBlock) -> Callable[[int, int], str]:
        def told(row: int, t: int) -> str:
            text = tr(
                "{title}: {name} at time step {t}: {a}", title=block.title, name=block.rows[row], t=t + 1,
                a=f"{block.values[row, t]:.4g}",
            )  # fmt: skip
            right = block.marks is not None and block.marks[t] == row
            return text + (tr("   this is right") if right else "")

        return told

    def paint(self, painter: QPainter) -> None:
        if not self.blocks:
            return
        theme, line = self.theme, self.fontMetrics().height()
        for block in self.blocks:
            rect = block.tile.rect
            painter.setPen(QColor(theme.text))
            painter.drawText(
                QRectF(4, rect.top() - line - 1, self.width(), line), Qt.AlignmentFlag.AlignLeft, block.title
            )
            self._paint_rows(painter, block)
            if block.marks is not None:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                size = min(rect.height() / len(block.rows), rect.width() / len(block.marks)) * 0.3
                for color, width in ((theme.plot, 3.5), (theme.text, 1.5)):
                    painter.setPen(QPen(QColor(color), width))
                    for t, row in enumerate(block.marks.tolist()):
                        painter.drawEllipse(block.tile.center_of(row, t), size, size)
        self._paint_foot(painter)

    def _paint_rows(self, painter: QPainter, block: StateBlock) -> None:
        """The names of rows, of as many as there is room for."""
        line, rect = self.fontMetrics().height(), block.tile.rect
        every = max(1, int(np.ceil(line * 0.8 * len(block.rows) / rect.height())))
        painter.setPen(QColor(self.theme.muted))
        for row in range(0, len(block.rows), every):
            y = block.tile.center_of(row, 0).y()
            room = QRectF(0, y - line / 2, rect.left() - 4, line)
            name = self.fontMetrics().elidedText(block.rows[row], Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_foot(self, painter: QPainter) -> None:
        """The numbers of the time steps, from 1 as in the data, and what is told of the whole sequence."""
        line, tile = self.fontMetrics().height(), self.blocks[-1].tile
        painter.setPen(QColor(self.theme.muted))
        steps = tile.values.shape[1]
        every = max(1, int(np.ceil(steps * self.fontMetrics().horizontalAdvance("000") / tile.rect.width())))
        for t in range(0, steps, every):
            x = tile.center_of(0, t).x()
            painter.drawText(QRectF(x - 30, self._bottom - 2, 60, line), Qt.AlignmentFlag.AlignHCenter, str(t + 1))
        rect = QRectF(tile.rect.left(), self._bottom - 2 + line, tile.rect.width(), line)
        painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, tr("time step"))
        if self._words:
            painter.setPen(QColor(self.theme.text))
            rect = QRectF(4, rect.bottom(), self.width() - 8, line)
            words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, int(rect.width()))
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, words)


def _blocks(network: Network, shown: Passage) -> tuple[list[StateBlock], str]:
    """What is drawn of a sequence, and what is told of the whole of it."""
    inside, data = shown.inside, network.train
    inputs = inside.values[0].T
    blocks = [StateBlock(tr("input"), data.input_names, inputs, scale_of(inputs))]
    for name, states in shown.states.items():
        units = [str(k) for k in range(states.shape[1])]
        blocks.append(StateBlock(tr("{layer}: hidden state", layer=name), units, states.T, 1.0, large=True))
    prediction, target = inside.prediction, inside.target
    if data.classes and data.per_step:
        title = tr("prediction: probabilities")
        blocks.append(StateBlock(title, data.classes, prediction.T, 1.0, marks=np.asarray(target)))
        return blocks, ""
    if data.classes:
        best = int(np.argmax(prediction))
        words = tr(
            "{target} is {right}; predicted: {guess}, with a probability of {p}", target=data.target_name,
            right=data.classes[int(target)], guess=data.classes[best], p=f"{prediction[best]:.2f}",
        )  # fmt: skip
        return blocks, words
    if data.per_step:
        names = [data.target_name] if target.shape[1] == 1 else [str(k) for k in range(target.shape[1])]
        scale = scale_of(np.asarray(prediction), np.asarray(target))
        blocks.append(StateBlock(tr("prediction"), names, prediction.T, scale))
        blocks.append(StateBlock(tr("target"), names, target.T, scale))
        return blocks, ""
    numbers = [", ".join(f"{value:.4g}" for value in np.ravel(part)) for part in (target, prediction)]
    return blocks, tr(
        "{target} is {right}; predicted: {guess}", target=data.target_name, right=numbers[0], guess=numbers[1]
    )


class StatesPage(ExamplePage):
    """Hidden states at the step looked at, for the chosen sequence."""

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
        look = super().computation(network, run, step)

        def compute() -> Passage:
            inside = look()
            return Passage(inside, states_of(network, inside.x, inside.values[0]))

        return compute

    def show_result(self, result: Passage) -> None:
        if self.network:
            self.states.show_sequence(self.network, result)

    def restyle(self) -> None:
        self.states.arrange()
