"""The controls of the selected run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
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
from gdviewer.ui.widgets.number_field import NumberField, PointField
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

if TYPE_CHECKING:
    from gdviewer.experiment.diff import ExperimentDiff
    from gdviewer.experiment.experiment import Experiment
    from gdviewer.experiment.plan import RunPlan
    from gdviewer.ui.catalogue.choice_list import ListEntry


_SEARCH_SECONDS = 30.0  # limit of the search for a rate in the background


class RunEditor(QWidget):
    """The selected run: its optimizer, hyperparameters, options, start and stop.

    Attributes:
        picker: the choice of the optimizer; summary: a sentence on it.
        find_button: the button that searches for a learning rate.
        own_start: the box that gives the run its own start; start: that start.
        message, advice: the stop reason and the advice; warning: a warning about a user rule.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._optimizer: object = None
        self._index = -1
        self.picker = Picker(self._choices, tr("Optimizer"))
        self.summary = QLabel(wordWrap=True)
        self.summary.setProperty("role", "muted")
        self._hyperparameters = ParameterFields()
        self.find_button = QToolButton()
        self.find_button.setText(tr("Find a learning rate"))
        keys_by_tab(self.find_button)
        self.options = OptionsEditor(session)
        self._searching: tuple[Experiment, RunPlan] | None = None  # the run for which a rate is searched
        self._search = Latest(self)
        self._search.done.connect(self._use_rate)
        self._search.failed.connect(lambda _: self._use_rate(None))
        self._diagnoses = Diagnoses(self)
        self._diagnoses.found.connect(self.refresh)
        self.own_start = QCheckBox(tr("own start"))
        keys_by_tab(self.own_start)
        self.own_start.setToolTip(tr("Start this run from its own point θ₀ instead of the common start."))
        self.start = PointField()
        self.message = QLabel(wordWrap=True)
        self.message.hide()
        self.message.setProperty("role", "heading")
        self.advice = QLabel(wordWrap=True)
        self.advice.hide()
        self.warning = QLabel(wordWrap=True)
        self.warning.hide()
        self.warning.setProperty("role", "error")
        for label in (self.message, self.advice, self.warning):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self.picker.chosen.connect(self.choose)
        self.find_button.clicked.connect(self.find_rate)
        self.own_start.toggled.connect(self._toggle_start)
        self.start.changed.connect(lambda point: session.set_start(point, session.selected))
        self._hyperparameters.changed.connect(self._set)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._match)
        session.user_rules.changed.connect(self.refresh)
        self._match()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.message)
        layout.addWidget(self.advice)
        layout.addWidget(self.warning)
        layout.addWidget(self.picker)
        layout.addWidget(self.summary)
        layout.addWidget(self._hyperparameters)
        layout.addWidget(self.find_button, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.options)
        layout.addWidget(self.own_start)
        layout.addWidget(self.start)

    @property
    def fields(self) -> dict[str, Field]:
        """The field of each hyperparameter of the selected run."""
        return self._hyperparameters.fields

    def choose(self, name: str) -> None:
        """Give the selected run another optimizer; hyperparameters and options that it has too are kept."""
        index = self._session.selected
        plan = self._session.experiment.runs[index].with_optimizer(self._session.user_rules.get(name))
        self._session.change_run(
            index, optimizer=plan.optimizer, hyperparameters=plan.hyperparameters, options=plan.options
        )

    def find_rate(self) -> None:
        """Search for the learning rate with the lowest loss from the start of the selected run, and use it.

        For a network the search runs in the background.
        """
        experiment, records = self._session.experiment, self._session.records
        plan = experiment.runs[self._session.selected]
        self._searching = experiment, plan
        if experiment.problem.batchwise:
            self._search.request(lambda: find_rate(experiment, plan, _SEARCH_SECONDS, records))
            self._match()
        else:
            self._use_rate(find_rate(experiment, plan, records=records))

    def _use_rate(self, rate: float | None) -> None:
        """Use a rate that was found, unless the run has changed since."""
        searched, self._searching = self._searching, None
        experiment, selected = self._session.experiment, self._session.selected
        self._match()
        if searched is None or selected >= len(experiment.runs):
            return
        if experiment.problem != searched[0].problem or experiment.runs[selected] != searched[1]:
            return
        if rate is None:
            field = self.fields["learning_rate"]
            if isinstance(field, NumberField):
                field.entry.explain(tr("no rate lowers the loss from this start, or the search takes too long"))
        else:
            self._set("learning_rate", rate)

    def _choices(self) -> list[ListEntry]:
        from gdviewer.ui.catalogue.choices import optimizer_choices  # loads the notation of formulas

        plan = self._session.experiment.runs[self._session.selected]
        rules = self._session.user_rules.rules
        return optimizer_choices(plan.options.objective(self._session.experiment.problem), rules)

    def refresh(self) -> None:
        """Show the stop of the run and its diagnosis."""
        runs = self._session.runs
        run = runs[self._session.selected] if 0 <= self._session.selected < len(runs) else None
        message, advice = stop_text(run.stop) if run and run.stop else ("", "")
        if run and self.isVisible() and (diagnosis := self._diagnoses.text(run)):
            message = f"{message} {diagnosis}"
        warning = self._session.user_rules.warning(run) if run and not run.optimizer.built_in else ""
        for label, text in ((self.message, message), (self.advice, advice), (self.warning, warning)):
            if label.text() != text:
                label.setText(text)
                label.setVisible(bool(text))

    def close_threads(self) -> None:
        """End the threads that search for a rate and diagnose stops."""
        self._search.close()
        self._diagnoses.close_threads()

    def showEvent(self, event: QShowEvent) -> None:
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
        self.find_button.setVisible("learning_rate" in plan.optimizer.hyperparameters)
        single = next((one for one in (self._session.experiment.problem, plan.optimizer) if not one.broadcasts), None)
        self.find_button.setEnabled(single is None and self._searching is None)
        self.find_button.setText(
            tr("Find a learning rate") if self._searching is None else tr("Trying {n} rates …", n=RATES)
        )
        self.find_button.setToolTip(
            tr("The search tries all rates at once, but {what} evaluates one point at a time.", what=single.title)
            if single
            else tr("η: try {n} rates for {k} steps each from the start, and use the one with the lowest loss.",
                    n=RATES, k=STEPS)
        )  # fmt: skip
        self.summary.setText(tr(plan.optimizer.summary))
        source = self._session.user_rules.source_of(plan.optimizer)
        title = plan.optimizer.source or (source.title if source else tr("yours"))
        self.summary.setToolTip(tr("Source: {source}", source=title))
        self._hyperparameters.show_values(plan.hyperparameters)
        self.own_start.setVisible(plan.branch is None and self._session.experiment.problem.picture != "network")
        was = self.own_start.blockSignals(True)
        self.own_start.setChecked(plan.start is not None)
        self.own_start.blockSignals(was)
        self.start.setVisible(plan.start is not None and self.own_start.isVisibleTo(self))
        if plan.start is not None and self.start.isVisibleTo(self):
            self.start.show_point(plan.start, point_text(plan.start))
        self.refresh()

    def _set(self, name: str, value: float) -> None:
        plan = self._session.experiment.runs[self._session.selected]
        self._session.change_run(self._session.selected, hyperparameters={**plan.hyperparameters, name: value})

    def _toggle_start(self, on: bool) -> None:
        experiment = self._session.experiment
        self._session.change_run(self._session.selected, start=experiment.start if on else None)
