"""A step executed again and made ready to be read, in any thread."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from gdviewer.engine.notation.values import value_text
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.run.replay_check import ADVICE, difference
from gdviewer.engine.run.run import Run
from gdviewer.engine.tracing.tracer import MAX_LINES, Inspection, inspect_step
from gdviewer.inspection.rows import ReportRow, TrialRow, rows_of, trials_of
from gdviewer.inspection.six_steps import SixSteps, is_of_network
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr

_PATIENCE_SECONDS = 0.25  # a step that takes longer is not compared with the one before, which would take as long


@dataclass(frozen=True, eq=False)
class StepReport:
    """What there is to be read of a step.

    Attributes:
        run: the run it is of; rule: the optimizer that took it, which is another where the run continues another's.
        start: the point it starts from, (n,).
        before, after: the loss at its start, and at its end where it was taken.
        rows: its lines.
        trials: the points it asked about.
        notes: what has to be known besides; faults: what went wrong.
        batch: how many examples a batch has, where one of them can be followed; else 0.
        followed: the row of the training data that is followed, from 0; None for none.
        seconds: what it took to be told.
    """

    run: Run
    rule: Optimizer
    step: int
    start: np.ndarray
    before: float
    after: float | None
    rows: list[ReportRow]
    trials: list[TrialRow]
    notes: list[str]
    faults: list[str]
    batch: int
    followed: int | None
    seconds: float


class Reporter:
    """Tells steps, and remembers the last few, as the next one is compared with them."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._known: dict[int, Inspection] = {}

    def tell(self, run: Run, step: int, example: int | None = None) -> StepReport:
        """Execute step number ``step`` again, from 1 to one past the last; of a network, told of one ``example`` of its
        batch where given, counted from 0."""
        collecting = gc.isenabled()
        gc.disable()  # it would look for cycles again and again, among all objects there are
        try:
            return self._tell(run, step, example)
        finally:
            if collecting:
                gc.enable()

    def _tell(self, run: Run, step: int, example: int | None) -> StepReport:
        if run is not self._run:
            self._run, self._known = run, {}
        began = perf_counter()
        inspection = self._inspect(run, step)
        quick = perf_counter() - began < _PATIENCE_SECONDS
        before = None
        if step > 1 and inspection.frame and (quick or step - 1 in self._known):
            before = self._known.get(step - 1) or inspect_step(run, step - 1, deep=False)
        trace, owner = run.trace, run.owner(step)
        start, taken = run.point(step - 1), step < len(trace)
        network = run.problem if isinstance(run.problem, Network) else None
        notes, faults, batch, followed = [], [], 0, None
        if not inspection.frame:
            rows = _without_source(owner, step, inspection)
        elif network is None:
            rows = rows_of(inspection, start, before)
        else:
            update = rows_of(inspection, start, before, skipped=is_of_network)
            told = SixSteps(network, run, step, inspection, update, example)
            rows, batch, followed = told.rows, network.batches.size if told.batch else 0, told.followed
            notes += [told.example_text] if told.example_text else []
        if not inspection.frame:
            notes.append(tr("There is no source of this rule to be had. What goes in and comes out:"))
        if not inspection.complete:
            notes.append(tr("The step ran on; its first {n} lines are shown.", n=f"{MAX_LINES:,}"))
        if inspection.error is not None and not any(row.error for top in rows for row in top.walk()):
            faults.append(f"{type(inspection.error).__name__}: {inspection.error}")
        if taken and inspection.error is not None:
            faults.append(tr("The step was taken without a fault when it was recorded. {advice}", advice=tr(ADVICE)))
        elif taken and inspection.x is not None:
            fault = difference(owner, step, inspection.x, inspection.state or {})
            faults += [tr(fault)] if fault else []
        return StepReport(
            run, owner.optimizer, step, start, float(trace.loss[step - 1]), float(trace.loss[step]) if taken else None,
            rows, trials_of(inspection, start), notes, faults, batch, followed,
            perf_counter() - began,
        )  # fmt: skip

    def _inspect(self, run: Run, step: int) -> Inspection:
        known = self._known.get(step)
        if known is None:
            known = inspect_step(run, step)
        recorded = step < len(run.trace)  # the step to come is another once something is changed
        kept = {number: told for number, told in self._known.items() if abs(number - step) == 1}
        self._known = kept | ({step: known} if recorded else {})
        return known


def _without_source(run: Run, step: int, inspection: Inspection) -> list[ReportRow]:
    """What goes into a rule whose lines are not to be had, and what comes out."""
    start = run.point(step - 1)
    values: dict[str, tuple[Any, Any]] = {"x": (start, inspection.x)}
    state = run.trace.state_after(step - 1)
    if state is not None:
        after = inspection.state or {}
        values |= {
            name: (part, after.get(name)) for name, part in zip(run.optimizer.state, state, strict=True)
        }  # fmt: skip
    rows = [ReportRow("t", f"t = {step}", f"t = {step}")] if run.optimizer.counts_steps else []
    for place, (name, (before, after)) in enumerate(values.items()):
        row = ReportRow(name, f"{name}: {value_text(before)} → ", f"{name}: {value_text(before)} →", value_text(after))
        row.of_rule, row.name, row.symbol, row.amount = True, name, name, after
        vector = np.asarray(after if after is not None else [], dtype=float)
        if vector.shape == start.shape:
            row.vector, row.leads, row.color = vector, vector - start if name == "x" else vector, place
        rows.append(row)
    for place, row in enumerate(rows):
        row.place = place
    return rows
