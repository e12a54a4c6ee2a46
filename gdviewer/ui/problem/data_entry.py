"""The data of a regression: made, or the columns of a table of one's own; and how they are scaled and batched."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

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

_ROWS_SHOWN = 5
_CLASSES_SHOWN = 4
_TICK = 16  # pixels: the height of a box that is ticked
Fit = Regression | Network  # what is fitted to a table


class DataEntry(QWidget):
    """The loss, where the data come from, and which columns of a table are features and target.

    Attributes:
        message: what is wrong with a file or a choice of columns.
        notes: how features are scaled and what a step sees, in words; stands apart, below the parameters.

    Signals:
        adapted: a problem was put on other data, and which of its parameters were changed so that it fits.
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
        self.open_button.setToolTip(tr("Open a table of your own; dropping the file on the window does it too."))
        self.swap_button = QPushButton()
        self.target = QComboBox()
        self.target.setAccessibleName(tr("Target column"))
        self.target.setToolTip(tr("The column that is to be predicted."))
        self.features = QListWidget()
        self.features.setAccessibleName(tr("Feature columns"))
        self.features.setToolTip(tr("The columns it is predicted from."))
        self.reading = QComboBox()
        for title, classes in ((tr("what it looks like"), None), (tr("classes"), True), (tr("numbers"), False)):
            self.reading.addItem(title, classes)
        self.reading.setAccessibleName(tr("What the target is read as"))
        self.reading.setToolTip(tr("Texts, and few whole numbers that return, look like classes; else it is numbers."))
        self.message = QLabel(wordWrap=True, visible=False, textFormat=Qt.TextFormat.PlainText)
        self.message.setProperty("role", "error")
        self.notes = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.notes.setProperty("role", "muted")
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._reader = Latest(self)
        self._reader.done.connect(self._take_table)
        self._reader.failed.connect(self._refuse)
        self.open_button.clicked.connect(self.ask_file)
        self.swap_button.clicked.connect(self._swap)
        self.target.currentIndexChanged.connect(self._choose)
        self.reading.currentIndexChanged.connect(self._choose)
        self.features.itemChanged.connect(self._choose)
        self._lay_out()

    def _lay_out(self) -> None:
        keys_by_tab(self.open_button, self.swap_button)
        line = QHBoxLayout(spacing=4)
        for widget in (self.open_button, self.swap_button):
            line.addWidget(widget)
        line.addStretch(1)
        self._columns = QWidget()
        columns = QGridLayout(self._columns, horizontalSpacing=8, verticalSpacing=3)
        columns.setContentsMargins(0, 0, 0, 0)
        self._reading_label = QLabel(tr("read as"))
        labels = QLabel(tr("target")), self._reading_label, QLabel(tr("features"))
        for row, (label, widget) in enumerate(zip(labels, (self.target, self.reading, self.features), strict=True)):
            label.setBuddy(widget)
            columns.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            columns.addWidget(widget, row, 1)
        columns.setColumnStretch(1, 1)
        layout = QVBoxLayout(self, spacing=4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.formula)
        layout.addWidget(self.origin)
        layout.addLayout(line)
        layout.addWidget(self._columns)
        layout.addWidget(self.message)

    def show_problem(self, problem: Problem) -> None:
        """Show the data of a problem, or nothing where it has none."""
        on_rows, regression = isinstance(problem, Fit), isinstance(problem, Regression)
        self.setVisible(on_rows)
        self.formula.setVisible(regression)
        self.notes.setVisible(regression)
        if not on_rows:
            return
        self.formula.setText(f"f = {problem.formula}")
        self.origin.setText(problem.data.origin if regression else _parts(problem))
        self._name_swap(problem)
        self._columns.setVisible(self._table is not None and not problem.made)
        for widget in (self._reading_label, self.reading):
            widget.setVisible(not regression)
        self.notes.setText(f"{problem.scaling.text}\n{problem.batch_text}")
        self.say("")

    def with_table(self, entry: Fit) -> Fit:
        """A regression or network of the catalogue, on the table where that is what is shown and it suits."""
        current = self._session.experiment.problem
        if self._table is None or not isinstance(current, Fit) or current.made:
            return entry
        with suppress(ValueError):
            return self._on_table(entry)[0]
        try:
            self._show_columns(*self._usual_columns(entry))
            return self._on_table(entry)[0]
        except ValueError:
            return entry

    def open_file(self, path: str) -> None:
        """Read a table in the background."""
        self._name = Path(path).name
        self._reader.request(lambda: read_table(path))

    def ask_file(self) -> None:
        """Ask for a file, and read it."""
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Open a table"), "", tr("Tables (*.csv *.txt *.tsv *.dat);;All files (*)")
        )
        if path:
            self.open_file(path)

    def close_threads(self) -> None:
        """End the thread that reads."""
        self._reader.close()

    def say(self, message: str) -> None:
        """Tell what is wrong; an empty text tells that nothing is."""
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def _take_table(self, table: Table) -> None:
        problem = self._session.experiment.problem
        if not isinstance(problem, Fit):
            return
        self._table = table
        self._show_columns(*self._usual_columns(problem))
        self._columns.setVisible(True)
        self._choose()

    def _show_columns(self, target: str, features: list[str]) -> None:
        table = self._table
        was = self.target.blockSignals(True), self.features.blockSignals(True)
        self.target.clear()
        self.target.addItems(table.names)
        self.target.setCurrentText(target)
        self.features.clear()
        for name in table.names:
            item = QListWidgetItem(name, self.features)
            item.setCheckState(Qt.CheckState.Checked if name in features else Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, max(self.fontMetrics().height(), _TICK) + 4))
        shown = min(len(table.names), _ROWS_SHOWN)
        height = self.features.sizeHintForRow(0) * shown + 2 * self.features.frameWidth() + 4
        self.features.setFixedHeight(height)
        self.target.blockSignals(was[0])
        self.features.blockSignals(was[1])
        self._close_target()

    def _close_target(self) -> None:
        """Let any column be ticked but the target."""
        was = self.features.blockSignals(True)
        for i in range(self.features.count()):
            item = self.features.item(i)
            able = item.text() != self.target.currentText()
            enabled = Qt.ItemFlag.ItemIsEnabled if able else Qt.ItemFlag.NoItemFlags
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | enabled)
        self.features.blockSignals(was)

    def _chosen(self) -> tuple[str, list[str]]:
        """The target, and the features: those ticked, but for the target."""
        target = self.target.currentText()
        items = [self.features.item(i) for i in range(self.features.count())]
        ticked = [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]
        return target, [name for name in ticked if name != target]

    def _choose(self, *_: object) -> None:
        self._close_target()
        problem = self._session.experiment.problem
        try:
            self._adopt(*self._on_table(problem))
        except ValueError as error:
            self.say(str(error))

    def _swap(self) -> None:
        """From one's own data to made samples, and back to the table."""
        problem = self._session.experiment.problem
        if problem.made:
            self._choose()
            return
        entry = problems.get(problem.name)
        kept = {name: value for name, value in problem.values.items() if name in entry.parameters}
        if isinstance(entry, Network):
            self._adopt(*fitted(problem, lambda **values: entry.replace(**kept | values), entry.data_for(**kept)))
        else:
            self._adopt(entry.replace(**kept))

    def _name_swap(self, problem: Fit) -> None:
        self.swap_button.setVisible(not problem.made or self._table is not None)
        self.swap_button.setText(self._table.name if problem.made and self._table else tr("Made samples"))
        self.swap_button.setToolTip(
            tr("Back to the table that was opened.") if problem.made else tr("To made samples; the table stays open.")
        )

    def _usual_columns(self, problem: Fit) -> tuple[str, list[str]]:
        """A target and features to begin with, of the table."""
        if isinstance(problem, Network):
            return self._table.default_columns(None, most=MAX_WIDTH)
        return self._table.default_columns(problem.model.classes)

    def _on_table(self, problem: Fit) -> tuple[Fit, tuple[str, ...]]:
        """The problem on the columns that are chosen, and which of its parameters had to be changed for them.

        Raises:
            ValueError: the columns can't be used.
        """
        if isinstance(problem, Regression):
            return problem.with_data(self._table.data(*self._chosen())), ()
        given = dataset_of(self._table, *self._chosen(), self.reading.currentData())
        return fitted(problem, lambda **values: problem.with_data(given, **values), given)

    def _adopt(self, problem: Fit, changed: tuple[str, ...] = ()) -> None:
        self.say("")
        self._session.edit(self._session.experiment.with_problem(problem))
        if self._session.experiment.problem is not problem:  # the same data from another file, say
            self.show_problem(problem)
        self.adapted.emit(problem, changed)

    def _refuse(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.say(reason if self._name in reason else tr("{name}: {reason}", name=self._name, reason=reason))


def _parts(network: Network) -> str:
    """What a network is trained on and tested with."""
    train, test = network.train, network.test
    told = tr("Trained on {train}", train=train.origin)
    tested = tr(", tested with {n}.", n=f"{len(test):,}") if len(test) else "."
    shape = train.inputs.shape[1:]
    rows = {
        "table": tr("{n} features", n=shape[-1]) if shape[-1] > 1 else tr("one feature"),
        "sequences": tr("sequences of {n} time steps", n=shape[0]),
        "images": tr("images of {shape}", shape=shape_text(shape)),
    }[train.kind]
    shown = ", ".join(train.classes[:_CLASSES_SHOWN]) + ", …" * (len(train.classes) > _CLASSES_SHOWN)
    target = (
        tr("{n} classes: {names}", n=len(train.classes), names=shown)
        if train.classes
        else tr("numbers to predict: {name}", name=train.target_name)
    )
    return f"{told}{tested} {rows[0].upper()}{rows[1:]}; {target}" + "." * (not target.endswith("…"))
