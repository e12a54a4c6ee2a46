"""One example of a batch, followed through a network: of each array that holds the batch, the part that is its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gdviewer.engine.tracing.tracer import Executed, Frame
from gdviewer.problems.networks.architecture import Stage

_WEIGHTS = {"w", "weights", "parts"}  # what those of a layer, or of all, are called on the way to it


class Example:
    """Takes the part of one example out of what a network computed with a batch.

    Args:
        place: which of the batch's examples, from 0; rows: how many it has.
        stages: of the network. Their weights, and what else their layers say is of no example, stay whole, though its
            first axis may be as long as the batch by chance.
    """

    def __init__(self, place: int, rows: int, stages: Sequence[Stage]) -> None:
        self._place, self._rows = place, rows
        self._shared = _WEIGHTS.union(*((*stage.weights, *stage.layer.shared_names) for stage in stages))

    def of(self, value: Any, name: str = "") -> Any:
        """The example's part of what a name holds; what is of the batch as a whole, as weights are, stays as it is."""
        if name in self._shared or "gradient" in name:
            return value
        if isinstance(value, tuple | list):
            return type(value)([self.of(part) for part in value])
        if not isinstance(value, np.ndarray) or not value.ndim:
            return value
        rows, place = self._rows, self._place
        if len(value) == rows:
            return value[place]
        if value.ndim > 2 and value.shape[1] == rows:  # time comes first, as where a layer goes through it
            return value[:, place]
        if value.ndim == 2 and value.shape[1] == rows:  # classes come first, as where outputs are compared
            return value[:, place]
        each, rest = divmod(len(value), rows)  # several rows for each: the windows of an image, the steps of a sequence
        return value if rest or not each else value[place * each : (place + 1) * each]

    def in_call(self, frame: Frame) -> Frame:
        """A call as far as it is about the example."""
        told = [self._in_line(executed) for executed in frame.executed]
        return replace(frame, arguments=self._each(frame.arguments), executed=told, result=self.of(frame.result))

    def _in_line(self, line: Executed) -> Executed:
        return replace(
            line, reads=self._each(line.reads), writes=self._each(line.writes), result=self.of(line.result),
            calls=[self.in_call(call) for call in line.calls],
        )  # fmt: skip

    def _each(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self.of(value, name) for name, value in values.items()}
