"""Where the selected run is at the cursor: what kind of point, how it curves, and whether the step suits it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviewer.engine.analysis.curvature import Curvature
from gdviewer.engine.analysis.line import LineProfile, line_of_step
from gdviewer.engine.analysis.stability import Verdict, judge_rate
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

_OWNER = "here"
_LIVE_SECONDS = 0.1  # while the runs are played, it is looked at so often
_REST = 3.0  # the background rests so many times as long as it has worked, so that the runs are not held up
_SILENT_MS = 400  # a look that takes longer is announced
PATIENCE_SECONDS = 10.0  # a look that takes longer in the user's code is given up


@dataclass(frozen=True, eq=False)
class _Place:
    """A row of a run's trace, the learning rate in use there, and at its end the hyperparameters of the next step."""

    run: Run
    step: int
    rate: float
    upcoming: tuple[tuple[str, Any], ...]

    def same(self, other: _Place | None) -> bool:
        return other is not None and self.run is other.run and (self.step, repr(self.rate), self.upcoming) == (
            other.step, repr(other.rate), other.upcoming
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Look:
    """What was found out about a place."""

    place: _Place
    here: Curvature
    verdict: Verdict
    line: LineProfile | None
    error: str
    seconds: float


def _look_at(place: _Place) -> _Look:
    began = perf_counter()
    run, step, rate = place.run, place.step, place.rate
    here = curvature_at(run, step)
    verdict = judge_rate(run, step, here, rate)
    line, error = None, ""
    try:
        line = line_of_step(run, step, rate)
    except Exception as problem:  # a function of the user's
        error = error_text(problem)
    return _Look(place, here, verdict, line, error, perf_counter() - began)


class CurvaturePanel(QWidget):
    """Follows the cursor while it is seen; all that may take long is done in the background."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._asked: _Place | None = None
        self._look: _Look | None = None
        self._busy = False
        self._ready_at = 0.0
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._latest.failed.connect(self._fail)
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._follow)
        self._announce = QTimer(self, singleShot=True, interval=_SILENT_MS)
        self._announce.timeout.connect(lambda: self.where.setText(tr("computing the curvature …")))
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._give_up)
        self.where = self._label("muted")
        self.where.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self.kind = self._label("heading")
        self.kind.setWordWrap(False)
        self.reason = self._label()
        self.spectrum = Spectrum()
        self.numbers = self._label("muted")
        self.verdict = self._label()
        self.directions = QCheckBox(tr("show the directions on the plot"), checked=True)
        self.directions.setToolTip(
            tr("The eigenvectors of the Hessian at the cursor: the flatter it is along one, the longer the arrow.")
        )
        keys_by_tab(self.directions)
        self.directions.toggled.connect(self._show_arrows)
        self.slice = SlicePlot(session)
        self.caption = self._label("muted")
        layout = QVBoxLayout(self, spacing=6)
        title = QHBoxLayout()
        title.addWidget(self.kind)
        title.addWidget(self.where, 1)
        layout.addLayout(title)
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

    @property
    def computing(self) -> bool:
        """Whether what is shown is not yet what the cursor is on."""
        place = self._place()
        return place is not None and not (self._look and place.same(self._look.place))

    def close_threads(self) -> None:
        """End the thread."""
        self._again.stop()
        self._announce.stop()
        self._patience.stop()
        self._latest.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self._follow()
        self._show_arrows()

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)
        self._session.arrows.show(_OWNER, ())

    def _run(self) -> Run | None:
        runs, selected = self._session.runs, self._session.selected
        return runs[selected] if 0 <= selected < len(runs) else None

    def _place(self) -> _Place | None:
        """The row that the cursor is on, of the selected run."""
        run = self._run()
        if run is None or not run.begun:
            return None
        step, plan = self._session.cursor.position(run), self._session.experiment.runs[self._session.selected]
        rate = plan.hyperparameters.get("learning_rate", np.nan)
        upcoming = tuple(run.upcoming.items()) if step == run.step else ()
        at_end = step == run.step and plan.options.schedule is None  # elsewhere the record knows it
        return _Place(run, step, float(rate) if at_end else np.nan, upcoming)

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected, "hyperparameters", "options"):
            self._follow()
        if change.touches(self._session.selected, "color", "visible"):
            self._restyle()

    def _follow(self) -> None:
        """Have the place at the cursor looked at, unless that is done or under way."""
        if not self.isVisible():
            return
        place = self._place()
        if place is None:
            self._forget()
            return
        if place.same(self._asked) or self._busy:
            return
        wait = self._ready_at - perf_counter()
        if wait > 0:
            if not self._again.isActive():
                self._again.start(int(1000 * wait) + 1)
            return
        self._asked, self._busy = place, True
        self._announce.start()
        if not (place.run.problem.broadcasts and place.run.optimizer.built_in):
            self._patience.start(int(1000 * PATIENCE_SECONDS))
        self._latest.request(lambda: _look_at(place))

    def _forget(self) -> None:
        """There is no place: say why, once."""
        if self._look or self._busy or self.reason.text() != self._absence(self._run()):
            self._asked, self._look, self._busy = None, None, False
            if self._patience.isActive():  # it may never return, and others would wait for it
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

    def _take(self, found: _Look) -> None:
        self._rest(found.seconds if self._session.player.playing else 0.0)
        if found.place.run is self._run():
            self._look = found
            self._show()
        self._follow()

    def _fail(self, error: BaseException) -> None:
        self._rest(0.0)
        self._look = None
        self._show()
        self.reason.setText(error_text(error))
        self._follow()

    def _give_up(self) -> None:
        place = self._latest.give_up()
        where = f" ({place.text})" if place else ""
        self._fail(TimeoutError(f"it has not returned for {PATIENCE_SECONDS:g} seconds{where}"))

    # What is shown

    def _restyle(self) -> None:
        # Room for as many lines as the words mostly take, so that what is below stays put while the numbers change.
        for label, lines in ((self.reason, 2), (self.verdict, 3)):
            label.setMinimumHeight(lines * label.fontMetrics().lineSpacing())
        if self._look and self._look.place.run is self._run():
            self._show()

    def _show(self) -> None:
        found, run = self._look, self._run()
        for widget in (self.spectrum, self.numbers, self.verdict, self.directions, self.slice, self.caption):
            widget.setVisible(found is not None)
        if found is None:
            self.where.clear()
            self.kind.setText(tr("No run") if run is None else run.optimizer.title)
            self.reason.setText(self._absence(run))
            self.spectrum.show_curvature(None)
            self.slice.show_line(None, look().theme.run_color(0))
        else:
            self._show_point(found)
            self._show_slice(found)
        self._show_arrows()

    @staticmethod
    def _absence(run: Run | None) -> str:
        if run is None:
            return tr("Add a run to see where it is.")
        return stop_text(run.stop)[0] if run.stop else tr("The run has not begun.")

    def _show_point(self, found: _Look) -> None:
        here, place = found.here, found.place
        title = tr(here.kind.value)
        self.kind.setText(title[:1].upper() + title[1:])
        self.reason.setText(message_text(here.finding.message))
        self.where.setText(tr("{optimizer}, step {step}", optimizer=place.run.optimizer.title, step=f"{place.step:,}"))
        self.spectrum.show_curvature(here)
        self.spectrum.setVisible(bool(self.spectrum.rows))
        self.numbers.setText("\n".join(numbers_of(here)))
        self.numbers.setVisible(bool(self.numbers.text()))
        self.verdict.setText(message_text(found.verdict))
        role = "error" if abs(found.verdict.ratio) > 1 else ""
        if self.verdict.property("role") != role:
            self.verdict.setProperty("role", role)
            self.verdict.style().polish(self.verdict)

    def _show_slice(self, found: _Look) -> None:
        line = found.line
        plan = self._session.experiment.runs[self._session.selected]
        self.slice.show_line(line, look().theme.run_color(plan.color))
        self.slice.setVisible(line is not None)
        batchwise = found.place.run.objective.batchwise and found.place.run.objective.stochastic
        whole = "\n" + tr("The loss on all rows; the step itself saw a batch of them.") if batchwise else ""
        self.caption.setText(caption_of(line) + whole if line else found.error)

    def _show_arrows(self) -> None:
        found = self._look
        arrows: list[Arrow] = []
        runs, selected = self._session.experiment.runs, self._session.selected
        shown = self.isVisible() and self.directions.isChecked() and found is not None
        if shown and runs[selected].visible:
            arrows = arrows_of(found.here)
        self._session.arrows.show(_OWNER, arrows)


def numbers_of(here: Curvature) -> list[str]:
    """Lines on the spectrum as a whole."""
    if not len(here.eigenvalues):
        return []
    lines = []
    condition = here.condition
    if len(here.x) > 1 and not np.isnan(condition):
        number = f"{condition:.3g}" if np.isfinite(condition) else tr("infinite")
        lines.append(tr("condition number {number}", number=number))
    if len(here.x) > 2:
        least = "" if here.whole else tr("at least ")
        lines.append(
            tr("{least}{negative} negative, {least}{zero} zero of {n}", least=least, negative=here.negative,
               zero=here.zero, n=f"{len(here.x):,}")
        )  # fmt: skip
    rate = here.largest_stable_rate
    if np.isfinite(rate):
        lines.append(tr("largest rate plain descent bears 2/λ₁ = {rate}", rate=f"{rate:.4g}"))
    if here.how == "differences":
        lines.append(tr("from differences of the gradient"))
    if here.how == "lanczos":
        worst = f"{float(here.residuals.max()):.2g}"
        lines.append(
            tr("by Lanczos' method, to within {worst}", worst=worst)
            if here.converged
            else tr("by Lanczos' method, not converged: only to within {worst}", worst=worst)
        )
    return lines


def caption_of(line: LineProfile) -> str:
    """What the marks on the slice are."""
    start = tr("○ start: {loss}   ┄ local parabola", loss=f"{line.loss_at_start:.4g}")
    end = f"{line.loss_at_end:.4g}" if np.isfinite(line.loss_at_end) else tr("not defined")
    landed = tr("● α = 1 landed at {loss}", loss=end) if line.step else tr("● α = 1 would land at {loss}", loss=end)
    best = tr("no best α in this range")
    if np.isfinite(line.best):
        best = tr("★ best α = {alpha}: {loss}", alpha=f"{line.best:.3g}", loss=f"{line.best_loss:.4g}")
    return "\n".join((start, landed, best))


def arrows_of(here: Curvature) -> list[Arrow]:
    """The steepest and the flattest or most falling direction as arrows, the longer the flatter."""
    known = len(here.eigenvalues)
    if not known:
        return []
    indices = [known - 1] if known == 1 else [known - 1, 0]
    sizes = np.maximum(np.abs(here.eigenvalues[indices]), 1e-300)
    shares = np.sqrt(sizes.min() / sizes).clip(0.35, 1.0)
    theme, n = look().theme, len(here.x)
    arrows = []
    for index, share in zip(indices, shares.tolist(), strict=True):
        value = float(here.eigenvalues[index])
        sign = 0 if abs(value) <= here.floor else int(np.sign(value))
        name = indexed("λ", 0 if index == known - 1 else n - 1)
        label = f"{name} = {value:.3g}"
        arrows.append(
            Arrow(here.x, here.directions[index], sign_color(theme, sign), label, two_headed=True, normalised=True,
                  share=share)
        )  # fmt: skip
    return arrows
