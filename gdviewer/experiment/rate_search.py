"""Search for an initial learning rate: many rates are tried at once, and the one with the lowest loss is returned."""

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
PATIENCE_SECONDS = 2.0  # the window waits for the search
_NUMBERS = 2**24  # in the points of all rates; beyond that, even a copy takes long


def quick_rate(experiment: Experiment, plan: RunPlan, records: Records | None = None) -> float | None:
    """Return the result of :func:`find_rate`; None for a network, whose search would block the window for too long."""
    return None if experiment.problem.batchwise else find_rate(experiment, plan, records=records)


def find_rate(
    experiment: Experiment, plan: RunPlan, patience: float = PATIENCE_SECONDS, records: Records | None = None
) -> float | None:
    """Return the learning rate with the lowest loss after 200 steps, of 31 rates from 1e-5 to 10 at a constant ratio.

    Rates with which the loss exceeds the loss at the start are excluded: a jump over a ridge may end lower, but it does
    not show a descent. With batches, any rate may raise the loss at first, so none is excluded, and the losses on all
    rows are compared. All rates are stepped as one array, which takes about as long as 200 steps of one run, except for
    a network. Noise and the schedule are ignored. Of several rates with equal losses, the smallest is returned. For a
    branch, the search begins at the step where it leaves the other run.

    Args:
        experiment: the experiment, for its problem, start and seed.
        plan: the run whose learning rate is searched.
        patience: the approximate time limit in seconds.
        records: the runs in memory; without the run that a branch continues, the search begins at the start.

    Returns:
        The rate, rounded to two digits. None if the optimizer has no learning rate or needs something that the problem
        does not have, if optimizer and problem can't step many points at once, if the search takes too long, or if
        no rate lowers the loss.
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
            highest = np.maximum(highest, losses)  # once NaN, it stays NaN
    steady = np.isfinite(highest) if objective.stochastic else highest <= beginning
    losses = np.where(steady, losses, np.inf)
    best = int(losses.argmin())
    return float(rates[best]) if losses[best] < beginning else None
