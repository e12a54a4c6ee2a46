"""Titles of runs."""

from __future__ import annotations

from gdviewer.experiment.plan import RunPlan
from gdviewer.text import tr


def plan_title(plan: RunPlan) -> str:
    """Return the title of a run, with the step at which it branches off another."""
    if plan.branch is None:
        return plan.title
    return tr("{run}, from step {step}", run=plan.title, step=f"{plan.branch.step:,}")
