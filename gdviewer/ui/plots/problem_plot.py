"""What the landscape and the curve have in common: a problem over its coordinates, its minima, and its starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gdviewer.engine.oracle import Array
from gdviewer.problems.problem import Problem
from gdviewer.ui.plots.base import Plot, Stars
from gdviewer.ui.plots.sketch import Sketch
from gdviewer.ui.plots.starts import StartMarkers
from gdviewer.ui.session import Session


class ProblemPlot(Plot):
    """Follows the experiment's problem, and computes its picture for the region that is seen.

    Args:
        place: turns a start into a point of the plot.
        start_at: turns a point of the plot into a start.
    """

    sizes: tuple[int, ...] = ()  # of the pictures of a function that may be slow; the last is the one aimed at

    def __init__(self, session: Session, place: Callable[..., Any], start_at: Callable[..., Any]) -> None:
        super().__init__(session)
        self._problem: Problem | None = None
        self._sketch = Sketch(self)
        self._sketch.ready.connect(self.show_picture)
        self._minima = Stars(self)
        self.starts = StartMarkers(self, place, start_at)
        self.disableAutoRange()
        session.experiment_changed.connect(self._match_experiment)

    def picture_of(self, problem: Problem) -> Callable[[int], Any]:
        """A function that computes the picture of the visible region in a size; it is called in any thread."""
        raise NotImplementedError

    def show_picture(self, picture: Any) -> None:
        """Show a picture that was computed."""
        raise NotImplementedError

    def minima_places(self, problem: Problem) -> Array:
        """Where the known minima stand in the plot, (k, 2)."""
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
        problem = self.session.experiment.problem
        compute = self.picture_of(problem)
        if problem.sketched:
            self._sketch.request(compute, self.sizes, problem.dimension)
        else:
            self.show_picture(compute(self.sizes[-1]))

    def close_threads(self) -> None:
        self._sketch.close()

    def showEvent(self, event: object) -> None:
        self._match_experiment()
        super().showEvent(event)

    def _match_experiment(self) -> None:
        if not self.active:
            return
        before, self._problem = self._problem, self.session.experiment.problem
        if before is not self._problem:
            self.adopt(before, self._problem)
            self._show_marks()
            self.outdate()
        self.starts.update()

    def _show_marks(self) -> None:
        self._minima.show(self.minima_places(self.session.experiment.problem))
        self.starts.update()
