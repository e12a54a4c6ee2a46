"""Time from a move of the cursor until the lines of that step are on the screen."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject

from gdviewer import optimizers, problems
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.ui.inspector.panel import StepPanel

START = (-1.2, 1.0)
LONG = {"adam": 200_000, "rmsprop": 100_000, "armijo": 5_000, "l_bfgs": 5_000}  # steps of the runs
OPENED = 100  # steps opened in each run


class Painted(QObject):
    """Observer of the step that was painted last."""

    def __init__(self, panel: StepPanel) -> None:
        super().__init__(panel)
        self._panel, self.step = panel, -1
        panel.lines.viewport().installEventFilter(self)
        panel.lines.viewport().update()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint and self._panel.report:
            self.step = self._panel.report.step
        return False


def opened_ms(name: str, steps: int) -> list[float]:
    """Return the milliseconds from a move of the cursor until the lines are painted, for random steps of a long run."""
    # Without noise the run would stop after a few dozen steps.
    plan = RunPlan(optimizers.get(name), options=Options(noise=0.01))
    limits = Limits(max_steps=steps, tolerance=None)
    window = MainWindow(Experiment(problems.get("rosenbrock"), (plan,), START, limits))
    window.resize(1280, 800)
    window.show()
    dock = next(dock for dock in window.findChildren(QObject, "step") if hasattr(dock, "raise_"))
    dock.show()
    dock.raise_()
    session = window.session
    session.runs[0].advance(steps)
    session.frame.emit()
    spin_until(lambda: window.findChild(StepPanel) is not None and not session.player.busy)
    painted = Painted(window.findChild(StepPanel))
    spin_until(lambda: painted.step == session.cursor.newest)
    taken = []
    for step in np.random.default_rng(1).integers(2, session.cursor.newest, OPENED).tolist():
        began = perf_counter()
        session.cursor.look_at(step)
        spin_until(lambda step=step: painted.step == step)  # type: ignore[misc]
        taken.append(1000 * (perf_counter() - began))
        spin_until(lambda: not session.player.busy)
    print(
        f"{name}: {session.cursor.newest:,} steps, p50 {np.median(taken):.1f} ms, p95 {np.quantile(taken, 0.95):.1f} ms"
    )
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return taken


def spin_until(ready, seconds: float = 30.0) -> None:
    """Process events until ``ready()`` is true.

    Raises:
        TimeoutError: it is not true after the given seconds.
    """
    end = perf_counter() + seconds
    while not ready():
        if perf_counter() > end:
            raise TimeoutError(f"not ready after {seconds:g} seconds")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)


def open_step() -> dict[str, float]:
    """Return the 95th percentile of the time to open a step, over several optimizers, in milliseconds."""
    opened = [taken for name, steps in LONG.items() for taken in opened_ms(name, steps)]
    return {"open_step_ms_p95": float(np.quantile(opened, 0.95))}
