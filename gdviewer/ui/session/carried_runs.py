"""Runs that continue after an edit of the experiment."""

from __future__ import annotations

from collections.abc import Sequence

from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan


def carried_over(runs: Sequence[Run], experiment: Experiment, diff: ExperimentDiff, records: Records) -> list[Run]:
    """Return the runs of an edited experiment: the previous ones if they can continue, else new ones."""
    found = []
    for plan, change in zip(experiment.runs, diff.runs, strict=True):
        if change.goes_on and change.before is not None:
            found.append(runs[change.before])
            move_hyperparameters(found[-1], plan)
        else:
            found.append(experiment.build(plan, records))
    return found


def brought_back(runs: Sequence[Run | None], experiment: Experiment, records: Records) -> list[Run]:
    """Return the runs of a restored experiment, with the hyperparameters of their plans.

    A run whose record was dropped is built again.
    """
    found = []
    for plan, run in zip(experiment.runs, runs, strict=True):
        found.append(run or experiment.build(plan, records))
        move_hyperparameters(found[-1], plan)
    return found


def move_hyperparameters(run: Run, plan: RunPlan) -> None:
    """Change the hyperparameters of a run to those of its plan."""
    for name, value in plan.hyperparameters.items():
        if run.upcoming[name] != value:
            run.change(name, value)


def apply_stop_rules(run: Run, experiment: Experiment) -> None:
    """Apply the limits and breakpoints of an experiment; resume a run that stopped at a limit which has changed."""
    limits, ended_by = experiment.limits, run.stop.reason.limit if run.stop else None
    if ended_by and getattr(run.limits, ended_by) != getattr(limits, ended_by):
        run.resume(limits)
    else:
        run.limits = limits
    run.breakpoints = experiment.breakpoints
