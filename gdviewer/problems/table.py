"""User-defined tables: named columns read from CSV, from which features and a target are chosen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems import cells
from gdviewer.problems.data import MAX_COLUMNS, MAX_ROWS, Data, data

MAX_WIDTH = 1025  # columns that are read: images of 32 × 32, and what they show
_NAMES_SHOWN = 20
_MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a file, column by column.

    Attributes:
        name: of the file.
        names: of the columns.
        columns: the cells of each, as text.
        lines: the line of the file each row stands in.
    """

    name: str
    names: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    _numeric: dict[int, Array | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_numeric", _numeric(self.columns))

    def is_numeric(self, name: str) -> bool:
        """True if every cell of a column that is not missing is a number."""
        return self._column_index(name) in self._numeric

    def data(self, target: str, features: Sequence[str]) -> Data:
        """Return the data of the chosen columns; a target with two different texts has two classes.

        Raises:
            ValueError: A column does not exist, or a cell is missing or not a number (with line and column).
        """
        return data(self.inputs(target, features), self.values(target), features, target, self.origin)

    @property
    def origin(self) -> str:
        """The origin of this table's data, as a phrase."""
        return f"{len(self.lines):,} rows of {self.name}"

    def inputs(self, target: str, features: Sequence[str]) -> Array:
        """Return the numbers (rows, features) of the chosen columns.

        Raises:
            ValueError: A column does not exist, or a cell is missing or not a number (with line and column).
        """
        if not features:
            able = any(self.is_numeric(name) for name in self.names if name != target)
            none = f"{self.name} has no column of numbers to predict {target!r} from"
            raise ValueError("choose at least one feature" if able else none)
        if target in features:
            raise ValueError(f"{target!r} can't be a feature and the target")
        return np.column_stack([self.numbers(name) for name in features])

    def values(self, name: str) -> NDArray[Any]:
        """Return a column as numbers if it is numeric, else as texts; raise ValueError as :meth:`inputs` does."""
        return self.numbers(name) if self.is_numeric(name) else np.array(self._complete(name))

    def default_columns(self, classes: bool | None, most: int = MAX_COLUMNS) -> tuple[str, list[str]]:
        """Return a default target and features: the last column that can be the target, and others of numbers.

        Args:
            classes: whether the target is to have two values, rather than be numbers; None where it may be any
                column.
            most: how many features there may be.
        """
        numeric = [name for name in self.names if self.is_numeric(name)]
        able = [name for name in self.names if len(set(self.cells_of(name))) == 2] if classes else numeric
        target = self.names[-1] if classes is None else (able or self.names)[-1]
        return target, [name for name in numeric if name != target][:most]

    def cells_of(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column; raise ValueError if it does not exist."""
        return self.columns[self._column_index(name)]

    def numbers(self, name: str) -> Array:
        """Return the numbers (rows,) of a column; raise ValueError as :meth:`inputs` does."""
        known = self._numeric.get(self._column_index(name))
        if known is not None:
            return known
        column = self._complete(name)  # this or a cell raises the error with its position
        return np.array([cells.number(cell, line, repr(name)) for cell, line in zip(column, self.lines, strict=True)])

    def _column_index(self, name: str) -> int:
        if name not in self.names:
            shown = ", ".join(self.names[:_NAMES_SHOWN]) + ", …" * (len(self.names) > _NAMES_SHOWN)
            raise ValueError(f"{self.name} has no column {name!r}; it has {shown}")
        return self.names.index(name)

    def _complete(self, name: str) -> tuple[str, ...]:
        """Return the cells of a column; raise ValueError if one is missing."""
        column = self.cells_of(name)
        missing = [line for line, cell in zip(self.lines, column, strict=True) if cell.lower() in _MISSING]
        if missing:
            more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
            where = f"line{'s' * (len(missing) > 1)} {', '.join(map(str, missing[:3]))}{more}"
            raise ValueError(f"column {name!r} has no value in {where}: fill it in, or take the row or the column out")
        return column


def read_table(path: str | Path) -> Table:
    """Read a CSV file: cells separated by , ; or tabs, with a first line of names or without one.

    Raises:
        ValueError: what is wrong, with its line.
        OSError: the file can't be read.
    """
    path = Path(path)
    most = f"at most {MAX_ROWS:,} rows of {MAX_WIDTH:,} columns are read"
    return table_of(cells.read_text_of(path, 64, most), path.name)


def table_of(text: str, name: str = "the text") -> Table:
    """Read a table from text; see :func:`read_table`. Empty lines and those that begin with # are passed over."""
    lines = [(i, line) for i, line in enumerate(io.StringIO(text), 1) if line.strip() and line.lstrip()[0] != "#"]
    if not lines:
        raise ValueError(f"{name} is empty")
    if len(lines) > MAX_ROWS + 1:
        raise ValueError(f"{name} has {len(lines):,} rows; at most {MAX_ROWS:,} are read")
    mark = cells.separator_of(lines[0][1].strip())
    rows: list[list[str]] = []
    try:
        for number, line in lines:
            row = next(csv.reader([line], delimiter=mark, skipinitialspace=True, strict=True)) if mark else line.split()
            rows.append([cell.strip() for cell in row])
            if len(rows[-1]) != len(rows[0]):
                raise ValueError(f"line {number} has {len(rows[-1])} columns, but the first has {len(rows[0])}")
    except csv.Error as error:
        raise ValueError(f"line {number}: {error}") from None
    width = len(rows[0])
    if not 2 <= width <= MAX_WIDTH:
        raise ValueError(
            f"{name} has {width:,} column{'s' * (width > 1)}; 2 to {MAX_WIDTH:,} can be read: features and a target"
        )
    named = not any(map(cells.is_number, rows[0]))
    names = _distinct(rows.pop(0) if named else [""] * width)
    if len(rows) < 2:
        raise ValueError(f"{name} has {len(rows)} row{'s' * (len(rows) != 1)} of data; at least two are needed")
    numbers = tuple(number for number, _ in lines[len(lines) - len(rows) :])
    return Table(name, names, tuple(zip(*rows, strict=True)), numbers)


def _numeric(columns: Sequence[Sequence[str]]) -> dict[int, Array | None]:
    """Return the numeric columns by index; None for a column with missing or infinite cells."""
    read: dict[int, Array | None] = {}
    for i, column in enumerate(columns):
        try:
            values = np.array([float(cell) for cell in column])
        except ValueError:
            if all(cell.lower() in _MISSING or cells.is_number(cell) for cell in column):
                read[i] = None
            continue
        values.setflags(write=False)
        read[i] = values if np.isfinite(values).all() else None
    return read


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return the column names; a missing or repeated one gets the column number."""
    found: list[str] = []
    for i, name in enumerate(names, 1):
        title = name or f"column {i}"
        found.append(f"{title} ({i})" if title in found else title)
    return tuple(found)
