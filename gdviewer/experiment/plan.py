"""The plan of one run: its optimizer, where it starts, and the run it may continue."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Run

Point = tuple[float, ...]


@dataclass(frozen=True)
class Branch:
    """Where a run leaves another one, which is described whole: what continues it needs no other run to be there.

    Attributes:
        plan: the other run as it began.
        step: the step after which it is left.
        changes: the hyperparameters that were moved in it up to that step.
    """

    plan: RunPlan
    step: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class RunPlan:
    """One run of an experiment: the optimizer, its hyperparameters, where it starts, and how it is shown.

    Attributes:
        hyperparameters: those that differ from the defaults, or all; checked when made.
        start: a start of its own, or None for the experiment's.
        color: index into the palette of run colours.
        visible: whether it is drawn; it is stepped all the same.
        options: decay in the loss, clipping, noise, and the schedule of the learning rate.
        branch: where it leaves another run; None where it begins at its start.

    Raises:
        ValueError: a hyperparameter the optimizer does not have, or one out of range.
    """

    optimizer: Optimizer
    hyperparameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    start: Point | None = None
    color: int = 0
    visible: bool = True
    options: Options = Options()
    branch: Branch | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", self.optimizer.check(self.hyperparameters))

    @property
    def title(self) -> str:
        """The optimizer's title, and its learning rate where it has one."""
        rate = self.hyperparameters.get("learning_rate")
        return self.optimizer.title if rate is None else f"{self.optimizer.title}   η = {rate:g}"

    def with_optimizer(self, optimizer: Optimizer) -> RunPlan:
        """The same run with another optimizer: hyperparameters and options that it can have too are kept."""
        kept: dict[str, Any] = {}
        for name, value in self.hyperparameters.items():
            with suppress(ValueError):
                kept |= {name: optimizer.check({name: value})[name]}
        options = self.options
        if "learning_rate" not in optimizer.hyperparameters:
            options = replace(options, schedule=None)
        return replace(self, optimizer=optimizer, hyperparameters=kept, options=options)

    def continued(self, run: Run, step: int) -> RunPlan:
        """The plan that goes on as ``run``, which was built from this one, does after ``step`` steps."""
        if self.branch and run.origin and step < run.branch_step:  # that step is of the run it left
            return replace(self.branch.plan.continued(run.origin.run, step), color=self.color)
        initial, changes = run.hyperparameters_since(step)
        branch = Branch(replace(self, hyperparameters=initial), step, changes)
        now = run.hyperparameters_at(step + 1) if step < run.step else run.upcoming
        return replace(self, hyperparameters=now, start=None, branch=branch)
