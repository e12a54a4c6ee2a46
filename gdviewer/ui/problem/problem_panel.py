"""The panel of the problem: its parameters, its formula, samples or data, and the start."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from gdviewer import problems
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.experiment import default_limits, default_runs
from gdviewer.problems.formula import formula
from gdviewer.problems.kinds import is_fit, is_network, is_sampled
from gdviewer.problems.problem import Problem
from gdviewer.text import point_text, tr
from gdviewer.ui.catalogue.picker import Picker
from gdviewer.ui.problem.formula_entry import EXAMPLE, FORMULA, FormulaEntry
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.number_field import PointField
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

if TYPE_CHECKING:
    from gdviewer.problems.networks.network import Network
    from gdviewer.ui.catalogue.choice_list import ListEntry
    from gdviewer.ui.network.builder import NetworkBuilder
    from gdviewer.ui.network.layer_list import LayerList
    from gdviewer.ui.problem.data_entry import DataEntry
    from gdviewer.ui.problem.samples_entry import SamplesEntry


class ProblemPanel(QWidget):
    """The controls of the problem and the start.

    Attributes:
        picker: the choice of the problem; why: a sentence on it.
        formula: the entry of the formula.
        builder: the controls of a network; None before a network was shown.
        start: the start.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: Problem | None = None
        self.picker = Picker(self._choices, tr("Problem"))
        self.why = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.why.setProperty("role", "muted")
        self.formula = FormulaEntry(session)
        self._parameters = ParameterFields()
        self.builder: NetworkBuilder | None = None
        self.start = PointField()
        self._heading = heading = QLabel(tr("Start θ₀"))
        heading.setBuddy(self.start.entry)
        heading.setProperty("role", "heading")
        self._layout = layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addWidget(self.picker)
        layout.addWidget(self.formula)
        self._samples_slot, self._data_slot, self._message_slot, self._notes_slot = (QVBoxLayout() for _ in range(4))
        for slot in (self._samples_slot, self._data_slot, self._message_slot):
            layout.addLayout(slot)
        layout.addWidget(self.why)
        layout.addWidget(self._parameters)
        layout.addLayout(self._notes_slot)
        layout.addWidget(heading)
        layout.addWidget(self.start)
        layout.addStretch(1)
        self.picker.chosen.connect(self.choose)
        self._parameters.changed.connect(self._set_parameter)
        self.start.changed.connect(session.set_start)
        session.experiment_changed.connect(self._take_edit)
        self._match()

    @cached_property
    def samples(self) -> SamplesEntry:
        """The entry of samples; made on first use, as the window opens without it."""
        from gdviewer.ui.problem.samples_entry import SamplesEntry

        entry = SamplesEntry(self._session)
        entry.hide()
        self._samples_slot.addWidget(entry)
        self._message_slot.addWidget(entry.message)  # also shown without the samples, as a file may be invalid
        return entry

    @cached_property
    def data(self) -> DataEntry:
        """The entry of the data of a regression or network; made on first use, as the window opens without it."""
        from gdviewer.ui.problem.data_entry import DataEntry

        entry = DataEntry(self._session)
        entry.hide()
        entry.adapted.connect(self._report_changes)
        self._data_slot.addWidget(entry)
        self._notes_slot.addWidget(entry.notes)
        return entry

    @property
    def fields(self) -> Mapping[str, Field | LayerList]:
        """The field of each parameter of the problem."""
        if self.builder and self._shown and is_network(self._shown):
            return self.builder.fields
        return self._parameters.fields

    def choose(self, key: str) -> None:
        """Use a problem of the catalogue, or a user-defined one: a formula or samples."""
        from gdviewer.ui.problem.samples_entry import CURVE, VECTOR

        if key == FORMULA:
            self._adopt(self.formula.problem or formula(EXAMPLE))
            self.formula.entry.setFocus()
            self.formula.entry.selectAll()
        elif key in (CURVE, VECTOR):
            self.samples.show_reading(key)
            self._adopt(self.samples.make())
        else:
            chosen = problems.get(key)
            self._adopt(self.data.with_table(chosen) if is_fit(chosen) else chosen)

    def open_file(self, path: str) -> None:
        """Read a file: a table if a regression or network is shown, else samples; an error is shown below."""
        if self.builder:
            self.builder.setCurrentIndex(0)  # the page that shows the error
        self._entry_of_files(path).open_file(path)

    def ask_file(self) -> None:
        """Ask for a file and read it."""
        self._entry_of_files().ask_file()

    def close_threads(self) -> None:
        """End the threads that derive formulas and read files."""
        self.formula.close_threads()
        for entry in self._made_entries():
            entry.close_threads()

    def _made_entries(self) -> list[SamplesEntry | DataEntry]:
        return [vars(self)[name] for name in ("samples", "data") if name in vars(self)]

    def _entry_of_files(self, path: str = "") -> SamplesEntry | DataEntry:
        shown = is_fit(self._session.experiment.problem)
        return self.data if shown and not path.lower().endswith(".npy") else self.samples

    def _adopt(self, problem: Problem) -> None:
        """Use another problem; default runs and limits of the previous one become those of this one."""
        experiment = self._session.experiment
        before, other = experiment.problem, experiment.with_problem(problem)
        if is_network(before) != is_network(problem):
            if experiment.runs == default_runs(before):
                other = replace(other, runs=default_runs(problem))
            if experiment.limits == default_limits(before):
                other = replace(other, limits=default_limits(problem))
        self._session.edit(other)
        if self._session.experiment is experiment:  # nothing differs, but an invalid value may be shown
            self._shown = None
            self._match()

    @staticmethod
    def _choices() -> list[ListEntry]:
        from gdviewer.ui.catalogue.choice_list import ListEntry
        from gdviewer.ui.catalogue.choices import problem_choices  # loads the notation of formulas
        from gdviewer.ui.problem.samples_entry import CURVE, VECTOR

        group = tr("Your own")
        entries = [
            ListEntry(FORMULA, tr("Formula…"), group, tr("Type a function of x and y; other names become sliders.")),
            ListEntry(CURVE, tr("Samples, along the curve…"), group, tr("Typed, pasted, or from CSV, TXT or NPY.")),
            ListEntry(
                VECTOR, tr("Samples, the article's GD…"), group, tr("The whole vector moves by −η·np.gradient(f).")
            ),
        ]
        return entries + problem_choices()

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.problem or change.start:
            self._match()

    def _match(self) -> None:
        experiment = self._session.experiment
        problem = experiment.problem
        if not is_network(problem):  # a network has too many weights to type
            self.start.show_point(experiment.start, _short(experiment.start))
        if problem is self._shown:
            return
        before, self._shown = self._shown, problem
        self.picker.show_choice(problem.name, problem.title)
        why = "" if is_network(problem) and not _has_default_data(problem) else problem.why
        self.why.setText(tr(why) if why else "")
        self.why.setVisible(bool(why))
        self.why.setToolTip(tr("Source: {source}", source=problem.source))
        self._show_builder(problem)
        self._show_entries(problem)
        trained = is_network(problem)
        for widget in (self._heading, self.start):
            widget.setVisible(not trained)
        if trained:
            self._parameters.declare({})
            return
        if before is None or before.parameters != problem.parameters or before.name != problem.name:
            self._parameters.declare(problem.parameters, by_name=problem.data is None)
        self._parameters.show_values(problem.values)

    def _show_entries(self, problem: Problem) -> None:
        """Show the entry that fits the problem: formula, samples or data."""
        sampled, fits = is_sampled(problem), is_fit(problem)
        self.formula.setVisible(not sampled and not fits)
        if not sampled and not is_network(problem):
            self.formula.show_problem(problem)
        if sampled or "samples" in vars(self):
            self.samples.show_error("")
            self.samples.setVisible(sampled)
        if sampled:
            self.samples.show_problem(problem)
        if fits or "data" in vars(self):
            self.data.show_problem(problem)

    def _show_builder(self, problem: Problem) -> None:
        if is_network(problem):
            if self.builder is None:
                from gdviewer.ui.network.builder import NetworkBuilder

                self.builder = NetworkBuilder()
                self.builder.changed.connect(self._set_parameter)
                self._layout.insertWidget(self._layout.indexOf(self._parameters), self.builder)
            self.builder.show()
            self.builder.add_data_entry(self.data)
            self.builder.show_network(problem)
            return
        if self.builder:
            self.builder.hide()
        if "data" in vars(self) and self.data.parentWidget() is not self:
            self._data_slot.addWidget(self.data)

    def _set_parameter(self, name: str, value: object) -> None:
        problem = self._session.experiment.problem
        if name not in problem.values:
            return
        try:
            if is_network(problem):
                self._refit(problem, {name: value})
            else:
                self._adopt(problem.replace(**{name: value}))
        except ValueError as error:  # such as a power of given data that is too large
            if self.builder and is_network(problem):
                self.builder.show_value(name, problem.values[name])
                self.builder.show_error(name, str(error))
            else:
                self._parameters.show_value(name, problem.values[name])
                self.data.show_error(str(error))

    def _refit(self, network: Network, values: dict[str, object]) -> None:
        """Use other values of a network, with other layers or another loss if the current ones do not fit.

        Layers that were entered and did not fit are tried first: the new values may be the ones they need.
        """
        from gdviewer.problems.networks.layer import LayerShapeError
        from gdviewer.problems.networks.layer_summary import fitted

        pending = self.builder.layers.pending if self.builder else None
        data = network.data_for(**values)
        if pending is not None and "layers" not in values:
            with suppress(LayerShapeError):
                self._adopt(network.replace(**values, layers=pending))
                return
        other, changed = fitted(network, lambda **more: network.replace(**more | values), data)
        self._adopt(other)
        self._report_changes(other, changed)

    def _report_changes(self, problem: Problem, changed: tuple[str, ...]) -> None:
        """Report the parameters that were changed so that a network fits its data."""
        if self.builder and is_network(problem):
            self.builder.show_changes(changed, problem)


def _short(start: tuple[float, ...]) -> str:
    """Return the start as text; one number if many components are equal."""
    return point_text(start[:1]) if len(start) > 2 and len(set(start)) == 1 else point_text(start)


def _has_default_data(network: Network) -> bool:
    """Return True if a network has the data of its entry in the catalogue, which its text describes."""
    return network.has_generated_data and network.values["data"] == network.parameters["data"]
