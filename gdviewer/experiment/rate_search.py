"""A learning rate to begin with: the one that leads lowest without a leap, of many tried at once."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import UnfitError
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan

RATES = 31
STEPS = 200
PATIENCE_SECONDS = 2.0  # the window waits for it
_NUMBERS = 2**24  # of all points tried; of larger ones, even copies take long


def quick_rate(experiment: Experiment, plan: RunPlan, records: Records | None = None) -> float | None:
    """Return what :func:`find_rate` finds; None for a network, with which it takes longer than a window may wait."""
    return None if experiment.problem.batchwise else find_rate(experiment, plan, records=records)


def find_rate(
    experiment: Experiment, plan: RunPlan, patience: float = PATIENCE_SECONDS, records: Records | None = None
) -> float | None:
    """The learning rate with which a run comes lowest in 200 steps, of 31 from 1e-5 to 10, spaced by ratio.

    Of those with which it never climbs above the loss at its start, that is: a leap over a ridge may end lower, but it
    is no descent to learn from. (With batches any rate may climb at first, so there it is simply the lowest, by the
    loss on all rows.) All rates are stepped as one array, so that it takes about as long as 200 steps of one run, but
    for a network. Noise and the schedule are left out; of rates that come equally low the smallest is taken. For a run
    that leaves another it is tried from there.

    Args:
        patience: about the seconds it may take.
        records: where the run that it continues may be; it is tried from the start where that is not there.

    Returns:
        the rate, in two digits; None where there is none to find: no learning rate, an optimizer or a problem that
        does not step many points at once, or would take seconds, one that needs what the problem lacks, or no rate
        that leads lower so.
    """
    declared = plan.optimizer.hyperparameters.get("learning_rate")
    problem = experiment.problem
    if not isinstance(declared, Parameter) or not (plan.optimizer.broadcasts and problem.broadcasts):
        return None
    options = Options(l2=plan.options.l2, clip_norm=plan.options.clip_norm, clip_value=plan.options.clip_value)
    objective = options.objective(problem)
    if plan.optimizer.lacks(objective) or RATES * problem.dimension > _NUMBERS:
        return None
    rates = np.array([float(f"{rate:.2g}") for rate in np.geomspace(*declared.slider, RATES)])
    oracle = options.oracle(objective, experiment.seed)
    rule = plan.optimizer.bind({**plan.hyperparameters, "learning_rate": rates[:, None]})
    start = np.array(experiment.start_of(plan), dtype=float)
    branch = plan.branch
    record = records.get(branch, experiment) if records and branch else None
    if record and branch and record.begun and record.step >= branch.step:
        start = record.point(branch.step)
    x = np.tile(start, (RATES, 1))
    state: Sequence[Any] = tuple(plan.optimizer.state.values())
    beginning = float(objective.value(start))
    highest = losses = np.full(RATES, beginning)
    with np.errstate(all="ignore"):
        problem.prepare()
        began = perf_counter()
        for t in range(1, STEPS + 1):
            if perf_counter() - began > patience * t / STEPS + 0.05 * patience:
                return None
            oracle.begin(t, x)
            try:
                result = rule(x, oracle, t, *state) if plan.optimizer.counts_steps else rule(x, oracle, *state)
            except UnfitError:
                return None
            x, *state = result if isinstance(result, tuple) else (result,)
            if problem.batchwise and t < STEPS:
                continue
            losses = np.where(np.isfinite(x).all(axis=1), objective.value(x), np.inf)
            highest = np.maximum(highest, losses)  # not a number once it was one
    steady = np.isfinite(highest) if objective.stochastic else highest <= beginning
    losses = np.where(steady, losses, np.inf)
    best = int(losses.argmin())
    return float(rates[best]) if losses[best] < beginning else None
