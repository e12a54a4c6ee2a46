"""Numbers in text files: what samples and tables are read with alike."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

MAX_SIZE = 1e150  # differences, and their squares, stay finite


def read_text_of(path: Path, megabytes: int, most: str) -> str:
    """The text of a file of numbers.

    Raises:
        ValueError: it is larger than ``megabytes``, and ``most`` says what can be read; or it is no text.
        OSError: it can't be read.
    """
    if path.stat().st_size > megabytes * 10**6:
        raise ValueError(f"{path.name} is larger than {megabytes} MB; {most}")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not a text file of numbers") from None


def separator_of(line: str) -> str | None:
    """What stands between the cells of a line: one of ; tab , or None for spaces. 1,5;2,5 is not guessed at."""
    return next((mark for mark in ";\t," if mark in line), None)


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number, be it infinite or NaN."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def are_names(cells: Sequence[str]) -> bool:
    """Whether the cells of a first line are names of columns."""
    return re.match(r"[\"']?[^\W\d_]", cells[0]) is not None and not any(map(is_number, cells))


def number(cell: str, line: int, column: int | str) -> float:
    """The number in a cell; raises ValueError with its place where there is none, or one that is not finite."""
    try:
        value = float(cell)
    except ValueError:
        shown = f": {shortened(cell)} is not a number" if cell else " is empty"
        raise ValueError(f"line {line}, column {column}{shown}") from None
    if not math.isfinite(value):
        raise ValueError(f"line {line}, column {column}: {cell} is not a finite number")
    return value


def shortened(cell: str) -> str:
    """A cell as a message quotes it."""
    return repr(cell[:20] + "…" if len(cell) > 20 else cell)
