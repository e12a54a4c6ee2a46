"""The plot of distributions over the steps, with a strip for each layer: steps on the horizontal axis, values up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.inspection.distributions import ACTIVATIONS, GRADIENTS, WEIGHTS, Distribution, KnownDistributions
from gdviewer.text import tr
from gdviewer.ui.network.tiles import colors_of
from gdviewer.ui.widgets.theme import look

BINS = 40
_MIN_STRIP = 96  # minimum height of a strip in pixels
_SIDE = 0.2  # share of the width for the histogram at the cursor


@dataclass
class DistributionStrip:
    """The distributions of a layer with their positions.

    Attributes:
        layer: the name of the layer.
        plot: the position of the picture over the steps; side: that of the histogram at the cursor.
        edges: the edges of the bins, shape (BINS + 1,).
        shares: the share of the numbers in each bin for each shown step, shape (steps, BINS).
        counts: the number of values in each bin at the cursor, shape (BINS,).
        quartiles: the quartiles for each shown step, shape (steps, 3).
        current: the distribution at the cursor.
    """

    layer: str
    plot: QRectF
    side: QRectF
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    counts: NDArray[np.float64]
    quartiles: NDArray[np.float64]
    current: Distribution

    def y(self, value: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the vertical position of a value; all bins have the same height."""
        share = np.interp(value, self.edges, np.linspace(0, 1, len(self.edges)))
        return np.asarray(self.plot.bottom() - share * self.plot.height())

    def bin_at(self, y: float) -> int:
        """Return the index of the bin at a vertical position."""
        return int(np.clip((self.plot.bottom() - y) / self.plot.height() * BINS, 0, BINS - 1))


def edges_of(distributions: list[Distribution], fine: bool = False) -> NDArray[np.float64]:
    """Return the edges of bins that contain all values, shape (BINS + 1,).

    With ``fine`` the bins are narrow near zero and grow like those of a logarithmic scale (inverse hyperbolic sine),
    because most gradients are far smaller than the first ones.
    """
    ends = [(each.values[0], each.values[-1]) for each in distributions if len(each.values)] or [(0.0, 0.0)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    edges = np.linspace(low, high, BINS + 1)
    if fine:
        sizes = np.abs(np.concatenate([each.values for each in distributions]))
        unit = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
        edges = unit * np.sinh(np.linspace(np.arcsinh(low / unit), np.arcsinh(high / unit), BINS + 1))
        edges[[0, -1]] = low, high
    return edges


class DistributionPlot(QWidget):
    """The distributions of all layers over the steps, and their histograms at the cursor.

    Attributes:
        known: the distributions; None before :meth:`show_distributions`.
        strips: the strip of each layer.
        live: True if the cursor is at the newest step.

    Signals:
        hovered: a line of text about the position of the mouse; empty for none.
        pointed: the step that was clicked.
    """

    hovered = Signal(str)
    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Distribution over the steps for each layer"))
        self.setToolTip(
            tr("Horizontal: steps. Vertical: values. The stronger the shade, the more numbers have this value.") + "\n"
            + tr("Line: the median. Dashed lines: the lower and the upper quartile.") + "\n"
            + tr("Right: the histogram at the current step. Click: go to another step.")
        )  # fmt: skip
        self.known: KnownDistributions | None = None
        self.strips: list[DistributionStrip] = []
        self.live = True

    def show_distributions(self, known: KnownDistributions, live: bool) -> None:
        """Show distributions; ``live`` is True if the cursor is at the newest step."""
        self.known, self.live = known, live
        self.setMinimumHeight(len(known.layers) * _MIN_STRIP + self._foot)
        self.arrange()

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    @property
    def _foot(self) -> int:
        return self.fontMetrics().height() + 4

    def arrange(self) -> None:
        """Compute the strips."""
        known, line = self.known, self.fontMetrics().height()
        if known is None:
            return
        left = self.fontMetrics().horizontalAdvance("−0.0001") + 6
        width = self.width() - left - 6
        height = (self.height() - self._foot) / max(len(known.layers), 1)
        self.strips = []
        for i, layer in enumerate(known.layers):
            history, current = [each[i] for each in known.distributions], known.current[i]
            edges = edges_of([*history, current], fine=known.kind == GRADIENTS)
            plot = QRectF(left, i * height + line + 4, width * (1 - _SIDE) - 8, height - line - 10)
            side = QRectF(plot.right() + 8, plot.top(), width * _SIDE, plot.height())
            shares = np.array([each.counts(edges) / max(each.count, 1) for each in history])
            quartiles = np.array([each.quartiles for each in history])
            counts = current.counts(edges)
            self.strips.append(DistributionStrip(layer, plot, side, edges, shares, counts, quartiles, current))
        self.update()

    # Mouse

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.text_at(event.position()))
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")

    def _point(self, position: QPointF) -> None:
        if self.strips and self.strips[0].plot.left() <= position.x() <= self.strips[0].plot.right():
            self.pointed.emit(self.step_at(position.x()))

    @property
    def _last(self) -> int:
        return self.known.last if self.known else 0

    def step_at(self, x: float) -> int:
        """Return the step at a horizontal position; there must be strips."""
        plot = self.strips[0].plot
        return round(min(max((x - plot.left()) / plot.width(), 0), 1) * self._last)

    def _x(self, step: float) -> float:
        plot = self.strips[0].plot
        return plot.left() + step / max(self._last, 1) * plot.width()

    def text_at(self, position: QPointF) -> str:
        """Return the text on the bin at a position; empty outside the plots."""
        known = self.known
        if known is None:
            return ""
        for strip in self.strips:
            if strip.side.contains(position):
                return self._bin_text(strip, strip.bin_at(position.y()), strip.counts, strip.current, known.step)
            if strip.plot.contains(position):
                at = int(np.abs(np.array(known.steps) - self.step_at(position.x())).argmin())
                values = known.distributions[at][known.layers.index(strip.layer)]
                bin_ = strip.bin_at(position.y())
                return self._bin_text(strip, bin_, values.counts(strip.edges), values, known.steps[at])
        return ""

    def _bin_text(
        self, strip: DistributionStrip, at: int, counts: NDArray[np.float64], values: Distribution, step: int
    ) -> str:
        text = tr(
            "{layer} at step {step}: {n} of {all} from {low} to {high}", layer=strip.layer, step=f"{step:,}",
            n=f"{counts[at]:.0f}", all=f"{values.count:,}", low=f"{strip.edges[at]:.3g}",
            high=f"{strip.edges[at + 1]:.3g}",
        )  # fmt: skip
        if values.count:
            low, middle, high = values.quartiles
            text += tr(
                "   median {m}, quartiles {low} and {high}, range {min} to {max}", m=f"{middle:.3g}",
                low=f"{low:.3g}", high=f"{high:.3g}", min=f"{values.values[0]:.3g}", max=f"{values.values[-1]:.3g}",
            )  # fmt: skip
        return text + (tr("   {n} not finite", n=values.lost) if values.lost else "")

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look().theme.plot))
        if self.known is None or not self.strips:
            return
        for strip in self.strips:
            self._paint_strip(painter, strip, self.known)
        self._paint_foot(painter)

    def _paint_strip(self, painter: QPainter, strip: DistributionStrip, known: KnownDistributions) -> None:
        theme, line = look().theme, self.fontMetrics().height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.save()
        painter.setClipRect(strip.plot)
        steps = np.array(known.steps)
        stride = int(np.diff(steps).min()) if len(steps) > 1 else 2 * max(known.last, 1)
        cells = np.arange(0, steps[-1] + 1, stride)
        indices = np.searchsorted(steps, cells, side="right") - 1  # the last known step
        shades = np.sqrt(strip.shares[indices].T[::-1])  # high values on top
        full = float(np.quantile(shades[shades > 0], 0.98)) if shades.any() else 1.0  # ReLU has very many zeros
        colors = np.ascontiguousarray(colors_of(shades, full, theme))
        image = QImage(colors.data, colors.shape[1], BINS, 4 * colors.shape[1], QImage.Format.Format_RGBA8888)
        left, right = self._x(-stride / 2), self._x(cells[-1] + stride / 2)
        painter.drawImage(QRectF(left, strip.plot.top(), right - left, strip.plot.height()), image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for k in range(3):
            middle = k == 1
            pen = QPen(QColor(theme.text), 1.5 if middle else 1)
            pen.setStyle(Qt.PenStyle.SolidLine if middle else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            finite = np.isfinite(strip.quartiles[:, k])
            heights = strip.y(strip.quartiles[finite, k])
            points = [QPointF(self._x(step), y) for step, y in zip(steps[finite], heights, strict=True)]
            painter.drawPolyline(QPolygonF(points))
        cursor = self._x(known.step)
        painter.setPen(QPen(QColor(theme.muted if self.live else theme.review), 1 if self.live else 2.5))
        painter.drawLine(QPointF(cursor, strip.plot.top()), QPointF(cursor, strip.plot.bottom()))
        painter.restore()
        painter.setPen(QColor(theme.line))
        painter.drawRect(strip.plot)
        self._paint_side(painter, strip)
        painter.setPen(QColor(theme.text))
        caption = QRectF(4, strip.plot.top() - line - 2, self.width() - 8, line)
        painter.drawText(caption, Qt.AlignmentFlag.AlignLeft, f"{strip.layer}: {_NAMES[known.kind]()}")
        if strip.current.lost:
            painter.setPen(QColor(theme.error))
            painter.drawText(caption, Qt.AlignmentFlag.AlignRight, tr("{n} not finite", n=strip.current.lost))
        self._paint_values(painter, strip)

    def _paint_values(self, painter: QPainter, strip: DistributionStrip) -> None:
        """Paint the lowest and the highest value beside the axis, and zero if there is room."""
        theme, line = look().theme, self.fontMetrics().height()
        low, high = float(strip.edges[0]), float(strip.edges[-1])
        positions = {low: strip.plot.bottom() - line / 2, high: strip.plot.top() + line / 2}
        zero = float(strip.y(0.0))
        if low < 0 < high and strip.plot.top() + 1.5 * line < zero < strip.plot.bottom() - 1.5 * line:
            positions[0.0] = zero
        painter.setPen(QColor(theme.muted))
        for value, y in positions.items():
            rect = QRectF(0, y - line / 2, strip.plot.left() - 4, line)
            text = f"{value:.2g}".replace("-", "−")
            painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_side(self, painter: QPainter, strip: DistributionStrip) -> None:
        theme = look().theme
        max_count = strip.counts.max(initial=0.0) or 1.0
        size = strip.side.height() / BINS
        color = QColor(theme.accent if self.live else theme.review)
        for k, count in enumerate(strip.counts.tolist()):
            if count:
                bar = QRectF(
                    strip.side.left(),
                    strip.side.bottom() - (k + 1) * size,
                    strip.side.width() * count / max_count,
                    size,
                )
                painter.fillRect(bar, color)
        painter.setPen(QColor(theme.line))
        painter.drawLine(strip.side.topLeft(), strip.side.bottomLeft())

    def _paint_foot(self, painter: QPainter) -> None:
        """Paint the labels of the axes of the steps and of the histogram."""
        plot, side, line = self.strips[-1].plot, self.strips[-1].side, self.fontMetrics().height()
        painter.setPen(QColor(look().theme.muted))
        foot = QRectF(plot.left(), self.height() - line - 2, plot.width(), line)
        for flag, text in (
            (Qt.AlignmentFlag.AlignLeft, "0"),
            (Qt.AlignmentFlag.AlignHCenter, tr("step")),
            (Qt.AlignmentFlag.AlignRight, f"{self._last:,}"),
        ):
            painter.drawText(foot, flag, text)
        rect = QRectF(side.left(), foot.top(), side.width() + 6, line)
        text = self.fontMetrics().elidedText(tr("count"), Qt.TextElideMode.ElideRight, int(rect.width()))
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, text)


_NAMES = {
    WEIGHTS: lambda: tr("weight"),
    GRADIENTS: lambda: tr("gradient, finer near zero"),
    ACTIVATIONS: lambda: tr("activation"),
}
