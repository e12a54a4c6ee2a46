"""What can be varied in a sweep, over which values, and what each of them needs to be compared with the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gdviewer.engine.analysis.stability import largest_stable_rate
from gdviewer.engine.rules.parameter import Choice, Parameter
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.experiment.rate_search import find_rate
from gdviewer.problems.batches import GivenBatches
from gdviewer.problems.networks.network import Network
from gdviewer.problems.regression import Regression

RATE, BATCH = "learning_rate", "batch_size"
SWEPT = RATE, BATCH, "scaling", "init"  # what can be varied
SEEDS = 5
MOST_STEPS = 1_000_000  # to which the limit is raised where each value is to have the steps it needs
NEAR = 1e-6  # of the way down to the lowest loss, what may be left: the weights are then right to about a thousandth
_USUAL_STEPS = 2000
_ROWS = 1, 4, 16, 64, 256  # batch sizes tried
_SHARES = tuple(10 ** (k / 2 + 0.25) for k in range(-6, 1))  # of the largest stable rate
_RATIOS = tuple(10 ** (k / 2) for k in range(-4, 5))  # to the run's own rate, where no stable one is known


def lacking(experiment: Experiment, plan: RunPlan, what: str) -> str:
    """Why a setting can't be swept, as a sentence; empty where it can."""
    problem, optimizer = experiment.problem, plan.optimizer
    if lacks := optimizer.lacks(plan.options.objective(problem)):
        return f"{optimizer.title} {lacks}."
    if what == RATE:
        declared = isinstance(optimizer.hyperparameters.get(RATE), Parameter)
        return "" if declared else f"{optimizer.title} has no learning rate to vary: it finds the length of its steps."
    if what not in problem.parameters:
        return f"{problem.title} has no {what.replace('_', ' ')} to vary; {_OWNERS[what]}."
    if what == BATCH and isinstance(problem, Network) and isinstance(problem.batches, GivenBatches):
        return "The batches of this network are given, row by row."
    return ""


_OWNERS = {
    BATCH: "a regression on data has one, and a neural network",
    "scaling": "a regression on data has one, and a neural network",
    "init": "a neural network has one",
}


def default_values(experiment: Experiment, plan: RunPlan, what: str) -> tuple[Any, ...]:
    """Values that show both ends: rates around the largest stable one where it is known, else around the run's own;
    batches from one row to all; every scaling; every initialisation."""
    declared = declared_of(experiment, plan, what)
    if isinstance(declared, Choice):
        return declared.words
    if what == BATCH:
        rows = rows_of(experiment)
        return (*(size for size in _ROWS if size < rows), 0)
    stable = stable_rate(experiment, plan)
    own = plan.optimizer.check(plan.hyperparameters)[RATE]
    rates = [stable * share for share in _SHARES] if stable else [own * ratio for ratio in _RATIOS]
    return tuple(float(f"{rate:.1g}") for rate in rates if declared.low < rate <= declared.high)


def default_seeds(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """One run of each value where nothing is drawn by chance, else five."""
    problem = experiment.problem
    chance = problem.stochastic or plan.options.noise or isinstance(problem, Network) or what == BATCH
    return SEEDS if chance else 1


def default_steps(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """How many steps a run may take: the experiment's limit up to a few thousand, as there are many runs; and many more
    where each value runs to the same loss."""
    raised = what == "scaling" and target_of(experiment, plan, what) is not None
    return MOST_STEPS if raised else min(experiment.limits.max_steps, _USUAL_STEPS)


def read_values(experiment: Experiment, plan: RunPlan, what: str, text: str) -> tuple[Any, ...]:
    """Values typed with commas between, ``all`` for a batch of all rows; raises ValueError for what is none."""
    declared = declared_of(experiment, plan, what)
    words = [word.strip().replace("−", "-") for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"type values of the {what.replace('_', ' ')} with commas between")
    values = [declared.check(what, "0" if what == BATCH and word == "all" else word) for word in words]
    return tuple(dict.fromkeys(values))


def value_title(what: str, value: Any) -> str:
    """A value as it is spoken of: ``η = 0.1``, ``batches of 16``, ``raw``."""
    if what == RATE:
        return f"η = {value:g}"
    if what == BATCH:
        return f"batches of {value:,}" if value else "all rows at once"
    return _WORDS.get(value, str(value))


_WORDS = {"none": "raw", "standardise": "standardised", "minmax": "min–max"}


def value_text(what: str, value: Any) -> str:
    """A value as a person writes it."""
    if what == BATCH:
        return f"{value}" if value else "all"
    return value if isinstance(value, str) else f"{value:g}"


def stable_rate(experiment: Experiment, plan: RunPlan) -> float | None:
    """The largest learning rate that is stable at the curvature of the start, where that is known beforehand: for
    rules that are linear, on regressions whose every step sees all rows."""
    problem = plan.options.objective(experiment.problem)
    clipped = plan.options.clip_norm is not None or plan.options.clip_value is not None
    if not isinstance(experiment.problem, Regression) or problem.stochastic or clipped:
        return None
    start = np.array(experiment.start_of(replace(plan, branch=None)))
    curvature = float(np.linalg.eigvalsh(problem.hessian(start))[-1])
    return largest_stable_rate(plan.optimizer, plan.optimizer.check(plan.hyperparameters), curvature)


def with_value(experiment: Experiment, plan: RunPlan, what: str, value: Any) -> tuple[Experiment, RunPlan]:
    """The experiment and the run with a setting at this value."""
    if what == RATE:
        return experiment, replace(plan, hyperparameters={**plan.hyperparameters, RATE: value})
    return experiment.with_problem(experiment.problem.replace(**{what: value})), plan


def declared_of(experiment: Experiment, plan: RunPlan, what: str) -> Any:
    """The declaration of what is varied."""
    return plan.optimizer.hyperparameters[RATE] if what == RATE else experiment.problem.parameters[what]


def target_of(experiment: Experiment, plan: RunPlan, what: str) -> float | None:
    """The loss a millionth of the way above the lowest, for what is run until it is there."""
    problem = plan.options.objective(experiment.problem)
    if what != "scaling" or not isinstance(experiment.problem, Regression) or problem.stochastic \
            or problem.lowest is None or plan.options.noise:  # fmt: skip
        return None
    start = float(problem.value(np.zeros(problem.dimension)))
    return problem.lowest + NEAR * (start - problem.lowest)


def own_rate(experiment: Experiment, plan: RunPlan) -> float | None:
    """A rate that suits this scaling; None for a network, which keeps its own: to find one takes seconds."""
    if isinstance(experiment.problem, Network):
        return None
    stable = stable_rate(experiment, plan)
    return min(stable / 2, declared_of(experiment, plan, RATE).high) if stable else find_rate(experiment, plan)


def rows_of(experiment: Experiment) -> int:
    """How many rows the problem is trained on."""
    rows: int = len(experiment.problem.targets)  # type: ignore[attr-defined] # only those with batches are asked
    return rows


def batch_count(rows: int, size: int) -> int:
    """How many batches of this size an epoch has."""
    return -(-rows // (size or rows))


def batches_of(experiment: Experiment) -> int:
    """How many batches an epoch has as the experiment is."""
    return batch_count(rows_of(experiment), int(experiment.problem.values[BATCH]))
