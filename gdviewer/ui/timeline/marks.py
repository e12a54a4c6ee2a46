"""What there is to find on the way: stops, breakpoints, hyperparameters that were moved, and steps that went uphill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.plan import RunPlan
from gdviewer.text import hit_text, stop_text, tr
from gdviewer.ui.plots.thinning import Array, Growing
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title

STOP, HIT, CHANGE, ROSE = "stop", "hit", "change", "rose"


class Mark(NamedTuple):
    """Something that happened at a step of a run.

    Attributes:
        kind: STOP, HIT, CHANGE or ROSE.
        what: the stop, hit or change itself.
    """

    step: int
    kind: str
    plan: RunPlan
    what: Any = None

    @property
    def text(self) -> str:
        """What happened, and to which run."""
        what, names = self.what, {"step": f"{self.step:,}", "run": plan_title(self.plan)}
        if self.kind == ROSE:
            return tr("step {step}: the loss rose. {run}", **names)
        if self.kind == CHANGE:
            name = tr(what.name.replace("_", " "))
            names |= {"name": name, "value": f"{what.value:.6g}"}
            return tr("step {step}: {name} is {value} from here on. {run}", **names)
        if self.kind == HIT:
            return tr("{why} {run}", why=hit_text(what), **names)  # it names the step
        return tr("step {step}: the end. {why} {run}", why=stop_text(what)[0], **names)


class Rises:
    """The steps of one run at which the loss rose; each row of its trace is looked at once."""

    def __init__(self) -> None:
        self._steps = Growing()
        self._seen = 1

    def update(self, loss: Array) -> Array:
        """Take in the rows that are new in ``loss`` (length,), and return all steps at which it rose, in order."""
        if len(loss) > self._seen:
            fresh = loss[self._seen - 1 :]
            self._steps.extend(np.flatnonzero(fresh[1:] > fresh[:-1]) + self._seen)
            self._seen = len(loss)
        return self._steps.values


class Marks:
    """The marks of the runs that are shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rises: WeakKeyDictionary[Run, Rises] = WeakKeyDictionary()

    def events(self) -> list[Mark]:
        """Stops, breakpoints hit and hyperparameters moved: the few that are shown one by one."""
        return [mark for plan, run in self._shown() for mark in _events_of(plan, run)]

    def rises(self) -> list[tuple[RunPlan, Array]]:
        """The steps at which the loss of each run rose."""
        return [
            (plan, self._rises.setdefault(run, Rises()).update(run.trace.loss))
            for plan, run in self._shown()
            if not (run.problem.batchwise and run.problem.stochastic)  # there every other step rises, and none tells
        ]

    def near(self, step: float, reach: float) -> list[Mark]:
        """The marks up to ``reach`` steps from ``step``, which need not be whole.

        Events come first, then of each run's rises the nearest; of each kind the nearest is first.
        """
        events = [mark for mark in self.events() if abs(mark.step - step) <= reach]
        rises = []
        for plan, steps in self.rises():
            at = int(np.searchsorted(steps, step))
            rises += [Mark(int(s), ROSE, plan) for s in _nearest(steps[max(at - 1, 0) : at + 1], step, reach)]
        return [*sorted(events, key=lambda m: abs(m.step - step)), *sorted(rises, key=lambda m: abs(m.step - step))]

    def _shown(self) -> Iterator[tuple[RunPlan, Run]]:
        for plan, run in zip(self._session.experiment.runs, self._session.runs, strict=True):
            if plan.visible and run.begun:
                yield plan, run


def _nearest(steps: Array, step: float, reach: float) -> Array:
    """The one of a few ``steps`` that is nearest, where it is up to ``reach`` away."""
    far = np.abs(steps - step)
    return steps[[far.argmin()]] if len(steps) and far.min() <= reach else steps[:0]


def _events_of(plan: RunPlan, run: Run) -> Iterator[Mark]:
    newest, stop = run.step, run.stop
    for change in run.trace.changes:
        if change.step <= newest:  # it is known before the first step that uses it is done
            yield Mark(change.step, CHANGE, plan, change)
    for hit in run.trace.hits:
        yield Mark(min(hit.step, newest), HIT, plan, hit)  # of a move that was not applied, where it would begin
    if stop and stop.reason not in (Reason.USER, Reason.BREAKPOINT):
        yield Mark(newest, STOP, plan, stop)
