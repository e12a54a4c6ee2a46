"""How fast the debugger is: prints one JSON object last.

    python benchmarks/debugger.py

Draws on the display there is, else offscreen. Figures that are compared with each other are measured in turns.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))  # this checkout, whatever is installed

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoint import Breakpoint
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits
from gdviewer.engine.worker import burst
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.ui.app import create_application
from gdviewer.ui.window import MainWindow

START = (-1.2, 1.0)
MOUSE_MS = 8  # a mouse tells where it is 125 times a second
UNLIMITED = Limits(tolerance=None, max_steps=10**9)
BREAKPOINTS = (  # none of them is hit, but each step is judged by all
    Breakpoint("loss_rises_running", 1000),
    Breakpoint("move_longer", 1e3),
    Breakpoint("leaves_domain"),
    Breakpoint("non_finite"),
    Breakpoint("expression", "loss > 2*previous.loss and norm(m) > 1 and t > 10"),
)


def breakpoint_cost(seconds: float = 0.4, rounds: int = 15) -> dict[str, float]:
    """The full-speed rate of bursts with five breakpoints over the rate without, of two runs in turns."""

    def rate(run: Run) -> float:
        before, began = run.step, perf_counter()
        while perf_counter() < began + seconds:
            burst([run], 12e-3)
        return (run.step - before) / (perf_counter() - began)

    problem, rule = problems.get("rosenbrock"), optimizers.get("adam")
    problem.prepare()  # SymPy's work is not a step's
    ratios, plain, watched = [], [], []
    for i in range(rounds):
        runs = [Run(problem, rule, START, limits=UNLIMITED, breakpoints=b) for b in ((), BREAKPOINTS)]
        rates = {run: rate(run) for run in (runs if i % 2 else runs[::-1])}
        assert not any(run.stop for run in runs), [run.stop for run in runs]
        plain.append(rates[runs[0]])
        watched.append(rates[runs[1]])
        ratios.append(watched[-1] / plain[-1])
    return {
        "breakpoint_cost": statistics.median(ratios),
        "steps_per_s": statistics.median(plain),
        "steps_per_s_with_five_breakpoints": statistics.median(watched),
    }


class Painted(QObject):
    """Counts the times a plot paints runs that it has not painted before."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.count, self._fresh = 0, False
        window.session.runs_changed.connect(self._take)
        viewport = window.stage.plot.viewport()
        viewport.installEventFilter(self)

    def _take(self) -> None:
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
    """Frames a second with runs that were computed anew, while ``move`` is called with one position after another."""
    painted, at, loop = Painted(window), iter(range(positions)), QEventLoop()

    def go_on() -> None:
        position = next(at, None)
        if position is None:
            loop.quit()
        else:
            move(position)

    timer = QTimer(interval=MOUSE_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(go_on)
    began = perf_counter()
    timer.start()
    loop.exec()
    timer.stop()
    return painted.count / (perf_counter() - began)


def what_if(steps: int = 150, positions: int = 250) -> dict[str, float]:
    """Four runs of 150 steps, computed anew while the slider of a learning rate, a problem's parameter, and the start
    are dragged."""
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
    session.finish()
    session.select(2)
    window.edit_actions.what_if.setChecked(True)
    process_events(0.5)
    rate, b = window.runs_panel.editor.fields["learning_rate"].slider, window.problem_panel.fields["b"].slider
    middle = rate.value()
    turns = 2 * np.pi / positions
    moves: dict[str, Callable[[int], None]] = {
        "slider": lambda i: rate.setValue(round(middle - 60 + 120 * i / positions)),
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


def main() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    figures = breakpoint_cost()
    with tempfile.TemporaryDirectory() as settings:
        os.environ["XDG_CONFIG_HOME"] = settings  # no layout of the user's is read or written over
        application = create_application()
        application.setQuitOnLastWindowClosed(False)
        figures |= what_if()
    print(json.dumps({key: float(f"{value:.4g}") for key, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
