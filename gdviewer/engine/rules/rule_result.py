"""Results of a rule, and the errors of a result that does not match the signature."""

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
    """A rule has not returned the next point and state.

    Attributes:
        location: the line of its return; None if it is not known.
    """

    location: SourceLocation | None = None


_FLOAT64 = np.dtype(np.float64)


def executed(
    optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, state: tuple[Any, ...]
) -> tuple[Array, tuple[Any, ...]]:
    """Execute one step and return the next point and state, checked and read-only.

    Args:
        optimizer: the optimizer.
        rule: its rule with bound hyperparameters.
        oracle: the oracle.
        t: the number of the step, as the rule counts.
        x: the point, shape (n,).
        state: the state.

    Raises:
        RuleResultError: the result does not match the signature of the rule.
        UnfitError: the rule needs something that the problem does not have.
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
        raise with_return_location(point_error(optimizer, result, x.shape), optimizer, rule, oracle, t, x, state)
    new.setflags(False)  # write=False; a keyword argument takes three times as long
    for part in carried:
        if type(part) is np.ndarray:
            part.setflags(False)  # type: ignore[call-arg] # NumPy takes it by position too
    return new, carried


def result_error(
    optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, before: Sequence[Any], after: Sequence[Any]
) -> RuleResultError:
    """Return the error of a state that can't be recorded, given the point and the state before the step."""
    error = state_error(optimizer, before, after) or RuleResultError("the state can't be recorded")
    return with_return_location(error, optimizer, rule, oracle, t, x, before)


def as_point(new: Any, shape: tuple[int, ...]) -> Array | None:
    """Return the next point of a rule as a float64 array; None if it is not a point of this shape."""
    try:
        array = np.asarray(new)
        point: Array = array.astype(float, copy=False) if array.dtype.kind in "fiub" else np.empty(0)
    except ValueError:  # rows of different lengths
        return None
    return point if point.shape == shape else None


def point_error(optimizer: Optimizer, result: Any, shape: tuple[int, ...]) -> RuleResultError:
    """Return the error of the result of a rule, given the shape of a point."""
    name, expected = optimizer.name, ", ".join(("x", *optimizer.state))
    parts = result if type(result) is tuple else (result,)
    if result is None:
        return RuleResultError(f"{name} returned nothing; it must return {expected}")
    if as_point(parts[0] if parts else None, shape) is not None:
        values = "1 value" if len(parts) == 1 else f"{len(parts)} values"
        return RuleResultError(f"{name} returned {values}; it must return {expected}")
    return RuleResultError(
        f"{name} returned a point of {_describe(parts[0] if parts else None)}; it must be of shape {shape}"
    )


def state_error(optimizer: Optimizer, before: Sequence[Any], after: Sequence[Any]) -> RuleResultError | None:
    """Return the error of the state after a step, given the state before; None if there is none."""
    for name, old, new in zip(optimizer.state, before, after, strict=True):
        shape = _shape(new)
        if shape is None:
            return RuleResultError(
                f"{optimizer.name} returned {name} of {_describe(new)}; it must be a number or an array"
            )
        if _shape(old) not in ((), shape):
            return RuleResultError(
                f"{optimizer.name} returned {name} of shape {shape}; in the step before it was {_shape(old)}"
            )
    return None


def with_return_location(
    error: RuleResultError, optimizer: Optimizer, rule: Rule, oracle: Oracle, t: int, x: Array, state: Sequence[Any]
) -> RuleResultError:
    """Return the error with the line of the return, which is found by executing the step again."""
    counts = oracle.counts
    with again(), suppress(Exception):
        arguments = (t, *state) if optimizer.counts_steps else state
        error.location = location_of_return(optimizer.function, lambda: rule(x, oracle, *arguments))
    oracle.counts = counts
    return error


def _shape(part: Any) -> tuple[int, ...] | None:
    """Return the shape of numbers; None for other values."""
    try:
        array = np.asarray(part)
    except ValueError:
        return None
    return array.shape if array.dtype.kind in "fiub" else None


def _describe(part: Any) -> str:
    shape = _shape(part)
    if shape is not None:
        return f"shape {shape}"
    return f"type {getattr(part, 'dtype', None) or type(part).__name__}"
