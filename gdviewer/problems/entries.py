"""The entries of the catalogue: every ``PROBLEMS`` list in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gdviewer.engine.rules.parameter import nearest

_PACKAGE = __name__.rpartition(".")[0]
_NO_ENTRIES = ("symbolic", "networks")  # these load what is dear, and have none


def entries() -> Iterator[Any]:
    """Yield every problem, file by file; a file is loaded when its turn comes."""
    files = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    for name in files:
        if name not in _NO_ENTRIES:
            yield from getattr(importlib.import_module(f"{_PACKAGE}.{name}"), "PROBLEMS", ())


@cache
def catalogue() -> dict[str, Any]:
    """Return every problem by name: those of fewer dimensions first, then in the order of files and lines."""
    return {problem.name: problem for problem in sorted(entries(), key=lambda problem: problem.dimension)}


def entry(name: str, values: Mapping[str, Any]) -> Any:
    """Return the problem of a name, with parameter values where given.

    Raises:
        ValueError: there is none (the nearest name is suggested), or a value is not one of its parameters' or out of
            range.
    """
    found = next((problem for problem in entries() if problem.name == name), None)
    if found is None:
        raise ValueError(f"there is no problem {name!r}{nearest(name, catalogue())}")
    return found.replace(**values)
