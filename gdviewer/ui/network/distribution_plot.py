"""Spreads over the steps, a strip a layer: steps across, values up, the more numbers the stronger the shade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.inspection.distributions import ACTIVATIONS, GRADIENTS, WEIGHTS, Distribution, KnownDistributions
from gdviewer.text import tr
from gdviewer.ui.network.tiles import colors_of
from gdviewer.ui.widgets.theme import look

BINS = 40
_STRIP = 96  # pixels of a strip at least
_SIDE = 0.2  # share of the width that the histogram at the cursor has


@dataclass
class DistributionStrip:
    """A layer in its place.

    Attributes:
        plot: of the picture over the steps; side: of the histogram at the step looked at.
        edges: of the bins, (BINS + 1,); shares: of the numbers in each bin for each step shown, (steps, BINS).
        counts: how many are in each bin at the step looked at.
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
        """Where a value is: all bins are of one height."""
        share = np.interp(value, self.edges, np.linspace(0, 1, len(self.edges)))
        return np.asarray(self.plot.bottom() - share * self.plot.height())

    def bin_at(self, y: float) -> int:
        """The bin at a height."""
        return int(np.clip((self.plot.bottom() - y) / self.plot.height() * BINS, 0, BINS - 1))


def edges_of(spreads: list[Distribution], fine: bool = False) -> NDArray[np.float64]:
    """Bins in which all numbers are, of at least a little width; where they are to be ``fine`` near zero, growing
    from there on as those of a logarithmic scale do, as most gradients are far smaller than the first ones."""
    ends = [(spread.values[0], spread.values[-1]) for spread in spreads if len(spread.values)] or [(0.0, 0.0)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    edges = np.linspace(low, high, BINS + 1)
    if fine:
        sizes = np.abs(np.concatenate([spread.values for spread in spreads]))
        unit = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
        edges = unit * np.sinh(np.linspace(np.arcsinh(low / unit), np.arcsinh(high / unit), BINS + 1))
        edges[[0, -1]] = low, high
    return edges


class Ridges(QWidget):
    """Paints what has grown; a click looks at the step there.

    Signals:
        hovered: what is under the mouse.
        pointed: the step that was clicked.
    """

    hovered = Signal(str)
    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Distribution over the steps, a strip a layer"))
        self.setToolTip(
            tr("Steps across, values up; the stronger the shade, the more numbers have that value.") + "\n"
            + tr("Line: the median. Dashed: a quarter of the numbers is below, a quarter above.") + "\n"
            + tr("Right: how many have each value at the step looked at. Click: look at another step.")
        )  # fmt: skip
        self.grown: KnownDistributions | None = None
        self.strips: list[DistributionStrip] = []
        self.live = True

    def show_grown(self, grown: KnownDistributions, live: bool) -> None:
        """Show other spreads; ``live`` says whether the step is the newest."""
        self.grown, self.live = grown, live
        self.setMinimumHeight(len(grown.layers) * _STRIP + self._foot)
        self.arrange()

    def sizeHint(self) -> QSize:
        return QSize(400, 300)

    @property
    def _foot(self) -> int:
        return self.fontMetrics().height() + 4

    def arrange(self) -> None:
        """Put each strip in its place."""
        grown, line = self.grown, self.fontMetrics().height()
        if grown is None:
            return
        left = self.fontMetrics().horizontalAdvance("−0.0001") + 6
        width = self.width() - left - 6
        height = (self.height() - self._foot) / max(len(grown.layers), 1)
        self.strips = []
        for i, layer in enumerate(grown.layers):
            column = [each[i] for each in grown.distributions]
            edges = edges_of([*column, grown.current[i]], fine=grown.kind == GRADIENTS)
            plot = QRectF(left, i * height + line + 4, width * (1 - _SIDE) - 8, height - line - 10)
            side = QRectF(plot.right() + 8, plot.top(), width * _SIDE, plot.height())
            shares = np.array([spread.counts(edges) / max(spread.count, 1) for spread in column])
            quartiles = np.array([spread.quartiles for spread in column])
            here = grown.current[i]
            self.strips.append(DistributionStrip(layer, plot, side, edges, shares, here.counts(edges), quartiles, here))
        self.update()

    # The mouse

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self.arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self.text_at(event.position()))
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._point(event.position())

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")

    def _point(self, position: QPointF) -> None:
        if self.strips and self.strips[0].plot.left() <= position.x() <= self.strips[0].plot.right():
            self.pointed.emit(self.step_at(position.x()))

    def step_at(self, x: float) -> int:
        """The step at a place across."""
        plot, last = self.strips[0].plot, self.grown.last
        return round(min(max((x - plot.left()) / plot.width(), 0), 1) * last)

    def _x(self, step: float) -> float:
        plot = self.strips[0].plot
        return plot.left() + step / max(self.grown.last, 1) * plot.width()

    def text_at(self, position: QPointF) -> str:
        """What is told of a place."""
        for strip in self.strips:
            if strip.side.contains(position):
                return self._bin_text(strip, strip.bin_at(position.y()), strip.counts, strip.current, self.grown.step)
            if strip.plot.contains(position):
                at = int(np.abs(np.array(self.grown.steps) - self.step_at(position.x())).argmin())
                spread = self.grown.distributions[at][self.grown.layers.index(strip.layer)]
                bin_ = strip.bin_at(position.y())
                return self._bin_text(strip, bin_, spread.counts(strip.edges), spread, self.grown.steps[at])
        return ""

    def _bin_text(
        self, strip: DistributionStrip, at: int, counts: NDArray[np.float64], spread: Distribution, step: int
    ) -> str:
        text = tr(
            "{layer} at step {step}: {n} of {all} from {low} to {high}", layer=strip.layer, step=f"{step:,}",
            n=f"{counts[at]:.0f}", all=f"{spread.count:,}", low=f"{strip.edges[at]:.3g}",
            high=f"{strip.edges[at + 1]:.3g}",
        )  # fmt: skip
        if spread.count:
            low, middle, high = spread.quartiles
            text += tr(
                "   median {m}, half of them from {low} to {high}, all from {least} to {most}", m=f"{middle:.3g}",
                low=f"{low:.3g}", high=f"{high:.3g}", least=f"{spread.values[0]:.3g}", most=f"{spread.values[-1]:.3g}",
            )  # fmt: skip
        return text + (tr("   {n} not finite", n=spread.lost) if spread.lost else "")

    # Painting

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look().theme.plot))
        if self.grown is None or not self.strips:
            return
        for strip in self.strips:
            self._paint_strip(painter, strip)
        self._paint_foot(painter)

    def _paint_strip(self, painter: QPainter, strip: DistributionStrip) -> None:
        theme, line = look().theme, self.fontMetrics().height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.save()
        painter.setClipRect(strip.plot)
        steps = np.array(self.grown.steps)
        stride = int(np.diff(steps).min()) if len(steps) > 1 else 2 * max(self.grown.last, 1)
        cells = np.arange(0, steps[-1] + 1, stride)
        known = np.searchsorted(steps, cells, side="right") - 1  # the last step before that is known
        shades = np.sqrt(strip.shares[known].T[::-1])  # high values on top
        full = float(np.quantile(shades[shades > 0], 0.98)) if shades.any() else 1.0  # zeros of ReLU outshine the rest
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
            known = np.isfinite(strip.quartiles[:, k])
            heights = strip.y(strip.quartiles[known, k])
            places = [QPointF(self._x(step), y) for step, y in zip(steps[known], heights, strict=True)]
            painter.drawPolyline(QPolygonF(places))
        cursor = self._x(self.grown.step)
        painter.setPen(QPen(QColor(theme.muted if self.live else theme.review), 1 if self.live else 2.5))
        painter.drawLine(QPointF(cursor, strip.plot.top()), QPointF(cursor, strip.plot.bottom()))
        painter.restore()
        painter.setPen(QColor(theme.line))
        painter.drawRect(strip.plot)
        self._paint_side(painter, strip)
        painter.setPen(QColor(theme.text))
        caption = QRectF(4, strip.plot.top() - line - 2, self.width() - 8, line)
        painter.drawText(caption, Qt.AlignmentFlag.AlignLeft, f"{strip.layer}: {_NAMES[self.grown.kind]()}")
        if strip.current.lost:
            painter.setPen(QColor(theme.error))
            painter.drawText(caption, Qt.AlignmentFlag.AlignRight, tr("{n} not finite", n=strip.current.lost))
        self._paint_values(painter, strip)

    def _paint_values(self, painter: QPainter, strip: DistributionStrip) -> None:
        """The lowest and highest value beside the axis, and zero where there is room for it."""
        theme, line = look().theme, self.fontMetrics().height()
        low, high = float(strip.edges[0]), float(strip.edges[-1])
        places = {
            low: strip.plot.bottom() - line / 2, high: strip.plot.top() + line / 2,
        }  # fmt: skip
        zero = float(strip.y(0.0))
        if low < 0 < high and strip.plot.top() + 1.5 * line < zero < strip.plot.bottom() - 1.5 * line:
            places[0.0] = zero
        painter.setPen(QColor(theme.muted))
        for value, y in places.items():
            rect = QRectF(0, y - line / 2, strip.plot.left() - 4, line)
            text = f"{value:.2g}".replace("-", "−")
            painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_side(self, painter: QPainter, strip: DistributionStrip) -> None:
        theme = look().theme
        most = strip.counts.max(initial=0.0) or 1.0
        size = strip.side.height() / BINS
        color = QColor(theme.accent if self.live else theme.review)
        for k, count in enumerate(strip.counts.tolist()):
            if count:
                bar = QRectF(
                    strip.side.left(), strip.side.bottom() - (k + 1) * size, strip.side.width() * count / most, size
                )
                painter.fillRect(bar, color)
        painter.setPen(QColor(theme.line))
        painter.drawLine(strip.side.topLeft(), strip.side.bottomLeft())

    def _paint_foot(self, painter: QPainter) -> None:
        """The numbers of the steps, and what the histogram is of."""
        plot, side, line = self.strips[-1].plot, self.strips[-1].side, self.fontMetrics().height()
        painter.setPen(QColor(look().theme.muted))
        foot = QRectF(plot.left(), self.height() - line - 2, plot.width(), line)
        for flag, text in (
            (Qt.AlignmentFlag.AlignLeft, "0"),
            (Qt.AlignmentFlag.AlignHCenter, tr("step")),
            (Qt.AlignmentFlag.AlignRight, f"{self.grown.last:,}"),
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
