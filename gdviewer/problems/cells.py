"""Numbers in text files: functions shared by the readers of samples and tables."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

MAX_SIZE = 1e150  # differences, and their squares, stay finite


def read_text_of(path: Path, megabytes: int, most: str) -> str:
    """Return the text of a file of numbers.

    Raises:
        ValueError: The file is larger than ``megabytes``, or is not text; ``most`` names the limit in the message.
        OSError: The file can't be read.
    """
    if path.stat().st_size > megabytes * 10**6:
        raise ValueError(f"{path.name} is larger than {megabytes} MB; {most}")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not a text file of numbers") from None


def separator_of(line: str) -> str | None:
    """Return the separator of a line: one of ; tab , or None for spaces."""
    return next((mark for mark in ";\t," if mark in line), None)


def is_number(cell: str) -> bool:
    """True if a cell can be read as a number, including infinity and NaN."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def are_names(cells: Sequence[str]) -> bool:
    """True if the cells of the first line are column names."""
    return re.match(r"[\"']?[^\W\d_]", cells[0]) is not None and not any(map(is_number, cells))


def number(cell: str, line: int, column: int | str) -> float:
    """Return the finite number in a cell; raise ValueError with its line and column if there is none."""
    try:
        value = float(cell)
    except ValueError:
        shown = f": {shortened(cell)} is not a number" if cell else " is empty"
        raise ValueError(f"line {line}, column {column}{shown}") from None
    if not math.isfinite(value):
        raise ValueError(f"line {line}, column {column}: {cell} is not a finite number")
    return value


def shortened(cell: str) -> str:
    """Return a cell as quoted in a message, at most 20 characters long."""
    return repr(cell[:20] + "…" if len(cell) > 20 else cell)
