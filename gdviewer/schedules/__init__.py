"""The catalogue of learning-rate schedules: every ``@schedule`` function in the files of this folder.

They have PyTorch's parameter names, and are found by PyTorch's class names too: ``get("CosineAnnealingLR", T_max=50)``.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from gdviewer.engine.rules.parameter import nearest
from gdviewer.engine.rules.schedule import Schedule, schedule

__all__ = ["Schedule", "catalogue", "get", "names", "schedule"]


@cache
def catalogue() -> dict[str, Schedule]:
    """Every schedule by name, in the order of the files and of the lines in them."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = (vars(importlib.import_module(f"{__name__}.{name}")).values() for name in modules)
    return {entry.name: entry for entries in found for entry in entries if isinstance(entry, Schedule)}


def names() -> list[str]:
    """The names of all schedules."""
    return list(catalogue())


def get(name: str, /, **values: Any) -> Schedule:
    """The schedule of that name, with parameter values where given: ``get("step", step_size=50)``.

    Raises:
        ValueError: there is none (the nearest name is suggested), or a value is not one of its parameters' or out of
            range.
    """
    known = {entry.source.rpartition(".")[2]: entry for entry in catalogue().values()} | catalogue()
    try:
        entry = known[name]
    except KeyError:
        raise ValueError(f"there is no schedule {name!r}{nearest(name, known)}") from None
    return entry.replace(**values)
