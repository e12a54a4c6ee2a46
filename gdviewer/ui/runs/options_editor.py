"""Options for any optimizer: weight decay, clipping, noise, and a schedule of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer import schedules
from gdviewer.engine.rules.options import OPTIONS
from gdviewer.engine.rules.parameter import Declared
from gdviewer.engine.rules.schedule import Schedule
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.text import tr
from gdviewer.ui.catalogue.picker import Picker
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import NumberField, caption
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

if TYPE_CHECKING:
    from gdviewer.ui.catalogue.choice_list import ListEntry

_NONE = "none"


class OptionsEditor(QWidget):
    """The options of the selected run, in a section that can be unfolded.

    Attributes:
        fold: the button that unfolds the section; it names the options in use.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.fold = QToolButton(autoRaise=True, toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setCheckable(True)
        self.fold.setToolTip(tr("Weight decay, clipping, noise and the schedule η(t) of the rate: for any optimizer."))
        self.fold.setStyleSheet("text-align: left;")
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        keys_by_tab(self.fold)
        self._layout = layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)
        self.fold.toggled.connect(self._unfold)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._match)
        self._match()

    @cached_property
    def body(self) -> OptionsBody:
        """The unfolded part; made on first use."""
        body = OptionsBody(self._session)
        self._layout.addWidget(body)
        return body

    def _unfold(self, on: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.body.setVisible(on)

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected, "optimizer", "options"):
            self._match()

    def _match(self) -> None:
        runs = self._session.experiment.runs
        if not runs:
            return
        options = runs[self._session.selected].options
        used = [caption(n, p, _titles()[n])[0] for n, p in OPTIONS.items() if getattr(options, n) is not None]
        if options.schedule:
            used.append(options.schedule.title)
        self.fold.setText(tr("Options: {which}", which=", ".join(used)) if used else tr("Options"))


class OptionsBody(QWidget):
    """A field for each option, and the schedule with its parameters.

    Attributes:
        fields: the field of each option; schedule: the choice of the schedule; summary: a sentence on it.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._declared: Mapping[str, Declared] | None = None
        self.fields = {name: NumberField(name, p, optional=True, title=_titles()[name]) for name, p in OPTIONS.items()}
        self.schedule = Picker(self._choices, tr("Learning-rate schedule"))
        self.summary = QLabel(wordWrap=True)
        self.summary.setProperty("role", "muted")
        self._parameters = ParameterFields()
        heading = QLabel(tr("Learning-rate schedule"))
        heading.setBuddy(self.schedule)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.setContentsMargins(8, 0, 0, 0)
        for widget in (*self.fields.values(), heading, self.schedule, self.summary, self._parameters):
            layout.addWidget(widget)
        for name, field in self.fields.items():
            field.changed.connect(lambda value, name=name: self._set(**{name: value}))
        self.schedule.chosen.connect(self.choose_schedule)
        self._parameters.changed.connect(self._set_parameter)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._match)
        self._match()

    @property
    def schedule_fields(self) -> dict[str, Field]:
        """The field of each parameter of the schedule."""
        return self._parameters.fields

    def choose_schedule(self, name: str) -> None:
        """Use a schedule of the catalogue, or none."""
        self._set(schedule=None if name == _NONE else schedules.get(name))

    @staticmethod
    def _choices() -> list[ListEntry]:
        from gdviewer.ui.catalogue.choice_list import ListEntry
        from gdviewer.ui.catalogue.choices import schedule_choices  # loads the notation of formulas

        none = ListEntry(_NONE, tr("None"), tr("No schedule"), tr("The learning rate is constant."))
        return [none, *schedule_choices()]

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected, "optimizer", "options"):
            self._match()

    def _match(self) -> None:
        runs = self._session.experiment.runs
        if not runs:
            return
        plan = runs[self._session.selected]
        options, schedule = plan.options, plan.options.schedule
        for name, field in self.fields.items():
            if getattr(options, name) != field.value:
                field.show_value(getattr(options, name))
        has_rate = "learning_rate" in plan.optimizer.hyperparameters
        self.schedule.setEnabled(has_rate)
        self.schedule.show_choice(schedule.name if schedule else _NONE, schedule.title if schedule else tr("None"))
        self.summary.setText(self._summary_text(schedule, has_rate))
        self.summary.setVisible(bool(self.summary.text()))
        parameters = schedule.parameters if schedule else {}
        if parameters is not self._declared:
            self._declared = parameters
            self._parameters.declare(parameters)
        if schedule:
            self._parameters.show_values(schedule.values)

    @staticmethod
    def _summary_text(schedule: Schedule | None, has_rate: bool) -> str:
        if not has_rate:
            return tr("This optimizer has no learning rate to schedule.")
        return tr(schedule.summary) if schedule else ""

    def _set(self, **changes: Any) -> None:
        session = self._session
        options = session.experiment.runs[session.selected].options
        session.change_run(session.selected, options=replace(options, **changes))

    def _set_parameter(self, name: str, value: object) -> None:
        schedule = self._session.experiment.runs[self._session.selected].options.schedule
        if schedule:
            self._set(schedule=schedule.replace(**{name: value}))


def _titles() -> dict[str, str]:
    """Return the title of each option."""
    return {
        "l2": tr("weight decay in the loss"), "clip_norm": tr("clip ‖gradient‖"),
        "clip_value": tr("clip components"), "noise": tr("gradient noise"),
    }  # fmt: skip
