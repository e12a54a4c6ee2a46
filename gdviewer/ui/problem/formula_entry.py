"""The formula as a line that can be typed over."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer.problems.formula import FormulaProblem, formula
from gdviewer.problems.problem import Problem
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField

FORMULA = "formula"  # the name of a problem that was typed
EXAMPLE = "a*x**2 + b*sin(3*y)"


class FormulaEntry(QWidget):
    """The formula as a line that can be typed over, checked as it is typed, and its gradient to read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.problem: FormulaProblem | None = None
        self._values: dict[str, float] = {}  # the last value of each parameter's name, for when it is typed again
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Formula"))
        self.entry.setPlaceholderText(EXAMPLE)
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
