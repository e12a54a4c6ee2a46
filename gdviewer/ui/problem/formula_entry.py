"""The entry of the formula."""

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

FORMULA = "formula"  # the name of a problem with a typed formula
EXAMPLE = "a*x**2 + b*sin(3*y)"


class FormulaEntry(QWidget):
    """The formula as an editable line that is checked while it is typed, and the formula of its gradient.

    Attributes:
        problem: the problem of the last typed formula; None before one was typed.
        entry: the line.
        show_gradient: the button that shows the gradient; gradient: its formula.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.problem: FormulaProblem | None = None
        self._values: dict[str, float] = {}  # the last value of each parameter, used when its name is typed again
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Formula"))
        self.entry.setPlaceholderText(EXAMPLE)
        self.show_gradient = QToolButton()
        self.show_gradient.setText("∇f")
        self.show_gradient.setCheckable(True)
        self.show_gradient.setToolTip(tr("∇f: show the exact formula of the gradient."))
        self.show_gradient.setAccessibleName(tr("Show the gradient"))
        self.gradient = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.gradient.hide()
        self.gradient.setProperty("role", "muted")
        self.gradient.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        keys_by_tab(self.show_gradient)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(QLabel("f ="))
        line.addWidget(self.entry, 1)
        line.addWidget(self.show_gradient)
        layout = QVBoxLayout(self)
        layout.setSpacing(3)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.entry.message)
        layout.addWidget(self.gradient)
        self._derive = Latest(self)
        self._derive.done.connect(self.gradient.setText)
        self._derive.failed.connect(lambda error: self.gradient.setText(str(error)))
        self._pause = QTimer(self, singleShot=True, interval=250)
        self._pause.timeout.connect(self._use_text)
        self.entry.textEdited.connect(self._check)
        self.entry.entered.connect(self._use_text)
        self.show_gradient.toggled.connect(self._show_gradient)

    def show_problem(self, problem: Problem) -> None:
        """Show the formula of a problem; the text of a Python function can be read but not edited."""
        editable = isinstance(problem, FormulaProblem)
        self.entry.setReadOnly(not editable)
        self.show_gradient.setEnabled(editable)
        tip = tr("f, the loss to minimise: a formula of x and y with + − * / ** and functions such as sin or exp.")
        self.entry.setToolTip(f"{tip}\n{problem.formula}" if editable else problem.formula)
        if self.entry.text().strip() != problem.formula:
            self.entry.show_text(problem.formula)
        if isinstance(problem, FormulaProblem) and problem.name == FORMULA:
            self.problem = problem
            self._values |= problem.values
        self._show_gradient()

    def _check(self) -> None:
        """Show an error at once; use a valid formula when the typing pauses."""
        try:
            formula(self.entry.text())
        except ValueError as error:
            self._pause.stop()
            self.entry.explain(str(error))
        else:
            self.entry.explain("")
            self._pause.start()

    def _use_text(self, *_: object) -> None:
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

    def _show_gradient(self, *_: object) -> None:
        problem = self._session.experiment.problem
        self.gradient.setVisible(self.show_gradient.isChecked() and isinstance(problem, FormulaProblem))
        if self.show_gradient.isChecked() and isinstance(problem, FormulaProblem):
            names = problem.axis_names
            self._derive.request(
                lambda: "\n".join(f"∂f/∂{v} = {text}" for v, text in zip(names, problem.gradient_text, strict=False))
            )

    def close_threads(self) -> None:
        """End the thread that derives formulas."""
        self._derive.close()
