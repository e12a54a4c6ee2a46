"""The kinds of breakpoints: a small function each, which judges a block of steps at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.breakpoints.condition import condition
from gdviewer.engine.breakpoints.steps import Steps
from gdviewer.engine.record.trace import norms
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Choice, Declared, Parameter

EXPRESSION = "expression"
Judgement = tuple[NDArray[np.bool_], Callable[[int], Mapping[str, Any]]]


@dataclass(frozen=True)
class BreakpointKind:
    """A kind of breakpoint.

    Attributes:
        title: what a list calls it.
        sentence: what is said where it hits, before the values are filled in (for translation).
        meaning: a sentence on when it hits.
        judge: tells of each step whether it holds, and of one that does the values its sentence speaks of.
        parameter: what may be set of it.
        lasts: whether it may hold for many steps, and hits where it becomes true; the others are events, and each hits.
        unapplied: whether a move counts that was not applied as it was not finite.
    """

    title: str
    sentence: str
    meaning: str
    judge: Callable[..., Judgement]
    parameter: Declared | None = None
    lasts: bool = False
    unapplied: bool = False


# Fields, flags, checks and sentences are made from these.
KINDS: dict[str, BreakpointKind] = {}


def _kind(
    title: str, sentence: str, meaning: str, **options: Any
) -> Callable[[Callable[..., Judgement]], Callable[..., Judgement]]:
    def declare(judge: Callable[..., Judgement]) -> Callable[..., Judgement]:
        KINDS[judge.__name__.strip("_")] = BreakpointKind(title, f"Breakpoint: {sentence}", meaning, judge, **options)
        return judge

    return declare


@_kind(
    "loss rises",
    "the loss rises from {before:.6g} to {after:.6g} at step {step:,}.",
    "Hits at each step whose loss is higher than the one before.",
)
def _loss_rises(steps: Steps) -> Judgement:
    loss = steps.loss
    return loss[1:] > loss[:-1], lambda i: {"before": loss[i], "after": loss[i + 1]}


@_kind(
    "loss rises n times running",
    "the loss has risen {limit:,} times running, from {before:.6g} to {after:.6g}, at step {step:,}.",
    "Hits where the loss has risen this many steps running.",
    parameter=Parameter(3, 2, 10_000, scale="log", slider=(2, 100), whole=True, meaning="rises one after another"),
    lasts=True,
)
def _loss_rises_running(steps: Steps, n: int) -> Judgement:
    if not (steps.loss[1:] > steps.loss[:-1]).any():
        return np.zeros(len(steps.rates), dtype=bool), lambda _: {}
    loss = steps.losses_from(n)
    k, index = len(steps.rates), np.arange(1, len(loss))
    last_fall = np.maximum.accumulate(np.where(loss[1:] > loss[:-1], 0, index))
    return (index - last_fall >= n)[-k:], lambda i: {"before": loss[i - k - n], "after": loss[i - k]}


@_kind(
    "move goes uphill",
    "the move goes uphill at step {step:,}: g·Δ is {slope:.4g}.",
    "Hits at each step with g·Δ > 0: g the gradient where the step began, Δ the move.",
)
def _uphill(steps: Steps) -> Judgement:
    slope = np.einsum("ij,ij->i", steps.gradient[:-1], steps.move)
    return slope > 0, lambda i: {"slope": slope[i]}


@_kind(
    "‖gradient‖ below", "‖gradient‖ is {norm:.4g}, below {limit:g}, at step {step:,}.",
    "Hits where the Euclidean norm of the gradient becomes smaller than this.",
    parameter=Parameter(1e-3, 0, 1e300, scale="log", open_low=True, slider=(1e-12, 1e3), meaning="Euclidean norm"),
    lasts=True,
)  # fmt: skip
def _gradient_below(steps: Steps, limit: float) -> Judgement:
    norm = norms(steps.gradient[1:])
    return norm < limit, lambda i: {"norm": norm[i]}


@_kind(
    "move longer than", "the move of step {step:,} is {length:.4g} long, longer than {limit:g}.",
    "Hits at each step that moves further than this.",
    parameter=Parameter(1, 0, 1e300, scale="log", slider=(1e-6, 1e6), meaning="Euclidean length of a move"),
)  # fmt: skip
def _move_longer(steps: Steps, limit: float) -> Judgement:
    return steps.length > limit, lambda i: {"length": steps.length[i]}


@_kind(
    "leaves the domain",
    "step {step:,} leaves the domain: x[{index}] is {component:.6g}, outside {low:g} … {high:g}.",
    "Hits where the path leaves the region that the problem is usually looked at.",
)
def _leaves_domain(steps: Steps) -> Judgement:
    low, high = steps.context.domain.T
    outside: Any = ((steps.x < low) | (steps.x > high)).any(axis=1)

    def tell(i: int) -> Mapping[str, Any]:
        point = steps.x[i + 1]
        index = int(np.argmax((point < low) | (point > high)))
        return {"index": index, "component": point[index], "low": low[index], "high": high[index]}

    return outside[1:] & ~outside[:-1], tell


@_kind(
    "turns by more than", "the path turns by {angle:.4g}° at step {step:,}, more than {limit:g}°.",
    "Hits at each step whose move makes a larger angle with the move before.",
    parameter=Parameter(90, 0, 180, meaning="degrees between a move and the one before"),
)  # fmt: skip
def _turns(steps: Steps, limit: float) -> Judgement:
    before = steps.previous_move
    cosine = np.einsum("ij,ij->i", steps.move, before) / (steps.length * norms(before))
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # NaN where there was no move
    return angle > limit, lambda i: {"angle": angle[i]}


@_kind(
    "a component changes sign", "{limit}[{index}] changes sign at step {step:,}, from {before:.4g} to {after:.4g}.",
    "Hits at each step that takes a component from below zero to above, or back.",
    parameter=Choice("x", ("x", "gradient", "move"), meaning="whose components"),
)  # fmt: skip
def _changes_sign(steps: Steps, what: str) -> Judgement:
    now, before = steps.now(what).T, steps.previous(what).T
    changes: Any = np.sign(now) * np.sign(before) < 0

    def tell(i: int) -> Mapping[str, Any]:
        index = int(changes[i].argmax())
        return {"index": index, "before": before[i, index], "after": now[i, index]}

    return changes.any(axis=1), tell


@_kind(
    "not finite anywhere",
    "not finite in step {step:,}: {what}.",
    "Hits where point, loss, gradient, state or an intermediate result of the rule is infinite or not a number.",
    unapplied=True,
)
def _non_finite(steps: Steps) -> Judgement:
    parts = dict(zip(steps.context.optimizer.state, steps.after, strict=True))
    parts |= {"x": steps.x[1:], "loss": steps.loss[1:], "gradient": steps.gradient[1:]}
    odd: dict[str, Any] = {
        name: ~np.isfinite(rows).reshape(len(rows), -1).all(axis=1)
        for name, rows in parts.items()
        if not math.isfinite(rows.sum())  # much faster, and may be infinite where no part is
    }
    holds = np.zeros(len(steps.rates), dtype=bool)
    for rows in odd.values():
        holds |= rows
    for step in steps.noted:
        if 0 < step - steps.first <= len(holds):
            holds[step - steps.first - 1] = True

    def tell(i: int) -> Mapping[str, Any]:
        on_the_way = steps.noted.get(steps.first + i + 1)
        words = [f"an intermediate result ({on_the_way})"] if on_the_way else []
        return {"what": ", ".join(words + [name for name, rows in odd.items() if rows[i]])}

    return holds, tell


@_kind(
    "step number", "step {step:,} is reached.",
    "Hits after this step.",
    parameter=Parameter(100, 1, 1e9, scale="log", slider=(1, 1e6), whole=True, meaning="number of the step"),
)  # fmt: skip
def _step(steps: Steps, number: int) -> Judgement:
    t = steps.first + 1 + np.arange(len(steps.rates))
    return t == number, lambda _: {}


@_kind(
    "expression",
    "“{limit}” is true at step {step:,}, with {what}.",
    "Hits where the condition becomes true.",
    lasts=True,
)
def _expression(steps: Steps, text: str) -> Judgement:
    holds, values = condition(text).judge(steps)

    def tell(i: int) -> Mapping[str, Any]:
        return {"what": ", ".join(f"{name} = {_brief(rows[..., i])}" for name, rows in values.items())}

    return holds, tell


def _brief(value: Array, most: int = 4) -> str:
    """A number, or the first few of an array."""
    text = ", ".join(f"{number:.6g}" for number in np.ravel(value)[:most])
    return text if not np.ndim(value) else f"({text}{', …' * (np.size(value) > most)})"
