"""The value that changed most from one step to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.notation.values import number_text
from gdviewer.engine.tracing.tracer import Executed, Frame, Inspection
from gdviewer.text import tr


def most_changed(now: Inspection, before: Inspection) -> tuple[Executed, str] | None:
    """Return the line of the rule with the largest relative change since the step before, and a text on it.

    The result is None if nothing changed or one of the steps has no lines.
    """
    if now.frame is None or before.frame is None:
        return None
    values = dict(_values(before.frame))
    found: tuple[float, Executed, Any, Any] | None = None
    for key, (executed, new) in _values(now.frame):
        if key not in values:
            continue
        old = values[key][1]
        change = _change(old, new)
        if change and (found is None or change > found[0]):
            found = change, executed, old, new
    return (found[1], _change_text(found[2], found[3], before.step)) if found else None


def _values(frame: Frame) -> Iterator[tuple[tuple[int, int, str], tuple[Executed, Any]]]:
    """Yield the numeric values of the lines of a rule, by line, number of executions and name."""
    passes: dict[int, int] = {}
    for executed in frame.executed:
        number = executed.line.number
        passes[number] = passes.get(number, 0) + 1
        for name, value in executed.writes.items():
            if _is_numeric(value):
                yield (number, passes[number], name), (executed, value)


def _is_numeric(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, int | float | np.number) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiu")


def _change(old: Any, new: Any) -> float:
    """Return the change relative to the smaller value; infinite if one is zero or not finite."""
    a, b = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
    if a.shape != b.shape or np.array_equal(a, b, equal_nan=True):
        return 0.0
    if not np.isfinite(b).all():
        return np.inf
    smaller = min(_norm(a), _norm(b))
    change = _norm(b - a) / smaller if smaller else np.inf
    return change if change == change else np.inf


def _change_text(old: Any, new: Any, step: int) -> str:
    a, b = np.asarray(old, dtype=float).ravel(), np.asarray(new, dtype=float).ravel()
    number = f"{step:,}"
    if not np.isfinite(b).all():
        return tr("not finite, unlike in step {step}", step=number)
    before, after = _norm(a), _norm(b)
    if not before or not np.isfinite(before):
        was = number_text(0 if not before else a[~np.isfinite(a)][0])
        return tr("was {value} in step {step}", value=was, step=number)
    ratio = after / before
    if ratio >= 1.5 or ratio <= 0.67:
        return tr("{ratio} times that of step {step}", ratio=number_text(ratio, 2), step=number)
    cosine = float(np.clip((a / before) @ (b / after), -1, 1))
    if a.size == 1 and cosine < 0:
        return tr("opposite sign of step {step}", step=number)
    angle = float(np.degrees(np.arccos(cosine)))
    if a.size > 1 and angle >= 5:
        return tr("turned by {angle}° since step {step}", angle=number_text(angle, 2), step=number)
    share = 100 * _norm(b - a) / before
    return tr("changed by {share} % since step {step}", share=number_text(share, 2), step=number)


def _norm(value: NDArray[np.float64]) -> float:
    """Return the Euclidean norm without overflow."""
    largest = float(np.abs(value).max(initial=0.0))
    return largest * float(np.sqrt(np.square(value / largest).sum())) if 0 < largest < np.inf else largest
