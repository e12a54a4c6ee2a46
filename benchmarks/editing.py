"""Lateness of frames while a slider is dragged and the runs are played."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.ui.session.clock import FRAME_MS

RATES = {"gradient_descent": 1e-3, "momentum": 5e-4, "adam": 0.1, "rmsprop": 0.05}


def process_events(duration: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(duration * 1000), loop.quit)
    loop.exec()


def editing(notches: int = 200) -> dict[str, float]:
    """Return the lateness of frames and the time of an edit, both in milliseconds.

    Four runs are executed at full speed while the slider of a learning rate moves by one notch in each frame. The
    lateness is the time between two frames beyond the frame time.
    """
    plans = tuple(
        RunPlan(optimizers.get(name), {"learning_rate": rate}, color=i) for i, (name, rate) in enumerate(RATES.items())
    )
    window = MainWindow(
        Experiment(problems.get("rosenbrock"), plans, (-1.2, 1.0), Limits(tolerance=None, max_steps=10**9))
    )
    window.resize(1280, 720)
    window.show()
    process_events(1.0)
    session = window.session
    session.select(2)
    session.player.play()
    process_events(0.5)
    slider = window.runs_panel.editor.fields["learning_rate"].slider
    middle, frames, spent, loop = slider.value(), [], [], QEventLoop()

    def move() -> None:
        began = perf_counter()
        slider.setValue(middle + len(spent) % 50 - 25)
        spent.append(perf_counter() - began)
        if len(spent) == notches:
            loop.quit()

    session.frame.connect(lambda: frames.append(perf_counter()))
    timer = QTimer(interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(move)
    timer.start()
    loop.exec()
    timer.stop()
    assert session.player.playing
    window.close()
    window.deleteLater()
    process_events(0.1)
    lateness = np.maximum(np.diff(frames) * 1e3 - FRAME_MS, 0.0)
    return {
        "editing_lateness_ms_p50": float(np.percentile(lateness, 50)),
        "editing_lateness_ms_p99": float(np.percentile(lateness, 99)),
        "editing_lateness_ms_max": float(lateness.max()),
        "editing_notch_ms_p50": float(np.median(spent)) * 1e3,
    }
