"""What the user's code prints while the window runs it: the last lines of it."""

from __future__ import annotations

import builtins
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LINES = 1000  # so many are kept, …
LONGEST = 500  # … and so much of each
_again = threading.local()


@contextmanager
def again() -> Iterator[None]:
    """Let what is printed meanwhile go unheard, as it is when a step is executed a second time."""
    before, _again.on = getattr(_again, "on", False), True
    try:
        yield
    finally:
        _again.on = before


class CapturedOutput:
    """The last lines printed by the user's code; any thread may print, any may read.

    Attributes:
        count: how many lines were printed in all.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._rest = ""
        self.count = 0

    def print(self, *values: object, sep: str | None = " ", end: str | None = "\n", **options: Any) -> None:
        """Stand in for Python's ``print``: what is printed to no file in particular is kept here."""
        if options.get("file") is not None:
            builtins.print(*values, sep=sep, end=end, **options)
            return
        if getattr(_again, "on", False):
            return
        text = (" " if sep is None else sep).join(map(str, values)) + ("\n" if end is None else end)
        *whole, self._rest = (self._rest + text).split("\n")
        self._rest = self._rest[:LONGEST]
        self._lines.extend(line[:LONGEST] for line in whole)
        self.count += len(whole)

    def lines(self) -> list[str]:
        """The lines kept, the newest last."""
        return [*self._lines.copy(), *filter(None, [self._rest])]

    def clear(self) -> None:
        """Forget all."""
        self._lines.clear()
        self._rest = ""
        self.count = 0
