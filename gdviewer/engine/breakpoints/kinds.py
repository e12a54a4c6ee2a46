"""The kinds of breakpoints, each a small function that evaluates a block of steps."""

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
Evaluation = tuple[NDArray[np.bool_], Callable[[int], Mapping[str, Any]]]


@dataclass(frozen=True)
class BreakpointKind:
    """A kind of breakpoint.

    Attributes:
        title: its title in lists.
        sentence: the message of a hit, with fields for the values.
        meaning: a sentence that describes when it hits.
        evaluate: returns a mask of the steps in which it holds, and a function for the values of the message.
        parameter: its parameter; None if it has none.
        persists: True if it can hold for many steps; it hits when it becomes true. Other kinds hit each time.
        unapplied: True if a non-finite move that was not applied counts.
    """

    title: str
    sentence: str
    meaning: str
    evaluate: Callable[..., Evaluation]
    parameter: Declared | None = None
    persists: bool = False
    unapplied: bool = False


# The window, the command line and the messages read these.
KINDS: dict[str, BreakpointKind] = {}


def _kind(
    title: str, sentence: str, meaning: str, **options: Any
) -> Callable[[Callable[..., Evaluation]], Callable[..., Evaluation]]:
    def declare(evaluate: Callable[..., Evaluation]) -> Callable[..., Evaluation]:
        kind = BreakpointKind(title, f"Breakpoint: {sentence}", meaning, evaluate, **options)
        KINDS[evaluate.__name__.strip("_")] = kind
        return evaluate

    return declare


@_kind(
    "loss rises",
    "the loss rises from {before:.6g} to {after:.6g} at step {step:,}.",
    "Hits at each step whose loss is higher than the one before.",
)
def _loss_rises(steps: Steps) -> Evaluation:
    loss = steps.loss
    return loss[1:] > loss[:-1], lambda i: {"before": loss[i], "after": loss[i + 1]}


@_kind(
    "loss rises n times in a row",
    "the loss has risen {limit:,} times in a row, from {before:.6g} to {after:.6g}, at step {step:,}.",
    "Hits when the loss has risen this many steps in a row.",
    parameter=Parameter(3, 2, 10_000, scale="log", slider=(2, 100), whole=True, meaning="number of rises in a row"),
    persists=True,
)
def _loss_rises_running(steps: Steps, n: int) -> Evaluation:
    if not (steps.loss[1:] > steps.loss[:-1]).any():
        return np.zeros(len(steps.rates), dtype=bool), lambda _: {}
    loss = steps.losses_from(n)
    k, index = len(steps.rates), np.arange(1, len(loss))
    last_fall = np.maximum.accumulate(np.where(loss[1:] > loss[:-1], 0, index))
    return (index - last_fall >= n)[-k:], lambda i: {"before": loss[i - k - n], "after": loss[i - k]}


@_kind(
    "move goes uphill",
    "the move goes uphill at step {step:,}: g·Δ is {slope:.4g}.",
    "Hits at each step with g·Δ > 0: g is the gradient at its start, Δ the move.",
)
def _uphill(steps: Steps) -> Evaluation:
    slope = np.einsum("ij,ij->i", steps.gradient[:-1], steps.move)
    return slope > 0, lambda i: {"slope": slope[i]}


@_kind(
    "‖gradient‖ below", "‖gradient‖ is {norm:.4g}, below {limit:g}, at step {step:,}.",
    "Hits when the Euclidean norm of the gradient becomes smaller than this.",
    parameter=Parameter(1e-3, 0, 1e300, scale="log", open_low=True, slider=(1e-12, 1e3), meaning="Euclidean norm"),
    persists=True,
)  # fmt: skip
def _gradient_below(steps: Steps, limit: float) -> Evaluation:
    norm = norms(steps.gradient[1:])
    return norm < limit, lambda i: {"norm": norm[i]}


@_kind(
    "move longer than", "the move of step {step:,} is {length:.4g} long, longer than {limit:g}.",
    "Hits at each step with a longer move.",
    parameter=Parameter(1, 0, 1e300, scale="log", slider=(1e-6, 1e6), meaning="Euclidean length of a move"),
)  # fmt: skip
def _move_longer(steps: Steps, limit: float) -> Evaluation:
    return steps.length > limit, lambda i: {"length": steps.length[i]}


@_kind(
    "leaves the domain",
    "step {step:,} leaves the domain: x[{index}] is {component:.6g}, outside {low:g} … {high:g}.",
    "Hits when the path leaves the domain of the problem.",
)
def _leaves_domain(steps: Steps) -> Evaluation:
    low, high = steps.context.domain.T
    outside: Any = ((steps.x < low) | (steps.x > high)).any(axis=1)

    def values_at(i: int) -> Mapping[str, Any]:
        point = steps.x[i + 1]
        index = int(np.argmax((point < low) | (point > high)))
        return {"index": index, "component": point[index], "low": low[index], "high": high[index]}

    return outside[1:] & ~outside[:-1], values_at


@_kind(
    "turns by more than", "the path turns by {angle:.4g}° at step {step:,}, more than {limit:g}°.",
    "Hits at each step whose move has a larger angle to the move before.",
    parameter=Parameter(90, 0, 180, meaning="degrees between a move and the one before"),
)  # fmt: skip
def _turns(steps: Steps, limit: float) -> Evaluation:
    before = steps.previous_move
    cosine = np.einsum("ij,ij->i", steps.move, before) / (steps.length * norms(before))
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # NaN without a move
    return angle > limit, lambda i: {"angle": angle[i]}


@_kind(
    "a component changes sign", "{limit}[{index}] changes sign at step {step:,}, from {before:.4g} to {after:.4g}.",
    "Hits at each step that changes the sign of a component.",
    parameter=Choice("x", ("x", "gradient", "move"), meaning="the vector of the components"),
)  # fmt: skip
def _changes_sign(steps: Steps, what: str) -> Evaluation:
    now, before = steps.now(what).T, steps.previous(what).T
    changes: Any = np.sign(now) * np.sign(before) < 0

    def values_at(i: int) -> Mapping[str, Any]:
        index = int(changes[i].argmax())
        return {"index": index, "before": before[i, index], "after": now[i, index]}

    return changes.any(axis=1), values_at


@_kind(
    "not finite anywhere",
    "not finite in step {step:,}: {what}.",
    "Hits when point, loss, gradient, state or an intermediate result of the rule is infinite or NaN.",
    unapplied=True,
)
def _non_finite(steps: Steps) -> Evaluation:
    parts = dict(zip(steps.context.optimizer.state, steps.after, strict=True))
    parts |= {"x": steps.x[1:], "loss": steps.loss[1:], "gradient": steps.gradient[1:]}
    non_finite: dict[str, Any] = {
        name: ~np.isfinite(rows).reshape(len(rows), -1).all(axis=1)
        for name, rows in parts.items()
        if not math.isfinite(rows.sum())  # fast; the sum may be infinite if no part is
    }
    holds = np.zeros(len(steps.rates), dtype=bool)
    for rows in non_finite.values():
        holds |= rows
    for step in steps.noted:
        if 0 < step - steps.first <= len(holds):
            holds[step - steps.first - 1] = True

    def values_at(i: int) -> Mapping[str, Any]:
        operation = steps.noted.get(steps.first + i + 1)
        words = [f"an intermediate result ({operation})"] if operation else []
        return {"what": ", ".join(words + [name for name, rows in non_finite.items() if rows[i]])}

    return holds, values_at


@_kind(
    "step number", "step {step:,} is reached.",
    "Hits after this step.",
    parameter=Parameter(100, 1, 1e9, scale="log", slider=(1, 1e6), whole=True, meaning="number of the step"),
)  # fmt: skip
def _step(steps: Steps, number: int) -> Evaluation:
    t = steps.first + 1 + np.arange(len(steps.rates))
    return t == number, lambda _: {}


@_kind(
    "expression",
    "“{limit}” is true at step {step:,}, with {what}.",
    "Hits when the condition becomes true.",
    persists=True,
)
def _expression(steps: Steps, text: str) -> Evaluation:
    holds, values = condition(text).evaluate(steps)

    def values_at(i: int) -> Mapping[str, Any]:
        return {"what": ", ".join(f"{name} = {_brief(rows[..., i])}" for name, rows in values.items())}

    return holds, values_at


def _brief(value: Array, count: int = 4) -> str:
    """Return a number, or the first numbers of an array, as text."""
    text = ", ".join(f"{number:.6g}" for number in np.ravel(value)[:count])
    return text if not np.ndim(value) else f"({text}{', …' * (np.size(value) > count)})"
