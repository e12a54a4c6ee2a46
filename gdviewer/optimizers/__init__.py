"""The catalogue of optimizers: every ``@optimizer`` function in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from gdviewer.engine.optimizer import Optimizer, optimizer
from gdviewer.engine.parameter import nearest

__all__ = ["Optimizer", "catalogue", "get", "names", "optimizer"]


@cache
def catalogue() -> dict[str, Optimizer]:
    """Every optimizer by name, in the order of the files and of the lines in them."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = (vars(importlib.import_module(f"{__name__}.{name}")).values() for name in modules)
    return {entry.name: entry for entries in found for entry in entries if isinstance(entry, Optimizer)}


def names() -> list[str]:
    """The names of all optimizers."""
    return list(catalogue())


def get(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises:
        ValueError: there is none; the nearest name is suggested.
    """
    try:
        return catalogue()[name]
    except KeyError:
        raise ValueError(f"there is no optimizer {name!r}{nearest(name, names())}") from None
