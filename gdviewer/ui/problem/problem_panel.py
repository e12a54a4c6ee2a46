"""What is minimised: the problem, its parameters, its formula or samples, and the start."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from gdviewer import problems
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.experiment import default_limits, default_runs
from gdviewer.problems.formula import formula
from gdviewer.problems.networks.layer import LayerShapeError
from gdviewer.problems.networks.layer_summary import fitted
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression import Regression
from gdviewer.problems.samples import SampledCurve, SampledVector
from gdviewer.text import point_text, tr
from gdviewer.ui.catalogue.picker import Picker
from gdviewer.ui.problem.data_entry import DataEntry
from gdviewer.ui.problem.formula_entry import EXAMPLE, FORMULA, FormulaEntry
from gdviewer.ui.problem.samples_entry import CURVE, VECTOR, SamplesEntry
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.number_field import PointField
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

if TYPE_CHECKING:
    from gdviewer.ui.catalogue.choice_list import ListEntry
    from gdviewer.ui.network.builder import NetworkBuilder


class ProblemPanel(QWidget):
    """The controls of the experiment's problem and start."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: Problem | None = None
        self.picker = Picker(self._choices, tr("Problem"))
        self.why = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.why.setProperty("role", "muted")
        self.formula = FormulaEntry(session)
        self.samples = SamplesEntry(session)
        self.data = DataEntry(session)
        self._parameters = ParameterFields()
        self.builder: NetworkBuilder | None = None  # made when a network is first shown
        self.start = PointField()
        self._heading = heading = QLabel(tr("Start θ₀"))
        heading.setBuddy(self.start.entry)
        heading.setProperty("role", "heading")
        layout = QVBoxLayout(self, spacing=8)
        layout.addWidget(self.picker)
        layout.addWidget(self.formula)
        layout.addWidget(self.samples)
        layout.addWidget(self.data)
        layout.addWidget(self.samples.message)  # seen also where the samples are not: a file may be refused
        layout.addWidget(self.why)
        layout.addWidget(self._parameters)
        layout.addWidget(self.data.notes)
        layout.addWidget(heading)
        layout.addWidget(self.start)
        layout.addStretch(1)
        self.picker.chosen.connect(self.choose)
        self._parameters.changed.connect(self._set_parameter)
        self.start.changed.connect(session.set_start)
        self.data.adapted.connect(self._tell)
        session.experiment_changed.connect(self._take_edit)
        self._match()

    @property
    def fields(self) -> dict[str, Field]:
        """The field of each parameter of the problem."""
        if self.builder and isinstance(self._shown, Network):
            return self.builder.fields
        return self._parameters.fields

    def choose(self, key: str) -> None:
        """Take a problem of the catalogue, or one of your own: a formula or samples."""
        if key == FORMULA:
            self._adopt(self.formula.problem or formula(EXAMPLE))
            self.formula.entry.setFocus()
            self.formula.entry.selectAll()
        elif key in (CURVE, VECTOR):
            self.samples.show_reading(key)
            self._adopt(self.samples.make())
        else:
            chosen = problems.get(key)
            self._adopt(self.data.with_table(chosen) if isinstance(chosen, Regression | Network) else chosen)

    def open_file(self, path: str) -> None:
        """Read a file: a table where a regression is shown, else samples; what is wrong with it is told below."""
        if self.builder:
            self.builder.setCurrentIndex(0)  # where it is told
        self._entry_of_files(path).open_file(path)

    def ask_file(self) -> None:
        """Ask for a file, and read it."""
        self._entry_of_files().ask_file()

    def close_threads(self) -> None:
        """End the threads that derive and read."""
        for entry in (self.formula, self.samples, self.data):
            entry.close_threads()

    def _entry_of_files(self, path: str = "") -> SamplesEntry | DataEntry:
        shown = isinstance(self._session.experiment.problem, Regression | Network)
        return self.data if shown and not path.lower().endswith(".npy") else self.samples

    def _adopt(self, problem: Problem) -> None:
        """Take another problem; runs and limits that were the usual ones of the one before are those of this one."""
        experiment = self._session.experiment
        before, other = experiment.problem, experiment.with_problem(problem)
        if isinstance(before, Network) != isinstance(problem, Network):
            if experiment.runs == default_runs(before):
                other = replace(other, runs=default_runs(problem))
            if experiment.limits == default_limits(before):
                other = replace(other, limits=default_limits(problem))
        self._session.edit(other)
        if self._session.experiment is experiment:  # nothing differs, but a value that was refused is no longer wanted
            self._shown = None
            self._match()

    @staticmethod
    def _choices() -> list[ListEntry]:
        from gdviewer.ui.catalogue.choice_list import ListEntry
        from gdviewer.ui.catalogue.choices import problem_choices  # mathematics is loaded when a list first shows some

        own = tr("Your own")
        entries = [
            ListEntry(FORMULA, tr("Formula…"), own, tr("Type a function of x and y; other names become sliders.")),
            ListEntry(CURVE, tr("Samples, along the curve…"), own, tr("Typed, pasted, or from CSV, TXT or NPY.")),
            ListEntry(
                VECTOR, tr("Samples, the article's GD…"), own, tr("The whole vector moves by −η·np.gradient(f).")
            ),
        ]
        return entries + problem_choices()

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.problem or change.start:
            self._match()

    def _match(self) -> None:
        experiment = self._session.experiment
        problem = experiment.problem
        if not isinstance(problem, Network):  # whose thousands of weights nobody would type
            self.start.show_point(experiment.start, _short(experiment.start))
        if problem is self._shown:
            return
        before, self._shown = self._shown, problem
        self.picker.show_choice(problem.name, problem.title)
        why = "" if isinstance(problem, Network) and not _is_on_own_data(problem) else problem.why
        self.why.setText(tr(why) if why else "")
        self.why.setVisible(bool(why))
        self.samples.say("")
        self._show_builder(problem)
        self.data.show_problem(problem)
        self.why.setToolTip(tr("Source: {source}", source=problem.source))
        sampled = isinstance(problem, (SampledCurve, SampledVector))
        trained = isinstance(problem, Network)
        self.formula.setVisible(not sampled and not trained and problem.data is None)
        for widget in (self._heading, self.start):
            widget.setVisible(not trained)
        self.samples.setVisible(sampled)
        if sampled:
            self.samples.show_problem(problem)
        elif not trained:
            self.formula.show_problem(problem)
        if trained:
            self._parameters.declare({})
            return
        if before is None or before.parameters != problem.parameters or before.name != problem.name:
            self._parameters.declare(problem.parameters, by_name=problem.data is None)
        self._parameters.show_values(problem.values)

    def _show_builder(self, problem: Problem) -> None:
        if isinstance(problem, Network) and self.builder is None:
            from gdviewer.ui.network.builder import NetworkBuilder

            self.builder = NetworkBuilder()
            self.builder.changed.connect(self._set_parameter)
            self.layout().insertWidget(self.layout().indexOf(self._parameters), self.builder)
        if self.builder:
            self.builder.setVisible(isinstance(problem, Network))
        if isinstance(problem, Network):
            self.builder.hold(self.data)
            self.builder.show_network(problem)
        elif self.data.parentWidget() is not self:
            self.layout().insertWidget(self.layout().indexOf(self.samples) + 1, self.data)

    def _set_parameter(self, name: str, value: object) -> None:
        problem = self._session.experiment.problem
        if name not in problem.values:
            return
        try:
            if isinstance(problem, Network):
                self._refit(problem, {name: value})
            else:
                self._adopt(problem.replace(**{name: value}))
        except ValueError as error:  # such as a power of one's own data that is too large
            if isinstance(problem, Network):
                self.builder.show_value(name, problem.values[name])
                self.builder.say(name, str(error))
            else:
                self._parameters.show_value(name, problem.values[name])
                self.data.say(str(error))

    def _refit(self, network: Network, values: dict[str, object]) -> None:
        """Take other values of a network, and layers and a loss that fit them where what there is does not.

        Layers that were entered and do not fit yet are tried first: these may be the data they are for.
        """
        pending = self.builder.layers.pending
        data = network.data_for(**values)
        if pending is not None and "layers" not in values:
            with suppress(LayerShapeError):
                self._adopt(network.replace(**values, layers=pending))
                return
        other, changed = fitted(network, lambda **more: network.replace(**more | values), data)
        self._adopt(other)
        self._tell(other, changed)

    def _tell(self, problem: Problem, changed: tuple[str, ...]) -> None:
        """Say what was changed so that a network fits its data."""
        if self.builder and isinstance(problem, Network):
            self.builder.tell(changed, problem)


def _short(start: tuple[float, ...]) -> str:
    """The start as text; one number where many components are equal."""
    return point_text(start[:1]) if len(start) > 2 and len(set(start)) == 1 else point_text(start)


def _is_on_own_data(network: Network) -> bool:
    """Whether a network has the data of its entry in the catalogue, which is told with them in mind."""
    return network.made and network.values["data"] == network.parameters["data"]
