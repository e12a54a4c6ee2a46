"""The controls of the run that is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer.experiment.rate_search import RATES, STEPS, find_rate
from gdviewer.text import point_text, stop_text, tr
from gdviewer.ui.catalogue.picker import Picker
from gdviewer.ui.runs.diagnosis import Diagnoses
from gdviewer.ui.runs.options_editor import OptionsEditor
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.user_rules import key_of
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import PointField
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

if TYPE_CHECKING:
    from gdviewer.experiment.diff import ExperimentDiff
    from gdviewer.experiment.experiment import Experiment, RunPlan
    from gdviewer.ui.catalogue.choice_list import ListEntry


_PATIENCE_SECONDS = 30.0  # what a search for a rate may take in the background


class RunEditor(QWidget):
    """The selected run: its optimizer, hyperparameters, start, and how it ended."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._optimizer: object = None
        self._index = -1
        self.picker = Picker(self._choices, tr("Optimizer"))
        self.summary = QLabel(wordWrap=True)
        self.summary.setProperty("role", "muted")
        self._hyperparameters = ParameterFields()
        self.find = QToolButton(text=tr("Find a learning rate"))
        keys_by_tab(self.find)
        self.options = OptionsEditor(session)
        self._searching: tuple[Experiment, RunPlan] | None = None  # for what a rate is being searched
        self._search = Latest(self)
        self._search.done.connect(self._take_rate)
        self._search.failed.connect(lambda _: self._take_rate(None))
        self._diagnoses = Diagnoses(self)
        self._diagnoses.told.connect(self.refresh)
        self.own_start = QCheckBox(tr("a start of its own"))
        keys_by_tab(self.own_start)
        self.own_start.setToolTip(tr("Start this run from another point θ₀ than the others."))
        self.start = PointField()
        self.message = QLabel(wordWrap=True, visible=False)
        self.message.setProperty("role", "heading")
        self.advice = QLabel(wordWrap=True, visible=False)
        self.warning = QLabel(wordWrap=True, visible=False)
        self.warning.setProperty("role", "error")
        for label in (self.message, self.advice, self.warning):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self, spacing=6)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.message)
        layout.addWidget(self.advice)
        layout.addWidget(self.warning)
        layout.addWidget(self.picker)
        layout.addWidget(self.summary)
        layout.addWidget(self._hyperparameters)
        layout.addWidget(self.find, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.options)
        layout.addWidget(self.own_start)
        layout.addWidget(self.start)
        self.picker.chosen.connect(self.choose)
        self.find.clicked.connect(self.find_rate)
        self.own_start.toggled.connect(self._toggle_start)
        self.start.changed.connect(lambda point: session.set_start(point, session.selected))
        self._hyperparameters.changed.connect(self._set)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._match)
        session.user_rules.changed.connect(self.refresh)
        self._match()

    @property
    def fields(self) -> dict[str, Field]:
        """The field of each hyperparameter of the selected run."""
        return self._hyperparameters.fields

    def choose(self, name: str) -> None:
        """Give the selected run another optimizer; what it had and the other can have is kept."""
        index = self._session.selected
        plan = self._session.experiment.runs[index].with_optimizer(self._session.user_rules.get(name))
        self._session.change_run(
            index, optimizer=plan.optimizer, hyperparameters=plan.hyperparameters, options=plan.options
        )

    def find_rate(self) -> None:
        """Give the selected run the learning rate, of those tried, that leads lowest from its start; of a network it is
        searched in the background."""
        experiment, records = self._session.experiment, self._session.records
        plan = experiment.runs[self._session.selected]
        self._searching = experiment, plan
        if experiment.problem.batchwise:
            self._search.request(lambda: find_rate(experiment, plan, _PATIENCE_SECONDS, records))
            self._match()
        else:
            self._take_rate(find_rate(experiment, plan, records=records))

    def _take_rate(self, rate: float | None) -> None:
        """Take a rate that was found for the run, unless it is another by now."""
        searched, self._searching = self._searching, None
        experiment, selected = self._session.experiment, self._session.selected
        self._match()
        if searched is None or selected >= len(experiment.runs):
            return
        if experiment.problem != searched[0].problem or experiment.runs[selected] != searched[1]:
            return
        if rate is None:
            self.fields["learning_rate"].entry.explain(
                tr("no rate tried leads lower from this start, or trying takes too long")
            )
        else:
            self._set("learning_rate", rate)

    def _choices(self) -> list[ListEntry]:
        from gdviewer.ui.catalogue.choices import (
            optimizer_choices,  # mathematics is loaded when a list first shows some
        )

        plan = self._session.experiment.runs[self._session.selected]
        own = self._session.user_rules.rules
        return optimizer_choices(plan.options.objective(self._session.experiment.problem), own)

    def refresh(self) -> None:
        """Tell again how the run ended."""
        runs = self._session.runs
        run = runs[self._session.selected] if 0 <= self._session.selected < len(runs) else None
        message, advice = stop_text(run.stop) if run and run.stop else ("", "")
        if run and self.isVisible() and (where := self._diagnoses.text(run)):
            message = f"{message} {where}"
        warning = self._session.user_rules.warning(run) if run and not run.optimizer.built_in else ""
        for label, text in ((self.message, message), (self.advice, advice), (self.warning, warning)):
            if label.text() != text:
                label.setText(text)
                label.setVisible(bool(text))

    def close_threads(self) -> None:
        """End the threads that search a rate, and find out where a run stopped."""
        self._search.close()
        self._diagnoses.close_threads()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    def _take_edit(self, change: ExperimentDiff) -> None:
        selected = self._session.selected
        shown = self._index == selected  # an undo may select another run
        if change.problem or not shown or change.touches(selected, "optimizer", "start", "branch"):
            self._match()
        elif change.touches(selected, "hyperparameters"):
            values = self._session.experiment.runs[selected].hyperparameters
            self._hyperparameters.show_values({name: values[name] for name in change.runs[selected].hyperparameters})

    def _match(self) -> None:
        runs = self._session.experiment.runs
        self.setVisible(bool(runs))
        if not runs:
            return
        plan = runs[self._session.selected]
        if self._optimizer != plan.optimizer or self._index != self._session.selected:
            self._optimizer, self._index = plan.optimizer, self._session.selected
            self._hyperparameters.declare(plan.optimizer.hyperparameters)
        self.picker.show_choice(key_of(plan.optimizer), plan.optimizer.title)
        self.find.setVisible("learning_rate" in plan.optimizer.hyperparameters)
        single = next((one for one in (self._session.experiment.problem, plan.optimizer) if not one.broadcasts), None)
        self.find.setEnabled(single is None and self._searching is None)
        self.find.setText(tr("Find a learning rate") if self._searching is None else tr("Trying {n} rates …", n=RATES))
        self.find.setToolTip(
            tr("The rates would be tried all at once, and {what} takes one point at a time.", what=single.title)
            if single
            else tr("η: try {n} rates for {k} steps each from here, and take the one that leads lowest.",
                    n=RATES, k=STEPS)
        )  # fmt: skip
        self.summary.setText(tr(plan.optimizer.summary))
        source = self._session.user_rules.source_of(plan.optimizer)
        told = plan.optimizer.source or (source.title if source else tr("yours"))
        self.summary.setToolTip(tr("Source: {source}", source=told))
        self._hyperparameters.show_values(plan.hyperparameters)
        self.own_start.setVisible(plan.branch is None and self._session.experiment.problem.picture != "network")
        was = self.own_start.blockSignals(True)
        self.own_start.setChecked(plan.start is not None)
        self.own_start.blockSignals(was)
        self.start.setVisible(plan.start is not None and self.own_start.isVisibleTo(self))
        if self.start.isVisibleTo(self):
            self.start.show_point(plan.start, point_text(plan.start))
        self.refresh()

    def _set(self, name: str, value: float) -> None:
        plan = self._session.experiment.runs[self._session.selected]
        self._session.change_run(
            self._session.selected, hyperparameters={**plan.hyperparameters, name: value}
        )  # fmt: skip

    def _toggle_start(self, own: bool) -> None:
        experiment = self._session.experiment
        self._session.change_run(self._session.selected, start=experiment.start if own else None)
