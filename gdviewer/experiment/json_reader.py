"""Reading of plain JSON types; every error message begins with the path of the field, as in ``runs[1].start``.

The readers take a value and its path, return the value, and raise ``FieldError`` if it has the wrong type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import nearest

T = TypeVar("T")
_REQUIRED: Any = object()
_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def plain(value: Any) -> Any:
    """Return numbers and arrays as plain JSON types; numbers that are not finite become strings."""
    if isinstance(value, np.ndarray):
        listed = value.tolist()
        return listed if value.dtype.kind != "f" or np.isfinite(value).all() else plain(listed)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float(value)
    return str(value) if isinstance(value, str) else value


@contextmanager
def at(path: str) -> Iterator[None]:
    """Turn an exception about a value into a ``FieldError`` whose message begins with the path."""
    try:
        yield
    except FieldError:
        raise
    except (ValueError, TypeError, OverflowError, MemoryError, RecursionError) as error:
        raise FieldError(f"{path}: {error}") from error


class FieldError(ValueError):
    """Invalid field; the message begins with its path."""


class Fields:
    """The fields of a JSON object, each to be read once.

    Raises:
        ValueError: the value is not an object.
    """

    def __init__(self, given: object, path: str = "") -> None:
        if not isinstance(given, Mapping):
            raise FieldError(f"{path or 'the experiment'} must be an object with named fields; got {_shown(given)}")
        self._given, self._path = given, path
        self._read: set[str] = set()

    def path(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        """Return True if a field exists and is not null."""
        return self._given.get(name) is not None

    def read(self, name: str, reader: Callable[[Any, str], T], default: Any = _REQUIRED) -> T:
        """Return the value of a field from ``reader(value, path)``, or ``default`` if the field is missing.

        Raises:
            ValueError: the field is wrong, or it is missing and has no default.
        """
        self._read.add(name)
        if name not in self._given:
            if default is _REQUIRED:
                raise FieldError(f"{self.path(name)} is missing")
            found: T = default
            return found
        return reader(self._given[name], self.path(name))

    def end(self) -> None:
        """Raise ValueError if a field was not read, because its name is not known."""
        for name in self._given:
            if name not in self._read:
                hint = nearest(str(name), self._read) or f"; the fields are {', '.join(sorted(self._read))}"
                raise FieldError(f"{self.path(str(name))} is not a field{hint}")


def optional(reader: Callable[[Any, str], T]) -> Callable[[Any, str], T | None]:
    """Return a reader that also accepts null and returns None for it."""
    return lambda value, path: None if value is None else reader(value, path)


def items(reader: Callable[[Any, str], T]) -> Callable[[Any, str], tuple[T, ...]]:
    """Return a reader of lists whose items the given reader reads."""

    def read(value: Any, path: str) -> tuple[T, ...]:
        if not isinstance(value, (list, tuple)):
            raise FieldError(f"{path} must be a list; got {_shown(value)}")
        return tuple(reader(part, f"{path}[{i}]") for i, part in enumerate(value))

    return read


def text(value: Any, path: str) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise FieldError(f"{path} must be a string; got {_shown(value)}")
    return value


def flag(value: Any, path: str) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise FieldError(f"{path} must be true or false; got {_shown(value)}")
    return value


def whole(low: int, high: int = 2**63 - 1) -> Callable[[Any, str], int]:
    """Return a reader of whole numbers in a range."""

    def read(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError(f"{path} must be a whole number; got {_shown(value)}")
        if not low <= value <= high:
            bound = f"{low} or more" if value < low else f"{high} or less"
            raise FieldError(f"{path} must be {bound}; got {_shown(value)}")
        return value

    return read


def number(value: Any, path: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{path} must be a number; got {_shown(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise FieldError(f"{path} must be a finite number; got {_shown(value)}")
    return found


def numbers(value: Any, path: str) -> Array:
    """Return nested lists of numbers as a float64 array."""
    array: Array = _array(value, path).astype(float)
    return array


def counts(value: Any, path: str) -> NDArray[np.int64]:
    """Return nested lists of whole numbers as an int64 array."""
    array = _array(value, path)
    if array.dtype.kind != "i" and array.size:
        raise FieldError(f"{path} must be whole numbers")
    return array.astype(np.int64)


def _array(value: Any, path: str) -> NDArray[Any]:
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise FieldError(f"{path} must be a list of numbers; got {_shown(value)}")
    try:
        array = np.asarray(_without_texts(value))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError):
        raise FieldError(f"{path} must be numbers in rows of one length") from None
    if array.dtype.kind not in "if":
        raise FieldError(f"{path} must be numbers in rows of one length")
    return array


def _without_texts(value: Any) -> Any:
    """Return nested lists in which ``"inf"``, ``"-inf"`` and ``"nan"`` are replaced by numbers."""
    if isinstance(value, (list, tuple)):
        return [_without_texts(part) for part in value]
    return _NOT_FINITE[value] if isinstance(value, str) else value


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an integer with too many digits, or a very deep list
        shown = type(value).__name__
    return shown if len(shown) <= 60 else shown[:57] + "..."
