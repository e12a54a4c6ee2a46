"""Equality and hashes of values that hold arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal, arrays by shape, type and content; NaN is equal to NaN."""
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
    """A value that is equal to another of its class if what :meth:`content` returns is.

    The hash is that of :meth:`label`, which need not say everything: of two values of the same label, the contents
    are compared.
    """

    def content(self) -> Any:
        """Return all that the value is made of: numbers, texts, arrays, and tuples, lists or mappings of these."""
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
