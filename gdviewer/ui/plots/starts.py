"""Markers of the starts, which can be dragged. A click away from the paths sets the start."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from gdviewer.experiment.plan import Point
from gdviewer.text import tr
from gdviewer.ui.plots.base import Plot, line_pen


class StartMarkers:
    """A marker for the common start, and one for each run with its own start. On a curve, only x changes.

    Args:
        plot: the plot that shows the markers.
        position_of: returns the position of a start in the plot.
        start_at: returns the start at a position (x, y) of the plot, given the start that is moved there.
        take_click: called first with the position of a click; returns True if it has handled the click.
        movable: True if the markers can be dragged.
    """

    def __init__(
        self,
        plot: Plot[Any],
        position_of: Callable[[Point], tuple[float, float]],
        start_at: Callable[[float, float, Point], Point],
        take_click: Callable[[float, float], bool],
        movable: bool = True,
    ) -> None:
        self._plot, self._movable = plot, movable
        self._position_of, self._start_at, self._take_click = position_of, start_at, take_click
        self._markers: dict[int | None, pg.TargetItem] = {}
        plot.scene().sigMouseClicked.connect(self._click)

    def update(self) -> None:
        """Show the starts of the experiment."""
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
            point = self._position_of(start)
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

    def _click(self, event: MouseClickEvent) -> None:
        box = self._plot.getPlotItem().vb
        if (
            event.double()
            or event.button() != Qt.MouseButton.LeftButton
            or not box.sceneBoundingRect().contains(event.scenePos())
        ):
            return
        point = box.mapSceneToView(event.scenePos())
        if self._take_click(point.x(), point.y()) or not self._movable:
            return
        session = self._plot.session
        runs = session.experiment.runs
        has_own = bool(runs) and runs[session.selected].start is not None
        self._set_start(point.x(), point.y(), session.selected if has_own else None)

    def _set_start(self, x: float, y: float, key: int | None) -> None:
        """Move a start to a position of the plot, rounded to the resolution of the mouse."""
        sizes = self._plot.getPlotItem().vb.viewPixelSize()
        if all(0 < size < math.inf for size in sizes) and math.isfinite(x + y):
            x, y = (round(v, math.ceil(-math.log10(size))) + 0.0 for v, size in zip((x, y), sizes, strict=True))
        session = self._plot.session
        start = (key is not None and session.experiment.runs[key].start) or session.experiment.start
        session.set_start(self._start_at(x, y, start), key)
