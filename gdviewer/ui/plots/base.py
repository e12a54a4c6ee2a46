"""Base class of the plots, and the graphics items that several plots use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPen, QShowEvent, QTransform
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsPathItem, QWidget

from gdviewer.engine.run.run import Run, shares_past
from gdviewer.text import tr
from gdviewer.ui.plots.axis import Axis
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme, look


def line_pen(color: QColor | str, width: float) -> QPen:
    """Return a pen whose width is in pixels at every zoom."""
    pen = QPen(QColor(color), width)
    pen.setCosmetic(True)
    return pen


GHOST, BRANCHED = 0.4, 0.6  # opacity of runs from before a What-if change, and of runs that another branches off


def pale(color: QColor, theme: Theme) -> QColor:
    """Return a run's colour for the steps after the cursor.

    It is opaque: with a transparent pen, a line that crosses itself would show where.
    """
    components, background = _components(color), _components(QColor(theme.plot))
    return QColor.fromRgbF(*(0.45 * a + 0.55 * b for a, b in zip(components, background, strict=True)))


def _components(color: QColor) -> tuple[float, float, float]:
    return color.redF(), color.greenF(), color.blueF()


class Drawing:
    """Graphics items that draw one run in one plot.

    Args:
        items: the graphics items.
        present: those of the items that show the current point of the run; they are not drawn for a ghost.

    Attributes:
        items: the graphics items, which the plot adds and removes.
        color: index of the run colour in which they were made.
        ghost: True if it shows a run as it was before a What-if change.
    """

    def __init__(self, *items: pg.GraphicsItem | QGraphicsEllipseItem, present: Sequence[object] = ()) -> None:
        self.items = items
        self.present = present
        self.color = -1
        self.ghost = False

    def set_visible(self, visible: bool) -> None:
        """Show or hide all items."""
        for item in self.items:
            item.setVisible(visible)

    def restart(self) -> bool:
        """Prepare for drawing another run with the same items; return False if that is not possible."""
        return False

    def fade(self, opacity: float) -> None:
        """Set the opacity of all items, 0 … 1."""
        for item in self.items:
            item.setOpacity(opacity)


DrawingT = TypeVar("DrawingT", bound=Drawing)


class Plot(pg.PlotWidget, Generic[DrawingT]):
    """A plot with themed axes that draws the session's runs, each with a drawing of type ``DrawingT``.

    Signals:
        hovered: a line of text about the item under the mouse; empty if there is none.
    """

    hovered = Signal(str)
    picture: str = ""  # the kind of problem that it draws; empty for all
    frames_per_draw = 1  # while the runs are played, the plot is drawn once in this number of frames

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False, axisItems={"left": Axis("left"), "bottom": Axis("bottom")})
        self.session = session
        self._frame = 0
        self._stale = True
        self._drawings: dict[Run, DrawingT] = {}
        self._known = set(session.runs)  # the runs that are drawn, including ghosts
        self.setMinimumSize(240, 130)
        self.getPlotItem().hideButtons()
        self.getPlotItem().layout.setContentsMargins(4, 10, 12, 2)  # space for the number of a tick at the edge
        self.setToolTip(tr("Wheel: zoom. Drag: move. Ctrl+0: show all."))
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigPrepareForPaint.connect(self._recompute_if_stale)
        session.runs_changed.connect(self.forget_old_runs)
        session.frame.connect(self._take_frame)
        session.cursor.moved.connect(self.follow_cursor)
        look().changed.connect(self.restyle)

    @property
    def theme(self) -> Theme:
        """The current theme."""
        return look().theme

    @property
    def active(self) -> bool:
        """True if this plot draws problems of the current kind."""
        return self.picture in ("", self.session.experiment.problem.picture)

    def restyle(self) -> None:
        """Apply the colours of the current theme."""
        theme = self.theme
        self.setBackground(theme.plot)
        font = self.font()
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.enableAutoSIPrefix(False)
            axis.setPen(line_pen(theme.line, 1))
            axis.setTextPen(QColor(theme.text))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.label.setDefaultTextColor(QColor(theme.text))
        self.forget_runs()
        self._draw_if_shown()

    def draw(self) -> None:
        """Draw the current traces."""

    def follow_cursor(self) -> None:
        """Draw what depends on the cursor, after it has moved."""
        self._draw_if_shown()

    def make_drawing(self, run: Run, color: QColor) -> DrawingT:
        """Return new items that draw a run."""
        raise NotImplementedError

    def drawing_of(self, run: Run, color: int) -> DrawingT:
        """Return the items that draw a run. They are made on first use, and again for another colour."""
        drawing = self._drawings.get(run)
        ghost = run not in self.session.runs
        if drawing is None or (drawing.color, drawing.ghost) != (color, ghost):
            if drawing:
                self._forget(run)
            drawing = self._drawings[run] = self._spare_drawing(color, ghost) or self._add(run, color, ghost)
        drawing.fade(GHOST if ghost else BRANCHED if self._is_branched(run) else 1.0)
        return drawing

    def _add(self, run: Run, color: int, ghost: bool) -> DrawingT:
        drawing = self.make_drawing(run, self.theme.run_color(color))
        drawing.color, drawing.ghost = color, ghost
        for item in drawing.items:
            if not (ghost and item in drawing.present):
                self.addItem(item, ignoreBounds=True)
        return drawing

    def _spare_drawing(self, color: int, ghost: bool) -> DrawingT | None:
        """Return the drawing of a removed run for reuse: adding and removing items is slow."""
        for run in [run for run in self._drawings if run not in self._known]:
            drawing = self._drawings[run]
            if (drawing.color, drawing.ghost) == (color, ghost) and drawing.restart():
                return self._drawings.pop(run)
        return None

    def first_step(self, run: Run) -> int:
        """Return the step from which a run is drawn: its branch step, if the run that it branches off is drawn too."""
        return run.branch_step if run.origin and any(shares_past(run, other) for other in self._visible()) else 0

    def _is_branched(self, run: Run) -> bool:
        """Return True if another run that is drawn branches off this one."""
        return any(other.origin and other.begun and shares_past(other, run) for other in self._visible())

    def _visible(self) -> list[Run]:
        return [run for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True) if plan.visible]

    def forget_runs(self) -> None:
        """Remove the drawings of all runs; they are made again when the runs are drawn."""
        for run in list(self._drawings):
            self._forget(run)

    def forget_old_runs(self) -> None:
        """Remove the drawings of old runs; during a What-if change, keep them for the runs that replace these."""
        self._known = {run for _, run in self.session.shown}
        if not self.session.what_if.ghosts:
            self._drop_spare()

    def _drop_spare(self) -> None:
        for run in [run for run in self._drawings if run not in self._known]:
            self._forget(run)

    def _forget(self, run: Run) -> None:
        for item in self._drawings.pop(run).items:
            self.removeItem(item)

    @property
    def computing(self) -> bool:
        """True if the picture of the problem is still being computed."""
        return False

    def close_threads(self) -> None:
        """Stop the threads that compute for the plot."""

    def show_all(self) -> None:
        """Zoom to all that the plot can show."""
        raise NotImplementedError

    def outdate(self) -> None:
        """Have the picture of the visible region computed again, right before the next paint event."""
        self._stale = True
        self.viewport().update()

    def recompute(self) -> None:
        """Compute the picture of the problem in the visible region."""

    def describe(self, x: float, y: float) -> str:
        """Return a line of text about the point under the mouse."""
        return ""

    def _recompute_if_stale(self) -> None:
        if self._stale and self.active:
            self._stale = False
            self.recompute()

    def _take_frame(self) -> None:
        self._frame += 1
        resting = not (self.session.player.playing or self.session.what_if.pending)
        if resting or self._frame % self.frames_per_draw == 0:
            self._draw_if_shown()

    def _draw_if_shown(self) -> None:
        if self.isVisible() and self.active:
            self.draw()
            self._drop_spare()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw_if_shown()

    def _hover(self, position: QPointF) -> None:
        box = self.getPlotItem().vb
        if box.sceneBoundingRect().contains(position):
            point = box.mapSceneToView(position)
            self.hovered.emit(self.describe(point.x(), point.y()))
        else:
            self.hovered.emit("")

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")


class Head(QGraphicsEllipseItem):
    """A dot at the current point of a run: of the same size at every zoom, and cheap to move."""

    def __init__(self, color: QColor, rim: str, width: float) -> None:
        radius = 3.5 + width
        super().__init__(-radius, -radius, 2 * radius, 2 * radius)
        self.setFlag(QGraphicsEllipseItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setBrush(color)
        self.setPen(line_pen(rim, 1.5))
        self.setZValue(50)


class Ring(Head):
    """A small ring at the point where a run branches off another."""

    def __init__(self, color: QColor, rim: str, width: float) -> None:
        super().__init__(color, rim, width)
        self.setBrush(Qt.BrushStyle.NoBrush)
        self.setPen(line_pen(color, width))
        self.setToolTip(tr("This run branches off the other here."))

    def mark(self, shown: bool, x: float, y: float) -> None:
        """Show the ring at a point if ``shown`` is True and the point is finite; otherwise hide it."""
        shown = bool(shown and np.isfinite(x) and np.isfinite(y))
        self.setVisible(shown)
        if shown:
            self.setPos(x, y)


class Stars:
    """Stars at the known minima: of the same size at every zoom, and painted without Python code."""

    def __init__(self, plot: Plot[Any]) -> None:
        self._plot = plot
        self._items: list[QGraphicsPathItem] = []

    def show(self, points: NDArray[np.float64], off: Sequence[float] = ()) -> None:
        """Show stars at points, shape (k, 2), in the theme's colours.

        Args:
            points: the positions, shape (k, 2).
            off: the distance of each minimum from the plane; a star is hollow if it is not zero.
        """
        for item in self._items:
            self._plot.removeItem(item)
        self._items = [QGraphicsPathItem(Symbols["star"]) for _ in points]
        for item, point in zip(self._items, points, strict=True):
            item.setFlag(QGraphicsPathItem.GraphicsItemFlag.ItemIgnoresTransformations)
            item.setTransform(QTransform.fromScale(14, 14))
            item.setBrush(QColor(self._plot.theme.text))
            item.setPen(line_pen(self._plot.theme.plot, 1))
            item.setToolTip(tr("Known minimum"))
            item.setPos(*point)
            item.setZValue(20)
            self._plot.addItem(item, ignoreBounds=True)
        for item, distance in zip(self._items, off, strict=False):
            if distance:
                item.setBrush(Qt.BrushStyle.NoBrush)
                item.setPen(line_pen(self._plot.theme.text, 1))
                item.setToolTip(tr("Known minimum, {distance} off the plane", distance=f"{distance:.3g}"))


class Curve(pg.PlotCurveItem):
    """A wide antialiased curve that is fast to draw: line by line, not as one outline."""

    _boundingRect: QRectF | None  # noqa: N815 - of pyqtgraph, which resets it when the data change

    def __init__(self, width: float, color: QColor) -> None:
        super().__init__(pen=line_pen(color, width), antialias=True, skipFiniteCheck=False)
        self.setSegmentedLineMode("on")

    def boundingRect(self) -> QRectF:
        """Return the extent of the curve and a few pixels; pyqtgraph's own method takes a tenth of all drawing time."""
        rect = self._boundingRect
        if rect is None:
            x, y = self.getData()
            box = self.getViewBox()
            if x is None or not len(x) or box is None:
                return QRectF()
            left, right, bottom, top = np.fmin.reduce(x), np.fmax.reduce(x), np.fmin.reduce(y), np.fmax.reduce(y)
            if not np.isfinite([left, right, bottom, top]).all():
                return cast(QRectF, super().boundingRect())
            width, height = (4 * size for size in box.viewPixelSize())
            rect = QRectF(left - width, bottom - height, right - left + 2 * width, top - bottom + 2 * height)
            self._boundingRect = rect
        return rect
