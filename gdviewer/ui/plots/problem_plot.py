"""Base class of landscape and curve: a problem over its coordinates, its minima, and the starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent

from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.plan import Point, RunPlan
from gdviewer.problems.problem import Problem
from gdviewer.text import number_text, tr
from gdviewer.ui.plots.arrows import Arrows, Ends
from gdviewer.ui.plots.base import DrawingT, Plot, Stars
from gdviewer.ui.plots.sketch import PATIENCE_SECONDS, Sketch
from gdviewer.ui.plots.starts import StartMarkers
from gdviewer.ui.plots.thinning import Array
from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title

_REACH = 8  # pixels; a click within this distance selects a path


class ProblemPlot(Plot[DrawingT]):
    """A plot of the experiment's problem, which computes its picture for the visible region."""

    sizes: tuple[int, ...] = ()  # of the pictures of a function that may be slow, ascending
    patience = PATIENCE_SECONDS  # seconds; a finer picture that would take longer is not computed
    sets_starts = True  # True if a click or a marker sets the start

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._problem: Problem | None = None
        self._coarse = False  # True if a finer picture is to be computed later
        self._sketch = Sketch(self, self.patience)
        self._sketch.ready.connect(self.show_picture)
        self._minima = Stars(self)
        self.setToolTip(
            tr("Wheel: zoom. Drag: move. Ctrl+0: show all.")
            + "\n"
            + tr("Click on a path: go to that step.")
            + (" " + tr("Click elsewhere: start here.") if self.sets_starts else "")
        )
        self.starts = StartMarkers(self, self.position_of, self.start_at, self.take_click, self.sets_starts)
        self.arrows = Arrows(self._arrow_ends)
        self.addItem(self.arrows, ignoreBounds=True)
        self.disableAutoRange()
        session.arrows.changed.connect(self._show_arrows)
        self._show_arrows()
        session.experiment_changed.connect(self._on_experiment_changed)

    @property
    def surface(self) -> Problem:
        """The problem that is drawn."""
        return self.session.experiment.problem

    @property
    def swift(self) -> bool:
        """True if a picture is computed without a visible delay."""
        return not self.surface.sketched

    @property
    def computing(self) -> bool:
        """True if the picture, or a finer one, is being computed."""
        return self._stale or self._sketch.busy

    def position_of(self, start: Point) -> tuple[float, float]:
        """Return the position of a start in the plot."""
        raise NotImplementedError

    def start_at(self, x: float, y: float, start: Point) -> Point:
        """Return the start that results from moving ``start`` to a position of the plot."""
        raise NotImplementedError

    def ends_of(self, at: Array, vector: Array) -> Ends:
        """Return an arrow's position and extent in the plot, from its point and vector, shape (n,) each."""
        raise NotImplementedError

    def picture_of(self, problem: Problem) -> Callable[[int], Any]:
        """Return a function that computes the picture of the visible region in a size, in any thread."""
        raise NotImplementedError

    def show_picture(self, picture: Any) -> None:
        """Show a picture."""
        raise NotImplementedError

    def distance_to(self, drawing: DrawingT, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> float:
        """Return the distance between a position of the plot and a run's path, in pixels of size ``pixel``."""
        raise NotImplementedError

    def nearest_step(self, drawing: DrawingT, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> int:
        """Return the step of a run that is drawn nearest to a position of the plot."""
        raise NotImplementedError

    def describe_point(self, x: float, y: float) -> str:
        """Return a line of text about a position without a path."""
        raise NotImplementedError

    def step_at(self, x: float, y: float) -> tuple[RunPlan, Run, int] | None:
        """Return the nearest step of the path that is drawn at a position of the plot; None if there is none."""
        at, pixel = (x, y), self.getPlotItem().vb.viewPixelSize()
        near, found = float(_REACH), None
        for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True):
            drawing = self._drawings.get(run)
            if drawing is None or not plan.visible or not run.step:
                continue
            distance = self.distance_to(drawing, run, at, pixel)
            if distance <= near:
                near, found = distance, (plan, run, drawing)
        return (*found[:2], self.nearest_step(found[2], found[1], at, pixel)) if found else None

    def describe(self, x: float, y: float) -> str:
        found = self.step_at(x, y)
        shape = Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)
        point = self.describe_point(x, y)
        if found is None:
            return point
        plan, run, step = found
        loss = number_text(float(run.trace.loss[step]))
        text = tr(
            "step {step} of {run}: loss {loss}, click to go to it", step=f"{step:,}", run=plan_title(plan), loss=loss
        )
        return f"{point}      {text}"

    def take_click(self, x: float, y: float) -> bool:
        """Move the cursor to the step of a path at a position, and select its run; return False if there is none."""
        found = self.step_at(x, y)
        if found:
            _, run, step = found
            self.session.select(self.session.runs.index(run))
            self.session.cursor.look_at(step)
        return found is not None

    def show_minima(self, stars: Stars) -> None:
        """Show the known minima in the plot."""
        raise NotImplementedError

    def adopt(self, before: Problem | None, problem: Problem) -> None:
        """Show another problem, or other parameters of the same; ``before`` is the one shown until now."""
        if before is None or before.name != problem.name or not np.array_equal(before.domain, problem.domain):
            self.show_all()

    def restyle(self) -> None:
        super().restyle()
        if self.active:
            self._show_marks()

    def recompute(self) -> None:
        self.draw()  # the runs are thinned for the visible region, too
        surface = self.surface
        compute = self.picture_of(surface)
        if self.swift:
            self._sketch.cancel()
            self._coarse = self.session.what_if.pending  # during a What-if change, speed counts
            self.show_picture(compute(self.sizes[-2 if self._coarse else -1]))
        else:
            self._sketch.request(compute, self.sizes, surface.dimension)

    def close_threads(self) -> None:
        self._sketch.close()

    def showEvent(self, event: QShowEvent) -> None:
        self._match_experiment()
        super().showEvent(event)

    def _take_frame(self) -> None:
        if self._stale and self.active and self.isVisible():
            self._recompute_if_stale()  # and drawn: a change right before painting would be painted twice
        else:
            super()._take_frame()
        if self._coarse and not self.session.what_if.pending:
            self._coarse = False
            self.outdate()

    def _on_experiment_changed(self, change: ExperimentDiff) -> None:
        moved = any(change.touches(i, "start", "visible", "color") for i in range(len(change.runs)))
        if change.problem or change.start or change.removed or moved:
            self._match_experiment()

    def _match_experiment(self) -> None:
        if not self.active:
            return
        before, self._problem = self._problem, self.session.experiment.problem
        if before is not self._problem:
            self.adopt(before, self._problem)
            self._show_marks()
            self.outdate()
        self.starts.update()

    def _show_arrows(self) -> None:
        self.arrows.show_arrows(self.session.arrows.shown)

    def _arrow_ends(self, arrow: Arrow) -> Ends | None:
        if not self.active or not arrow.fits(self.session.experiment.problem.dimension):
            return None
        ends = self.ends_of(np.asarray(arrow.at, dtype=float), np.asarray(arrow.vector, dtype=float))
        return ends if np.isfinite(ends).all() else None

    def _show_marks(self) -> None:
        self.show_minima(self._minima)
        self.starts.update()
