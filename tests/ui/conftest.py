"""A window on an experiment, used as a person would use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.application import create_application
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.ui.widgets.theme import look


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
            qtbot.waitUntil(lambda: not window.session.player.busy, timeout=20_000)
        return window

    yield open_one
    for window in opened:
        window.close()
    QCoreApplication.processEvents()  # a call that is still due to a widget keeps its window in memory for ever
    for window in opened:
        window.deleteLater()
    opened.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if look().choice != "system":  # after the windows are gone: to style them again takes longest
        look().choose("system")


@pytest.fixture
def window(open_window) -> MainWindow:
    """The window as it opens: Himmelblau, gradient descent and Adam."""
    return open_window()


@pytest.fixture
def open_inside(open_window, qtbot):
    """Open a window on a network that is trained, with a page on what is inside it in front; returns both."""

    def open_one(kind, problem="network", steps=20, rate=0.05, **values):
        problem = problems.get(problem, **values) if isinstance(problem, str) else problem
        plan = RunPlan(optimizers.get("adam"), {"learning_rate": rate})
        limits = Limits(tolerance=None, max_steps=steps)
        window = open_window(Experiment(problem, (plan,), tuple(problem.start.tolist()), limits))
        tabs = window.main_view.plot.inside
        tabs.setCurrentIndex([tabs.tabText(i) for i in range(tabs.count())].index(kind.title))
        window.session.player.finish()

        def settled():
            tabs.page.renew()
            return tabs.page.isVisible() and not tabs.page.computing

        qtbot.waitUntil(settled, timeout=20_000)
        return window, tabs.page

    return open_one
