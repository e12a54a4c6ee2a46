"""gdviewer: a debugger for optimizers.

``minimize`` and ``GD`` run a descent, ``show`` opens the window on one, ``problems``, ``optimizers`` and
``schedules`` are the catalogues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gdviewer import optimizers, problems, schedules
from gdviewer.experiment.minimize import GD, Result, minimize

if TYPE_CHECKING:
    from gdviewer.ui.show import show

__version__ = "0.1.0"
__all__ = ["GD", "Result", "minimize", "optimizers", "problems", "schedules", "show"]


def __getattr__(name: str) -> Any:
    if name == "show":  # brings in Qt, so only where it is asked for
        from gdviewer.ui.show import show

        return show
    raise AttributeError(f"module 'gdviewer' has no attribute {name!r}")
