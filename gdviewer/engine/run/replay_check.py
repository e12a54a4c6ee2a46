"""Whether a step is the same when it is executed again, as all that looks back at it relies on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run

ADVICE = "Draw what is random from f.rng, and carry from step to step only what the rule returns."


def check_replay(run: Run, step: int) -> str:
    """Execute step number ``step`` again and compare it with the record, bit by bit.

    A rule that draws random numbers elsewhere than from ``f.rng``, or keeps something outside what it returns, comes
    to another point or state, or raises. So does a function of the user's that gives another value at the same point.

    Args:
        step: from 1 to the last step done.

    Returns:
        what differs, as a sentence; empty where nothing does.
    """
    try:
        x, state = run.replay(step)
    except Exception as error:
        return f"Step {step:,} raises {type(error).__name__} when it is executed again. {ADVICE}"
    return difference(run, step, x, state)


def difference(run: Run, step: int, x: Array, state: Mapping[str, Any]) -> str:
    """What differs between the record and a step that was executed again, to ``x`` and ``state``; as a sentence."""
    run = run.owner(step)
    row, carried = run.trace.row(step), run.trace.state_after(step)
    recorded: dict[str, Any] = {"x": row[0]} if row else {}
    if carried is not None:
        recorded |= zip(run.optimizer.state, carried, strict=True)
    for name, before in recorded.items():
        after = x if name == "x" else state[name]
        if not _same(before, after):
            return f"Step {step:,} comes to another {name} when it is executed again. {ADVICE}"
    return ""


def _same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return bool(a.shape == b.shape) and a.tobytes() == b.tobytes()
