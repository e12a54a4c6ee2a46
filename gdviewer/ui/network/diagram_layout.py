"""Where the units and weights of a network are drawn: geometry and words, no painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from gdviewer.inspection.network_parts import Inside, Part
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.tiles import Tile, scale_of

_MOST_LINES, _LEAST_LINES = 400, 60  # between two layers: those of the largest weights …
_LINES_A_PIXEL = 3  # … fewer where they are near each other, as lines over lines tell nothing
_MOST_ARCS = 36  # within a recurrent layer
_MOST_NODES = 16
_NODE, _PICTURE = 18, 34  # pixels that a node and a small picture need at least, from one to the next
_LARGEST = 110.0  # pixels of a picture


@dataclass
class Node:
    """A unit in its place; where what comes out of it is a picture, ``tile`` is that."""

    unit: int
    rect: QRectF
    value: float
    text: str
    tile: Tile | None = None


@dataclass
class Fold:
    """Units that are not shown, above or below those that are; a click shows ``first`` and those after it."""

    rect: QRectF
    count: int
    first: int


@dataclass
class LayerColumn:
    """A layer from top to bottom; ``scale`` is the value that has the full colour."""

    part: Part
    x: float
    width: float
    nodes: list[Node] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)
    scale: float = 1.0
    image: bool = False  # whether its nodes are pictures

    @property
    def shown(self) -> list[int]:
        """The numbers of the units that are shown."""
        return [node.unit for node in self.nodes]


@dataclass
class WeightLines:
    """Weights between two columns, or within one that is recurrent.

    Attributes:
        index: of the weight in the vector, (k,); of several between two pictures, that of the largest.
        ends: x and y where each begins and ends, (k, 4).
        among: of how many weights each is the largest.
        size: the largest weight of the layer, which has the full width and colour.
        arcs: how each goes, where it is within one column; empty for straight lines.
    """

    index: NDArray[np.intp]
    ends: NDArray[np.float64]
    among: int = 1
    size: float = 1.0
    arcs: Sequence[QPainterPath] = ()


class Layout:
    """A network in a rectangle.

    Args:
        first: the number of the first unit shown, for parts by their names whose units are not all shown.
        gradients: whether lines stand for the gradient rather than the weights.
        margins: room left and right for the names of inputs and outputs.
    """

    def __init__(
        self, network: Network, inside: Inside, area: QRectF, first: dict[str, int], gradients: bool,
        margins: tuple[float, float],
    ) -> None:  # fmt: skip
        self.network, self.inside, self._area, self._first = network, inside, area, first
        self.shown = inside.gradient if gradients else inside.x
        parts = inside.parts
        room = area.adjusted(margins[0], 0, -margins[1], 0)
        width = room.width() / len(parts)
        self.columns = [
            self._column(part, values, room.left() + (i + 0.5) * width, width)
            for i, (part, values) in enumerate(zip(parts, inside.values, strict=True))
        ]
        self.lines = [
            lines
            for before, after in zip(self.columns, self.columns[1:], strict=False)
            for lines in self._lines_to(before, after)
        ]
        self.links = [  # without weights from unit to unit, as to a pool
            (a.rect.right(), a.rect.center().y(), b.rect.left(), b.rect.center().y())
            for before, after in zip(self.columns, self.columns[1:], strict=False)
            if after.part.stage and not after.part.stage.connections
            for a in before.nodes
            for b in after.nodes
            if a.unit == b.unit
        ]

    # The units

    def _column(self, part: Part, values: NDArray[np.float64], x: float, width: float) -> LayerColumn:
        whole = values if part.pictures else values if values.ndim == 1 else values[-1]  # of a sequence, the last step
        column = LayerColumn(part, x, width, scale=scale_of(np.asarray(values)), image=part.pictures)
        least = _PICTURE if column.image else _NODE
        fit = max(1, min(_MOST_NODES, int(self._area.height() / least)))
        first, count = 0, part.units
        if part.units > fit:
            count = max(1, fit - 2)
            first = min(self._first.get(part.name, 0), part.units - count)
        folded = part.units > fit
        places = count + 2 * folded
        pitch = min(self._area.height() / places, _LARGEST + 8 if column.image else 44)
        top = self._area.center().y() - pitch * places / 2
        for place in range(count):
            unit = first + place
            middle = top + pitch * (place + folded + 0.5)
            column.nodes.append(self._node(column, unit, whole[..., unit], middle, pitch))
        if folded:
            for hidden, y, to in (
                (first, top, max(0, first - count)),
                (part.units - first - count, top + pitch * (count + 1), min(part.units - count, first + count)),
            ):
                column.folds.append(Fold(QRectF(x - width / 2, y, width, pitch), hidden, to))
        return column

    def _node(self, column: LayerColumn, unit: int, value: NDArray[np.float64], y: float, pitch: float) -> Node:
        part = column.part
        size = min(pitch - 5, column.width * 0.72, _LARGEST) if column.image else min(pitch * 0.66, 22.0)
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
        for place in part.stage.weights.values() if part.stage else ():
            if place.weight.title:
                own, slope = place.of(self.inside.x)[unit], place.of(self.inside.gradient)[unit]
                text += tr("   {what} {w}, gradient {g}", what=tr(place.weight.title), w=f"{own:.4g}", g=f"{slope:.4g}")
        return Node(unit, rect, float(value.mean()), text, tile)

    def output_name(self, unit: int) -> tuple[str, bool]:
        """What an output is called, with a tick where it is of the class that is right; and whether it is."""
        data, units = self.network.train, self.inside.parts[-1].units
        if not data.classes:
            return (data.target_name if units == 1 else f"{data.target_name} {unit}"), False
        number = 1 if units == 1 else unit  # one output alone tells of the second class
        right = bool(np.ravel(self.inside.target)[-1] == number)
        return data.classes[number] + " ✓" * right, right

    def _predicted(self, unit: int) -> str:
        """What is predicted of an output's class."""
        if not self.network.train.classes:
            right = np.reshape(self.inside.target, (-1, self.inside.parts[-1].units))[-1, unit]
            return tr("   right: {y}", y=f"{right:.4g}")
        share = np.reshape(self.inside.prediction, (-1, len(self.network.train.classes)))[-1]
        number = 1 if self.inside.parts[-1].units == 1 else unit
        return tr("   predicted: {p}", p=f"{share[number]:.3g}")

    # The weights

    def _lines_to(self, before: LayerColumn, after: LayerColumn) -> list[WeightLines]:
        found = []
        for place in after.part.stage.connections.values() if after.part.stage else ():
            index = np.arange(place.start, place.end)
            if place.weight.recurrent:
                within = self._between(after, after, index.reshape(1, *place.shape))
                within.arcs = [arc_of(*ends) for ends in within.ends.tolist()]
                found.append(within)
            elif before.image and len(after.part.stage.shape) == 1:  # flattened between the two
                found.append(self._from_pixels(before, after, index))
            else:  # (places, units before, units after)
                found.append(self._between(before, after, index.reshape(-1, before.part.units, after.part.units)))
        return found

    def _between(self, before: LayerColumn, after: LayerColumn, index: NDArray[np.intp]) -> WeightLines:
        """A line from each unit shown to each unit shown, for the largest of the weights between them."""
        among = index[:, before.shown][:, :, after.shown]
        values = np.nan_to_num(np.abs(self.shown[among]))
        chosen = np.take_along_axis(among, values.argmax(axis=0)[None], axis=0)[0]
        starts = np.array([[node.rect.right(), node.rect.center().y()] for node in before.nodes])
        return self._strongest(chosen, self._ends(starts[:, None], after), index, among=len(index))

    def _from_pixels(self, before: LayerColumn, after: LayerColumn, index: NDArray[np.intp]) -> WeightLines:
        """A line from each pixel of the pictures shown to each unit shown."""
        height, width, channels = before.part.shape
        among = index.reshape(height, width, channels, -1)[:, :, before.shown][..., after.shown]
        starts = np.empty((height, width, len(before.nodes), 1, 2))
        for k, node in enumerate(before.nodes):
            rect = node.rect
            starts[:, :, k, 0, 0] = rect.left() + (np.arange(width) + 0.5) * rect.width() / width
            starts[:, :, k, 0, 1] = rect.top() + ((np.arange(height) + 0.5) * rect.height() / height)[:, None]
        return self._strongest(among, self._ends(starts, after), index)

    def _ends(self, starts: NDArray[np.float64], after: LayerColumn) -> NDArray[np.float64]:
        """From starts (…, 1, 2) to each unit of a column: (…, units, 4)."""
        stops = np.array([[node.rect.left(), node.rect.center().y()] for node in after.nodes])
        shape = (*starts.shape[:-2], len(stops), 2)
        return np.concatenate([np.broadcast_to(starts, shape), np.broadcast_to(stops, shape)], axis=-1)

    def _strongest(
        self, index: NDArray[np.intp], ends: NDArray[np.float64], layer: NDArray[np.intp], among: int = 1
    ) -> WeightLines:
        chosen, places = index.ravel(), ends.reshape(-1, 4)
        sizes = np.nan_to_num(np.abs(self.shown[chosen]))
        gap = (places[:, 2] - places[:, 0]).mean()
        most = min(max(round(_LINES_A_PIXEL * gap), _LEAST_LINES), _MOST_LINES) if gap > 0 else _MOST_ARCS
        order = np.argsort(sizes, kind="stable")[-most:]  # the strongest last: on top
        return WeightLines(chosen[order], places[order], among, scale_of(self.shown[layer]))

    # The words

    def text_at(self, position: QPointF) -> str:
        """What is told of what is at a place; empty for nothing."""
        for column in self.columns:
            for node in column.nodes:
                if node.rect.adjusted(-2, -2, 2, 2).contains(position):
                    return (node.tile.text_at(position) if node.tile else "") or node.text
            for fold in column.folds:
                if fold.count and fold.rect.contains(position):
                    return tr("{n} more units of {layer}: click to see them", n=fold.count, layer=column.part.name)
        return self._line_at(position)

    def _line_at(self, position: QPointF) -> str:
        nearest, found = 4.0, ""
        for lines in self.lines:
            if lines.arcs:
                distance = np.array([_distances(_segments(arc), position).min() for arc in lines.arcs])
            else:
                distance = _distances(lines.ends, position)
            at = len(distance) - 1 - int(distance[::-1].argmin())  # of equal ones the strongest
            if distance[at] < nearest:
                nearest, found = float(distance[at]), self.weight_text(int(lines.index[at]), lines.among)
        return found

    def weight_text(self, index: int, among: int = 1) -> str:
        """A weight by its name, with its gradient."""
        text = tr(
            "{name} = {w}, gradient {g}", name=self.network.architecture.weight_name(index),
            w=f"{self.inside.x[index]:.4g}", g=f"{self.inside.gradient[index]:.4g}",
        )  # fmt: skip
        return text + tr("   (the largest of {n} between the two)", n=among) if among > 1 else text

    def fold_at(self, position: QPointF) -> tuple[str, Fold] | None:
        """The units not shown that are at a place, with the name of their layer."""
        for column in self.columns:
            for fold in column.folds:
                if fold.count and fold.rect.contains(position):
                    return column.part.name, fold
        return None

    def column_at(self, x: float) -> LayerColumn | None:
        """The column at a place across."""
        return next((column for column in self.columns if abs(x - column.x) <= column.width / 2), None)


def arc_of(right: float, y0: float, left: float, y1: float) -> QPainterPath:
    """From one unit to another of its column, or in a loop to itself, on the right; on the way up nearer."""
    path = QPainterPath(QPointF(right, y0))
    if y0 == y1:
        size = max(8.0, (right - left) * 0.6)
        path.addEllipse(QRectF(right - 2, y0 - size / 2, size, size))
    else:
        bulge = 8 + 0.16 * (y1 - y0) if y1 > y0 else 5 + 0.1 * (y0 - y1)
        path.quadTo(QPointF(right + bulge, (y0 + y1) / 2), QPointF(right, y1))
    return path


def _segments(path: QPainterPath) -> NDArray[np.float64]:
    """A path as straight lines, (k, 4)."""
    points = np.array([[point.x(), point.y()] for point in path.toSubpathPolygons()[-1]])
    return np.hstack([points[:-1], points[1:]])


def _distances(segments: NDArray[np.float64], position: QPointF) -> NDArray[np.float64]:
    """How far a place is from each of some segments (k, 4)."""
    a, b = segments[:, :2], segments[:, 2:]
    p = np.array([position.x(), position.y()])
    share = np.clip(((p - a) * (b - a)).sum(axis=1) / np.maximum(((b - a) ** 2).sum(axis=1), 1e-9), 0, 1)
    return np.hypot(*(a + share[:, None] * (b - a) - p).T)


def widest(names: Sequence[str], most: int = 20) -> str:
    """The longest of names, cut."""
    return max((name[:most] for name in names), key=len, default="")
