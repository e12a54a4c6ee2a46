"""The entry of the data of a regression or a network: generated data, or columns of a table."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer import problems
from gdviewer.problems.kinds import is_fit
from gdviewer.problems.networks.dataset import dataset_of
from gdviewer.problems.networks.layer import shape_text
from gdviewer.problems.networks.layer_summary import fitted
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.problems.regression_problem import Regression
from gdviewer.problems.table import MAX_WIDTH, Table, read_table
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab

if TYPE_CHECKING:
    from gdviewer.problems.kinds import Fit

_MAX_ROWS = 5  # of the list of features
_MAX_CLASSES = 4  # that are named
_CHECK_BOX = 16  # height in pixels


class DataEntry(QWidget):
    """The loss, the source of the data, and the columns of a table that are features and target.

    Attributes:
        formula: the loss; origin: the source of the data.
        target, features: the columns; reading: whether the target is read as classes or numbers.
        message: the error of a file or of a choice of columns.
        notes: a text on the scaling of the features and the batches; the panel shows it below the parameters.

    Signals:
        adapted: a problem has other data; with the problem, and the names of the parameters changed to fit them.
    """

    adapted = Signal(object, tuple)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._table: Table | None = None
        self._name = ""
        self.formula = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.formula.setToolTip(tr("f, the loss to minimise: a mean over the rows."))
        self.origin = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.open_button = QPushButton(tr("Open CSV…"))
        self.open_button.setToolTip(tr("Open a table; you can also drop the file on the window."))
        self.swap_button = QPushButton()
        self.target = QComboBox()
        self.target.setAccessibleName(tr("Target column"))
        self.target.setToolTip(tr("The column to predict."))
        self.features = QListWidget()
        self.features.setAccessibleName(tr("Feature columns"))
        self.features.setToolTip(tr("The columns to predict it from."))
        self.reading = QComboBox()
        for title, classes in ((tr("automatic"), None), (tr("classes"), True), (tr("numbers"), False)):
            self.reading.addItem(title, classes)
        self.reading.setAccessibleName(tr("Reading of the target"))
        self.reading.setToolTip(tr("Automatic: texts and a few repeated whole numbers are classes, others numbers."))
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.message.hide()
        self.message.setProperty("role", "error")
        self.notes = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.notes.setProperty("role", "muted")
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._reader = Latest(self)
        self._reader.done.connect(self._use_table)
        self._reader.failed.connect(self._refuse)
        self.open_button.clicked.connect(self.ask_file)
        self.swap_button.clicked.connect(self._swap)
        self.target.currentIndexChanged.connect(self._choose)
        self.reading.currentIndexChanged.connect(self._choose)
        self.features.itemChanged.connect(self._choose)
        self._lay_out()

    def _lay_out(self) -> None:
        keys_by_tab(self.open_button, self.swap_button)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.open_button)
        line.addWidget(self.swap_button)
        line.addStretch(1)
        self._columns = QWidget()
        columns = QGridLayout(self._columns)
        columns.setHorizontalSpacing(8)
        columns.setVerticalSpacing(3)
        columns.setContentsMargins(0, 0, 0, 0)
        self._reading_label = QLabel(tr("read as"))
        labels = QLabel(tr("target")), self._reading_label, QLabel(tr("features"))
        for row, (label, widget) in enumerate(zip(labels, (self.target, self.reading, self.features), strict=True)):
            label.setBuddy(widget)
            columns.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            columns.addWidget(widget, row, 1)
        columns.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.formula)
        layout.addWidget(self.origin)
        layout.addLayout(line)
        layout.addWidget(self._columns)
        layout.addWidget(self.message)

    def show_problem(self, problem: Problem) -> None:
        """Show the data of a problem; hide the entry if the problem has none."""
        regression = isinstance(problem, Regression)
        self.setVisible(is_fit(problem))
        self.formula.setVisible(regression)
        self.notes.setVisible(regression)
        if not is_fit(problem):
            return
        self.formula.setText(f"f = {problem.formula}")
        self.origin.setText(_summary(problem) if isinstance(problem, Network) else problem.data.origin)
        self._name_swap(problem)
        self._columns.setVisible(self._table is not None and not problem.has_generated_data)
        for widget in (self._reading_label, self.reading):
            widget.setVisible(not regression)
        self.notes.setText(f"{problem.scaling.text}\n{problem.batch_text}")
        self.show_error("")

    def with_table(self, entry: Fit) -> Fit:
        """Return a regression or network of the catalogue with the table, if a table is shown and suitable."""
        current = self._session.experiment.problem
        if self._table is None or not is_fit(current) or current.has_generated_data:
            return entry
        with suppress(ValueError):
            return self._on_table(entry, self._table)[0]
        try:
            self._show_columns(self._table, *self._default_columns(entry, self._table))
            return self._on_table(entry, self._table)[0]
        except ValueError:
            return entry

    def open_file(self, path: str) -> None:
        """Read a table in the background."""
        self._name = Path(path).name
        self._reader.request(lambda: read_table(path))

    def ask_file(self) -> None:
        """Ask for a file and read it."""
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Open a table"), "", tr("Tables (*.csv *.txt *.tsv *.dat);;All files (*)")
        )
        if path:
            self.open_file(path)

    def close_threads(self) -> None:
        """End the thread that reads files."""
        self._reader.close()

    def show_error(self, message: str) -> None:
        """Show an error; an empty text hides it."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def _use_table(self, table: Table) -> None:
        problem = self._session.experiment.problem
        if not is_fit(problem):
            return
        self._table = table
        self._show_columns(table, *self._default_columns(problem, table))
        self._columns.setVisible(True)
        self._choose()

    def _show_columns(self, table: Table, target: str, features: list[str]) -> None:
        was = self.target.blockSignals(True), self.features.blockSignals(True)
        self.target.clear()
        self.target.addItems(table.names)
        self.target.setCurrentText(target)
        self.features.clear()
        for name in table.names:
            item = QListWidgetItem(name, self.features)
            item.setCheckState(Qt.CheckState.Checked if name in features else Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, max(self.fontMetrics().height(), _CHECK_BOX) + 4))
        shown = min(len(table.names), _MAX_ROWS)
        height = self.features.sizeHintForRow(0) * shown + 2 * self.features.frameWidth() + 4
        self.features.setFixedHeight(height)
        self.target.blockSignals(was[0])
        self.features.blockSignals(was[1])
        self._disable_target()

    def _disable_target(self) -> None:
        """Allow each column but the target as a feature."""
        was = self.features.blockSignals(True)
        for i in range(self.features.count()):
            item = self.features.item(i)
            able = item.text() != self.target.currentText()
            enabled = Qt.ItemFlag.ItemIsEnabled if able else Qt.ItemFlag.NoItemFlags
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | enabled)
        self.features.blockSignals(was)

    def _chosen(self) -> tuple[str, list[str]]:
        """Return the target and the features: the checked columns but the target."""
        target = self.target.currentText()
        items = [self.features.item(i) for i in range(self.features.count())]
        ticked = [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]
        return target, [name for name in ticked if name != target]

    def _choose(self, *_: object) -> None:
        self._disable_target()
        problem = self._session.experiment.problem
        if self._table is None or not is_fit(problem):
            return
        try:
            self._adopt(*self._on_table(problem, self._table))
        except ValueError as error:
            self.show_error(str(error))

    def _swap(self) -> None:
        """Switch between the table and generated data."""
        problem = self._session.experiment.problem
        if not is_fit(problem):
            return
        if problem.has_generated_data:
            self._choose()
            return
        entry = problems.get(problem.name)
        kept = {name: value for name, value in problem.values.items() if name in entry.parameters}
        if isinstance(problem, Network) and isinstance(entry, Network):
            self._adopt(*fitted(problem, lambda **values: entry.replace(**kept | values), entry.data_for(**kept)))
        elif isinstance(entry, Regression):
            self._adopt(entry.replace(**kept))

    def _name_swap(self, problem: Fit) -> None:
        self.swap_button.setVisible(not problem.has_generated_data or self._table is not None)
        self.swap_button.setText(
            self._table.name if problem.has_generated_data and self._table else tr("Generated data")
        )
        self.swap_button.setToolTip(
            tr("Use the opened table again.")
            if problem.has_generated_data
            else tr("Use generated data; the table stays open.")
        )

    def _default_columns(self, problem: Fit, table: Table) -> tuple[str, list[str]]:
        """Return the default target and features of the table."""
        if isinstance(problem, Network):
            return table.default_columns(None, most=MAX_WIDTH)
        return table.default_columns(problem.model.classes)

    def _on_table(self, problem: Fit, table: Table) -> tuple[Fit, tuple[str, ...]]:
        """Return the problem with the chosen columns, and the names of the parameters changed to fit them.

        Raises:
            ValueError: the columns can't be used.
        """
        if not isinstance(problem, Network):
            return problem.with_data(table.data(*self._chosen())), ()
        given = dataset_of(table, *self._chosen(), self.reading.currentData())
        return fitted(problem, lambda **values: problem.with_data(given, **values), given)

    def _adopt(self, problem: Fit, changed: tuple[str, ...] = ()) -> None:
        self.show_error("")
        self._session.edit(self._session.experiment.with_problem(problem))
        if self._session.experiment.problem is not problem:  # such as equal data from another file
            self.show_problem(problem)
        self.adapted.emit(problem, changed)

    def _refuse(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.show_error(reason if self._name in reason else tr("{name}: {reason}", name=self._name, reason=reason))


def _summary(network: Network) -> str:
    """Return a text on the training and test data of a network."""
    train, test = network.train, network.test
    trained = tr("Trained on {train}", train=train.origin)
    tested = tr(", tested with {n}.", n=f"{len(test):,}") if len(test) else "."
    shape = train.inputs.shape[1:]
    rows = {
        "table": tr("{n} features", n=shape[-1]) if shape[-1] > 1 else tr("one feature"),
        "sequences": tr("sequences of {n} time steps", n=shape[0]),
        "images": tr("images of {shape}", shape=shape_text(shape)),
    }[train.kind]
    shown = ", ".join(train.classes[:_MAX_CLASSES]) + ", …" * (len(train.classes) > _MAX_CLASSES)
    target = (
        tr("{n} classes: {names}", n=len(train.classes), names=shown)
        if train.classes
        else tr("numbers to predict: {name}", name=train.target_name)
    )
    return f"{trained}{tested} {rows[0].upper()}{rows[1:]}; {target}" + "." * (not target.endswith("…"))
