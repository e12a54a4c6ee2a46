"""The catalogue of problems: every ``PROBLEMS`` list in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from gdviewer.engine.rules.parameter import nearest
from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression import Regression, regression

if TYPE_CHECKING:
    from gdviewer.problems.networks.network import Network, network

__all__ = [
    "FormulaProblem", "Network", "Problem", "Regression", "catalogue", "formula", "get", "names", "network",
    "regression",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("network", "Network"):  # loaded when asked for, as the window opens without it
        from gdviewer.problems.networks import network as module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _entries() -> Iterator[Problem]:
    """Every problem, file by file; a file is loaded when its turn comes."""
    for name in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in ("symbolic", "networks")):
        yield from getattr(importlib.import_module(f"{__name__}.{name}"), "PROBLEMS", ())


@cache
def catalogue() -> dict[str, Problem]:
    """Every problem by name: those of fewer dimensions first, then in the order of the files and of their lines."""
    return {problem.name: problem for problem in sorted(_entries(), key=lambda problem: problem.dimension)}


def names() -> list[str]:
    """The names of all problems."""
    return list(catalogue())


def get(name: str, /, **values: Any) -> Problem:
    """The problem of that name, with parameter values where given: ``get("rosenbrock", b=10)``.

    Raises:
        ValueError: there is none (the nearest name is suggested), or a value is not one of its parameters' or out of
            range.
    """
    problem = next((problem for problem in _entries() if problem.name == name), None)
    if problem is None:
        raise ValueError(f"there is no problem {name!r}{nearest(name, names())}")
    return problem.replace(**values)
