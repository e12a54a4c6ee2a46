"""The catalogue of layers: every :class:`Layer` with a word of its own in the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from gdviewer.problems.networks.layer import Layer

__all__ = ["catalogue"]


@cache
def catalogue() -> dict[str, type[Layer]]:
    """Every kind of layer by its word, in the order of menus."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    entries = [entry for name in names for entry in vars(importlib.import_module(f"{__name__}.{name}")).values()]
    kinds = [entry for entry in entries if isinstance(entry, type) and issubclass(entry, Layer) and _is_declared(entry)]
    return {kind.word: kind for kind in sorted(kinds, key=lambda kind: kind.order)}


def _is_declared(kind: type[Layer]) -> bool:
    return bool(vars(kind).get("word"))
