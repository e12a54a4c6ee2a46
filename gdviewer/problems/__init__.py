"""The catalogue of problems: every ``PROBLEMS`` list in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from gdviewer.engine.parameter import nearest
from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression import Regression, regression

__all__ = ["FormulaProblem", "Problem", "Regression", "catalogue", "formula", "get", "names", "regression"]


@cache
def catalogue() -> dict[str, Problem]:
    """Every problem by name: those of fewer dimensions first, then in the order of the files and of their lines."""
    modules = (m.name for m in pkgutil.iter_modules(__path__) if m.name != "symbolic")
    lists = (getattr(importlib.import_module(f"{__name__}.{name}"), "PROBLEMS", ()) for name in sorted(modules))
    found = (problem for problems in lists for problem in problems)
    return {problem.name: problem for problem in sorted(found, key=lambda problem: problem.dimension)}


def names() -> list[str]:
    """The names of all problems."""
    return list(catalogue())


def get(name: str, /, **values: Any) -> Problem:
    """The problem of that name, with parameter values where given: ``get("rosenbrock", b=10)``.

    Raises:
        ValueError: there is none (the nearest name is suggested), or a value is not one of its parameters' or out of
            range.
    """
    try:
        problem = catalogue()[name]
    except KeyError:
        raise ValueError(f"there is no problem {name!r}{nearest(name, names())}") from None
    return problem.replace(**values)
