"""Equality and hashes of values that hold arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def same(a: Any, b: Any) -> bool:
    """True if two values are equal; arrays are compared by shape, type and content, and NaN equals NaN."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray)
            and isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


class ByContent:
    """A value that equals another of its class if the results of :meth:`content` are equal.

    The hash is that of :meth:`label`, which may be only a part of the content: values with equal labels
    are compared by their contents.
    """

    def content(self) -> Any:
        """Return the full content of the value: numbers, texts, arrays, and tuples, lists or mappings of these."""
        return vars(self)

    def label(self) -> Any:
        """Return a part of the content that is cheap to hash."""
        return type(self)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return same(self.content(), other.content())

    def __hash__(self) -> int:
        return hash(self.label())
