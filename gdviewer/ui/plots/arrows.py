"""Arrows over a plot: of true length or of a fixed one, with heads and labels of the same size at every zoom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.widgets.theme import look

NORMALISED = 60.0  # pixels that a normalised arrow is long
_HEAD, _HALF = 11.0, 5.0  # length of a head and half its width, in pixels
_FAR = 1e6  # pixels; what begins further off is not seen, and what is longer looks the same
_GAP = 4.0  # between a tip and its label

Ends = tuple[float, float, float, float]


class Arrows(pg.UIGraphicsItem):
    """Draws arrows in pixels, so that it costs the same at every zoom, and nothing where there are none.

    Args:
        place: where an arrow is in the plot: x, y, and how far it leads across and up; None where it is not drawn.

    Attributes:
        drawn: the segments painted last, in pixels, with what they are labelled.
    """

    def __init__(self, place: Callable[[Arrow], Ends | None]) -> None:
        super().__init__()
        self._place = place
        self._arrows: Sequence[Arrow] = ()
        self.drawn: list[tuple[QLineF, str]] = []
        self.setZValue(45)
        self.setVisible(False)

    def show_arrows(self, arrows: Sequence[Arrow]) -> None:
        """Draw these arrows from now on."""
        self._arrows = arrows
        self.setVisible(bool(arrows))
        self.update()

    def shape(self) -> QPainterPath:
        """Nothing: what lies below is what the mouse is after."""
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
            placed = self._place(arrow)
            if placed is None:
                continue
            x, y, across, up = placed
            across, up = _bounded(across, up)
            start = QPointF(transform.m11() * x + transform.dx(), transform.m22() * y + transform.dy())
            line = _on_screen(start, transform.m11() * across, transform.m22() * up, arrow)
            if line is not None:
                seen.append((line, arrow))
        for line, arrow in sorted(seen, key=lambda pair: -pair[0].length()):  # the long ones below the short
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
            direction = QPointF(line.dx(), line.dy()) / line.length()
            outline.addPolygon(_head(line.p2(), direction))
            shaft.setP2(line.p2() - direction * _HEAD * 0.8)
            if arrow.two_headed:
                outline.addPolygon(_head(line.p1(), -direction))
                shaft.setP1(line.p1() + direction * _HEAD * 0.8)
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
        """Write the label beside the tip, or where the arrow leaves the view, off other arrows and their labels."""
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
    """A pen in the plot's colour, so that what it surrounds stands out from any heat image."""
    pen = QPen(QColor(look().theme.plot), width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _beside(line: QLineF, size: QSizeF) -> list[QRectF]:
    """Boxes of a size beside the tip of an arrow, the best place first."""
    width, height, tip = size.width(), size.height(), line.p2()
    away = _GAP + _HALF
    corner = QPointF(
        _GAP if line.dx() >= 0 else -_GAP - width, _GAP if line.dy() > 0.3 * line.length() else -_GAP - height
    )
    places = [
        corner,
        QPointF(away, -height / 2),
        QPointF(-away - width, -height / 2),
        QPointF(-width / 2, away),
        QPointF(-width / 2, -away - height),
    ]
    return [QRectF(tip + place, size) for place in places]


def _on_screen(start: QPointF, across: float, down: float, arrow: Arrow) -> QLineF | None:
    """The segment to draw, in pixels; of length 0 for a vector that is not seen from here."""
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
    """The same direction in numbers that can be multiplied: up to 1e100 in size."""
    largest = max(abs(a), abs(b))
    return (a / largest * 1e100, b / largest * 1e100) if 1e100 < largest < math.inf else (a, b)


def _head(tip: QPointF, direction: QPointF) -> QPolygonF:
    base, aside = tip - direction * _HEAD, QPointF(-direction.y(), direction.x()) * _HALF
    return QPolygonF([tip, base + aside, base - aside, tip])


def _within(box: QRectF, view: QRectF) -> QRectF:
    """The box, moved into the view where it sticks out."""
    left = min(max(box.left(), view.left() + 2), max(view.right() - box.width() - 2, view.left()))
    top = min(max(box.top(), view.top() + 2), max(view.bottom() - box.height() - 2, view.top()))
    return QRectF(left, top, box.width(), box.height())


def _clipped(line: QLineF, view: QRectF) -> QLineF | None:
    """The part of a segment that lies in the view, by Liang and Barsky; None where there is none."""
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
