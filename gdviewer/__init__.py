"""gdviewer: a debugger for optimizers.

``minimize`` and ``GD`` minimise a function, ``show`` opens the window, and ``Experiment`` describes several runs as a
value. ``problems``, ``optimizers`` and ``schedules`` are the catalogues.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdviewer.version import __version__

if TYPE_CHECKING:
    from gdviewer import optimizers, problems, schedules
    from gdviewer.experiment.experiment import Experiment
    from gdviewer.experiment.minimize import GD, Result, minimize
    from gdviewer.ui.app.show import show

__all__ = ["GD", "Experiment", "Result", "__version__", "minimize", "optimizers", "problems", "schedules", "show"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: __main__.py sets the threads of NumPy before it is loaded, and only `show` needs Qt.
    if name in ("optimizers", "problems", "schedules"):
        return import_module(f"gdviewer.{name}")
    if name in __all__:
        home = {"show": "ui.app.show", "Experiment": "experiment.experiment"}.get(name, "experiment.minimize")
        return getattr(import_module(f"gdviewer.{home}"), name)
    raise AttributeError(f"module 'gdviewer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
