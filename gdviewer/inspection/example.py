"""One example of a batch in the arrays of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gdviewer.engine.tracing.tracer import Executed, Frame
from gdviewer.problems.networks.architecture import Stage

_WEIGHTS = {"w", "weights", "parts"}  # names of arguments with weights


class Example:
    """Selects the part of one example from the arrays that a network computed for a batch.

    Args:
        index: the index of the example in the batch, from 0.
        rows: the number of examples in the batch.
        stages: the stages of the network. Weights and other shared arrays of their layers are not divided, even if
            their first axis has the length of the batch.
    """

    def __init__(self, index: int, rows: int, stages: Sequence[Stage]) -> None:
        self._index, self._rows = index, rows
        self._shared = _WEIGHTS.union(*((*stage.weights, *stage.layer.shared_names) for stage in stages))

    def of(self, value: Any, name: str = "") -> Any:
        """Return the part of a value that belongs to the example; shared values such as weights are returned whole."""
        if name in self._shared or "gradient" in name:
            return value
        if isinstance(value, tuple | list):
            return type(value)([self.of(part) for part in value])
        if not isinstance(value, np.ndarray) or not value.ndim:
            return value
        rows, index = self._rows, self._index
        if len(value) == rows:
            return value[index]
        if value.ndim > 2 and value.shape[1] == rows:  # the axis of time comes first
            return value[:, index]
        if value.ndim == 2 and value.shape[1] == rows:  # the axis of classes comes first
            return value[:, index]
        each, rest = divmod(len(value), rows)  # several rows per example: windows of an image, steps of a sequence
        return value if rest or not each else value[index * each : (index + 1) * each]

    def in_call(self, frame: Frame) -> Frame:
        """Return a call with the values of the example."""
        executed = [self._in_line(line) for line in frame.executed]
        return replace(frame, arguments=self._each(frame.arguments), executed=executed, result=self.of(frame.result))

    def _in_line(self, line: Executed) -> Executed:
        return replace(
            line, reads=self._each(line.reads), writes=self._each(line.writes), result=self.of(line.result),
            calls=[self.in_call(call) for call in line.calls],
        )  # fmt: skip

    def _each(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self.of(value, name) for name, value in values.items()}
