"""The page with the diagram of a network: layers are columns, units are discs, weights are lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gdviewer.inspection.network_parts import ExampleValues
from gdviewer.problems.networks.layer import shape_text
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.choice_bar import ChoiceBar
from gdviewer.ui.network.diagram_layout import LayerColumn, Layout, Node, WeightLines, longest
from gdviewer.ui.network.example_page import ExamplePage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.tiles import color_of, legend
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import look

_GAP = 4
_MAX_LINE_WIDTH = 3.2  # in pixels, for the largest weight of a layer
_LEVELS = 12  # number of widths and colours of lines for each sign


class Diagram(QWidget):
    """The diagram of a network; the wheel, or a click on hidden units, shows other units of a layer.

    Attributes:
        gradients: True if lines show the gradient instead of the weights.
        layout_: the positions and texts; None before :meth:`show_inside`.

    Signals:
        hovered: a line of text about the item under the mouse; empty for none.
    """

    hovered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setMinimumSize(240, 180)
        self.setAccessibleName(tr("Diagram of the network"))
        self.setToolTip(
            tr("A disc is a unit; its colour is the activation for the selected example. A line is a weight.") + "\n"
            + legend() + "\n" + tr("Wheel, or click on “more”: show other units of a layer.")
        )  # fmt: skip
        self.gradients = False
        self.layout_: Layout | None = None
        self._network: Network | None = None
        self._inside: ExampleValues | None = None
        self._first: dict[str, int] = {}
        self._picture: QPixmap | None = None

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    def show_inside(self, network: Network, inside: ExampleValues) -> None:
        """Show the weights and activations of a network for an example."""
        if self._network is None or network.architecture is not self._network.architecture:
            self._first = {}
        self._network, self._inside = network, inside
        self.arrange()

    def arrange(self) -> None:
        """Compute the layout, and repaint."""
        if self._network and self._inside:
            metrics = self.fontMetrics()
            data = self._network.train
            quarter = self.width() / 5
            names = [""] if data.kind == "images" else data.input_names
            left = min(metrics.horizontalAdvance(longest(names)) + 6, quarter)
            right = min(metrics.horizontalAdvance(longest(_output_names(self._network)) + " ✓") + 8, quarter)
            self._left, self._right = left, right
            foot = 2 * metrics.height() + _GAP
            area = QRectF(0, _GAP, self.width(), self.height() - foot - 2 * _GAP)
            self.layout_ = Layout(self._network, self._inside, area, self._first, self.gradients, (left, right))
        self._picture = None
        self.update()

    def unfold(self, layer: str, first: int) -> None:
        """Show the units of a layer from the number ``first`` on."""
        self._first[layer] = max(0, first)
        self.arrange()

    # Mouse

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.layout_:
            position = event.position()
            self.hovered.emit(self.layout_.text_at(position) or self._caption_at(position))
            folded = self.layout_.fold_at(position) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if folded else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.layout_ and self.layout_.fold_at(event.position())
        if found and event.button() == Qt.MouseButton.LeftButton:
            self.unfold(found[0], found[1].first)

    def wheelEvent(self, event: QWheelEvent) -> None:
        column = self.layout_ and self.layout_.column_at(event.position().x())
        if column and column.folds:
            last = column.part.units - len(column.nodes)
            first = column.nodes[0].unit - (1 if event.angleDelta().y() > 0 else -1)
            self.unfold(column.part.name, min(max(first, 0), last))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")

    def _caption_at(self, position: QPointF) -> str:
        column = self.layout_.column_at(position.x()) if self.layout_ else None
        if column is None or position.y() < self.height() - 2 * self.fontMetrics().height() - _GAP:
            return ""
        return column.part.title

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(QColor(look().theme.plot))
            if self.layout_:
                painter = QPainter(self._picture)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setFont(self.font())
                self._paint(painter, self.layout_)
                painter.end()
        QPainter(self).drawPixmap(0, 0, self._picture)

    def _paint(self, painter: QPainter, layout: Layout) -> None:
        painter.setPen(QPen(QColor(look().theme.line), 1))
        painter.drawLines([QLineF(*link) for link in layout.links])
        for lines in layout.lines:
            _paint_lines(painter, lines, layout)
        for column in layout.columns:
            for node in column.nodes:
                _paint_node(painter, node, column)
            self._paint_captions(painter, column)
        self._paint_names(painter, layout)

    def _paint_captions(self, painter: QPainter, column: LayerColumn) -> None:
        theme, metrics = look().theme, self.fontMetrics()
        painter.setPen(QColor(theme.muted))
        for fold in column.folds:
            if fold.count:
                text = tr("… {n} more", n=fold.count)
                if metrics.horizontalAdvance(text) + 6 > column.width:
                    text = f"… {fold.count}"
                rect = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
                rect.moveCenter(fold.rect.center())
                painter.fillRect(rect, QColor(theme.plot))
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
        line, left = metrics.height(), column.x - column.width / 2
        top, width = self.height() - 2 * line - _GAP, int(column.width) - 2
        name = _fitting((column.part.name, _initials(column.part.name)), width, metrics)
        for row, (text, color) in enumerate(((name, theme.text), (_shape(column, width, metrics), theme.muted))):
            painter.setPen(QColor(color))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(QRectF(left, top + row * line, column.width, line), Qt.AlignmentFlag.AlignCenter, shown)

    def _paint_names(self, painter: QPainter, layout: Layout) -> None:
        """Paint the names of the inputs and outputs; the true class has a tick."""
        theme, metrics, line = look().theme, self.fontMetrics(), self.fontMetrics().height()
        first, last, data = layout.columns[0], layout.columns[-1], layout.network.train
        painter.setPen(QColor(theme.text))
        if not first.image:
            for node in first.nodes:
                text = metrics.elidedText(data.input_names[node.unit], Qt.TextElideMode.ElideRight, int(self._left) - 4)
                right = node.rect.left() - 4
                rect = QRectF(right - self._left, node.rect.center().y() - line / 2, self._left, line)
                painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        for node in last.nodes:
            name, correct = layout.output_name(node.unit)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(self._right) - 6)
            rect = QRectF(node.rect.right() + 4, node.rect.center().y() - line / 2, self._right, line)
            painter.setPen(QColor(theme.text if correct else theme.muted))
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _output_names(network: Network) -> Sequence[str]:
    """Return the names of the classes, or the longest name of an output."""
    data = network.train
    count = network.architecture.stages[-1].output[-1]
    return data.classes or (data.target_name + f" {count - 1}" * (count > 1),)


def _shape(column: LayerColumn, width: int, metrics: QFontMetrics) -> str:
    """Return the shape of the output of a layer, with its activation if it fits: ``32 relu``."""
    shape, activation = shape_text(column.part.shape), column.part.activation
    return _fitting((f"{shape} {activation}".rstrip(), shape), width, metrics)


def _initials(name: str) -> str:
    """Return the shortest name of a layer: ``d1`` for ``dense 1``."""
    kind, _, number = name.partition(" ")
    return kind[0] + number if number else name


def _fitting(texts: Sequence[str], width: int, metrics: QFontMetrics) -> str:
    """Return the first text that fits in a width, else the last text."""
    return next((text for text in texts if metrics.horizontalAdvance(text) < width - 2), texts[-1])


def _paint_lines(painter: QPainter, lines: WeightLines, layout: Layout) -> None:
    """Paint lines in a few widths and colours, the thickest on top; a pen for each line is slower."""
    theme = look().theme
    values = np.nan_to_num(layout.shown[lines.index] / lines.size).clip(-1, 1)
    levels = np.rint(np.sign(values) * np.sqrt(np.abs(values)) * _LEVELS).astype(int)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for level in sorted(set(levels.tolist()) - {0}, key=abs):  # lines of level 0 are invisible
        share = level / _LEVELS
        width = (0.4 + (_MAX_LINE_WIDTH - 0.4) * share * share) * min(theme.width / 2, 1.5)
        painter.setPen(QPen(color_of(share, 1.0, theme), width))
        if not lines.arcs:
            painter.drawLines([QLineF(*ends) for ends in lines.ends[levels == level].tolist()])
        for k in np.flatnonzero(levels == level).tolist() if lines.arcs else ():
            painter.drawPath(lines.arcs[k])


def _paint_node(painter: QPainter, node: Node, column: LayerColumn) -> None:
    theme = look().theme
    if node.tile:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        node.tile.paint(painter, theme)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        return
    painter.setPen(QPen(QColor(theme.muted), 1))
    painter.setBrush(color_of(node.value, column.scale, theme))
    painter.drawEllipse(node.rect)


class DiagramPage(ExamplePage):
    """The page with the diagram of the network at the current step, for the selected example."""

    title = tr("Network")

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.diagram = Diagram()
        self.diagram.hovered.connect(self.hovered)
        self.lines = ChoiceBar(
            {
                "weights": (tr("Weights"), tr("Show the weights as lines; larger ones are thicker")),
                "gradients": (
                    tr("Gradient"),
                    tr("Show the gradient with respect to each weight as lines, for the batch of the next step"),
                ),
            }
        )
        self.lines.changed.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setSpacing(2)
        layout.setContentsMargins(4, 4, 4, 0)
        layout.addWidget(self.lines)
        layout.addWidget(self.diagram, 1)

    def show_result(self, result: ExampleValues) -> None:
        if self.network:
            self.diagram.show_inside(self.network, result)

    def restyle(self) -> None:
        self.diagram.arrange()

    def _choose(self) -> None:
        self.diagram.gradients = self.lines.chosen == "gradients"
        self.diagram.arrange()
