"""Samples that are typed, pasted or opened, and how they are read."""

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
    QVBoxLayout,
    QWidget,
)

from gdviewer.problems.problem import Problem
from gdviewer.problems.samples import SampledCurve, SampledVector, read_file, read_text
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab

CURVE, VECTOR = "samples", "samples_vector"
_EXAMPLE = "1, 2, 4, 7, 11, 16"
_SHOWN = 2000
_ABRIDGED = "# … "  # begins the line that stands for the samples of a file that are not shown


class SamplesEntry(QWidget):
    """Samples typed, pasted or opened, and how they are read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._data: tuple[np.ndarray, np.ndarray | None] = read_text(_EXAMPLE)
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
        self.text = QPlainTextEdit(_EXAMPLE, maximumHeight=96)
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
        lines = [", ".join(f"{v:.10g}" for v in row) for row in columns[:_SHOWN]]
        if len(columns) > _SHOWN:
            lines.append(_ABRIDGED + tr("and {n} more", n=f"{len(columns) - _SHOWN:,}"))
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
        told = tr("{name}: {reason}", name=self._name, reason=reason)
        if isinstance(error, ValueError):
            told += ". " + tr("To fit a table, choose a regression or a network first, then open it.")
        self.say(told)

    def say(self, message: str) -> None:
        """Tell what is wrong with the samples; an empty text tells that nothing is."""
        self.message.setText(message)
        self.message.setVisible(bool(message))


def _fits(problem: Problem, start: tuple[float, ...]) -> bool:
    low, high = problem.domain.T
    return problem.picture != "curve" or bool((np.array(start) >= low).all() and (np.array(start) <= high).all())
