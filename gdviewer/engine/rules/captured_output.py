"""The captured output of user code: its last lines."""

from __future__ import annotations

import builtins
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LINES = 1000  # maximum number of lines …
MAX_LENGTH = 500  # … and of characters in a line
_again = threading.local()


@contextmanager
def again() -> Iterator[None]:
    """Suppress printed output while a step is executed again."""
    before, _again.on = getattr(_again, "on", False), True
    try:
        yield
    finally:
        _again.on = before


class CapturedOutput:
    """The last lines printed by user code; any thread may print and read.

    Attributes:
        count: the number of printed lines.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._rest = ""
        self.count = 0

    def print(self, *values: object, sep: str | None = " ", end: str | None = "\n", **options: Any) -> None:
        """Replace Python's ``print``: text without a file argument is captured."""
        if options.get("file") is not None:
            builtins.print(*values, sep=sep, end=end, **options)
            return
        if getattr(_again, "on", False):
            return
        text = (" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end)
        *whole, self._rest = (self._rest + text).split("\n")
        self._rest = self._rest[:MAX_LENGTH]
        self._lines.extend(line[:MAX_LENGTH] for line in whole)
        self.count += len(whole)

    def lines(self) -> list[str]:
        """Return the captured lines, the newest last."""
        return [*self._lines.copy(), *filter(None, [self._rest])]

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self._rest = ""
        self.count = 0
