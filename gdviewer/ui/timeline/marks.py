"""Marks of the timeline: stops, breakpoint hits, changed hyperparameters, and steps at which the loss rose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.plan import RunPlan
from gdviewer.text import hit_text, stop_text, tr
from gdviewer.ui.plots.thinning import Array, GrowingArray
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title

STOP, HIT, CHANGE, ROSE = "stop", "hit", "change", "rose"


class Mark(NamedTuple):
    """An event at a step of a run.

    Attributes:
        step: the step; plan: the plan of the run.
        kind: STOP, HIT, CHANGE or ROSE.
        event: the stop, hit or change; None for ROSE.
    """

    step: int
    kind: str
    plan: RunPlan
    event: Any = None

    @property
    def text(self) -> str:
        """A sentence on the event and its run."""
        event, names = self.event, {"step": f"{self.step:,}", "run": plan_title(self.plan)}
        if self.kind == ROSE:
            return tr("step {step}: the loss rose. {run}", **names)
        if self.kind == CHANGE:
            name = tr(event.name.replace("_", " "))
            names |= {"name": name, "value": f"{event.value:.6g}"}
            return tr("step {step}: {name} becomes {value}. {run}", **names)
        if self.kind == HIT:
            return tr("{why} {run}", why=hit_text(event), **names)  # the reason includes the step
        return tr("step {step}: the end. {why} {run}", why=stop_text(event)[0], **names)


class Rises:
    """The steps of one run at which the loss rose; each row of the trace is read once."""

    def __init__(self) -> None:
        self._steps = GrowingArray()
        self._seen = 1

    def update(self, loss: Array) -> Array:
        """Read the new rows of ``loss``, shape (k,), and return all steps at which it rose, in order."""
        if len(loss) > self._seen:
            new = loss[self._seen - 1 :]
            self._steps.extend(np.flatnonzero(new[1:] > new[:-1]) + self._seen)
            self._seen = len(loss)
        return self._steps.values


class Marks:
    """The marks of the visible runs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rises: WeakKeyDictionary[Run, Rises] = WeakKeyDictionary()

    def events(self) -> list[Mark]:
        """Return the stops, breakpoint hits and changed hyperparameters, which are drawn one by one."""
        return [mark for plan, run in self._shown() for mark in _events_of(plan, run)]

    def rises(self) -> list[tuple[RunPlan, Array]]:
        """Return the steps at which the loss of each run rose."""
        return [
            (plan, self._rises.setdefault(run, Rises()).update(run.trace.loss))
            for plan, run in self._shown()
            if not (run.problem.batchwise and run.problem.stochastic)  # losses of batches rise at every other step
        ]

    def near(self, step: float, reach: float) -> list[Mark]:
        """Return the marks up to ``reach`` steps from ``step``, which may be fractional.

        Events come first, then the nearest rise of each run; in each group the nearest is first.
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
    """Return the nearest of a few steps, if it is at most ``reach`` away; shape (1,) or (0,)."""
    distances = np.abs(steps - step)
    return steps[[distances.argmin()]] if len(steps) and distances.min() <= reach else steps[:0]


def _events_of(plan: RunPlan, run: Run) -> Iterator[Mark]:
    newest, stop = run.step, run.stop
    for change in run.trace.changes:
        if change.step <= newest:  # a change is recorded before the first step that uses it
            yield Mark(change.step, CHANGE, plan, change)
    for hit in run.trace.hits:
        yield Mark(min(hit.step, newest), HIT, plan, hit)  # a hit at a move that was not applied is shown at its start
    if stop and stop.reason not in (Reason.USER, Reason.BREAKPOINT):
        yield Mark(newest, STOP, plan, stop)
