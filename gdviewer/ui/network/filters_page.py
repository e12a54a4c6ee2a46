"""The filters of a convolutional network as pictures, each above its feature map for the selected example."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QScrollArea, QVBoxLayout

from gdviewer.inspection.network_parts import ExampleValues, Part
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.canvas import Canvas
from gdviewer.ui.network.example_page import ExamplePage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.tiles import Tile, legend, scale_of
from gdviewer.ui.session.session import Session

if TYPE_CHECKING:
    from gdviewer.problems.networks.architecture import PlacedWeight

_MIN_SIZE, _MAX_SIZE = 44.0, 92.0  # size of a picture in pixels
_GAP = 8.0  # pixels between two pictures


class Filters(Canvas):
    """Paints the input and the layers with feature maps, in order; its height fits its contents.

    Attributes:
        filters: for each layer and filter, one tile for each input channel.
        maps: for each layer, the feature map of each filter or channel.
    """

    def __init__(self) -> None:
        super().__init__(tr("Filters and feature maps"))
        self.setToolTip(
            tr("Above: the weights of a filter, one square for each input channel; one scale for a layer.") + "\n"
            + tr("Below: its feature map for the selected example; one scale for a layer.") + "\n" + legend()
        )  # fmt: skip
        self._inside: ExampleValues | None = None
        self.filters: dict[str, list[list[Tile]]] = {}
        self.maps: dict[str, list[Tile]] = {}
        self._titles: list[tuple[QRectF, str]] = []

    def show_inside(self, inside: ExampleValues) -> None:
        """Show the values in a network for an example."""
        self._inside = inside
        self.arrange()

    def arrange(self) -> None:
        inside = self._inside
        if inside is None:
            return
        parent = self.parentWidget()
        available = parent.height() if parent else self.height()
        sizes = np.arange(_MAX_SIZE, _MIN_SIZE - 1, -4)
        heights = (self._arrange_all(inside, size) for size in sizes)
        height = next((y for y in heights if y <= available), 0) or self._arrange_all(inside, _MIN_SIZE)
        self.setMinimumHeight(int(height))
        self.update()

    def _arrange_all(self, inside: ExampleValues, size: float) -> float:
        """Compute all positions for pictures of a size, and return the height of the contents."""
        self.filters, self.maps, self._titles = {}, {}, []
        y = 2.0
        for part, values in zip(inside.parts, inside.values, strict=True):
            if part.pictures:
                y = self._arrange_part(inside, part, values, y, size)
        return y + 4

    def _arrange_part(
        self, inside: ExampleValues, part: Part, values: NDArray[np.float64], y: float, size: float
    ) -> float:
        """Compute the positions of the pictures of a layer below ``y``, and return the y at which they end."""
        line = self.fontMetrics().height()
        self._titles.append((QRectF(6, y, self.width() - 12, line), part.title))
        y += line + 4
        filters = part.filters
        across = max(1, int((self.width() - 12 + _GAP) // (size + _GAP)))
        above = 0.0  # height of a filter above its map
        if filters:
            channels = filters.shape[2]
            above = size * math.ceil(channels / _side(channels)) / _side(channels) + 3
        scale = scale_of(values)
        self.maps[part.name] = []
        for k in range(part.units):
            row, column = divmod(k, across)
            left, top = 6 + column * (size + _GAP), y + row * (above + size + _GAP)
            if filters:
                tiles = _filter_tiles(inside, part, filters, k, QRectF(left, top, size, size))
                self.filters.setdefault(part.name, []).append(tiles)
            self.maps[part.name].append(
                _map_tile(part, values[..., k], k, QRectF(left, top + above, size, size), scale)
            )
        rows = math.ceil(part.units / across)
        return y + rows * (above + size + _GAP)

    def tiles(self) -> list[Tile]:
        filters = [tile for layer in self.filters.values() for tiles in layer for tile in tiles]
        return filters + [tile for layer in self.maps.values() for tile in layer]

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QColor(self.theme.text))
        for rect, text in self._titles:
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, shown)

    def text_at(self, position: QPointF) -> str:
        return super().text_at(position) or next((text for rect, text in self._titles if rect.contains(position)), "")


def _side(channels: int) -> int:
    """Return the number of channels of a filter in a row."""
    return max(1, math.ceil(math.sqrt(channels)))


def _filter_tiles(inside: ExampleValues, part: Part, filters: PlacedWeight, number: int, rect: QRectF) -> list[Tile]:
    """Return one tile for each input channel of a filter."""
    weights, gradient = filters.of(inside.x)[..., number], filters.of(inside.gradient)[..., number]
    scale = scale_of(filters.of(inside.x))
    channels, key = filters.shape[2], part.stage.layer.filter_weight if part.stage else ""
    side = _side(channels)
    size = rect.width() / side
    tiles = []
    for channel in range(channels):
        row, column = divmod(channel, side)
        square = QRectF(rect.left() + column * size, rect.top() + row * size, size, size)
        square.adjust(0, 0, -1.0 * (side > 1), -1.0 * (side > 1))

        def describe(i: int, j: int, channel: int = channel) -> str:
            return tr(
                "{layer} {key}[{i}, {j}, {c}, {k}] = {w}, gradient {g}", layer=part.name, key=key, i=i, j=j,
                c=channel, k=number, w=f"{weights[i, j, channel]:.4g}", g=f"{gradient[i, j, channel]:.4g}",
            )  # fmt: skip

        tiles.append(Tile(square, weights[..., channel], scale, describe))
    return tiles


def _map_tile(part: Part, values: NDArray[np.float64], number: int, rect: QRectF, scale: float) -> Tile:
    height, width = values.shape
    if height != width:  # keep the proportions of the map
        larger = max(height, width)
        rect = QRectF(rect.left(), rect.top(), rect.width() * width / larger, rect.height() * height / larger)
    template = tr("{layer} filter {k}") if part.filters else tr("{layer} channel {k}")
    name = template.format(layer=part.name, k=number)
    return Tile(
        rect, values, scale,
        lambda i, j: tr("{name} at [{i}, {j}]: {a}", name=name, i=i, j=j, a=f"{values[i, j]:.4g}"),
    )  # fmt: skip


class FiltersPage(ExamplePage):
    """Filters and feature maps at the current step, for the selected example.

    Attributes:
        filters: the canvas with the pictures.
    """

    title = tr("Filters")

    @staticmethod
    def suits(network: Network) -> bool:
        return any(layer.filter_weight for layer in network.architecture.layers)

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.filters = Filters()
        self.filters.hovered.connect(self.hovered)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.filters)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def show_result(self, result: ExampleValues) -> None:
        if self.network:
            self.filters.show_inside(result)

    def restyle(self) -> None:
        self.filters.arrange()
