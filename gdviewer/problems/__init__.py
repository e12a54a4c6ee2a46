"""The catalogue of problems: every ``PROBLEMS`` list in the files of this folder."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdviewer.engine.rules.step_filters import follow
from gdviewer.problems import entries
from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.problems.networks.network import Network, network
    from gdviewer.problems.regression_problem import Regression, regression

follow(__name__)

__all__ = [
    "FormulaProblem", "Network", "Problem", "Regression", "catalogue", "formula", "get", "names", "network",
    "regression",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in ("network", "Network", "regression", "Regression"):  # loaded on first use: the window opens without them
        folder = "networks.network" if name.lower() == "network" else "regression_problem"
        return getattr(import_module(f"{__name__}.{folder}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def catalogue() -> dict[str, Problem]:
    """Every problem by name: those of fewer dimensions first, then in the order of the files and of their lines."""
    return entries.catalogue()


def names() -> list[str]:
    """Return the names of all problems."""
    return list(catalogue())


def get(name: str, /, **values: Any) -> Problem:
    """Return the problem with this name and the given parameter values: ``get("rosenbrock", b=10)``.

    Raises:
        ValueError: there is none (the nearest name is suggested), or a value is not one of its parameters' or out of
            range.
    """
    problem: Problem = entries.entry(name, values)
    return problem
