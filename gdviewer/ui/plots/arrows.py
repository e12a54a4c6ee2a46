"""Arrows over a plot, of true or fixed length, with heads and labels of the same size at every zoom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.widgets.theme import look

NORMALISED = 60.0  # length of a normalised arrow in pixels
_HEAD, _HALF = 11.0, 5.0  # length of a head and half its width, in pixels
_FAR = 1e6  # pixels; an arrow that begins further away is not visible, and a longer one looks the same
_GAP = 4.0  # pixels between a tip and its label

Ends = tuple[float, float, float, float]


class Arrows(pg.UIGraphicsItem):
    """Draws arrows in pixels: the cost is the same at every zoom.

    Args:
        ends: returns the x and y of an arrow's start in the plot, and its extent along x and y; None if it is not
            drawn.

    Attributes:
        drawn: the segments painted last, in pixels, with their labels.
    """

    def __init__(self, ends: Callable[[Arrow], Ends | None]) -> None:
        super().__init__()
        self._ends = ends
        self._arrows: Sequence[Arrow] = ()
        self.drawn: list[tuple[QLineF, str]] = []
        self.setZValue(45)
        self.setVisible(False)

    def show_arrows(self, arrows: Sequence[Arrow]) -> None:
        """Show these arrows instead of the current ones."""
        self._arrows = arrows
        self.setVisible(bool(arrows))
        self.update()

    def shape(self) -> QPainterPath:
        """Return an empty path: the mouse acts on the items below."""
        return QPainterPath()

    def paint(self, painter: QPainter, *_: object) -> None:
        seen: list[tuple[QLineF, Arrow]] = []
        taken: list[QRectF] = []
        transform = painter.worldTransform()
        view = transform.mapRect(self.viewRect())
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for arrow in self._arrows:
            ends = self._ends(arrow)
            if ends is None:
                continue
            x, y, across, up = ends
            across, up = _bounded(across, up)
            start = QPointF(transform.m11() * x + transform.dx(), transform.m22() * y + transform.dy())
            line = _on_screen(start, transform.m11() * across, transform.m22() * up, arrow)
            if line is not None:
                seen.append((line, arrow))
        for line, arrow in sorted(seen, key=lambda pair: -pair[0].length()):  # long arrows below short ones
            self._draw(painter, line, arrow)
        for line, arrow in seen:
            self._label(painter, line, arrow, view, taken, [other for other, _ in seen])
        painter.restore()
        self.drawn = [(line, arrow.label) for line, arrow in seen]

    @staticmethod
    def _draw(painter: QPainter, line: QLineF, arrow: Arrow) -> None:
        outline, shaft = QPainterPath(), QLineF(line)
        if line.length() == 0:
            outline.addEllipse(line.p1(), _HALF - 1, _HALF - 1)
        else:
            direction = QPointF(line.dx() / line.length(), line.dy() / line.length())
            inset = direction * (_HEAD * 0.8)
            outline.addPolygon(_head(line.p2(), direction))
            shaft.setP2(line.p2() - inset)
            if arrow.two_headed:
                outline.addPolygon(_head(line.p1(), -direction))
                shaft.setP1(line.p1() + inset)
        color, width = QColor(arrow.color), max(2.0, look().theme.width * 0.9)
        painter.setPen(_rim(width + 2.5))
        painter.drawLine(shaft)
        painter.strokePath(outline, _rim(2.5))
        painter.setPen(QPen(color, width))
        painter.drawLine(shaft)
        painter.fillPath(outline, color)

    @staticmethod
    def _label(
        painter: QPainter, line: QLineF, arrow: Arrow, view: QRectF, taken: list[QRectF], lines: list[QLineF]
    ) -> None:
        """Write the label beside the tip or the edge of the view, clear of other arrows and labels if possible."""
        seen = _clipped(line, view)
        if not arrow.label or seen is None:
            return
        font = QFont(painter.font())
        font.setBold(True)
        metrics = QFontMetricsF(font)
        size = QSizeF(metrics.horizontalAdvance(arrow.label), metrics.height())
        ends = [seen, QLineF(seen.p2(), seen.p1())] if arrow.two_headed else [seen]
        boxes = [_within(box, view) for end in ends for box in _beside(end, size)]
        apart = [b for b in boxes if not any(b.intersects(other) for other in taken)]
        clear = [b for b in apart if all(_clipped(other, b) is None for other in lines)]
        free = (clear or apart or boxes)[0]
        taken.append(free)
        path = QPainterPath()
        path.addText(free.left(), free.top() + metrics.ascent(), font, arrow.label)
        painter.strokePath(path, _rim(3.5))
        painter.fillPath(path, QColor(arrow.color))


def _rim(width: float) -> QPen:
    """Return a pen in the background colour, which separates what it surrounds from the heat image."""
    pen = QPen(QColor(look().theme.plot), width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _beside(line: QLineF, size: QSizeF) -> list[QRectF]:
    """Return boxes of a size beside the tip of an arrow, the best first."""
    width, height, tip = size.width(), size.height(), line.p2()
    away = _GAP + _HALF
    corner = QPointF(
        _GAP if line.dx() >= 0 else -_GAP - width, _GAP if line.dy() > 0.3 * line.length() else -_GAP - height
    )
    offsets = [
        corner,
        QPointF(away, -height / 2),
        QPointF(-away - width, -height / 2),
        QPointF(-width / 2, away),
        QPointF(-width / 2, -away - height),
    ]
    return [QRectF(tip + offset, size) for offset in offsets]


def _on_screen(start: QPointF, across: float, down: float, arrow: Arrow) -> QLineF | None:
    """Return the segment to draw, in pixels; of length 0 for a vector at right angles to the plane."""
    if not (abs(start.x()) < _FAR and abs(start.y()) < _FAR):
        return None
    across, down = _bounded(across, down)
    length = math.hypot(across, down)
    if not length or not math.isfinite(length):
        return QLineF(start, start)
    shown = max(NORMALISED * arrow.share, _HEAD) if arrow.normalised else min(max(length, _HEAD), _FAR)
    tip = QPointF(across, down) * (shown / length)
    return QLineF(start - tip if arrow.two_headed else start, start + tip)


def _bounded(a: float, b: float) -> tuple[float, float]:
    """Return a vector scaled down to at most 1e100, so that products do not overflow."""
    largest = max(abs(a), abs(b))
    return (a / largest * 1e100, b / largest * 1e100) if 1e100 < largest < math.inf else (a, b)


def _head(tip: QPointF, direction: QPointF) -> QPolygonF:
    base, aside = tip - direction * _HEAD, QPointF(-direction.y(), direction.x()) * _HALF
    return QPolygonF([tip, base + aside, base - aside, tip])


def _within(box: QRectF, view: QRectF) -> QRectF:
    """Return the box, moved into the view."""
    left = min(max(box.left(), view.left() + 2), max(view.right() - box.width() - 2, view.left()))
    top = min(max(box.top(), view.top() + 2), max(view.bottom() - box.height() - 2, view.top()))
    return QRectF(left, top, box.width(), box.height())


def _clipped(line: QLineF, view: QRectF) -> QLineF | None:
    """Return the part of a segment in the view (Liang–Barsky algorithm); None if there is none."""
    first, last = 0.0, 1.0
    for delta, low, high in (
        (line.dx(), view.left() - line.x1(), view.right() - line.x1()),
        (line.dy(), view.top() - line.y1(), view.bottom() - line.y1()),
    ):
        if delta == 0:
            if low > 0 or high < 0:
                return None
            continue
        near, far = sorted((low / delta, high / delta))
        first, last = max(first, near), min(last, far)
    if first > last:
        return None
    return QLineF(line.pointAt(first), line.pointAt(last))
