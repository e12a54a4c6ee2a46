"""The plan of a run: its optimizer, its settings, its start, and the run it continues."""

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
    """The point at which a run branches from another one.

    The other run is described in full, so the branch does not depend on any other run of the experiment.

    Attributes:
        plan: the other run as it started.
        step: the last step of the other run.
        changes: the hyperparameters that were changed in the other run up to that step.
    """

    plan: RunPlan
    step: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class RunPlan:
    """One run of an experiment: its optimizer, hyperparameters, start and appearance.

    Attributes:
        optimizer: the optimizer.
        hyperparameters: values by name; only those that differ from the defaults are needed. They are checked.
        start: the start of this run alone, or None for the start of the experiment.
        color: index into the palette of run colours.
        visible: True if the run is drawn; a hidden run is executed too.
        options: decay in the loss, clipping, noise, and the schedule of the learning rate.
        branch: the point of another run that this one continues; None if it begins at its start.

    Raises:
        ValueError: the optimizer does not have a hyperparameter, or a value is out of range.
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
        """The title of the optimizer, and its learning rate if it has one."""
        rate = self.hyperparameters.get("learning_rate")
        return self.optimizer.title if rate is None else f"{self.optimizer.title}   η = {rate:g}"

    def with_optimizer(self, optimizer: Optimizer) -> RunPlan:
        """Return the plan with another optimizer; hyperparameters and options that are valid for it are kept."""
        kept: dict[str, Any] = {}
        for name, value in self.hyperparameters.items():
            with suppress(ValueError):
                kept |= {name: optimizer.check({name: value})[name]}
        options = self.options
        if "learning_rate" not in optimizer.hyperparameters:
            options = replace(options, schedule=None)
        return replace(self, optimizer=optimizer, hyperparameters=kept, options=options)

    def continued(self, run: Run, step: int) -> RunPlan:
        """Return the plan that continues ``run``, which was built from this plan, after ``step`` steps."""
        if self.branch and run.origin and step < run.branch_step:  # that step belongs to the other run
            return replace(self.branch.plan.continued(run.origin.run, step), color=self.color)
        initial, changes = run.hyperparameters_since(step)
        branch = Branch(replace(self, hyperparameters=initial), step, changes)
        now = run.hyperparameters_at(step + 1) if step < run.step else run.upcoming
        return replace(self, hyperparameters=now, start=None, branch=branch)
