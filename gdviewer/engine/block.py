"""Steps that were executed and are yet to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gdviewer.engine.oracle import Array


@dataclass
class Block:
    """Steps that were executed and are yet to be judged: where they began, and what each came to.

    ``counts`` are those of the oracle after each; a loss that is None is yet to be evaluated. ``stretch`` is the full
    learning rate by the scheduled one.
    """

    points: list[Array]
    states: list[tuple[Any, ...]]
    gradients: list[Array]
    losses: list[Any]
    counts: list[tuple[int, int, int]]
    rates: Array
    stretch: Array
    schedule_state: tuple[Any, ...] = ()
