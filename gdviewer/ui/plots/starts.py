"""The markers that say where runs start, to be dragged; a click where no path is sets the start."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtGui import QColor

from gdviewer.experiment.plan import Point
from gdviewer.text import tr
from gdviewer.ui.plots.base import Plot, line_pen


class StartMarkers:
    """A marker for the common start, and one for each run with a start of its own; on a curve only x moves.

    Args:
        place: turns a start into a point of the plot.
        start_at: turns a point of the plot, x and y, and the start that is moved there, into a start.
        take_click: called with the point of a click first; returns True where the click was meant for something else.
        movable: whether they can be moved.
    """

    def __init__(
        self,
        plot: Plot,
        place: Callable[[Point], tuple[float, float]],
        start_at: Callable[[float, float, Point], Point],
        take_click: Callable[[float, float], bool],
        movable: bool = True,
    ) -> None:
        self._plot, self._movable = plot, movable
        self._place, self._start_at, self._take_click = place, start_at, take_click
        self._markers: dict[int | None, pg.TargetItem] = {}
        plot.scene().sigMouseClicked.connect(self._click)

    def update(self) -> None:
        """Show the starts as the experiment has them."""
        experiment = self._plot.session.experiment
        wanted: dict[int | None, Point] = {}
        if any(plan.start is None for plan in experiment.runs) or not experiment.runs:
            wanted[None] = experiment.start
        wanted |= {i: plan.start for i, plan in enumerate(experiment.runs) if plan.start is not None and plan.visible}
        for key in [key for key in self._markers if key not in wanted]:
            self._plot.removeItem(self._markers.pop(key))
        theme = self._plot.theme
        for key, start in wanted.items():
            marker = self._markers.get(key) or self._add(key)
            color = QColor(theme.text) if key is None else theme.run_color(experiment.runs[key].color)
            marker.setPen(line_pen(color, theme.width))
            marker.setBrush(QColor(theme.plot))
            point = self._place(start)
            if not marker.moving and tuple(marker.pos()) != point:
                marker.blockSignals(True)
                marker.setPos(point)
                marker.blockSignals(False)

    def _add(self, key: int | None) -> pg.TargetItem:
        marker = pg.TargetItem(size=14, symbol="o", movable=self._movable)
        marker.setZValue(40)
        marker.setToolTip(tr("Start: drag it") if self._movable else tr("Start"))
        marker.sigPositionChanged.connect(lambda: self._moved(key))
        marker.sigPositionChangeFinished.connect(self.update)  # back onto the curve
        self._markers[key] = marker
        self._plot.addItem(marker, ignoreBounds=True)
        return marker

    def _moved(self, key: int | None) -> None:
        position = self._markers[key].pos()
        self._set_start(position.x(), position.y(), key)

    def _click(self, event) -> None:
        box = self._plot.getPlotItem().vb
        if event.double() or event.button().value != 1 or not box.sceneBoundingRect().contains(event.scenePos()):
            return
        point = box.mapSceneToView(event.scenePos())
        if self._take_click(point.x(), point.y()) or not self._movable:
            return
        session = self._plot.session
        runs = session.experiment.runs
        own = session.selected if runs and runs[session.selected].start is not None else None
        self._set_start(point.x(), point.y(), own)

    def _set_start(self, x: float, y: float, key: int | None) -> None:
        """Move a start to a point of the plot, in no more digits than the mouse can tell apart."""
        sizes = self._plot.getPlotItem().vb.viewPixelSize()
        if all(0 < size < math.inf for size in sizes) and math.isfinite(x + y):
            x, y = (round(v, math.ceil(-math.log10(size))) + 0.0 for v, size in zip((x, y), sizes, strict=True))
        session = self._plot.session
        start = session.experiment.start if key is None else session.experiment.runs[key].start
        session.set_start(self._start_at(x, y, start), key)
