"""The data beside the main plot, with the selected run's model as text."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from gdviewer.problems.kinds import is_regression
from gdviewer.text import number_text, tr
from gdviewer.ui.session.session import Session

_SHARE = 0.54  # share of the width of the main plot
_SCALED = {
    "none": "raw features",
    "standardise": "standardised features",
    "minmax": "features scaled to 0 … 1",
}


class DataView(QWidget):
    """The plot of the data, below the selected run's model, loss and epoch at the cursor."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        from gdviewer.ui.plots.data_plot import DataPlot  # loaded on first use, so that the window opens faster

        self._session = session
        self.plot = DataPlot(session)
        self.plot.setAccessibleName(tr("Data and fits"))
        self.model = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.model.setProperty("role", "heading")
        self.model.setAccessibleName(tr("The selected run's model"))
        self.state = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.state.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        for label in (self.model, self.state):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setContentsMargins(8, 3, 8, 0)
            layout.addWidget(label)
        layout.addWidget(self.plot, 1)
        session.frame.connect(self._show_model)
        session.cursor.moved.connect(self._show_model)
        session.selection_changed.connect(self._show_model)
        self._show_model()

    def _show_model(self) -> None:
        session = self._session
        problem = session.experiment.problem
        if not is_regression(problem):
            return
        if not 0 <= session.selected < len(session.runs):
            self.model.setText("")
            self.state.setText("")
            return
        run = session.runs[session.selected]
        if not run.begun or run.problem is not problem:
            return
        step = session.cursor.position(run)
        lines = min(3, 1 + (problem.dimension - 1) // 2)  # height of its longest text, so that the plot does not move
        self.model.setMinimumHeight(lines * self.model.fontMetrics().lineSpacing() + 6)
        parts = [tr("loss {loss}", loss=number_text(float(run.trace.loss[step])))]
        if problem.stochastic:
            parts.append(tr("epoch {epoch}", epoch=f"{step / problem.batches.count:,.2f}"))
        if problem.data.classes:
            parts.append(tr("○ {a}  ■ {b}", a=problem.data.classes[0], b=problem.data.classes[1]))
        parts.append(tr(_SCALED[problem.values["scaling"]]))
        for label, text in (
            (self.model, problem.model_text(run.nearest_point(step)[1])),
            (self.state, "   ".join(parts)),
        ):
            if label.text() != text:
                label.setText(text)
        self.state.setToolTip(f"{problem.scaling.text}\n{problem.batch_text}")


class BesideData(QSplitter):
    """The main plot, and beside it the data of the problem, if any.

    Attributes:
        share: share of the width of the main plot; kept while there are no data.

    Signals:
        hovered: a line of text about the item under the mouse in the plot of the data.
    """

    hovered = Signal(str)

    def __init__(self, session: Session, main_view: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._session = session
        self.share = _SHARE
        self.addWidget(main_view)
        self.setStretchFactor(0, 1)
        self.setChildrenCollapsible(False)
        self.splitterMoved.connect(self._remember)
        session.problem_changed.connect(self._match)
        self._match()

    @cached_property
    def data(self) -> DataView:
        """The view of the data, made on first use."""
        view = DataView(self._session)
        view.hide()
        view.plot.hovered.connect(self.hovered)
        self.addWidget(view)
        self.setStretchFactor(1, 1)
        return view

    @property
    def has_data(self) -> bool:
        """True if the problem has data to show."""
        return self._session.experiment.problem.data is not None

    def arrange(self, share: float = _SHARE) -> None:
        """Set the share of the width of the main plot."""
        self.share = share
        self.setSizes([round(self.width() * part) for part in (share, 1 - share)])

    def _remember(self, *_: int) -> None:
        first, second = self.sizes()
        self.share = first / max(1, first + second)

    def _match(self) -> None:
        made = "data" in vars(self)
        if (made or self.has_data) and self.has_data == self.data.isHidden():
            self.data.setVisible(self.has_data)
            self.arrange(self.share)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange(self.share)
