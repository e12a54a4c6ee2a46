"""What a rule returns, and what is said where it has another form than its signature promises."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from gdviewer.engine.rules.captured_output import again
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.oracle import Array, Oracle, UnfitError
from gdviewer.engine.rules.source_location import SourceLocation, location_of_return


class RuleResultError(ValueError):
    """A rule has returned something else than the next point and state.

    Attributes:
        location: the line at which it returned, where that is known.
    """

    location: SourceLocation | None = None


_FLOAT64 = np.dtype(np.float64)


def executed(
    optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, state: tuple[Any, ...]
) -> tuple[Array, tuple[Any, ...]]:
    """One step: the next point and state, read-only, with their form checked.

    Args:
        rule: the optimizer's rule with its hyperparameters bound; t: the number of the step as the rule counts.

    Raises:
        FormError: they are not of the form that the rule's signature promises.
        UnfitError: the rule asks for what the problem does not have.
    """
    try:
        result = rule(x, oracle, t, *state) if optimizer.counts_steps else rule(x, oracle, *state)
    except UnfitError as error:
        error.rule = optimizer.title
        raise
    new: Any
    if type(result) is tuple and result:
        new, carried = result[0], result[1:]
    else:
        new, carried = result, ()
    if type(new) is not np.ndarray or new.dtype is not _FLOAT64 or new.shape != x.shape:
        new = as_point(new, x.shape)
    if new is None or len(carried) != len(state):
        raise told_at_return(point_error(optimizer, result, x.shape), optimizer, rule, oracle, t, x, state)
    new.setflags(False)  # write=False; by name it takes thrice as long
    for part in carried:
        if type(part) is np.ndarray:
            part.setflags(False)  # type: ignore[call-arg] # NumPy takes it by position too
    return new, carried


def misfit(
    optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, before: Sequence[Any], after: Sequence[Any]
) -> RuleResultError:
    """What is wrong with a state that can't be recorded, given the point and state before the step."""
    error = state_error(optimizer, before, after) or RuleResultError("the state can't be recorded")
    return told_at_return(error, optimizer, rule, oracle, t, x, before)


def as_point(new: Any, shape: tuple[int, ...]) -> Array | None:
    """What a rule returned for the next point as a float64 array, None where it is no point of that shape."""
    try:
        array = np.asarray(new)
        point: Array = array.astype(float, copy=False) if array.dtype.kind in "fiub" else np.empty(0)
    except ValueError:  # rows of different lengths
        return None
    return point if point.shape == shape else None


def point_error(optimizer: Optimizer, result: Any, shape: tuple[int, ...]) -> RuleResultError:
    """What is wrong with what a rule returned, given the shape of a point."""
    name, wanted = optimizer.name, ", ".join(("x", *optimizer.state))
    parts = result if type(result) is tuple else (result,)
    if result is None:
        return RuleResultError(f"{name} returned nothing; it must return {wanted}")
    if as_point(parts[0] if parts else None, shape) is not None:
        values = "1 value" if len(parts) == 1 else f"{len(parts)} values"
        return RuleResultError(f"{name} returned {values}; it must return {wanted}")
    return RuleResultError(
        f"{name} returned a point of {_form(parts[0] if parts else None)}; it must be of shape {shape}"
    )


def state_error(optimizer: Optimizer, before: Sequence[Any], after: Sequence[Any]) -> RuleResultError | None:
    """What is wrong with the state after a step, given the one before; None where nothing is."""
    for name, old, new in zip(optimizer.state, before, after, strict=True):
        kept = _shape(new)
        if kept is None:
            return RuleResultError(f"{optimizer.name} returned {name} of {_form(new)}; it must be a number or an array")
        if _shape(old) not in ((), kept):
            return RuleResultError(
                f"{optimizer.name} returned {name} of shape {kept}; the step before, it was {_shape(old)}"
            )
    return None


def told_at_return(
    error: RuleResultError, optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, state: Sequence[Any]
) -> RuleResultError:
    """The error with the line at which the rule returned, which is found by executing the step once more."""
    counts = oracle.counts
    with again(), suppress(Exception):
        arguments = (t, *state) if optimizer.counts_steps else state
        error.location = location_of_return(optimizer.function, lambda: rule(x, oracle, *arguments))
    oracle.counts = counts
    return error


def _shape(part: Any) -> tuple[int, ...] | None:
    """The shape of numbers; None where it is something else."""
    try:
        array = np.asarray(part)
    except ValueError:
        return None
    return array.shape if array.dtype.kind in "fiub" else None


def _form(part: Any) -> str:
    shape = _shape(part)
    if shape is not None:
        return f"shape {shape}"
    return f"type {getattr(part, 'dtype', None) or type(part).__name__}"
