"""The window of sweeps: the settings to vary, the curves, the results and the conclusion."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer.engine.rules.parameter import Parameter, count
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.sweep import (
    BATCH,
    MAX_STEPS,
    RATE,
    SEEDS,
    Sweep,
    default_seeds,
    default_steps,
    default_values,
    lacking,
    read_values,
    value_text,
    with_value,
)
from gdviewer.experiment.sweep_findings import findings
from gdviewer.text import message_text, tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.sweeps.curves import SweepCurves
from gdviewer.ui.sweeps.runner import Runner
from gdviewer.ui.sweeps.table import Results
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField

_REDRAW_SECONDS = 0.25  # between two drawings while a sweep runs
_SEEDS = count(SEEDS, 1, 100, meaning="runs of each value, with other batches and other initial weights")
_STEPS = count(1000, 1, MAX_STEPS, meaning="maximum steps of a run; for batch sizes, of a run with the current batches")


def _titles() -> dict[str, tuple[str, str]]:
    """Return the title and the tool tip of the button of each setting."""
    return {
        RATE: (
            tr("Learning rate"),
            tr("A small rate runs out of steps, a large one diverges. Find the best rate."),
        ),
        BATCH: (tr("Batch size"), tr("Small batches are cheap and noisy. Each size gets the same number of epochs.")),
        "scaling": (tr("Scaling"), tr("Compare the steps with raw and with scaled inputs.")),
        "init": (tr("Initialisation"), tr("Find initial weights that train, and those that do not.")),
    }


class SweepDialog(QDialog):
    """Varies one setting of the selected run.

    Attributes:
        buttons: a button for each setting; a click starts a sweep with default values.
        values, seeds, steps: the entries; start: the button that starts or cancels.
        curves, results: the curves and the table; take: the button that uses the selected value.
        conclusion: the text of the findings; message: an error; hover: a text about the item under the mouse.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Sweep"))
        self._session = session
        self._what = RATE
        self._drawn = 0.0
        self.runner = Runner(session, self)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout()
        row.setSpacing(6)
        for what, (title, tip) in _titles().items():
            button = self.buttons[what] = self._button(title, tip, lambda what=what: self.sweep(what))
            button.setCheckable(True)
            self._group.addButton(button)
            row.addWidget(button)
        self.about = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.about.setProperty("role", "muted")
        row.addSpacing(8)
        row.addWidget(self.about, 1)
        self.values = self._entry(tr("Values"), tr("The values to try, separated by commas."))
        self.seeds = self._entry(tr("Seeds"), tr(_SEEDS.meaning), 56)
        self.steps = self._entry(tr("Steps"), tr(_STEPS.meaning), 96)
        self.start = self._button(tr("Start"), tr("Start with these values, or cancel"), self._toggle)
        self.start.setObjectName("primary")
        self.progress = QProgressBar(textVisible=False, maximum=1000)
        self.progress.setAccessibleName(tr("Progress"))
        self.progress.setFixedWidth(120)
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.message.hide()
        self.message.setProperty("role", "error")
        self.curves = SweepCurves(session)
        self.results = Results()
        self.take = self._button(tr("Take this value"), tr("Use the selected value in the experiment"), self._use_value)
        self.take.setEnabled(False)
        self.hover = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.hover.setProperty("role", "muted")
        self.conclusion = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.conclusion.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.conclusion.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lay_out(row)
        self._connect()
        self._hover("")
        self.resize(1080, 700)
        self._match()
        self._show_defaults()
        self.buttons[RATE].setChecked(True)
        self.conclusion.setText(
            tr("Press one of the four buttons to vary a setting over values and seeds and to see its effect.")
        )

    def _connect(self) -> None:
        self.curves.hovered.connect(self._hover)
        self.results.chosen.connect(self._choose)
        self.runner.advanced.connect(self._advance)
        self.runner.ended.connect(self._end)
        self.runner.failed.connect(lambda error: self._show_error(str(error)))
        self._session.experiment_changed.connect(self._take_edit)
        self._session.selection_changed.connect(self._match)

    def sweep(self, what: str) -> None:
        """Start a sweep with default values; show the reason if it is not possible."""
        self._what = what
        self.buttons[what].setChecked(True)
        if self._show_defaults():
            self.begin()

    def begin(self) -> None:
        """Start the sweep with the values of the entries; the error of an entry is shown below it."""
        plan = self._sweepable_plan()
        if plan is None:
            return
        experiment = self._session.experiment
        values = self._read(self.values, lambda text: read_values(experiment, plan, self._what, text))
        seeds = self._read(self.seeds, lambda text: _SEEDS.check("seeds", text))
        steps = self._read(self.steps, lambda text: _STEPS.check("steps", text.replace(",", "")))
        if values is None or seeds is None or steps is None:
            return
        try:
            sweep = Sweep(experiment, plan, self._what, values, int(seeds), int(steps))
        except ValueError as error:
            self._show_error(str(error))
            return
        self._show_error("")
        self.conclusion.setText("")
        self.curves.show_sweep(sweep)
        self.results.show_sweep(sweep)
        self.take.setEnabled(False)
        self.start.setText(tr("Cancel"))
        self._drawn = 0.0
        self.runner.start(sweep)

    def close_threads(self) -> None:
        """End the sweep and its thread."""
        self.runner.close()

    def done(self, result: int) -> None:
        self.close_threads()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_threads()
        super().closeEvent(event)

    # Settings

    @property
    def _plan(self) -> RunPlan | None:
        runs, selected = self._session.experiment.runs, self._session.selected
        return runs[selected] if 0 <= selected < len(runs) else None

    def _sweepable_plan(self) -> RunPlan | None:
        """Return the selected run; show the reason and return None if the setting can't be swept for it."""
        plan = self._plan
        why = tr("There is no run to vary.") if plan is None else lacking(self._session.experiment, plan, self._what)
        self._show_error(why)
        return None if why else plan

    def _show_defaults(self) -> bool:
        plan = self._sweepable_plan()
        if plan is None:
            return False
        experiment, what = self._session.experiment, self._what
        self.values.take(", ".join(value_text(what, value) for value in default_values(experiment, plan, what)))
        self.seeds.take(f"{default_seeds(experiment, plan, what)}")
        self.steps.take(f"{default_steps(experiment, plan, what)}")
        return True

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.problem or change.touches(self._session.selected):
            self._match()

    def _match(self) -> None:
        plan, problem = self._plan, self._session.experiment.problem
        self.about.setText(tr("{run} on {problem}", run=plan.title, problem=problem.title) if plan else "")
        self._choose(self.results.value)

    def _read(self, entry: EntryField, read: Any) -> Any:
        try:
            value = read(entry.text().strip())
        except ValueError as error:
            entry.explain(str(error))
            return None
        entry.take(entry.text().strip())
        return value

    # Results

    def _toggle(self) -> None:
        self.runner.cancel() if self.runner.running else self.begin()

    def _advance(self) -> None:
        if self.runner.sweep:
            self.progress.setValue(round(1000 * self.runner.sweep.progress))
        if perf_counter() - self._drawn > _REDRAW_SECONDS:
            self._show()

    def _show(self) -> None:
        self.curves.refresh()
        self.results.refresh()
        self._drawn = perf_counter()

    def _end(self) -> None:
        sweep = self.runner.sweep
        self._show()
        self.start.setText(tr("Start"))
        if sweep is None:
            return
        self.progress.setValue(1000 if sweep.done else 0)
        lines = [message_text(finding) for finding in findings(sweep)]
        if not sweep.done:
            lines = [tr("Cancelled after {n} runs.", n=len(sweep.outcomes)), *lines]
        self.conclusion.setText("\n".join(lines))

    def _choose(self, value: Any) -> None:
        self.curves.emphasise(value)
        plan, sweep = self._plan, self.runner.sweep
        fits = plan is not None and sweep is not None and not lacking(self._session.experiment, plan, sweep.what)
        self.take.setEnabled(fits and value is not None)

    def _use_value(self) -> None:
        """Put the selected value into the experiment, with the learning rate that was found for it."""
        sweep, value, plan = self.runner.sweep, self.results.value, self._plan
        if sweep is None or plan is None:
            return
        try:
            experiment, changed = with_value(self._session.experiment, plan, sweep.what, value)
        except ValueError as error:  # the problem has changed
            self._show_error(str(error))
            return
        rates = [outcome.rate for outcome in sweep.of(value)]
        if sweep.finds_rates and rates and isinstance(plan.optimizer.hyperparameters.get(RATE), Parameter):
            _, changed = with_value(experiment, changed, RATE, rates[0])
        self._session.edit(experiment.with_run(self._session.selected, hyperparameters=changed.hyperparameters))

    def _hover(self, text: str) -> None:
        legend = tr("Lines: median loss over the seeds, on all training rows. Bands: its quartiles.")
        self.hover.setText(text or legend)

    def _show_error(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    # Widgets

    @staticmethod
    def _button(text: str, tip: str, call: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.clicked.connect(lambda: call())
        keys_by_tab(button)
        return button

    @staticmethod
    def _entry(name: str, tip: str, width: int = 0) -> EntryField:
        entry = EntryField()
        entry.setAccessibleName(name)
        entry.setToolTip(tip)
        if width:
            entry.setFixedWidth(width)
        return entry

    def _lay_out(self, top: QHBoxLayout) -> None:
        fields = QHBoxLayout()
        fields.setSpacing(8)
        for entry, title, share in (
            (self.values, tr("Values"), 1),
            (self.seeds, tr("Seeds"), 0),
            (self.steps, tr("Steps"), 0),
        ):
            label = QLabel(title)
            label.setBuddy(entry)
            fields.addWidget(label)
            fields.addWidget(entry, share)
        fields.addWidget(self.start)
        fields.addWidget(self.progress)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setSpacing(6)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.results, 1)
        column.addWidget(self.take, alignment=Qt.AlignmentFlag.AlignLeft)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.curves)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([620, 430])
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(fields)
        for entry in (self.values, self.seeds, self.steps):
            layout.addWidget(entry.message)
        layout.addWidget(self.message)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.hover)
        layout.addWidget(self.conclusion)
