"""Reports of a step, which is executed again for this, in any thread."""

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

_COMPARE_SECONDS = 0.25  # a step that takes longer is not compared with the one before


@dataclass(frozen=True, eq=False)
class StepReport:
    """The report of a step.

    Attributes:
        run: the run; rule: the optimizer of the step, which is another one before the branch of a run.
        step: the number of the step; start: the point at its start, shape (n,).
        before, after: the loss at its start and at its end; ``after`` is None for a step that is not executed yet.
        rows: its lines; trials: its trial points.
        notes: remarks; faults: errors.
        batch: the number of examples in a batch of which one can be followed; 0 otherwise.
        followed: the row of the training data that is followed, counted from 0; None if there is none.
        seconds: the time of the report.
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
    """Makes reports, and caches the last inspections, with which the next one is compared."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._known: dict[int, Inspection] = {}

    def report(self, run: Run, step: int, example: int | None = None) -> StepReport:
        """Execute a step again and return its report.

        Args:
            run: the run.
            step: from 1 to one past the last step.
            example: the index of an example in the batch of a network, from 0; None for all examples.
        """
        collecting = gc.isenabled()
        gc.disable()  # a collection among all objects would be slow
        try:
            return self._report(run, step, example)
        finally:
            if collecting:
                gc.enable()

    def _report(self, run: Run, step: int, example: int | None) -> StepReport:
        if run is not self._run:
            self._run, self._known = run, {}
        began = perf_counter()
        inspection = self._inspect(run, step)
        quick = perf_counter() - began < _COMPARE_SECONDS
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
            parts = SixSteps(network, run, step, inspection, update, example)
            rows, batch, followed = parts.rows, network.batches.size if parts.batch else 0, parts.followed
            notes += [parts.example_text] if parts.example_text else []
        if not inspection.frame:
            notes.append(tr("The source of this rule is not available. Its inputs and results:"))
        if not inspection.complete:
            notes.append(tr("The step has more lines; the first {n} are shown.", n=f"{MAX_LINES:,}"))
        if inspection.error is not None and not any(row.error for top in rows for row in top.walk()):
            faults.append(f"{type(inspection.error).__name__}: {inspection.error}")
        if taken and inspection.error is not None:
            faults.append(tr("The recorded step had no error. {advice}", advice=tr(ADVICE)))
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
        recorded = step < len(run.trace)  # the next step may change with an edit
        kept = {number: other for number, other in self._known.items() if abs(number - step) == 1}
        self._known = kept | ({step: known} if recorded else {})
        return known


def _without_source(run: Run, step: int, inspection: Inspection) -> list[ReportRow]:
    """Return rows for the inputs and results of a rule without source."""
    start = run.point(step - 1)
    values: dict[str, tuple[Any, Any]] = {"x": (start, inspection.x)}
    state = run.trace.state_after(step - 1)
    if state is not None:
        after = inspection.state or {}
        values |= {
            name: (part, after.get(name)) for name, part in zip(run.optimizer.state, state, strict=True)
        }  # fmt: skip
    rows = [ReportRow("t", f"t = {step}", f"t = {step}")] if run.optimizer.counts_steps else []
    for index, (name, (before, after)) in enumerate(values.items()):
        row = ReportRow(name, f"{name}: {value_text(before)} → ", f"{name}: {value_text(before)} →", value_text(after))
        row.of_rule, row.name, row.symbol, row.amount = True, name, name, after
        vector = np.asarray(after if after is not None else [], dtype=float)
        if vector.shape == start.shape:
            row.vector, row.leads, row.color = vector, vector - start if name == "x" else vector, index
        rows.append(row)
    for index, row in enumerate(rows):
        row.index = index
    return rows
