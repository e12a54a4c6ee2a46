"""Tests for kinds of problems that do not import their classes: the window opens without networks and regressions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from gdviewer.problems.networks.network import Network
    from gdviewer.problems.regression_problem import Regression
    from gdviewer.problems.samples import SampledCurve, SampledVector

    Fit = Regression | Network


def is_network(problem: object) -> TypeGuard[Network]:
    """Return True for a neural network."""
    return _is_instance(problem, "networks.network", "Network")


def is_regression(problem: object) -> TypeGuard[Regression]:
    """Return True for a regression."""
    return _is_instance(problem, "regression_problem", "Regression")


def is_fit(problem: object) -> TypeGuard[Fit]:
    """Return True for a problem that fits a model to data: a regression or a network."""
    return is_regression(problem) or is_network(problem)


def is_sampled(problem: object) -> TypeGuard[SampledCurve | SampledVector]:
    """Return True for samples of a function."""
    return _is_instance(problem, "samples", "SampledCurve") or _is_instance(problem, "samples", "SampledVector")


def _is_instance(problem: object, module: str, name: str) -> bool:
    """Call ``isinstance``; an instance can only exist if the module of its class is loaded."""
    loaded = sys.modules.get(f"gdviewer.problems.{module}")
    return isinstance(problem, getattr(loaded, name, ()))
