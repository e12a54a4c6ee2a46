"""Declarations of modules for the step inspector: which code it shows.

User code is shown and code of Python and of libraries is not, without a declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
_FOLLOWED = {__name__.partition(".")[0]: False}  # by module or package
_SILENT: set[str] = set()


def follow(module: str) -> None:
    """Declare that the inspector steps into the functions of a module or package."""
    _FOLLOWED[module] = True


def pass_through(module: str) -> None:
    """Declare that the lines of a module are not shown, but those of the functions that it calls may be."""
    _FOLLOWED[module] = False


def silent(function: Function) -> Function:
    """Declare a function without a mathematical sign: a call is written as its argument."""
    _SILENT.add(function.__name__)
    return function


def is_followed(module: str) -> bool | None:
    """Return the declaration of a module or of the innermost package around it; None if there is none."""
    while module:
        if module in _FOLLOWED:
            return _FOLLOWED[module]
        module = module.rpartition(".")[0]
    return None


def is_silent(name: str) -> bool:
    """Return True if a function of this name is declared as silent."""
    return name in _SILENT
