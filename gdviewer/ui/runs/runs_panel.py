"""The panel of the runs: a list with their states, and the controls of the selected run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer import optimizers
from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.experiment import MAX_RUNS
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.rate_search import RATES, quick_rate
from gdviewer.text import stop_text, tr
from gdviewer.ui.runs.run_card import COLOR, STATUS, TITLE, RunCard
from gdviewer.ui.runs.run_editor import RunEditor
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title
from gdviewer.ui.session.user_rules import error_text, key_of
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.theme import look

if TYPE_CHECKING:
    from gdviewer.ui.catalogue.choice_list import ChoiceList

_REFRESH_SECONDS = 0.1


class RunsPanel(QWidget):
    """The list of runs, the actions on them, and the controls of the selected run.

    Attributes:
        list: the runs; editor: the controls of the selected run.
        add, duplicate, remove, hide_action, branch, sweep: the actions.
        adding, branching: the last list of optimizers opened by *Add…* and by *Continue from here with…*.
        files: the errors of rule files.

    Signals:
        sweep_requested: emitted when the window of sweeps is to be opened.
    """

    sweep_requested = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._refreshed = 0.0
        self._speeds: dict[Run, tuple[float, int, float]] = {}
        self.adding: ChoiceList | None = None
        self.branching: ChoiceList | None = None
        self.list = QListWidget()
        self.list.setItemDelegate(RunCard(self.list))
        self.list.setAccessibleName(tr("Runs"))
        self.list.setToolTip(tr("The runs. Untick a run to hide it; select a run to change it below."))
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.add = self._action(tr("Add…"), tr("Add runs of other optimizers"), "Ctrl+N", self.choose_runs)
        self.duplicate = self._action(tr("Duplicate"), tr("Duplicate the selected run"), "Ctrl+D", self.duplicate_run)
        self.remove = self._action(tr("Remove"), tr("Remove the selected run"), "Ctrl+Backspace", self.remove_run)
        self.hide_action = self._action(tr("Hide"), tr("Hide or show the selected run"), "Ctrl+H", self.toggle_visible)
        self.branch = self._action(
            tr("Continue from here with…"), tr("Continue the selected run from the cursor as a new run"), "Ctrl+B",
            self.choose_branch,
        )  # fmt: skip
        self.sweep = self._action(
            tr("Sweep…"), tr("Vary a setting of the selected run: learning rate, batch size, scaling, initialisation"),
            "Ctrl+E", self.sweep_requested.emit,
        )  # fmt: skip
        self.files = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.files.hide()
        self.files.setProperty("role", "error")
        self.files.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.editor = RunEditor(session)
        self._lay_out()
        self.list.currentRowChanged.connect(self._select)
        self.list.itemChanged.connect(self._set_visible)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._show_selection)
        session.runs_changed.connect(self._speeds.clear)
        session.frame.connect(self._refresh_sometimes)
        session.cursor.moved.connect(self.refresh)
        session.player.playing_changed.connect(self.refresh)
        session.user_rules.changed.connect(self._show_file_errors)
        look().changed.connect(self._match)
        self._match()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(self.list)
        for actions in (self.add, self.duplicate, self.remove, self.hide_action), (self.branch, self.sweep):
            line = QHBoxLayout()
            line.setSpacing(4)
            for action in actions:
                line.addWidget(self._button(action))
            line.addStretch(1)
            layout.addLayout(line)
        layout.addWidget(self.files)
        layout.addWidget(self.editor)
        layout.addStretch(1)

    def _show_file_errors(self) -> None:
        """Show the errors of the files with user rules."""
        text = "\n".join(filter(None, map(error_text, self._session.user_rules.files)))
        self.files.setText(text)
        self.files.setVisible(bool(text))

    def choose_runs(self) -> None:
        """Open the list of all optimizers; a run is added for each ticked one."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList
        from gdviewer.ui.catalogue.choices import optimizer_choices  # loads the notation of formulas

        runs = self._session.experiment.runs
        used = {key_of(plan.optimizer) for plan in runs}
        unused = next((name for name in optimizers.names() if name not in used), "")
        rate = tr("Each gets the best of {n} learning rates.", n=RATES)
        if self._session.experiment.problem.batchwise:
            rate = tr("Each gets its default learning rate.")
        self.adding = ChoiceList(
            optimizer_choices(self._session.experiment.problem, self._session.user_rules.rules), tr("Optimizers"), self,
            current=unused,
            room=MAX_RUNS - len(runs),
            hint=tr("Click or Space ticks, Enter adds.") + " " + rate,
            confirm=lambda n: tr("Add 1 run") if n == 1 else tr("Add {n} runs", n=n),
        )  # fmt: skip
        self.adding.picked.connect(self.add_runs)
        self.adding.open_at(self._anchor)

    def add_runs(self, names: Sequence[str]) -> None:
        """Add a run of each optimizer with a suitable learning rate, up to the maximum number of runs."""
        experiment = self._session.experiment
        room = MAX_RUNS - len(experiment.runs)
        plans = [RunPlan(self._session.user_rules.get(name)) for name in names[:room]]
        rates = [quick_rate(experiment, plan) for plan in plans]
        self._append(
            *(replace(p, hyperparameters={"learning_rate": r}) if r else p for p, r in zip(plans, rates, strict=True))
        )

    def duplicate_run(self) -> None:
        """Add a run like the selected one."""
        plan = self._plan()
        if plan:
            self._append(plan)

    def remove_run(self) -> None:
        """Remove the selected run."""
        experiment, index = self._session.experiment, self._session.selected
        if self._plan():
            runs = experiment.runs[:index] + experiment.runs[index + 1 :]
            self._session.edit(replace(experiment, runs=runs))

    def choose_branch(self) -> None:
        """Open the list of optimizers that can continue from the step at the cursor: the same, or another."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList, ListEntry
        from gdviewer.ui.catalogue.choices import optimizer_choices  # loads the notation of formulas

        if self._plan() is None:
            return
        plan = self._session.branch_at_cursor()
        step, rule = f"{plan.branch.step if plan.branch else 0:,}", plan.optimizer
        about = tr(
            "It continues as before until you change a hyperparameter, which applies from step {step}.", step=step
        )
        same = ListEntry(key_of(rule), tr("{rule}, unchanged", rule=rule.title), tr("The same rule"), about)
        problem = plan.options.objective(self._session.experiment.problem)
        others = optimizer_choices(problem, self._session.user_rules.rules)
        self.branching = ChoiceList(
            [same, *(choice for choice in others if choice.key != same.key)],
            tr("Continue from step {step} with", step=step), self, current=same.key,
            hint=tr("Another rule starts from the point at step {step}, with a new state.", step=step),
        )  # fmt: skip
        self.branching.chosen.connect(self.branch_run)
        self.branching.open_at(self._anchor)

    def branch_run(self, key: str) -> None:
        """Add a run that branches off the selected one at the cursor, with the same rule or another."""
        if self._plan() is None:
            return
        plan = self._session.branch_at_cursor()
        if key != key_of(plan.optimizer):
            plan = plan.with_optimizer(self._session.user_rules.get(key))
            found = quick_rate(self._session.experiment, plan, self._session.records)
            plan = replace(plan, hyperparameters={**plan.hyperparameters, "learning_rate": found}) if found else plan
        self._append(plan)

    @property
    def _anchor(self) -> QWidget:
        """The widget at which a list opens: the list of runs, or the window if it is hidden behind a tab."""
        return self.window() if self.list.visibleRegion().isEmpty() else self.list

    def toggle_visible(self) -> None:
        """Hide the selected run, or show it again."""
        plan = self._plan()
        if plan:
            self._session.change_run(self._session.selected, visible=not plan.visible)

    def _action(self, text: str, tip: str, keys: str, call: Callable[[], None]) -> QAction:
        action = QAction(text, self, shortcut=QKeySequence(keys))
        action.triggered.connect(lambda: call())
        action.setToolTip(f"{tip} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.addAction(action)
        return action

    @staticmethod
    def _button(action: QAction) -> QToolButton:
        button = QToolButton(autoRaise=False)
        button.setDefaultAction(action)
        keys_by_tab(button)
        return button

    def _plan(self) -> RunPlan | None:
        runs = self._session.experiment.runs
        return runs[self._session.selected] if 0 <= self._session.selected < len(runs) else None

    def _append(self, *plans: RunPlan) -> None:
        experiment = self._session.experiment.with_more(*plans)
        if experiment.runs != self._session.experiment.runs:
            self._session.edit(experiment)
            self._session.select(len(experiment.runs) - 1)

    def _select(self, row: int) -> None:
        if row >= 0:
            self._session.select(row)

    def _set_visible(self, item: QListWidgetItem) -> None:
        index = self.list.row(item)
        visible = item.checkState() == Qt.CheckState.Checked
        if self._session.experiment.runs[index].visible != visible:
            self._session.change_run(index, visible=visible)

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.rearranged:
            self._match()
            return
        for index in change.edited:
            self._show_plan(index)
            self._refresh_item(index)
        if change.touches(self._session.selected, "visible"):
            self._show_selection()

    def _match(self) -> None:
        runs = self._session.experiment.runs
        was = self.list.blockSignals(True)
        while self.list.count() > len(runs):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(runs):
            item = QListWidgetItem(self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        self.list.blockSignals(was)
        for i in range(len(runs)):
            self._show_plan(i)
        self._show_selection()
        self.remove.setEnabled(bool(runs))
        self.sweep.setEnabled(bool(runs))
        self.branch.setEnabled(bool(runs) and len(runs) < MAX_RUNS)
        self.duplicate.setEnabled(bool(runs) and len(runs) < MAX_RUNS)
        self.add.setEnabled(len(runs) < MAX_RUNS)
        self.hide_action.setEnabled(bool(runs))
        rows = min(max(len(runs), 2), 4)
        self.list.setFixedHeight(rows * RunCard.height(self.list) + 4)
        self.refresh()

    def _show_plan(self, index: int) -> None:
        plan, item = self._session.experiment.runs[index], self.list.item(index)
        item.setCheckState(Qt.CheckState.Checked if plan.visible else Qt.CheckState.Unchecked)
        item.setData(TITLE, plan_title(plan))
        item.setData(COLOR, look().theme.run_color(plan.color))

    def _show_selection(self) -> None:
        self.list.setCurrentRow(self._session.selected)
        plan = self._plan()
        self.hide_action.setText(tr("Show") if plan and not plan.visible else tr("Hide"))

    def _refresh_sometimes(self) -> None:
        resting = not (self._session.player.playing or self._session.what_if.pending)
        if resting or perf_counter() - self._refreshed > _REFRESH_SECONDS:
            self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the state of each run."""
        self._refreshed = perf_counter()
        for i in range(min(len(self._session.runs), self.list.count())):
            self._refresh_item(i)
        self.list.viewport().update()
        self.editor.refresh()

    def _refresh_item(self, index: int) -> None:
        run, item = self._session.runs[index], self.list.item(index)
        text = self._status(run)
        was = self.list.blockSignals(True)
        if item.data(STATUS) != text:
            item.setData(STATUS, text)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, "\n".join(text))
        tip = "\n".join((item.text(), *text, _record_text(run)))  # the title may be cut on the card
        if item.toolTip() != tip:
            item.setToolTip(tip)
        self.list.blockSignals(was)

    def _status(self, run: Run) -> tuple[str, str]:
        if not run.begun:
            return (stop_text(run.stop)[0] if run.stop else tr("getting ready …"), "")
        at = self._session.cursor.position(run)
        numbers = tr("step {step}   loss {loss}", step=f"{at:,}", loss=f"{run.trace.loss[at]:.4g}")
        slope = tr("‖∇f‖ {norm}", norm=f"{run.trace.gradient_norm[at]:.3g}")
        if run.stop:
            state = tr(run.stop.reason.value)
        elif self._session.player.playing:
            state = tr("{speed} steps/s", speed=f"{self._speed(run):,.0f}")
        else:
            state = tr("ready") if run.step == 0 else tr("paused")
        return numbers, f"{slope}   {state}"

    def _speed(self, run: Run) -> float:
        """Return the steps per second over about the last half second."""
        now, step = perf_counter(), run.step
        then, before, speed = self._speeds.get(run, (now, step, 0.0))
        if now - then >= 0.5 or (speed == 0.0 and now > then):
            speed = (step - before) / (now - then)
            if now - then >= 0.5:
                then, before = now, step
        self._speeds[run] = then, before, speed
        return speed


def _record_text(run: Run) -> str:
    """Return a text on the memory of the record, and on the share of the points that are kept."""
    if not run.begun:
        return ""
    trace = run.trace
    sizes = {name: f"{size / 2**20:,.1f}" for name, size in (("used", trace.nbytes), ("budget", trace.budget))}
    text = tr("record: {used} MiB of {budget} MiB", **sizes)
    return text if trace.row_stride == 1 else tr("{record}, 1 of {n} points kept", record=text, n=trace.row_stride)
