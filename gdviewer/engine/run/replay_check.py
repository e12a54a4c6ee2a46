"""A check that a step gives the same result when it is executed again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run

ADVICE = "Draw random numbers from f.rng, and keep state only in the values that the rule returns."


def check_replay(run: Run, step: int) -> str:
    """Execute step ``step`` again and compare it with the record, bit by bit.

    The results differ for a rule that draws random numbers without ``f.rng`` or keeps state that it does not return,
    and for a user's function that returns different values at the same point.

    Args:
        run: the run.
        step: from 1 to the last step.

    Returns:
        A sentence on the difference; empty if there is none.
    """
    try:
        x, state = run.replay(step)
    except Exception as error:
        return f"Step {step:,} raises {type(error).__name__} when it is executed again. {ADVICE}"
    return difference(run, step, x, state)


def difference(run: Run, step: int, x: Array, state: Mapping[str, Any]) -> str:
    """Return a sentence on the difference between the record and the repeated step; empty if there is none."""
    run = run.owner(step)
    row, carried = run.trace.row(step), run.trace.state_after(step)
    recorded: dict[str, Any] = {"x": row[0]} if row else {}
    if carried is not None:
        recorded |= zip(run.optimizer.state, carried, strict=True)
    for name, before in recorded.items():
        after = x if name == "x" else state[name]
        if not _same(before, after):
            return f"Step {step:,} gives another {name} when it is executed again. {ADVICE}"
    return ""


def _same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return bool(a.shape == b.shape) and a.tobytes() == b.tobytes()
