"""The catalogue of optimizers: every ``@optimizer`` function in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from gdviewer.engine.rules.optimizer import Optimizer, optimizer
from gdviewer.engine.rules.parameter import nearest
from gdviewer.engine.rules.step_filters import follow

follow(__name__)

__all__ = ["Optimizer", "catalogue", "get", "names", "optimizer"]


def _entries() -> Iterator[Optimizer]:
    """Yield every optimizer, file by file; each file is imported when it is reached."""
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        entries = list(vars(importlib.import_module(f"{__name__}.{name}")).values())
        yield from (entry for entry in entries if isinstance(entry, Optimizer))


@cache
def catalogue() -> dict[str, Optimizer]:
    """Return every optimizer by name, in the order of the files and of the lines in them."""
    return {entry.name: entry for entry in _entries()}


def names() -> list[str]:
    """Return the names of all optimizers."""
    return list(catalogue())


def get(name: str) -> Optimizer:
    """Return the optimizer with this name.

    Raises:
        ValueError: there is none; the nearest name is suggested.
    """
    found = next((entry for entry in _entries() if entry.name == name), None)
    if found is None:
        raise ValueError(f"there is no optimizer {name!r}{nearest(name, names())}")
    return found
