"""The entries of the catalogue: every ``PROBLEMS`` list in the files of this folder."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.abc import InspectLoader
from pathlib import Path
from typing import Any

from gdviewer.engine.rules.parameter import nearest

_PACKAGE = __name__.rpartition(".")[0]
_DECLARATION = re.compile(r"^PROBLEMS\b", re.MULTILINE)


def entries() -> Iterator[Any]:
    """Yield every problem, file by file; each file is imported when it is reached."""
    for name in _modules():
        yield from getattr(importlib.import_module(name), "PROBLEMS", ())


@cache
def _modules() -> tuple[str, ...]:
    """Return the modules whose source declares ``PROBLEMS``: importing the others, such as SymPy's, is slow."""
    files = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.ispkg)
    return tuple(name for name in (f"{_PACKAGE}.{file}" for file in files) if _declares_problems(name))


def _declares_problems(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    loader = spec.loader if spec else None
    source = loader.get_source(name) if isinstance(loader, InspectLoader) else None
    return source is None or _DECLARATION.search(source) is not None


@cache
def catalogue() -> dict[str, Any]:
    """Return every problem by name: those of fewer dimensions first, then in the order of files and lines."""
    return {problem.name: problem for problem in sorted(entries(), key=lambda problem: problem.dimension)}


def entry(name: str, values: Mapping[str, Any]) -> Any:
    """Return the problem with this name, with the given parameter values.

    Raises:
        ValueError: No problem has this name (the nearest one is suggested), or a parameter is unknown or out of
            range.
    """
    found = next((problem for problem in entries() if problem.name == name), None)
    if found is None:
        raise ValueError(f"there is no problem {name!r}{nearest(name, catalogue())}")
    return found.replace(**values)
