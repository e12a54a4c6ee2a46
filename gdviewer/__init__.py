"""gdviewer: a debugger for optimizers.

``minimize`` and ``GD`` run a descent, ``show`` opens the window on one, ``Experiment`` describes several as a value;
``problems``, ``optimizers`` and ``schedules`` are the catalogues.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdviewer.version import __version__ as __version__

if TYPE_CHECKING:
    from gdviewer import optimizers, problems, schedules
    from gdviewer.experiment.experiment import Experiment
    from gdviewer.experiment.minimize import GD, Result, minimize
    from gdviewer.ui.app.show import show

__all__ = ["GD", "Experiment", "Result", "minimize", "optimizers", "problems", "schedules", "show"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the command has something to say to NumPy first (__main__.py), and `show` brings in Qt.
    if name in ("optimizers", "problems", "schedules"):
        return import_module(f"gdviewer.{name}")
    if name in __all__:
        home = {"show": "ui.app.show", "Experiment": "experiment.experiment"}.get(name, "experiment.minimize")
        return getattr(import_module(f"gdviewer.{home}"), name)
    raise AttributeError(f"module 'gdviewer' has no attribute {name!r}")
