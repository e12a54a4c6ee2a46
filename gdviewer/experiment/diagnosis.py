"""Diagnosis of the point that a run has reached: its kind and the curvature there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.engine.analysis.curvature import Curvature


def curvature_at(run: Run, step: int) -> Curvature:
    """Return the curvature of the whole loss, with its decay term, at row ``step`` of a run's trace."""
    from gdviewer.engine.analysis.curvature import curvature  # not needed to open the window

    problem = run.problem
    width = float(np.ptp(problem.domain, axis=1).max()) if isinstance(problem, Problem) else None
    gradient = None if run.objective.batchwise else run.recorded_gradient(step)
    return curvature(run.objective, run.point(step), gradient, width)


def diagnose(run: Run) -> Curvature | None:
    """Return the curvature at the point where a run stopped; None if it stopped for a reason other than that point.

    This may take long if a Hessian must be derived first, or if a user's function must be evaluated many times.
    """
    return curvature_at(run, run.step) if run.begun and run.stop and run.stop.is_about_the_point else None
