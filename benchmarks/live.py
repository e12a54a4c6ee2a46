"""Speed of gdviewer, measured in less than a minute; the last output is a JSON object with all figures.

    python benchmarks/live.py

The windows are drawn on the display, or offscreen without one. Figures that are compared are measured in turns.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # import this checkout, not an installed gdviewer

import numpy as np
import pyqtgraph as pg
from contourpy import LineType, contour_generator
from PySide6.QtCore import QEvent, QEventLoop, QObject, QRectF, Qt, QTimer

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.application import create_application
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.ui.plots.landscape import compute_landscape

START = (-1.2, 1.0)
UNLIMITED = Limits(tolerance=None, max_steps=10**9)
TIMER_MS = 5


def bare_loop(steps: int) -> None:
    """Execute Adam on the Rosenbrock function in a plain loop without a record."""
    learning_rate, beta1, beta2, eps = 1e-3, 0.9, 0.999, 1e-8
    a, b = 1.0, 100.0
    x, m, v = np.array(START), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        p, q = x.tolist()  # Python floats are faster than NumPy scalars
        u = q - p * p
        g = np.array([-2 * (a - p) - 4 * b * p * u, 2 * b * u])
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - learning_rate * m_hat / (np.sqrt(v_hat) + eps)


def new_run() -> Run:
    run = Run(problems.get("rosenbrock"), optimizers.get("adam"), START, limits=UNLIMITED)
    run.problem.prepare()  # so that the work of SymPy is not measured
    run.begin()
    return run


def seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def engine_and_bare_loop(steps: int = 20_000, rounds: int = 7) -> dict[str, float]:
    engine, bare = [], []
    for _ in range(rounds):
        run = new_run()
        engine.append(steps / seconds(lambda run=run: run.advance(steps)))
        bare.append(steps / seconds(lambda: bare_loop(steps)))
    return {
        "engine_steps_per_s": statistics.median(engine),
        "bare_loop_steps_per_s": statistics.median(bare),
        "engine_to_bare_loop": statistics.median(e / b for e, b in zip(engine, bare, strict=True)),
    }


def a_million_steps(chunk: int = 1000) -> dict[str, float]:
    """Return the cost of the last 100,000 of a million steps, relative to the first ones of another run, in turns."""
    old, young = new_run(), new_run()
    old.advance(900_000)
    late = early = 0.0
    for _ in range(100_000 // chunk):
        late += seconds(lambda: old.advance(chunk))
        early += seconds(lambda: young.advance(chunk))
    return {"bytes_per_step": old.trace.nbytes / old.step, "late_to_early_cost": late / early}


class Watch(QObject):
    """Counter of the frames of a window, by the paint events of each plot, and of the lateness of a timer."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.signals = 0
        self.paints: dict[QObject, int] = {}
        self.lateness: list[float] = []
        self._last = 0.0
        window.session.frame.connect(self._count)
        for view in window.findChildren(pg.GraphicsView):
            self.paints[view.viewport()] = 0
            view.viewport().installEventFilter(self)
        self._timer = QTimer(self, interval=TIMER_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._fired)

    def start(self) -> None:
        self.signals, self.lateness = 0, []
        self.paints = dict.fromkeys(self.paints, 0)
        self._last = perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self.paints[watched] += 1
        return False

    def _count(self) -> None:
        self.signals += 1

    def _fired(self) -> None:
        now = perf_counter()
        self.lateness.append(max(0.0, (now - self._last) * 1e3 - TIMER_MS))
        self._last = now


def process_events(duration: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(duration * 1000), loop.quit)
    loop.exec()


def live(runs: int, duration: float = 1.5, rounds: int = 3) -> dict[str, float]:
    """Return the speed of a window at full speed, in turns with the engine alone."""
    plans = tuple(RunPlan(optimizers.get("adam"), color=i) for i in range(runs))
    window = MainWindow(Experiment(problems.get("rosenbrock"), plans, START, UNLIMITED))
    window.resize(1280, 720)
    window.show()
    process_events(1.0)
    watch, session = Watch(window), window.session
    session.player.pace.set_speed(math.inf)
    steps, paints, signals, lateness, ratios = [], [], [], [], []
    for _ in range(rounds):
        run = new_run()
        headless = 30_000 / seconds(lambda run=run: run.advance(30_000))
        session.player.play()
        process_events(0.3)
        before, began = sum(run.step for run in session.runs), perf_counter()
        watch.start()
        process_events(duration)
        watch.stop()
        elapsed = perf_counter() - began
        steps.append((sum(run.step for run in session.runs) - before) / elapsed)
        ratios.append(steps[-1] / headless)
        session.player.pause()
        process_events(0.1)
        paints.append(max(watch.paints.values()) / elapsed)
        signals.append(watch.signals / elapsed)
        lateness += watch.lateness
    window.close()
    window.deleteLater()
    process_events(0.1)
    return {
        "steps_per_s": statistics.median(steps),
        "to_engine": statistics.median(ratios),
        "frames_per_s": statistics.median(paints),
        "frame_signals_per_s": statistics.median(signals),
        "lateness_ms_p50": float(np.percentile(lateness, 50)),
        "lateness_ms_p99": float(np.percentile(lateness, 99)),
        "lateness_ms_max": max(lateness),
    }


_FIRST_FRAME = """
import time
from PySide6.QtCore import QEvent, QObject, QTimer
class FirstPaint(QObject):
    done = False
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.done:
            QTimer.singleShot(0, self.painted)  # fires when the window is completely drawn
        return False
    def painted(self):
        if ready() and not self.done:
            self.done = True
            print(time.monotonic(), flush=True)
            window.close()
first = FirstPaint()
"""
_EMPTY = """
import pyqtgraph as pg
from PySide6.QtWidgets import QMainWindow
application = pg.mkQApp()
window = QMainWindow()
plot = pg.PlotWidget()
window.setCentralWidget(plot)
ready = lambda: True
"""
_OURS = """
import gdviewer.cli.main
from gdviewer.ui.app import display, startup
from gdviewer.ui.app.application import create_application
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.experiment.experiment import default_experiment
display.load_qt()
application = create_application()
window = MainWindow(default_experiment())
plot = window.main_view.plot
ready = lambda: plot.landscape is not None  # a frame without the landscape does not count
"""
_SHOW = """
window.resize(1280, 720)
plot.viewport().installEventFilter(first)
window.show()
application.exec()
"""


def first_frames(rounds: int = 4) -> dict[str, float]:
    """Return the seconds from the start of a process to its first frame.

    The first round only fills caches, among them a cache of bytecode, as an installed package has it.
    """
    times: dict[str, list[float]] = {"first_frame_s": [], "empty_window_first_frame_s": []}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as cache:
        environment |= {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONPYCACHEPREFIX": cache}
        for _ in range(rounds + 1):
            for key, window in (("first_frame_s", _OURS), ("empty_window_first_frame_s", _EMPTY)):
                code = _FIRST_FRAME + window + _SHOW
                began = monotonic()
                done = subprocess.run(
                    [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, check=True, text=True,
                    timeout=20,
                )  # fmt: skip
                times[key].append(float(done.stdout.split()[0]) - began)
    return {key: statistics.median(found[1:]) for key, found in times.items()}


def contours(rounds: int = 25) -> dict[str, float]:
    """Return the milliseconds to compute a whole landscape, and those of contourpy alone on the same heights."""
    problem = problems.get("himmelblau")
    (left, right), (bottom, top) = problem.domain
    whole, alone = [], []
    for i in range(rounds):
        width, height = right - left - 0.01 * i, top - bottom - 0.01 * i
        rect = QRectF(left, bottom, width, height)
        began = perf_counter()
        landscape = compute_landscape(problem, rect, 256, 20)
        whole.append(perf_counter() - began)
        x, y = np.linspace(left, left + width, 256), np.linspace(bottom, bottom + height, 256)
        began = perf_counter()
        generator = contour_generator(x, y, landscape.heights, line_type=LineType.ChunkCombinedOffset)
        for level in landscape.levels:
            generator.lines(level)
        alone.append(perf_counter() - began)
    return {"recontour_ms": statistics.median(whole) * 1e3, "contourpy_ms": statistics.median(alone) * 1e3}


def main() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as settings:
        os.environ["XDG_CONFIG_HOME"] = settings  # do not read or overwrite the user's layout
        print(json.dumps(measure(), indent=2))


def measure() -> dict[str, Any]:
    began = perf_counter()
    figures: dict[str, Any] = engine_and_bare_loop() | contours() | first_frames()
    application = create_application()
    application.setQuitOnLastWindowClosed(False)
    one, four = live(1), live(4)
    figures |= {
        "live_steps_per_s": one.pop("steps_per_s"),
        "live_steps_per_s_4_runs": four.pop("steps_per_s"),
        "live_to_engine": one.pop("to_engine"),
        "live_to_engine_4_runs": four.pop("to_engine"),
        **one,
        **{f"{key}_4_runs": value for key, value in four.items()},
    }
    figures |= a_million_steps()
    figures |= {"platform": application.platformName(), "seconds": perf_counter() - began}
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in figures.items()}


if __name__ == "__main__":
    main()
