"""Snapshots of values, which later lines can't change."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array


class Snapshot:
    """Returns copies of values; an unchanged array is copied once."""

    def __init__(self) -> None:
        self._copies: dict[int, Array] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if type(value) in (list, tuple):
            return type(value)(self(part) for part in value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self, value))
        if isinstance(value, dict):
            return {key: self(part) for key, part in value.items()}
        return value

    def _array(self, value: Array) -> Array:
        if value.base is None and not value.flags.writeable:  # such as points and gradients of the record
            return value
        known = self._copies.get(id(value))
        if known is None or known.dtype != value.dtype or not np.array_equal(known, value):
            known = self._copies[id(value)] = value.copy()
        return known
