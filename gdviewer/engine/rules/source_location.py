"""Locations in user code: the innermost line that is not part of gdviewer or of a library."""

from __future__ import annotations

import inspect
import linecache
import site
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

_PACKAGE = str(Path(__file__).parents[2])
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(np.__file__).parents[1]), *site.getsitepackages()}
)


@dataclass(frozen=True)
class SourceLocation:
    """A line of user code.

    Attributes:
        file: the name of the file; line: the number of the line, from 1.
        function: the name of the function; code: the text of the line.
    """

    file: str
    line: int
    function: str
    code: str

    @property
    def text(self) -> str:
        """The line as text: ``line 7 of my_rule: x = x - g``."""
        function = "" if self.function == "<module>" else f" of {self.function}"
        return f"line {self.line}{function}" + (f": {self.code}" if self.code else "")


def is_of_a_library(file: str) -> bool:
    """Return True for a file of Python or of an installed package."""
    return file.startswith(_LIBRARIES)


def location_of_error(error: BaseException) -> SourceLocation | None:
    """Return the innermost line of user code in the traceback, or the ``location`` that the exception has."""
    known: SourceLocation | None = getattr(error, "location", None)
    return known or _innermost((frame, line) for frame, line in traceback.walk_tb(error.__traceback__))


def location_in_thread(ident: int | None) -> SourceLocation | None:
    """Return the innermost line of user code that a thread executes now."""
    frame = sys._current_frames().get(ident or 0)
    return _innermost(reversed(list(traceback.walk_stack(frame)))) if frame else None


def location_of_return(function: Callable[..., Any], call: Callable[[], Any]) -> SourceLocation | None:
    """Call a function once more and return the line at which it returns."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    found: list[SourceLocation] = []

    def record_return(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is code:
            found.append(_location(frame, frame.f_lineno))

    before = sys.getprofile()
    sys.setprofile(record_return)
    try:
        call()
    finally:
        sys.setprofile(before)
    return found[-1] if found else None


def _innermost(frames: Iterable[tuple[FrameType, int]]) -> SourceLocation | None:
    user_code = [(frame, line) for frame, line in frames if _is_user_code(frame)]
    return _location(*user_code[-1]) if user_code else None


def _is_user_code(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file.startswith((_PACKAGE, "<frozen ")) or is_of_a_library(file):
        return False
    return "__name__" in frame.f_globals  # the code generated for a formula has no module


def _location(frame: FrameType, line: int) -> SourceLocation:
    file = frame.f_code.co_filename
    return SourceLocation(file, line, frame.f_code.co_name, linecache.getline(file, line, frame.f_globals).strip())
