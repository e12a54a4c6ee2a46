"""The way in which the step inspector shows code: declared where the code stands, and looked up when a step is opened.

The user's code is followed, and that of Python and of libraries is passed through, without a declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
_FOLLOWED = {__name__.partition(".")[0]: False}  # by module or package
_SILENT: set[str] = set()


def follow(module: str) -> None:
    """Declare a module, or a package with its modules, as mathematics: the inspector steps into its functions."""
    _FOLLOWED[module] = True


def pass_through(module: str) -> None:
    """Declare a module as one that hands a point on: its lines are not shown, but those of what it calls may be."""
    _FOLLOWED[module] = False


def silent(function: Function) -> Function:
    """Declare a function as one that mathematics has no sign for: a call of it is written as its argument."""
    _SILENT.add(function.__name__)
    return function


def is_followed(module: str) -> bool | None:
    """Return what is declared of a module, or of the innermost package around it; None where nothing is."""
    while module:
        if module in _FOLLOWED:
            return _FOLLOWED[module]
        module = module.rpartition(".")[0]
    return None


def is_silent(name: str) -> bool:
    """Return whether a function of this name is declared as silent."""
    return name in _SILENT
