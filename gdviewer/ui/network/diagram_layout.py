"""The layout of the diagram of a network: the geometry and texts of units and weights, without painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from gdviewer.inspection.network_parts import ExampleValues, Part
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.tiles import Tile, scale_of

_MAX_LINES, _MIN_LINES = 400, 60  # lines between two layers, for the largest weights
_LINES_PER_PIXEL = 3  # of the gap between two layers; more lines would cover each other
_MAX_ARCS = 36  # within a recurrent layer
_MAX_NODES = 16
_NODE, _PICTURE = 18, 34  # smallest distance of the centres of two nodes and of two pictures, in pixels
_MAX_PICTURE = 110.0  # size of a picture in pixels


@dataclass
class Node:
    """A unit with its position.

    Attributes:
        unit: the number of the unit in its layer.
        rect: the position.
        value: the mean of its activation.
        text: the description for the mouse.
        tile: its activation as a picture; None if it is a number.
    """

    unit: int
    rect: QRectF
    value: float
    text: str
    tile: Tile | None = None


@dataclass
class Fold:
    """Hidden units above or below the shown ones.

    Attributes:
        rect: the position.
        count: the number of hidden units.
        first: the first unit that is shown after a click.
    """

    rect: QRectF
    count: int
    first: int


@dataclass
class LayerColumn:
    """The column of a layer.

    Attributes:
        part: the layer.
        x: the centre; width: the width.
        nodes: the shown units; folds: the hidden ones.
        scale: the activation with the full colour.
        image: True if the nodes are pictures.
    """

    part: Part
    x: float
    width: float
    nodes: list[Node] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)
    scale: float = 1.0
    image: bool = False

    @property
    def shown(self) -> list[int]:
        """The numbers of the shown units."""
        return [node.unit for node in self.nodes]


@dataclass
class WeightLines:
    """The weights between two columns, or within the column of a recurrent layer.

    Attributes:
        index: the index of each weight in the vector, shape (k,); between two pictures, of the largest weight.
        ends: x and y of the start and of the end of each line, shape (k, 4).
        among: the number of weights of which a line shows the largest.
        size: the largest weight of the layer, which has the full width and colour.
        arcs: the paths of weights within a column; empty for straight lines.
    """

    index: NDArray[np.intp]
    ends: NDArray[np.float64]
    among: int = 1
    size: float = 1.0
    arcs: Sequence[QPainterPath] = ()


class Layout:
    """The layout of the diagram of a network in a rectangle.

    Args:
        network: the network.
        inside: its weights and activations.
        area: the rectangle.
        first: the first shown unit, by the name of the layer, for layers with hidden units.
        gradients: True if lines show the gradient instead of the weights.
        margins: the widths of the names of inputs on the left and of outputs on the right.

    Attributes:
        shown: the vector that lines show: the weights or the gradient, shape (n,).
        columns: the columns of the layers.
        lines: the weights between columns.
        links: x and y of the start and of the end of lines without a weight.
    """

    def __init__(
        self, network: Network, inside: ExampleValues, area: QRectF, first: dict[str, int], gradients: bool,
        margins: tuple[float, float],
    ) -> None:  # fmt: skip
        self.network, self.inside, self._area, self._first = network, inside, area, first
        self.shown = inside.gradient if gradients else inside.x
        parts = inside.parts
        inner = area.adjusted(margins[0], 0, -margins[1], 0)
        width = inner.width() / len(parts)
        self.columns = [
            self._column(part, values, inner.left() + (i + 0.5) * width, width)
            for i, (part, values) in enumerate(zip(parts, inside.values, strict=True))
        ]
        self.lines = [
            lines
            for before, after in zip(self.columns, self.columns[1:], strict=False)
            for lines in self._lines_to(before, after)
        ]
        self.links = [  # from unit to unit of layers without weights, such as pooling
            (a.rect.right(), a.rect.center().y(), b.rect.left(), b.rect.center().y())
            for before, after in zip(self.columns, self.columns[1:], strict=False)
            if after.part.stage and not after.part.stage.connections
            for a in before.nodes
            for b in after.nodes
            if a.unit == b.unit
        ]

    # Units

    def _column(self, part: Part, values: NDArray[np.float64], x: float, width: float) -> LayerColumn:
        shown = values if part.pictures or values.ndim == 1 else values[-1]  # the last time step of a sequence
        column = LayerColumn(part, x, width, scale=scale_of(np.asarray(values)), image=part.pictures)
        min_pitch = _PICTURE if column.image else _NODE
        fit = max(1, min(_MAX_NODES, int(self._area.height() / min_pitch)))
        first, count = 0, part.units
        if part.units > fit:
            count = max(1, fit - 2)
            first = min(self._first.get(part.name, 0), part.units - count)
        folded = part.units > fit
        slots = count + 2 * folded
        pitch = min(self._area.height() / slots, _MAX_PICTURE + 8 if column.image else 44)
        top = self._area.center().y() - pitch * slots / 2
        for slot in range(count):
            unit = first + slot
            middle = top + pitch * (slot + folded + 0.5)
            column.nodes.append(self._node(column, unit, shown[..., unit], middle, pitch))
        if folded:
            for hidden, y, to in (
                (first, top, max(0, first - count)),
                (part.units - first - count, top + pitch * (count + 1), min(part.units - count, first + count)),
            ):
                column.folds.append(Fold(QRectF(x - width / 2, y, width, pitch), hidden, to))
        return column

    def _node(self, column: LayerColumn, unit: int, value: NDArray[np.float64], y: float, pitch: float) -> Node:
        part = column.part
        size = min(pitch - 5, column.width * 0.72, _MAX_PICTURE) if column.image else min(pitch * 0.66, 22.0)
        rect = QRectF(column.x - size / 2, y - size / 2, size, size)
        name = tr("{layer} unit {k}", layer=part.name, k=unit)
        if part.stage is None:
            names = self.network.train.input_names
            name = names[unit] if unit < len(names) else name
        elif column.image:
            name = tr("{layer} filter {k}", layer=part.name, k=unit)
        tile = None
        if column.image:
            tile = Tile(
                rect, value, column.scale,
                lambda i, j: tr("{unit} at [{i}, {j}]: {a}", unit=name, i=i, j=j, a=f"{value[i, j]:.4g}"),
            )  # fmt: skip
        text = tr("{unit}: {a}", unit=name, a=f"{float(value.mean()):.4g}")
        if part is self.inside.parts[-1]:
            text = tr("{name}, {unit}", name=self.output_name(unit)[0], unit=text) + self._predicted(unit)
        if len(part.shape) == 2:
            text += " " + tr("at the last time step")
        for placed in part.stage.weights.values() if part.stage else ():
            if placed.weight.title:
                w, g = placed.of(self.inside.x)[unit], placed.of(self.inside.gradient)[unit]
                text += tr("   {title} {w}, gradient {g}", title=tr(placed.weight.title), w=f"{w:.4g}", g=f"{g:.4g}")
        return Node(unit, rect, float(value.mean()), text, tile)

    def output_name(self, unit: int) -> tuple[str, bool]:
        """Return the name of an output, with a tick if it is the true class, and True if it is."""
        data, units = self.network.train, self.inside.parts[-1].units
        if not data.classes:
            return (data.target_name if units == 1 else f"{data.target_name} {unit}"), False
        number = 1 if units == 1 else unit  # a single output is for the second class
        correct = bool(np.ravel(self.inside.target)[-1] == number)
        return data.classes[number] + " ✓" * correct, correct

    def _predicted(self, unit: int) -> str:
        """Return the predicted probability of the class of an output, or the true value of a number."""
        if not self.network.train.classes:
            target = np.reshape(self.inside.target, (-1, self.inside.parts[-1].units))[-1, unit]
            return tr("   true: {y}", y=f"{target:.4g}")
        probabilities = np.reshape(self.inside.prediction, (-1, len(self.network.train.classes)))[-1]
        number = 1 if self.inside.parts[-1].units == 1 else unit
        return tr("   predicted: {p}", p=f"{probabilities[number]:.3g}")

    # Weights

    def _lines_to(self, before: LayerColumn, after: LayerColumn) -> list[WeightLines]:
        found: list[WeightLines] = []
        stage = after.part.stage
        if stage is None:
            return found
        for placed in stage.connections.values():
            index = np.arange(placed.start, placed.end)
            if placed.weight.recurrent:
                within = self._between(after, after, index.reshape(1, *placed.shape))
                within.arcs = [arc_of(*ends) for ends in within.ends.tolist()]
                found.append(within)
            elif before.image and len(stage.shape) == 1:  # flattened between the two layers
                found.append(self._from_pixels(before, after, index))
            else:  # shape (positions, units before, units after)
                found.append(self._between(before, after, index.reshape(-1, before.part.units, after.part.units)))
        return found

    def _between(self, before: LayerColumn, after: LayerColumn, index: NDArray[np.intp]) -> WeightLines:
        """Return a line between each two shown units, for the largest weight between them."""
        among = index[:, before.shown][:, :, after.shown]
        values = np.nan_to_num(np.abs(self.shown[among]))
        chosen = np.take_along_axis(among, values.argmax(axis=0)[None], axis=0)[0]
        starts = np.array([[node.rect.right(), node.rect.center().y()] for node in before.nodes])
        return self._strongest(chosen, self._ends(starts[:, None], after), index, among=len(index))

    def _from_pixels(self, before: LayerColumn, after: LayerColumn, index: NDArray[np.intp]) -> WeightLines:
        """Return a line from each pixel of the shown pictures to each shown unit."""
        height, width, channels = before.part.shape
        among = index.reshape(height, width, channels, -1)[:, :, before.shown][..., after.shown]
        starts = np.empty((height, width, len(before.nodes), 1, 2))
        for k, node in enumerate(before.nodes):
            rect = node.rect
            starts[:, :, k, 0, 0] = rect.left() + (np.arange(width) + 0.5) * rect.width() / width
            starts[:, :, k, 0, 1] = rect.top() + ((np.arange(height) + 0.5) * rect.height() / height)[:, None]
        return self._strongest(among, self._ends(starts, after), index)

    def _ends(self, starts: NDArray[np.float64], after: LayerColumn) -> NDArray[np.float64]:
        """Return the ends of lines from starts, shape (…, 1, 2), to each unit of a column; shape (…, units, 4)."""
        stops = np.array([[node.rect.left(), node.rect.center().y()] for node in after.nodes])
        shape = (*starts.shape[:-2], len(stops), 2)
        return np.concatenate([np.broadcast_to(starts, shape), np.broadcast_to(stops, shape)], axis=-1)

    def _strongest(
        self, index: NDArray[np.intp], ends: NDArray[np.float64], layer: NDArray[np.intp], among: int = 1
    ) -> WeightLines:
        chosen, ends = index.ravel(), ends.reshape(-1, 4)
        sizes = np.nan_to_num(np.abs(self.shown[chosen]))
        gap = (ends[:, 2] - ends[:, 0]).mean()
        count = min(max(round(_LINES_PER_PIXEL * gap), _MIN_LINES), _MAX_LINES) if gap > 0 else _MAX_ARCS
        order = np.argsort(sizes, kind="stable")[-count:]  # the largest is last, so that it is on top
        return WeightLines(chosen[order], ends[order], among, scale_of(self.shown[layer]))

    # Texts

    def text_at(self, position: QPointF) -> str:
        """Return the text on the item at a position; empty for none."""
        for column in self.columns:
            for node in column.nodes:
                if node.rect.adjusted(-2, -2, 2, 2).contains(position):
                    return (node.tile.text_at(position) if node.tile else "") or node.text
            for fold in column.folds:
                if fold.count and fold.rect.contains(position):
                    return tr("{n} more units of {layer}: click to show them", n=fold.count, layer=column.part.name)
        return self._line_at(position)

    def _line_at(self, position: QPointF) -> str:
        nearest, found = 4.0, ""
        for lines in self.lines:
            if lines.arcs:
                distance = np.array([_distances(_segments(arc), position).min() for arc in lines.arcs])
            else:
                distance = _distances(lines.ends, position)
            at = len(distance) - 1 - int(distance[::-1].argmin())  # of equally near ones the largest
            if distance[at] < nearest:
                nearest, found = float(distance[at]), self.weight_text(int(lines.index[at]), lines.among)
        return found

    def weight_text(self, index: int, among: int = 1) -> str:
        """Return the name, value and gradient of a weight, and ``among`` if it is the largest of several."""
        text = tr(
            "{name} = {w}, gradient {g}", name=self.network.architecture.weight_name(index),
            w=f"{self.inside.x[index]:.4g}", g=f"{self.inside.gradient[index]:.4g}",
        )  # fmt: skip
        return text + tr("   (the largest of {n} between the two)", n=among) if among > 1 else text

    def fold_at(self, position: QPointF) -> tuple[str, Fold] | None:
        """Return the hidden units at a position, with the name of their layer; None for no such units."""
        for column in self.columns:
            for fold in column.folds:
                if fold.count and fold.rect.contains(position):
                    return column.part.name, fold
        return None

    def column_at(self, x: float) -> LayerColumn | None:
        """Return the column at a horizontal position; None outside all columns."""
        return next((column for column in self.columns if abs(x - column.x) <= column.width / 2), None)


def arc_of(right: float, y0: float, left: float, y1: float) -> QPainterPath:
    """Return the path between two units of a column, on its right; upward paths are flatter, to itself it is a loop."""
    path = QPainterPath(QPointF(right, y0))
    if y0 == y1:
        size = max(8.0, (right - left) * 0.6)
        path.addEllipse(QRectF(right - 2, y0 - size / 2, size, size))
    else:
        bulge = 8 + 0.16 * (y1 - y0) if y1 > y0 else 5 + 0.1 * (y0 - y1)
        path.quadTo(QPointF(right + bulge, (y0 + y1) / 2), QPointF(right, y1))
    return path


def _segments(path: QPainterPath) -> NDArray[np.float64]:
    """Return a path as line segments, shape (k, 4)."""
    points = np.array([[point.x(), point.y()] for point in path.toSubpathPolygons()[-1].toList()])
    return np.hstack([points[:-1], points[1:]])


def _distances(segments: NDArray[np.float64], position: QPointF) -> NDArray[np.float64]:
    """Return the distances of a position, shape (k,), from line segments, shape (k, 4)."""
    a, b = segments[:, :2], segments[:, 2:]
    p = np.array([position.x(), position.y()])
    share = np.clip(((p - a) * (b - a)).sum(axis=1) / np.maximum(((b - a) ** 2).sum(axis=1), 1e-9), 0, 1)
    distances: NDArray[np.float64] = np.hypot(*(a + share[:, None] * (b - a) - p).T)
    return distances


def longest(names: Sequence[str], max_length: int = 20) -> str:
    """Return the longest name, cut to ``max_length`` characters; empty for no names."""
    return max((name[:max_length] for name in names), key=len, default="")
