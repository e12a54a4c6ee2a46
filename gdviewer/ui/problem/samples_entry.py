"""The entry of samples: typed, pasted or opened from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer.problems.problem import Problem
from gdviewer.problems.samples import SampledCurve, SampledVector, read_file, read_text
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab

Samples = tuple[NDArray[np.float64], NDArray[np.float64] | None]  # values, and positions if there are any
CURVE, VECTOR = "samples", "samples_vector"
_EXAMPLE = "1, 2, 4, 7, 11, 16"
_MAX_ROWS = 2000  # shown of a file
_ABRIDGED = "# … "  # start of the line that replaces the samples of a file that are not shown


class SamplesEntry(QWidget):
    """The samples as text, the choice of their reading, and the message about invalid ones.

    Attributes:
        reading: the choice: a curve, or the vector of the classic article.
        text: the samples.
        message: the error of the text or of a file.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._data: Samples = read_text(_EXAMPLE)
        self._name = ""
        self.reading = QComboBox()
        self.reading.addItem(tr("Along the curve"), CURVE)
        self.reading.addItem(tr("The article's GD"), VECTOR)
        self.reading.setAccessibleName(tr("Reading of the samples"))
        self.reading.setToolTip(
            tr("Along the curve: the point moves on the x axis.")
            + "\n"
            + tr("The article's GD: the whole vector moves by −η·np.gradient(f).")
        )
        self.open_button = QPushButton(tr("Open…"))
        self.open_button.setToolTip(
            tr("Open samples from a CSV, TXT or NPY file; dropping it on the window does it too.")
        )
        self.text = QPlainTextEdit(_EXAMPLE)
        self.text.setMaximumHeight(96)
        self.text.setAccessibleName(tr("Samples"))
        self.text.setToolTip(tr("Samples f: numbers separated by commas or spaces, or two columns x and f."))
        self.text.setTabChangesFocus(True)
        self.text.setAcceptDrops(False)  # the window opens files
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.message.hide()
        self.message.setProperty("role", "error")
        line = QHBoxLayout()
        line.setSpacing(4)
        keys_by_tab(self.open_button)
        line.addWidget(self.reading, 1)
        line.addWidget(self.open_button)
        layout = QVBoxLayout(self)
        layout.setSpacing(3)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.text)
        self._reader = Latest(self)
        self._reader.done.connect(self._use_file)
        self._reader.failed.connect(self._refuse)
        self._pause = QTimer(self, singleShot=True, interval=400)
        self._pause.timeout.connect(self._use_text)
        self.text.textChanged.connect(self._pause.start)
        self.reading.currentIndexChanged.connect(self._adopt)
        self.open_button.clicked.connect(self.ask_file)

    def show_reading(self, key: str) -> None:
        """Show a reading of the samples without changing the problem."""
        was = self.reading.blockSignals(True)
        self.reading.setCurrentIndex(self.reading.findData(key))
        self.reading.blockSignals(was)

    def show_problem(self, problem: Problem) -> None:
        """Show the reading of the experiment's samples."""
        self.show_reading(problem.name)

    def make(self) -> Problem:
        """Return the problem of the samples with the chosen reading."""
        samples, positions = self._data
        return SampledVector(samples) if self.reading.currentData() == VECTOR else SampledCurve(samples, positions)

    def open_file(self, path: str) -> None:
        """Read a file in the background."""
        self._name = Path(path).name
        self._reader.request(lambda: read_file(path))

    def close_threads(self) -> None:
        """End the thread that reads files."""
        self._reader.close()

    def ask_file(self) -> None:
        """Ask for a file and read it."""
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Open samples"), "", tr("Samples (*.csv *.txt *.tsv *.dat *.npy);;All files (*)")
        )
        if path:
            self.open_file(path)

    def _use_file(self, data: Samples) -> None:
        samples, positions = data
        columns = samples[:, None] if positions is None else np.column_stack([positions, samples])
        lines = [", ".join(f"{v:.10g}" for v in row) for row in columns[:_MAX_ROWS]]
        if len(columns) > _MAX_ROWS:
            lines.append(_ABRIDGED + tr("and {n} more", n=f"{len(columns) - _MAX_ROWS:,}"))
        was = self.text.blockSignals(True)
        self.text.setPlainText("\n".join(lines))
        self.text.blockSignals(was)
        self._accept(data)

    def _use_text(self) -> None:
        text = self.text.toPlainText()
        if _ABRIDGED in text:  # not all samples of the file are shown
            self.show_error(tr("Only the first samples are shown. Open another file, or clear the text to type some."))
            return
        try:
            self._accept(read_text(text))
        except ValueError as error:
            self.show_error(str(error))

    def _accept(self, data: Samples) -> None:
        self._data = data
        self._adopt()

    def _adopt(self, *_: object) -> None:
        problem = self.make()
        self.show_error("")
        experiment = self._session.experiment.with_problem(problem)
        if not _fits(problem, experiment.start):
            experiment = replace(experiment, start=tuple(problem.start.tolist()))
        self._session.edit(experiment)

    def _refuse(self, error: Exception) -> None:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        text = tr("{name}: {reason}", name=self._name, reason=reason)
        if isinstance(error, ValueError):
            text += ". " + tr("To fit a table, choose a regression or a network first, then open it.")
        self.show_error(text)

    def show_error(self, message: str) -> None:
        """Show an error of the samples; an empty text hides it."""
        self.message.setText(message)
        self.message.setVisible(bool(message))


def _fits(problem: Problem, start: tuple[float, ...]) -> bool:
    low, high = problem.domain.T
    return problem.picture != "curve" or bool((np.array(start) >= low).all() and (np.array(start) <= high).all())
