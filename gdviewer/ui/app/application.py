"""The application object."""

from __future__ import annotations

import sys

import pyqtgraph as pg
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from gdviewer.ui.widgets.theme import look


def create_application() -> QApplication:
    """The application: the one there is, or a new one with gdviewer's name, style and theme."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    if not application.organizationName():
        application.setOrganizationName("gdviewer")
        application.setApplicationName("gdviewer")
        application.setApplicationDisplayName("gdviewer")
        application.setDesktopFileName("gdviewer")
    if existing is None:
        application.setStyle("Fusion")
    # While the worker steps, the GUI waits at most this long for the interpreter.
    sys.setswitchinterval(1e-3)
    pg.setConfigOptions(antialias=True, useOpenGL=False)
    look()
    _set_icon(application)
    return application


def _set_icon(application: QApplication) -> None:
    from gdviewer.resources import asset

    with asset("gdviewer.svg") as path:
        application.setWindowIcon(QIcon(str(path)))
