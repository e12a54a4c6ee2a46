"""The filters of a convolutional network as pictures, each over the feature map it makes of the chosen example."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QScrollArea, QVBoxLayout

from gdviewer.inspection.network_parts import Inside, Part
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.canvas import Canvas
from gdviewer.ui.network.example_page import ExamplePage
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.tiles import Tile, legend, scale_of
from gdviewer.ui.session.session import Session

_SMALLEST, _LARGEST, _GAP = 44.0, 92.0, 8.0  # pixels of a picture, and between two


class Filters(Canvas):
    """Paints the layers whose units give pictures, from the input on; as high as it must be."""

    def __init__(self) -> None:
        super().__init__(tr("Filters and feature maps"))
        self.setToolTip(
            tr("Above: the weights of a filter, a square for each channel it sees; of one scale in a layer.") + "\n"
            + tr("Below: what it makes of the chosen example; of one scale in a layer.") + "\n" + legend()
        )  # fmt: skip
        self._network: Network | None = None
        self._inside: Inside | None = None
        self.filters: dict[str, list[list[Tile]]] = {}  # for each layer, for each filter a tile for each channel
        self.maps: dict[str, list[Tile]] = {}  # for each layer, of each filter what it gives
        self._words: list[tuple[QRectF, str]] = []

    def show_inside(self, network: Network, inside: Inside) -> None:
        """Show another network, point or example."""
        self._network, self._inside = network, inside
        self.arrange()

    def arrange(self) -> None:
        if not (self._network and self._inside):
            return
        room = self.parentWidget().height() if self.parentWidget() else self.height()
        sizes = np.arange(_LARGEST, _SMALLEST - 1, -4)
        height = next((y for size in sizes if (y := self._arrange_all(size)) <= room), 0) or self._arrange_all(
            _SMALLEST
        )
        self.setMinimumHeight(int(height))
        self.update()

    def _arrange_all(self, size: float) -> float:
        """Put all in its place, with pictures of a size; gives how high that is."""
        self.filters, self.maps, self._words = {}, {}, []
        y = 2.0
        for part, values in zip(self._inside.parts, self._inside.values, strict=True):
            if part.pictures:
                y = self._arrange_part(part, values, y, size)
        return y + 4

    def _arrange_part(self, part: Part, values: NDArray[np.float64], y: float, size: float) -> float:
        """Put the pictures of a layer below ``y``; gives where they end."""
        line = self.fontMetrics().height()
        self._words.append((QRectF(6, y, self.width() - 12, line), part.title))
        y += line + 4
        filtered = part.filters is not None
        across = max(1, int((self.width() - 12 + _GAP) // (size + _GAP)))
        seen = part.stage.shape[2] if part.stage else 0
        above = (size * math.ceil(seen / _side(seen)) / _side(seen) + 3) * filtered  # of a filter over its map
        scale = scale_of(values)
        self.maps[part.name] = []
        for k in range(part.units):
            row, column = divmod(k, across)
            left, top = 6 + column * (size + _GAP), y + row * (above + size + _GAP)
            if filtered:
                tiles = self._filter(part, k, QRectF(left, top, size, size))
                self.filters.setdefault(part.name, []).append(tiles)
            self.maps[part.name].append(_map(part, values[..., k], k, QRectF(left, top + above, size, size), scale))
        rows = math.ceil(part.units / across)
        return y + rows * (above + size + _GAP)

    def _filter(self, part: Part, number: int, room: QRectF) -> list[Tile]:
        """A square for each channel that a filter sees."""
        inside = self._inside
        place, key = part.filters, part.stage.layer.filter_weight
        weights, slopes = place.of(inside.x)[..., number], place.of(inside.gradient)[..., number]
        scale = scale_of(place.of(inside.x))
        channels = place.shape[2]
        side = _side(channels)
        size = room.width() / side
        tiles = []
        for channel in range(channels):
            row, column = divmod(channel, side)
            rect = QRectF(room.left() + column * size, room.top() + row * size, size, size)
            rect.adjust(0, 0, -1.0 * (side > 1), -1.0 * (side > 1))

            def told(i: int, j: int, channel: int = channel) -> str:
                return tr(
                    "{layer} {key}[{i}, {j}, {c}, {k}] = {w}, gradient {g}", layer=part.name, key=key, i=i, j=j,
                    c=channel, k=number, w=f"{weights[i, j, channel]:.4g}", g=f"{slopes[i, j, channel]:.4g}",
                )  # fmt: skip

            tiles.append(Tile(rect, weights[..., channel], scale, told))
        return tiles

    def tiles(self) -> list[Tile]:
        filters = [tile for layer in self.filters.values() for tiles in layer for tile in tiles]
        return filters + [tile for layer in self.maps.values() for tile in layer]

    def paint(self, painter: QPainter) -> None:
        painter.setPen(QColor(self.theme.text))
        for rect, text in self._words:
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, shown)

    def text_at(self, position: QPointF) -> str:
        return super().text_at(position) or next((text for rect, text in self._words if rect.contains(position)), "")


def _side(channels: int) -> int:
    """How many channels of a filter stand side by side."""
    return max(1, math.ceil(math.sqrt(channels)))


def _map(part: Part, values: NDArray[np.float64], number: int, rect: QRectF, scale: float) -> Tile:
    height, width = values.shape
    if height != width:  # in its own proportions
        larger = max(height, width)
        rect = QRectF(rect.left(), rect.top(), rect.width() * width / larger, rect.height() * height / larger)
    what = tr("{layer} filter {k}") if part.filters else tr("{layer} channel {k}")
    name = what.format(layer=part.name, k=number)
    return Tile(
        rect, values, scale,
        lambda i, j: tr("{name} at [{i}, {j}]: {a}", name=name, i=i, j=j, a=f"{values[i, j]:.4g}"),
    )  # fmt: skip


class FiltersPage(ExamplePage):
    """Filters and feature maps at the step looked at, for the chosen example."""

    title = tr("Filters")

    @staticmethod
    def suits(network: Network) -> bool:
        return any(layer.filter_weight for layer in network.architecture.layers)

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.filters = Filters()
        self.filters.hovered.connect(self.hovered)
        scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.filters)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def show_result(self, result: Inside) -> None:
        if self.network:
            self.filters.show_inside(self.network, result)

    def restyle(self) -> None:
        self.filters.arrange()
