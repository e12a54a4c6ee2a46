"""Frame rate while a setting is dragged and the runs are computed again at each move."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.main_window import MainWindow

MOUSE_MS = 8  # a mouse reports its position 125 times a second


class Painted(QObject):
    """Counter of the frames in which a plot paints new runs for the first time."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.count, self._fresh = 0, False
        window.session.runs_changed.connect(self._mark)
        viewport = window.main_view.plot.viewport()
        viewport.installEventFilter(self)

    def _mark(self) -> None:
        self._fresh = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002, N802 - Qt's name
        if event.type() == QEvent.Type.Paint and self._fresh:
            self.count, self._fresh = self.count + 1, False
        return False


def process_events(duration: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(duration * 1000), loop.quit)
    loop.exec()


def drag(window: MainWindow, move: Callable[[int], None], positions: int) -> float:
    """Return the frames per second that show new runs while ``move`` is called with successive positions."""
    painted, at, loop = Painted(window), iter(range(positions)), QEventLoop()

    def move_on() -> None:
        position = next(at, None)
        if position is None:
            loop.quit()
        else:
            move(position)

    timer = QTimer(interval=MOUSE_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(move_on)
    began = perf_counter()
    timer.start()
    loop.exec()
    timer.stop()
    return painted.count / (perf_counter() - began)


def what_if(steps: int = 150, positions: int = 250) -> dict[str, float]:
    """Return the frames per second while a setting is dragged and four runs of 150 steps are computed again.

    The settings are the slider of a learning rate, a parameter of the problem, and the start.
    """
    problem = problems.get("rosenbrock")
    rules = {"gradient_descent": 1e-3, "momentum": 5e-4, "adam": 0.1, "rmsprop": 0.05}
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=i) for i, (name, rate) in enumerate(rules.items())
    )
    window = MainWindow(Experiment(problem, plans, (-1.2, 1.0), Limits(tolerance=None, max_steps=steps)))
    window.resize(1280, 800)
    window.show()
    process_events(1.0)
    session = window.session
    session.player.finish()
    session.select(2)
    window.edit_actions.what_if.setChecked(True)
    process_events(0.5)
    rate, b = window.runs_panel.editor.fields["learning_rate"].slider, window.problem_panel.fields["b"].slider
    middle = rate.value()
    turns = 2 * np.pi / positions
    moves: dict[str, Callable[[int], None]] = {
        "slider": lambda i: rate.setValue(round(middle + 250 * (i / positions - 0.5))),
        "start": lambda i: session.set_start((-1.2 + 0.5 * np.sin(turns * i), 1.5 - 0.5 * np.cos(turns * i))),
        "parameter": lambda i: b.setValue(round(500 + 200 * i / positions)),
    }
    frames = {}
    for name, move in moves.items():
        frames[name] = drag(window, move, positions)
        process_events(1.2)
    assert all(run.step == steps for run in session.runs)
    window.close()
    window.deleteLater()
    return {"what_if_frames_per_s": min(frames.values())} | {
        f"what_if_{name}_frames_per_s": rate for name, rate in frames.items()
    }
