"""What is minimised: the problem, its parameters, its formula or samples, and the start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer import problems
from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.problem import Problem
from gdviewer.problems.samples import SampledCurve, SampledVector, read_file, read_text
from gdviewer.ui.background import Latest
from gdviewer.ui.choices import problem_choices
from gdviewer.ui.keys import keys_by_tab
from gdviewer.ui.number_field import EntryField, NumberField, PointField
from gdviewer.ui.parameter_fields import ParameterFields
from gdviewer.ui.picker import Choice, Picker
from gdviewer.ui.session import Session
from gdviewer.ui.text import point_text, tr

FORMULA, CURVE, VECTOR = "formula", "samples", "samples_vector"
_EXAMPLE_FORMULA = "a*x**2 + b*sin(3*y)"
_EXAMPLE_SAMPLES = "1, 2, 4, 7, 11, 16"
_SHOWN_SAMPLES = 2000
_ABRIDGED = "# … "  # begins the line that stands for the samples of a file that are not shown


class ProblemPanel(QWidget):
    """The controls of the experiment's problem and start."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: Problem | None = None
        self.picker = Picker(self._choices, tr("Problem"))
        self.why = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.why.setProperty("role", "muted")
        self.formula = _FormulaEntry(session)
        self.samples = _SamplesEntry(session)
        self._parameters = ParameterFields()
        self.start = PointField()
        heading = QLabel(tr("Start θ₀"))
        heading.setBuddy(self.start.entry)
        heading.setProperty("role", "heading")
        layout = QVBoxLayout(self, spacing=8)
        layout.addWidget(self.picker)
        layout.addWidget(self.formula)
        layout.addWidget(self.samples)
        layout.addWidget(self.samples.message)  # seen also where the samples are not: a file may be refused
        layout.addWidget(self.why)
        layout.addWidget(self._parameters)
        layout.addWidget(heading)
        layout.addWidget(self.start)
        layout.addStretch(1)
        self.picker.chosen.connect(self.choose)
        self._parameters.changed.connect(self._set_parameter)
        self.start.changed.connect(session.set_start)
        session.experiment_changed.connect(self._match)
        self._match()

    @property
    def fields(self) -> dict[str, NumberField]:
        """The field of each parameter of the problem."""
        return self._parameters.fields

    def choose(self, key: str) -> None:
        """Take a problem of the catalogue, or one of your own: a formula or samples."""
        if key == FORMULA:
            self._adopt(self.formula.problem or formula(_EXAMPLE_FORMULA))
            self.formula.entry.setFocus()
            self.formula.entry.selectAll()
        elif key in (CURVE, VECTOR):
            self.samples.show_reading(key)
            self._adopt(self.samples.make())
        else:
            self._adopt(problems.get(key))

    def open_file(self, path: str) -> None:
        """Read samples from a file; what is wrong with it is told where samples are entered."""
        self.samples.open_file(path)

    def _adopt(self, problem: Problem) -> None:
        self._session.edit(self._session.experiment.with_problem(problem))

    @staticmethod
    def _choices() -> list[Choice]:
        own = tr("Your own")
        entries = [
            Choice(FORMULA, tr("Formula…"), own, tr("Type a function of x and y; other names become sliders.")),
            Choice(CURVE, tr("Samples, along the curve…"), own, tr("Typed, pasted, or from CSV, TXT or NPY.")),
            Choice(VECTOR, tr("Samples, the article's GD…"), own, tr("The whole vector moves by −η·np.gradient(f).")),
        ]
        return entries + problem_choices()

    def _match(self) -> None:
        experiment = self._session.experiment
        problem = experiment.problem
        self.start.show_point(experiment.start, _short(experiment.start))
        if problem is self._shown:
            return
        before, self._shown = self._shown, problem
        self.picker.show_choice(problem.name, problem.title)
        self.why.setText(tr(problem.why) if problem.why else "")
        self.why.setVisible(bool(problem.why))
        self.samples.say("")
        self.why.setToolTip(tr("Source: {source}", source=problem.source))
        sampled = isinstance(problem, (SampledCurve, SampledVector))
        self.formula.setVisible(not sampled)
        self.samples.setVisible(sampled)
        if sampled:
            self.samples.show_problem(problem)
        else:
            self.formula.show_problem(problem)
        if before is None or before.parameters != problem.parameters or before.name != problem.name:
            self._parameters.declare(problem.parameters, by_name=True)
        self._parameters.show_values(problem.values)

    def _set_parameter(self, name: str, value: float) -> None:
        experiment = self._session.experiment
        if name in experiment.problem.values:
            self._adopt(experiment.problem.replace(**{name: value}))


class _FormulaEntry(QWidget):
    """The formula as a line that can be typed over, checked as it is typed, and its gradient to read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.problem: FormulaProblem | None = None
        self._values: dict[str, float] = {}  # the last value of each parameter's name, for when it is typed again
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Formula"))
        self.entry.setPlaceholderText(_EXAMPLE_FORMULA)
        self.show_gradient = QToolButton(text="∇f", checkable=True)
        self.show_gradient.setToolTip(tr("∇f: show the exact formula of the gradient."))
        self.show_gradient.setAccessibleName(tr("Show the gradient"))
        self.gradient = QLabel(wordWrap=True, visible=False, textFormat=Qt.TextFormat.PlainText)
        self.gradient.setProperty("role", "muted")
        self.gradient.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        keys_by_tab(self.show_gradient)
        line = QHBoxLayout(spacing=4)
        line.addWidget(QLabel("f ="))
        line.addWidget(self.entry, 1)
        line.addWidget(self.show_gradient)
        layout = QVBoxLayout(self, spacing=3)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.entry.message)
        layout.addWidget(self.gradient)
        self._derive = Latest(self)
        self._derive.done.connect(self.gradient.setText)
        self._derive.failed.connect(lambda error: self.gradient.setText(str(error)))
        self._pause = QTimer(self, singleShot=True, interval=250)
        self._pause.timeout.connect(self._take)
        self.entry.textEdited.connect(self._check)
        self.entry.entered.connect(self._take)
        self.show_gradient.toggled.connect(self._tell_gradient)

    def show_problem(self, problem: Problem) -> None:
        """Show a problem's formula; a function of Python's can be read but not typed over."""
        typed = isinstance(problem, FormulaProblem)
        self.entry.setReadOnly(not typed)
        self.show_gradient.setEnabled(typed)
        tip = tr("f, the loss to minimise: type your own in x and y, with + − * / ** and functions such as sin or exp.")
        self.entry.setToolTip(f"{tip}\n{problem.formula}" if typed else problem.formula)
        if self.entry.text().strip() != problem.formula:
            self.entry.show_text(problem.formula)
        if typed and problem.name == FORMULA:
            self.problem = problem
            self._values |= problem.values
        self._tell_gradient()

    def _check(self) -> None:
        """While typing: tell what is wrong, and draw what is right when the typing rests."""
        try:
            formula(self.entry.text())
        except ValueError as error:
            self._pause.stop()
            self.entry.explain(str(error))
        else:
            self.entry.explain("")
            self._pause.start()

    def _take(self, *_: object) -> None:
        self._pause.stop()
        text = self.entry.text().strip()
        current = self._session.experiment.problem
        if text == current.formula or self.entry.isReadOnly():
            return
        try:
            problem = formula(text)
        except ValueError as error:
            self.entry.explain(str(error))
            return
        kept = {name: value for name, value in self._values.items() if name in problem.parameters}
        self._session.edit(self._session.experiment.with_problem(problem.replace(**kept)))

    def _tell_gradient(self, *_: object) -> None:
        problem = self._session.experiment.problem
        shown = self.show_gradient.isChecked() and isinstance(problem, FormulaProblem)
        self.gradient.setVisible(shown)
        if shown:
            names = problem.axis_names
            self._derive.request(
                lambda: "\n".join(f"∂f/∂{v} = {text}" for v, text in zip(names, problem.gradient_text, strict=False))
            )

    def close_threads(self) -> None:
        """End the thread that derives."""
        self._derive.close()


class _SamplesEntry(QWidget):
    """Samples typed, pasted or opened, and how they are read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._data: tuple[np.ndarray, np.ndarray | None] = read_text(_EXAMPLE_SAMPLES)
        self._name = ""
        self.reading = QComboBox()
        self.reading.addItem(tr("Along the curve"), CURVE)
        self.reading.addItem(tr("The article's GD"), VECTOR)
        self.reading.setAccessibleName(tr("How the samples are read"))
        self.reading.setToolTip(
            tr("Along the curve: the point moves on the x axis.")
            + "\n"
            + tr("The article's GD: the whole vector moves by −η·np.gradient(f).")
        )
        self.open_button = QPushButton(tr("Open…"))
        self.open_button.setToolTip(
            tr("Open samples from a CSV, TXT or NPY file; dropping it on the window does it too.")
        )
        self.text = QPlainTextEdit(_EXAMPLE_SAMPLES, maximumHeight=96)
        self.text.setAccessibleName(tr("Samples"))
        self.text.setToolTip(tr("Samples f: numbers with commas or spaces between, or two columns x and f."))
        self.text.setTabChangesFocus(True)
        self.text.setAcceptDrops(False)  # a file is for the window, which opens it
        self.message = QLabel(wordWrap=True, visible=False, textFormat=Qt.TextFormat.PlainText)
        self.message.setProperty("role", "error")
        line = QHBoxLayout(spacing=4)
        keys_by_tab(self.open_button)
        line.addWidget(self.reading, 1)
        line.addWidget(self.open_button)
        layout = QVBoxLayout(self, spacing=3)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.text)
        self._reader = Latest(self)
        self._reader.done.connect(self._take_file)
        self._reader.failed.connect(self._refuse)
        self._pause = QTimer(self, singleShot=True, interval=400)
        self._pause.timeout.connect(self._take_text)
        self.text.textChanged.connect(self._pause.start)
        self.reading.currentIndexChanged.connect(self._adopt)
        self.open_button.clicked.connect(self.ask_file)

    def show_reading(self, key: str) -> None:
        """Choose how the samples are read, without drawing them yet."""
        was = self.reading.blockSignals(True)
        self.reading.setCurrentIndex(self.reading.findData(key))
        self.reading.blockSignals(was)

    def show_problem(self, problem: Problem) -> None:
        """Show how the experiment's samples are read."""
        self.show_reading(problem.name)

    def make(self) -> Problem:
        """The problem of the samples as they are read."""
        samples, positions = self._data
        return SampledVector(samples) if self.reading.currentData() == VECTOR else SampledCurve(samples, positions)

    def open_file(self, path: str) -> None:
        """Read a file in the background."""
        self._name = Path(path).name
        self._reader.request(lambda: read_file(path))

    def close_threads(self) -> None:
        """End the thread that reads."""
        self._reader.close()

    def ask_file(self) -> None:
        """Ask for a file, and read it."""
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Open samples"), "", tr("Samples (*.csv *.txt *.tsv *.dat *.npy);;All files (*)")
        )
        if path:
            self.open_file(path)

    def _take_file(self, data: tuple[np.ndarray, np.ndarray | None]) -> None:
        samples, positions = data
        columns = samples[:, None] if positions is None else np.column_stack([positions, samples])
        lines = [", ".join(f"{v:.10g}" for v in row) for row in columns[:_SHOWN_SAMPLES]]
        if len(columns) > _SHOWN_SAMPLES:
            lines.append(_ABRIDGED + tr("and {n} more", n=f"{len(columns) - _SHOWN_SAMPLES:,}"))
        was = self.text.blockSignals(True)
        self.text.setPlainText("\n".join(lines))
        self.text.blockSignals(was)
        self._accept(data)

    def _take_text(self) -> None:
        text = self.text.toPlainText()
        if _ABRIDGED in text:  # the file is longer than what is shown of it
            self.say(tr("Only the first samples are shown here; open another file, or clear this to type your own."))
            return
        try:
            self._accept(read_text(text))
        except ValueError as error:
            self.say(str(error))

    def _accept(self, data: tuple[np.ndarray, np.ndarray | None]) -> None:
        self._data = data
        self._adopt()

    def _adopt(self, *_: object) -> None:
        problem = self.make()
        self.say("")
        experiment = self._session.experiment.with_problem(problem)
        if not _fits(problem, experiment.start):
            experiment = replace(experiment, start=tuple(problem.start.tolist()))
        self._session.edit(experiment)

    def _refuse(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.say(tr("{name}: {reason}", name=self._name, reason=reason))

    def say(self, message: str) -> None:
        """Tell what is wrong with the samples; an empty text tells that nothing is."""
        self.message.setText(message)
        self.message.setVisible(bool(message))


def _fits(problem: Problem, start: tuple[float, ...]) -> bool:
    low, high = problem.domain.T
    return problem.picture != "curve" or bool((np.array(start) >= low).all() and (np.array(start) <= high).all())


def _short(start: tuple[float, ...]) -> str:
    """The start as text; one number where many components are equal."""
    return point_text(start[:1]) if len(start) > 2 and len(set(start)) == 1 else point_text(start)
