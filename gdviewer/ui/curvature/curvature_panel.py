"""The curvature panel: kind of point, eigenvalues, stability of the learning rate, and the loss along the step."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviewer.engine.analysis.curvature import Curvature
from gdviewer.engine.analysis.line import LineProfile, line_of_step
from gdviewer.engine.analysis.stability import Verdict, stability
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import error_text
from gdviewer.experiment.diagnosis import curvature_at
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.text import indexed, message_text, stop_text, tr
from gdviewer.ui.curvature.slice_plot import SlicePlot
from gdviewer.ui.curvature.spectrum import Spectrum, sign_color
from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.theme import look

_OWNER = "curvature"
_LIVE_SECONDS = 0.1  # between two analyses while the runs are played
_REST = 3.0  # the pause after an analysis is this multiple of its time, so that the runs are not slowed down
_ANNOUNCE_MS = 400  # an analysis that takes longer is announced
PATIENCE_SECONDS = 10.0  # an analysis that takes longer in user code is abandoned


@dataclass(frozen=True, eq=False)
class _Position:
    """A row of a trace, its learning rate, and at the newest step the hyperparameters of the next one."""

    run: Run
    step: int
    rate: float
    upcoming: tuple[tuple[str, Any], ...]

    def same(self, other: _Position | None) -> bool:
        return other is not None and self.run is other.run and (self.step, repr(self.rate), self.upcoming) == (
            other.step, repr(other.rate), other.upcoming
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Analysis:
    """The results of an analysis."""

    position: _Position
    curvature: Curvature
    verdict: Verdict
    line: LineProfile | None
    error: str
    seconds: float


def _analyse(position: _Position) -> _Analysis:
    began = perf_counter()
    run, step, rate = position.run, position.step, position.rate
    curvature = curvature_at(run, step)
    verdict = stability(run, step, curvature, rate)
    line, error = None, ""
    try:
        line = line_of_step(run, step, rate)
    except Exception as problem:  # raised by a user's function
        error = error_text(problem)
    return _Analysis(position, curvature, verdict, line, error, perf_counter() - began)


class CurvaturePanel(QWidget):
    """Follows the cursor while it is visible; the analysis runs in the background.

    Attributes:
        title: the kind of the point; subject: the run and the step; reason: the finding.
        spectrum: the eigenvalues; numbers: texts on them; verdict: the stability of the learning rate.
        directions: the box that shows the eigenvectors; slice: the loss along the step; caption: its legend.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._asked: _Position | None = None
        self._analysis: _Analysis | None = None
        self._busy = False
        self._ready_at = 0.0
        self._latest = Latest(self)
        self._latest.done.connect(self._use_result)
        self._latest.failed.connect(self._fail)
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._follow)
        self._announce = QTimer(self, singleShot=True, interval=_ANNOUNCE_MS)
        self._announce.timeout.connect(self._show_computing)
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._give_up)
        self.subject = self._label("muted")
        self.subject.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self.title = self._label("heading")
        self.title.setWordWrap(False)
        self.reason = self._label()
        self.spectrum = Spectrum()
        self.numbers = self._label("muted")
        self.verdict = self._label()
        self.directions = QCheckBox(tr("show the directions on the plot"))
        self.directions.setChecked(True)
        self.directions.setToolTip(
            tr("The eigenvectors of the Hessian at the cursor. A longer arrow means a flatter direction.")
        )
        keys_by_tab(self.directions)
        self.directions.toggled.connect(self._show_arrows)
        self.slice = SlicePlot(session)
        self.caption = self._label("muted")
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        line = QHBoxLayout()
        line.addWidget(self.title)
        line.addWidget(self.subject, 1)
        layout.addLayout(line)
        for widget in (
            self.reason, self.spectrum, self.numbers, self.verdict, self.directions,
        ):  # fmt: skip
            layout.addWidget(widget)
        layout.addWidget(self.slice, 1)
        layout.addWidget(self.caption)
        for signal in (session.frame, session.cursor.moved, session.selection_changed, session.runs_changed):
            signal.connect(self._follow)
        session.experiment_changed.connect(self._take_edit)
        look().changed.connect(self._restyle)
        self._restyle()

    @staticmethod
    def _label(role: str = "") -> QLabel:
        label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setProperty("role", role)
        return label

    def _show_computing(self) -> None:
        self.subject.setText(tr("computing the curvature …"))

    @property
    def computing(self) -> bool:
        """True while the results at the cursor are not shown yet."""
        position = self._position()
        return position is not None and not (self._analysis and position.same(self._analysis.position))

    def close_threads(self) -> None:
        """End the thread that analyses."""
        self._again.stop()
        self._announce.stop()
        self._patience.stop()
        self._latest.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()
        self._show_arrows()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._session.arrows.show(_OWNER, ())

    def _run(self) -> Run | None:
        runs, selected = self._session.runs, self._session.selected
        return runs[selected] if 0 <= selected < len(runs) else None

    def _position(self) -> _Position | None:
        """Return the position of the cursor in the selected run; None if there is none."""
        run = self._run()
        if run is None or not run.begun:
            return None
        step, plan = self._session.cursor.position(run), self._session.experiment.runs[self._session.selected]
        rate = plan.hyperparameters.get("learning_rate", np.nan)
        upcoming = tuple(run.upcoming.items()) if step == run.step else ()
        at_end = step == run.step and plan.options.schedule is None  # otherwise the rate is in the record
        return _Position(run, step, float(rate) if at_end else np.nan, upcoming)

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected, "hyperparameters", "options"):
            self._follow()
        if change.touches(self._session.selected, "color", "visible"):
            self._restyle()

    def _follow(self) -> None:
        """Start an analysis at the cursor, unless it is done or running."""
        if not self.isVisible():
            return
        position = self._position()
        if position is None:
            self._forget()
            return
        if position.same(self._asked) or self._busy:
            return
        wait = self._ready_at - perf_counter()
        if wait > 0:
            if not self._again.isActive():
                self._again.start(int(1000 * wait) + 1)
            return
        self._asked, self._busy = position, True
        self._announce.start()
        if not (position.run.problem.broadcasts and position.run.optimizer.built_in):
            self._patience.start(int(1000 * PATIENCE_SECONDS))
        self._latest.request(lambda: _analyse(position))

    def _forget(self) -> None:
        """Show the reason why there is no position."""
        if self._analysis or self._busy or self.reason.text() != self._absence(self._run()):
            self._asked, self._analysis, self._busy = None, None, False
            if self._patience.isActive():  # the request may never return, and the next ones would wait
                self._latest.give_up()
            self._latest.cancel()
            self._announce.stop()
            self._patience.stop()
            self._show()

    def _rest(self, seconds: float) -> None:
        self._busy = False
        self._announce.stop()
        self._patience.stop()
        self._ready_at = perf_counter() + max(_LIVE_SECONDS if self._session.player.playing else 0.0, _REST * seconds)

    def _use_result(self, analysis: _Analysis) -> None:
        self._rest(analysis.seconds if self._session.player.playing else 0.0)
        if analysis.position.run is self._run():
            self._analysis = analysis
            self._show()
        self._follow()

    def _fail(self, error: BaseException) -> None:
        self._rest(0.0)
        self._analysis = None
        self._show()
        self.reason.setText(error_text(error))
        self._follow()

    def _give_up(self) -> None:
        location = self._latest.give_up()
        text = f" ({location.text})" if location else ""
        self._fail(TimeoutError(f"it has not returned for {PATIENCE_SECONDS:g} seconds{text}"))

    # Texts and plots

    def _restyle(self) -> None:
        # Reserve the usual number of lines, so that the widgets below do not move when the texts change.
        for label, lines in ((self.reason, 2), (self.verdict, 3)):
            label.setMinimumHeight(lines * label.fontMetrics().lineSpacing())
        if self._analysis and self._analysis.position.run is self._run():
            self._show()

    def _show(self) -> None:
        analysis, run = self._analysis, self._run()
        for widget in (self.spectrum, self.numbers, self.verdict, self.directions, self.slice, self.caption):
            widget.setVisible(analysis is not None)
        if analysis is None:
            self.subject.clear()
            self.title.setText(tr("No run") if run is None else run.optimizer.title)
            self.reason.setText(self._absence(run))
            self.spectrum.show_curvature(None)
            self.slice.show_line(None, look().theme.run_color(0))
        else:
            self._show_point(analysis)
            self._show_slice(analysis)
        self._show_arrows()

    @staticmethod
    def _absence(run: Run | None) -> str:
        if run is None:
            return tr("Add a run to see the curvature at its point.")
        return stop_text(run.stop)[0] if run.stop else tr("The run has not begun.")

    def _show_point(self, analysis: _Analysis) -> None:
        curvature, position = analysis.curvature, analysis.position
        title = tr(curvature.kind.value)
        self.title.setText(title[:1].upper() + title[1:])
        self.reason.setText(message_text(curvature.finding.message))
        self.subject.setText(
            tr("{optimizer}, step {step}", optimizer=position.run.optimizer.title, step=f"{position.step:,}")
        )
        self.spectrum.show_curvature(curvature)
        self.spectrum.setVisible(bool(self.spectrum.rows))
        self.numbers.setText("\n".join(numbers_of(curvature)))
        self.numbers.setVisible(bool(self.numbers.text()))
        self.verdict.setText(message_text(analysis.verdict))
        role = "error" if abs(analysis.verdict.ratio) > 1 else ""
        if self.verdict.property("role") != role:
            self.verdict.setProperty("role", role)
            self.verdict.style().polish(self.verdict)

    def _show_slice(self, analysis: _Analysis) -> None:
        line = analysis.line
        plan = self._session.experiment.runs[self._session.selected]
        self.slice.show_line(line, look().theme.run_color(plan.color))
        self.slice.setVisible(line is not None)
        batchwise = analysis.position.run.objective.batchwise and analysis.position.run.objective.stochastic
        whole = "\n" + tr("The loss on all rows; the step used a batch of them.") if batchwise else ""
        self.caption.setText(caption_of(line) + whole if line else analysis.error)

    def _show_arrows(self) -> None:
        analysis = self._analysis
        arrows: list[Arrow] = []
        runs, selected = self._session.experiment.runs, self._session.selected
        if analysis and self.isVisible() and self.directions.isChecked() and runs[selected].visible:
            arrows = arrows_of(analysis.curvature)
        self._session.arrows.show(_OWNER, arrows)


def numbers_of(curvature: Curvature) -> list[str]:
    """Return texts on the spectrum, one a line."""
    if not len(curvature.eigenvalues):
        return []
    lines = []
    condition = curvature.condition
    if len(curvature.x) > 1 and not np.isnan(condition):
        number = f"{condition:.3g}" if np.isfinite(condition) else tr("infinite")
        lines.append(tr("condition number {number}", number=number))
    if len(curvature.x) > 2:
        least = "" if curvature.whole else tr("at least ")
        lines.append(
            tr("{least}{negative} negative, {least}{zero} zero of {n}", least=least, negative=curvature.negative,
               zero=curvature.zero, n=f"{len(curvature.x):,}")
        )  # fmt: skip
    rate = curvature.largest_stable_rate
    if np.isfinite(rate):
        lines.append(tr("largest stable learning rate 2/λ₁ = {rate}", rate=f"{rate:.4g}"))
    if curvature.how == "differences":
        lines.append(tr("from differences of the gradient"))
    if curvature.how == "lanczos":
        worst = f"{float(curvature.residuals.max()):.2g}"
        lines.append(
            tr("by Lanczos' method, to within {worst}", worst=worst)
            if curvature.converged
            else tr("by Lanczos' method, not converged: only to within {worst}", worst=worst)
        )
    return lines


def caption_of(line: LineProfile) -> str:
    """Return the legend of the marks on the slice."""
    start = tr("○ start: {loss}   ┄ local parabola", loss=f"{line.loss_at_start:.4g}")
    end = f"{line.loss_at_end:.4g}" if np.isfinite(line.loss_at_end) else tr("not defined")
    landed = tr("● end, α = 1: {loss}", loss=end) if line.step else tr("● a step with α = 1: {loss}", loss=end)
    best = tr("no best α in this range")
    if np.isfinite(line.best):
        best = tr("★ best α = {alpha}: {loss}", alpha=f"{line.best:.3g}", loss=f"{line.best_loss:.4g}")
    return "\n".join((start, landed, best))


def arrows_of(curvature: Curvature) -> list[Arrow]:
    """Return arrows of the directions of the largest and smallest eigenvalue, longer for a flatter direction."""
    known = len(curvature.eigenvalues)
    if not known:
        return []
    indices = [known - 1] if known == 1 else [known - 1, 0]
    sizes = np.maximum(np.abs(curvature.eigenvalues[indices]), 1e-300)
    shares = np.sqrt(sizes.min() / sizes).clip(0.35, 1.0)
    theme, n = look().theme, len(curvature.x)
    arrows = []
    for index, share in zip(indices, shares.tolist(), strict=True):
        value = float(curvature.eigenvalues[index])
        sign = 0 if abs(value) <= curvature.floor else int(np.sign(value))
        name = indexed("λ", 0 if index == known - 1 else n - 1)
        label = f"{name} = {value:.3g}"
        arrows.append(
            Arrow(curvature.x, curvature.directions[index], sign_color(theme, sign), label, two_headed=True,
                  normalised=True, share=share)
        )  # fmt: skip
    return arrows
