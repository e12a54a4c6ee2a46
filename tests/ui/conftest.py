"""A window on an experiment, used as a person would use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from gdviewer.experiment.experiment import Experiment
from gdviewer.ui.app import create_application
from gdviewer.ui.theme import look
from gdviewer.ui.window import MainWindow


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application with gdviewer's own style and theme, as `gdviewer` makes it."""
    return create_application()


@pytest.fixture
def open_window(qtbot) -> Iterator[Callable[..., MainWindow]]:
    """Open windows of 1280×800 whose runs are ready; they are closed and gone afterwards."""
    opened: list[MainWindow] = []

    def open_one(experiment: Experiment | None = None, ready: bool = True) -> MainWindow:
        window = MainWindow(experiment)
        opened.append(window)
        window.resize(1280, 800)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        if ready:
            qtbot.waitUntil(lambda: not window.session.busy, timeout=20_000)
        return window

    yield open_one
    for window in opened:
        window.close()
        window.deleteLater()
    opened.clear()
    look().choose("system")
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(open_window) -> MainWindow:
    """The window as it opens: Himmelblau, gradient descent and Adam."""
    return open_window()
