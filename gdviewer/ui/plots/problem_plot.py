"""What the landscape and the curve have in common: a problem over its coordinates, its minima, and its starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import Qt

from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.plan import Point, RunPlan
from gdviewer.problems.problem import Problem
from gdviewer.text import number_text, tr
from gdviewer.ui.plots.arrows import Arrows, Ends
from gdviewer.ui.plots.base import Drawing, Plot, Stars
from gdviewer.ui.plots.sketch import PATIENCE_SECONDS, Sketch
from gdviewer.ui.plots.starts import StartMarkers
from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title

_REACH = 8  # pixels; a click so near a path is meant for it


class ProblemPlot(Plot):
    """Follows the experiment's problem, and computes its picture for the region that is seen."""

    sizes: tuple[int, ...] = ()  # of the pictures of a function that may be slow; the last is the one aimed at
    patience = PATIENCE_SECONDS  # a finer picture that would take longer is not begun
    sets_starts = True  # whether a click, or a marker that is dragged, sets the start

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._problem: Problem | None = None
        self._coarse = False  # whether the picture is to be computed again, finer, when there is time
        self._sketch = Sketch(self, self.patience)
        self._sketch.ready.connect(self.show_picture)
        self._minima = Stars(self)
        self.setToolTip(
            tr("Wheel: zoom. Drag: move. Ctrl+0: show all.")
            + "\n"
            + tr("Click on a path: look at that step.")
            + (" " + tr("Click elsewhere: start here.") if self.sets_starts else "")
        )
        self.starts = StartMarkers(self, self.place, self.start_at, self.take_click, self.sets_starts)
        self.arrows = Arrows(self._place_arrow)
        self.addItem(self.arrows, ignoreBounds=True)
        self.disableAutoRange()
        session.arrows.changed.connect(self._show_arrows)
        self._show_arrows()
        session.experiment_changed.connect(self._take_edit)

    @property
    def surface(self) -> Problem:
        """The problem as it is drawn."""
        return self.session.experiment.problem

    @property
    def swift(self) -> bool:
        """Whether a picture is computed in less time than anyone notices."""
        return not self.surface.sketched

    @property
    def computing(self) -> bool:
        """Whether its picture, or a finer one, is still to come."""
        return self._stale or self._sketch.busy

    def place(self, start: Point) -> tuple[float, float]:
        """Where a start stands in the plot."""
        raise NotImplementedError

    def start_at(self, x: float, y: float, start: Point) -> Point:
        """The start that stands at a point of the plot, where ``start`` is moved there."""
        raise NotImplementedError

    def ends_of(self, at: np.ndarray, vector: np.ndarray) -> Ends:
        """Where an arrow is in the plot: x, y, and how far it leads across and up; ``at``, ``vector`` (n,)."""
        raise NotImplementedError

    def picture_of(self, problem: Problem) -> Callable[[int], Any]:
        """A function that computes the picture of the visible region in a size; it is called in any thread."""
        raise NotImplementedError

    def show_picture(self, picture: Any) -> None:
        """Show a picture that was computed."""
        raise NotImplementedError

    def distance_to(self, drawing: Drawing, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> float:
        """How far from a point of the plot a run is drawn, in pixels of size ``pixel``."""
        raise NotImplementedError

    def nearest_step(self, drawing: Drawing, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> int:
        """The step of a run whose place in the plot is nearest to a point."""
        raise NotImplementedError

    def describe_point(self, x: float, y: float) -> str:
        """What to tell about a point where no path is near."""
        raise NotImplementedError

    def step_at(self, x: float, y: float) -> tuple[RunPlan, Run, int] | None:
        """The step that a click at a point of the plot means: of the path that is drawn there the nearest; or None."""
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
        told = tr(
            "step {step} of {run}: loss {loss}, click to look at it", step=f"{step:,}", run=plan_title(plan), loss=loss
        )
        return f"{point}      {told}"

    def take_click(self, x: float, y: float) -> bool:
        """Put the cursor on the step of a path that was clicked, and select its run; tells whether there is one."""
        found = self.step_at(x, y)
        if found:
            _, run, step = found
            self.session.select(self.session.runs.index(run))
            self.session.cursor.look_at(step)
        return found is not None

    def show_minima(self, stars: Stars) -> None:
        """Show the known minima where they stand in the plot."""
        raise NotImplementedError

    def adopt(self, before: Problem | None, problem: Problem) -> None:
        """Take another problem, or the same with other parameters; ``before`` is the one shown until now."""
        if before is None or before.name != problem.name or not np.array_equal(before.domain, problem.domain):
            self.show_all()

    def restyle(self) -> None:
        super().restyle()
        if self.active:
            self._show_marks()

    def recompute(self) -> None:
        self.draw()  # the runs too are thinned for what is seen
        surface = self.surface
        compute = self.picture_of(surface)
        if self.swift:
            self._sketch.cancel()
            self._coarse = self.session.what_if.pending  # the hand moves: what counts is to follow it
            self.show_picture(compute(self.sizes[-2 if self._coarse else -1]))
        else:
            self._sketch.request(compute, self.sizes, surface.dimension)

    def close_threads(self) -> None:
        self._sketch.close()

    def showEvent(self, event: object) -> None:
        self._match_experiment()
        super().showEvent(event)

    def _take_frame(self) -> None:
        if self._stale and self.active and self.isVisible():
            self._recompute_if_stale()  # and drawn; what changes right before it is painted would be painted twice
        else:
            super()._take_frame()
        if self._coarse and not self.session.what_if.pending:
            self._coarse = False
            self.outdate()

    def _take_edit(self, change: ExperimentDiff) -> None:
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

    def _place_arrow(self, arrow: Arrow) -> Ends | None:
        if not self.active or not arrow.fits(self.session.experiment.problem.dimension):
            return None
        ends = self.ends_of(np.asarray(arrow.at, dtype=float), np.asarray(arrow.vector, dtype=float))
        return ends if np.isfinite(ends).all() else None

    def _show_marks(self) -> None:
        self.show_minima(self._minima)
        self.starts.update()
