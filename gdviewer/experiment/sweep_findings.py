"""Summaries of a sweep: a table of its values, and sentences about its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.record.events import Message
from gdviewer.experiment.sweep import BATCH, FAILED, RATE, Sweep, value_title

_WORSE = 2.0  # a loss above this multiple of the best loss is much worse
_LEARNT = 0.5  # a run has learnt if its loss fell by this share of the fall to the best loss


@dataclass(frozen=True)
class Summary:
    """The runs of one value as a row of a table, with medians over the seeds.

    Attributes:
        value: the value of the setting.
        runs: the number of runs.
        diverged: the number of runs that diverged.
        start: the first loss.
        end: the last loss.
        low: the lower quartile of the last loss.
        high: the upper quartile of the last loss.
        steps: the number of steps.
        limited: True if most runs stopped at the step limit.
        reached: the step at which the loss reached the target; NaN if most runs did not reach it; None without target.
        rate: the learning rate.
        noise: see :class:`gdviewer.experiment.sweep.Outcome`.
        measures: the measures of a network; empty for other problems.
    """

    value: Any
    runs: int
    diverged: int
    start: float
    end: float
    low: float
    high: float
    steps: float
    limited: bool
    reached: float | None
    rate: float
    noise: float
    measures: Mapping[str, float]

    @property
    def lost(self) -> bool:
        """True if the median run diverged."""
        return not np.isfinite(self.end)


def summaries(sweep: Sweep) -> list[Summary]:
    """Return a summary of each value that has results, in the order of the values."""
    found = []
    for value in sweep.values:
        if outcomes := sweep.of(value):
            with np.errstate(invalid="ignore"):
                low, end, high = np.quantile([one.end for one in outcomes], (0.25, 0.5, 0.75))
            names = outcomes[0].measures.keys() if all(one.measures for one in outcomes) else ()
            reached = [np.inf if one.reached is None else float(one.reached) for one in outcomes]
            median = float(np.median(reached))
            found.append(
                Summary(
                    value, len(outcomes), sum(one.diverged for one in outcomes),
                    float(np.median([one.losses[0] for one in outcomes])), float(end), float(low), float(high),
                    float(np.median([one.steps for one in outcomes])),
                    sum(one.limited for one in outcomes) * 2 > len(outcomes),
                    None if sweep.target is None else median if np.isfinite(median) else np.nan,
                    outcomes[0].rate, float(np.median([one.noise for one in outcomes])),
                    {name: float(np.median([one.measures[name] for one in outcomes])) for name in names},
                )
            )  # fmt: skip
    return found


def findings(sweep: Sweep) -> list[Message]:
    """Return sentences about the results so far; an empty list before each value has a result."""
    lines = summaries(sweep)
    if len(lines) < len(sweep.values):
        return []
    failed = [one.stop for one in sweep.outcomes if one.stop and one.stop.reason in FAILED]
    if failed:
        return [Message("{n} of {runs} runs failed: {error}", {
            "n": len(failed), "runs": len(sweep.outcomes), "error": failed[0].message,
        })]  # fmt: skip
    finite = [line for line in lines if not line.lost]
    if not finite:
        return [Message("All of them diverged: a smaller learning rate may not.")]
    best = min(finite, key=lambda line: line.end)
    if sweep.what == RATE:
        found = _of_rates(sweep, lines, best)
    elif sweep.what == BATCH:
        found = _of_batches(sweep, lines, best)
    else:
        found = [_best(sweep, best), *_speeds(sweep, lines)]
        found = found if sweep.target is None else found[1:]  # all runs end at the same loss
        if lost := [line for line in lines if line.lost]:
            found.append(Message("Diverged: {values}.", {"values": _names(sweep, lost)}))
    if sweep.what == "scaling" and best.rate > 0:
        found.append(_rates_used(sweep, lines))
    return found


def _best(sweep: Sweep, best: Summary) -> Message:
    values: dict[str, Any] = {
        "value": value_title(sweep.what, best.value),
        "loss": _g(best.end),
        "steps": _n(best.steps),
    }
    values |= {"runs": best.runs, "low": _g(best.low), "high": _g(best.high)}
    if best.runs == 1:
        return Message("{value} came lowest: to a loss of {loss} in {steps} steps.", values)
    return Message(
        "{value} came lowest: to a loss of {loss} in {steps} steps (median of {runs} runs; quartiles {low} and "
        "{high}).",
        values,
    )


def _of_rates(sweep: Sweep, lines: list[Summary], best: Summary) -> list[Message]:
    found = [_best(sweep, best)]
    order = sorted(lines, key=lambda line: line.value)
    behind = [line for line in order if line.value < best.value and line.limited and line.end > _WORSE * best.end]
    if behind:
        slow, first = behind[-1], behind[0]
        values: dict[str, Any] = {
            "value": value_title(RATE, slow.value),
            "steps": _n(slow.steps),
            "factor": _g(_WORSE),
            "start": _g(first.start),
        }
        values |= {"smallest": value_title(RATE, first.value), "loss": _g(first.end)}
        found.append(
            Message(
                "Too small, {value} and less: they ran out of {steps} steps with more than {factor} times that loss; "
                "{smallest} had come from {start} to {loss}.",
                values,
            )
        )
    if best is order[-1]:
        found.append(Message("None of them was too large."))
    above = [line for line in order if line.value > best.value]
    if rough := [line for line in above if not line.lost and line.end > _WORSE * best.end]:
        values = {
            "value": value_title(RATE, rough[0].value),
            "loss": _g(rough[0].end),
            "times": _n(rough[0].end / best.end),
        }
        found.append(Message("Too large to settle: {value} ended at {loss}, {times} times as high.", values))
    if lost := [line for line in above if line.lost]:
        values = {"value": value_title(RATE, lost[0].value), "steps": _n(lost[0].steps)}
        found.append(Message("Too large, from {value} up: diverged, at {value} after {steps} steps.", values))
    return found


def _of_batches(sweep: Sweep, lines: list[Summary], best: Summary) -> list[Message]:
    values = {"epochs": _n(sweep.epochs), "value": value_title(BATCH, best.value), "loss": _g(best.end)}
    found = [
        Message(
            "After {epochs} epochs {value} came lowest: to a loss of {loss} in {steps} steps.",
            values | {"steps": _n(best.steps)},
        )
    ]
    by_size = sorted((line for line in lines if not line.lost), key=lambda line: line.value or np.inf)
    small, large = by_size[0], by_size[-1]
    if small is not large:
        values = {"small": value_title(BATCH, small.value), "large": value_title(BATCH, large.value)}
        values |= {"steps": _n(large.steps), "many": _n(small.steps)}
        found.append(Message("In the same epochs {large} made {steps} steps, {small} {many}.", values))
    noises = [(line.noise, value_title(BATCH, line.value)) for line in lines if np.isfinite(line.noise)]
    errors = ", ".join(f"{noise:.2g} with {title}" for noise, title in noises)
    found.append(
        Message(
            "Batches add noise: at the start the relative error of the gradient of a batch is {errors}.",
            {"errors": errors},
        )
    )
    if lost := [line for line in lines if line.lost]:
        found.append(Message("Diverged: {values}.", {"values": _names(sweep, lost)}))
    return found


def _speeds(sweep: Sweep, lines: list[Summary]) -> list[Message]:
    """Return sentences about the steps that each value takes to a loss that all values that learn reach."""
    target, steps, about = sweep.target, {}, ""
    if target is not None:
        steps = {line.value: line.reached or 0.0 for line in lines}
    else:
        lowest = min(line.end for line in lines)
        learnt = [line for line in lines if line.end - lowest <= (1 - _LEARNT) * (line.start - lowest)]
        if not learnt:
            return []
        target = max(line.end for line in learnt)
        steps = {line.value: _first_at(sweep, line.value, target) for line in lines}
        about = "about "
    counts = [f"{value_title(sweep.what, value)} {about + _n(n) if n >= 0 else 'never'}" for value, n in steps.items()]
    reached = [n for n in steps.values() if np.isfinite(n)]
    values: dict[str, Any] = {"target": f"{target:.5g}", "counts": ", ".join(counts)}
    found = [Message("Steps to a loss of {target}: {counts}.", values)]
    if len(reached) > 1 and min(reached) > 0:
        fast, slow = (next(v for v, n in steps.items() if n == end) for end in (min(reached), max(reached)))
        values = {"slow": value_title(sweep.what, slow), "fast": value_title(sweep.what, fast)}
        values |= {"times": _n(max(reached) / min(reached))}
        found.append(Message("{slow} took {times} times the steps of {fast}.", values))
    never = [line for line in lines if not line.lost and np.isnan(steps[line.value])]
    if never and reached:
        most = max(line.steps for line in never)
        values = {"values": _names(sweep, never), "steps": _n(most), "times": _n(most / max(min(reached), 1))}
        if sweep.target is None:
            found.append(Message("Not there in {steps} steps: {values}.", values))
        else:
            found.append(Message("Not there in {steps} steps, {times} times as many: {values}.", values))
    return found


def _first_at(sweep: Sweep, value: Any, target: float) -> float:
    """Return the first step of the axis at which the median loss reaches the target; NaN if none does."""
    band = sweep.band(value)
    hits = np.flatnonzero(band.median <= target * (1 + 1e-12)) if band else np.empty(0, dtype=int)
    return float(sweep.steps_at(value)[hits[0]]) if len(hits) else np.nan


def _rates_used(sweep: Sweep, lines: list[Summary]) -> Message:
    rates = ", ".join(f"{value_title(sweep.what, line.value)} {line.rate:.3g}" for line in lines)
    if sweep.half_stable:
        return Message("Each ran at half of its own largest stable learning rate: {rates}.", {"rates": rates})
    if sweep.finds_rates:
        return Message("Each ran at the learning rate that a search found for it: {rates}.", {"rates": rates})
    return Message("All ran at the same learning rate, {rate}.", {"rate": f"{lines[0].rate:.3g}"})


def _names(sweep: Sweep, lines: list[Summary]) -> str:
    return ", ".join(value_title(sweep.what, line.value) for line in lines)


def _g(value: float) -> str:
    return f"{value:.3g}"


def _n(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3g}"
