"""Frame rate while the timeline of a run of a million steps is dragged."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.app.main_window import MainWindow

STEPS = 1_000_000


class Paints(QObject):
    """Counter of the paint events of widgets."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.counts = dict.fromkeys(widgets, 0)
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self.counts[watched] += 1
        return False


def drag(widget: QWidget, kind: QEvent.Type, x: float) -> None:
    at = QPointF(x, widget.height() / 2)
    event = QMouseEvent(
        kind, at, widget.mapToGlobal(at), Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def scrub_frames_per_s(steps: int = STEPS, duration: float = 3.0) -> dict[str, float]:
    """Return the frames per second while the timeline of a long run is dragged.

    A frame is a move after which every plot was painted. The run moves slowly on Himmelblau's function, from a side of
    the plot to a minimum.
    """
    problem = problems.get("himmelblau")
    plan = RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 1e-7})
    limits = Limits(tolerance=None, max_steps=steps)
    window = MainWindow(Experiment(problem, (plan,), tuple(problem.start.tolist()), limits))
    window.resize(1280, 800)
    window.show()
    run = window.session.runs[0]
    run.problem.prepare()
    run.advance(steps)
    window.session.frame.emit()
    for _ in range(20):
        QApplication.processEvents()
    scrubber = window.timeline.scrubber
    views = [scrubber, window.main_view.plot.viewport(), window.history.plot.viewport()]
    paints = Paints(*views)
    drag(scrubber, QEvent.Type.MouseButtonPress, scrubber.width() / 2)
    QApplication.processEvents()
    frames, slowest, missed, began = 0, 0.0, 0, perf_counter()
    while perf_counter() - began < duration:
        before, now = dict(paints.counts), perf_counter()
        x = scrubber.width() * (0.03 + 0.94 * ((frames * 0.618034) % 1.0))  # spread over the timeline
        drag(scrubber, QEvent.Type.MouseMove, x)
        QApplication.processEvents()
        missed += any(paints.counts[view] == before[view] for view in views)
        slowest = max(slowest, perf_counter() - now)
        frames += 1
    rate = (frames - missed) / (perf_counter() - began)
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    return {"scrub_frames_per_s": rate, "scrub_slowest_frame_ms": slowest * 1e3, "scrub_steps": run.step}
