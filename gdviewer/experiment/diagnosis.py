"""What kind of point a run is at, or stopped at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.engine.analysis.curvature import Curvature


def curvature_at(run: Run, step: int) -> Curvature:
    """How the loss curves at row ``step`` of a run's trace: the whole loss, decay in it included."""
    from gdviewer.engine.analysis.curvature import curvature  # the window opens without it

    problem = run.problem
    width = float(np.ptp(problem.domain, axis=1).max()) if isinstance(problem, Problem) else None
    gradient = None if run.objective.batchwise else run.recorded_gradient(step)
    return curvature(run.objective, run.point(step), gradient, width)


def diagnose(run: Run) -> Curvature | None:
    """What is to be told of the point where a run stopped; None where it stopped for another reason than that point.

    It may take long where a Hessian has to be derived first, or a function of the user's has to be asked many times.
    """
    return curvature_at(run, run.step) if run.begun and run.stop and run.stop.is_about_the_point else None
