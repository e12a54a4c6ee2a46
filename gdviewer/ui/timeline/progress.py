"""The progress of training: the epoch, the remaining time, and the examples per second."""

from __future__ import annotations

from collections import deque
from time import perf_counter

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.training import batches_an_epoch, duration_text
from gdviewer.problems.kinds import is_fit, is_network
from gdviewer.problems.problem import Problem
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import look

_UPDATE_SECONDS = 0.5  # between two texts while the runs are played, so that they can be read
_PACE_SECONDS = 3.0  # time over which the pace is measured
_MIN_SECONDS = 0.3  # shortest time for a pace


def in_epochs(problem: Problem) -> int | None:
    """Return the number of steps in an epoch; None if steps are not counted in epochs.

    They are for a network and for batches of data.
    """
    return batches_an_epoch(problem) if is_network(problem) or problem.stochastic else None


class TrainingProgress(QWidget):
    """A thin bar with texts beside it; hidden if steps are not counted in epochs.

    Attributes:
        bar: the bar.
        epoch, left, pace: the texts; their widths are fixed, so that changing numbers move nothing.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._passed: deque[tuple[float, int, int]] = deque()  # time, steps of the longest run, steps of all runs
        self._updated = 0.0
        self.bar = _Bar()
        self.epoch, self.left, self.pace = (QLabel(textFormat=Qt.TextFormat.PlainText) for _ in range(3))
        layout = QHBoxLayout(self)
        layout.setSpacing(10)
        layout.setContentsMargins(8, 0, 8, 0)
        for widget, tip in (
            (self.bar, tr("The share of the maximum number of steps.")),
            (self.epoch, tr("An epoch is a pass over all training data; the limit is max steps.")),
            (self.left, tr("Time until max steps at the pace of the last seconds.")),
            (self.pace, tr("Examples per second of all runs, over the last seconds.")),
        ):
            widget.setToolTip(tip)
            layout.addWidget(widget)
        session.frame.connect(self._take_frame)
        session.player.playing_changed.connect(self._begin)
        session.problem_changed.connect(self._match)
        session.experiment_changed.connect(self._take_edit)
        session.runs_changed.connect(self._begin)
        look().changed.connect(self._restyle)
        self._restyle()
        self._match()

    def _match(self) -> None:
        self.setVisible(in_epochs(self._session.experiment.problem) is not None)
        self._begin()

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.limits:
            self._begin()

    def _begin(self) -> None:
        self._passed.clear()
        self._show_texts()

    def _take_frame(self) -> None:
        if self.isHidden():
            return
        now = perf_counter()
        if self._session.player.playing:
            if self._passed and self._session.cursor.newest < self._passed[-1][1]:
                self._passed.clear()
            self._passed.append((now, self._session.cursor.newest, sum(run.step for run in self._session.runs)))
            while now - self._passed[0][0] > _PACE_SECONDS:
                self._passed.popleft()
        if now - self._updated >= _UPDATE_SECONDS or not self._session.player.playing:
            self._show_texts()

    def _show_texts(self) -> None:
        problem = self._session.experiment.problem
        count = in_epochs(problem)
        if count is None or not is_fit(problem):
            return
        self._updated = perf_counter()
        steps, limit = self._session.cursor.newest, self._session.experiment.limits.max_steps
        _show(self.epoch, _epoch_text(steps / count, limit / count))
        self.bar.show_share(steps / limit)
        left = pace = ""
        if (
            len(self._passed) > 1
            and self._passed[-1][0] - self._passed[0][0] >= _MIN_SECONDS
            and self._session.player.playing
        ):
            (begun, first, first_all), (now, last, last_all) = self._passed[0], self._passed[-1]
            if last > first:
                left = tr("{time} left", time=duration_text((limit - last) * (now - begun) / (last - first)))
            examples = (last_all - first_all) / (now - begun) * len(problem.targets) / count
            pace = tr("{n} examples/s", n=f"{float(f'{examples:.2g}'):,.0f}")
        _show(self.left, left)
        _show(self.pace, pace)

    def _restyle(self) -> None:
        metrics = self.fontMetrics()
        for label, widest in (
            (self.epoch, _epoch_text(88_888.8, 88_888)),
            (self.left, tr("{time} left", time=duration_text(3599))),
            (self.pace, tr("{n} examples/s", n="8,888,888")),
        ):
            label.setFixedWidth(metrics.horizontalAdvance(widest) + 4)
        self.bar.update()


def _epoch_text(now: float, limit: float) -> str:
    return tr("epoch {now} of {limit}", now=f"{now:,.1f}", limit=f"{limit:,.1f}".removesuffix(".0"))


def _show(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)


class _Bar(QWidget):
    """A share as a thin bar.

    Attributes:
        share: the share, from 0 to 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0
        self.setFixedSize(QSize(120, 6))
        self.setAccessibleName(tr("Progress"))

    def show_share(self, share: float) -> None:
        """Show a share, from 0 to 1."""
        if round(share * self.width()) != round(self.share * self.width()):
            self.update()
        self.share = min(1.0, share)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, color in ((1.0, look().theme.line), (self.share, look().theme.accent)):
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * share, self.height()), 3, 3)
