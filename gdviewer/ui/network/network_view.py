"""The main view where the problem is a network: on the left what it does, on the right what is inside."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
    QSplitter,
    QStyle,
    QStyleOptionTab,
    QStylePainter,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.pages import DOES, INSIDE
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title
from gdviewer.ui.widgets.theme import look

_CLOSER = 22  # pixels that a tab can be narrower than Qt makes it


class _Tabs(QTabBar):
    """Tabs that stand closer where there is not room for all of them, as on a projector."""

    def tabSizeHint(self, index: int) -> QSize:
        return super().tabSizeHint(index) - QSize(self._closer(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._closer():
            super().paintEvent(event)
            return
        painter, option = QStylePainter(self), QStyleOptionTab()
        for i in self._shown():
            self.initStyleOption(option, i)
            option.text = ""  # Qt would cut it where the room it leaves on both sides is lacking
            painter.drawControl(QStyle.ControlElement.CE_TabBarTab, option)
            painter.drawText(self.tabRect(i), Qt.AlignmentFlag.AlignCenter, self.tabText(i))

    def _shown(self) -> list[int]:
        return [i for i in range(self.count()) if self.isTabVisible(i)]

    def _closer(self) -> int:
        """How many pixels each tab is narrower than usual."""
        shown = self._shown()
        beside = self.parentWidget().cornerWidget()
        room = self.parentWidget().width() - (0 if beside is None or beside.isHidden() else beside.sizeHint().width())
        lacking = sum(super(_Tabs, self).tabSizeHint(i).width() for i in shown) - room
        return max(0, min(_CLOSER, math.ceil(lacking / max(1, len(shown)))))


class Pages(QTabWidget):
    """The pages of one side that suit the network; each is made when it is first seen."""

    hovered = Signal(str)

    def __init__(self, session: Session, example: SelectedExample, kinds: Sequence[type[Page]]) -> None:
        super().__init__()
        self._session, self._example, self._kinds = session, example, kinds
        self._made: dict[type[Page], Page] = {}
        self._rooms: dict[type[Page], QWidget] = {}
        self.setTabBar(_Tabs(self))
        self.setDocumentMode(True)
        for kind in kinds:
            room = self._rooms[kind] = QWidget()
            layout = QVBoxLayout(room)
            layout.setContentsMargins(0, 0, 0, 0)
            self.addTab(room, kind.title)
        self.currentChanged.connect(self._make)
        session.problem_changed.connect(self._match)
        self._match()

    @property
    def made(self) -> list[Page]:
        """The pages that were seen."""
        return list(self._made.values())

    @property
    def page(self) -> Page | None:
        """The page in front."""
        return self._made.get(self._kinds[self.currentIndex()])

    def turn_to(self, title: str) -> None:
        """Bring the page of this title to the front."""
        for i, kind in enumerate(self._kinds):
            if kind.title == title and self.isTabVisible(i):
                self.setCurrentIndex(i)

    def _match(self) -> None:
        problem = self._session.experiment.problem
        if isinstance(problem, Network):
            for i, kind in enumerate(self._kinds):
                self.setTabVisible(i, kind.suits(problem))
            self._make()

    def _make(self) -> None:
        kind = self._kinds[self.currentIndex()]
        if kind not in self._made and isinstance(self._session.experiment.problem, Network):
            page = self._made[kind] = kind(self._session, self._example)
            page.hovered.connect(self.hovered)
            page.turned_to.connect(self.turn_to)
            self._rooms[kind].layout().addWidget(page)


class WhoseDot(QLabel):
    """The colour of the run that the pages show, where there are several."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setContentsMargins(0, 0, 8, 8)  # beside the words of the tabs, above the line below them
        session.experiment_changed.connect(self._take_edit)
        for signal in (session.selection_changed, look().changed):
            signal.connect(self._match)
        self._match()

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.rearranged or change.touches(self._session.selected):
            self._match()

    def _match(self) -> None:
        runs, selected = self._session.experiment.runs, self._session.selected
        self.setVisible(len(runs) > 1 and 0 <= selected < len(runs))
        if not self.isHidden():
            plan = runs[selected]
            told = tr("The pages show {run}, the run that is selected under Runs.", run=plan_title(plan))
            self.setText(f'<span style="color: {look().theme.run_color(plan.color).name()}">●</span>')
            self.setToolTip(told)
            self.setAccessibleName(told)


class NetworkView(QWidget):
    """What a network does, beside what is inside it.

    Attributes:
        example: the row of the data that pages on either side look at.

    Signals:
        hovered: what is under the mouse, as a line of text.
    """

    hovered = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.example = SelectedExample(self)
        self.does, self.inside = (Pages(session, self.example, kinds) for kinds in (DOES, INSIDE))
        self.whose = WhoseDot(session)
        self.does.setCornerWidget(self.whose)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        for pages in (self.does, self.inside):
            pages.hovered.connect(self.hovered)
            self._splitter.addWidget(pages)
        self._splitter.setSizes([1000, 1000])  # equal shares of what there is
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)

    @property
    def plot(self) -> NetworkView:
        """Itself: what the main view asks of a plot, it does for its pages."""
        return self

    @property
    def computing(self) -> bool:
        """Whether a picture is still to come."""
        return any(page.computing for page in self._pages)

    def show_all(self) -> None:
        """Show the whole of what there is to see in the pages in front."""
        for pages in (self.does, self.inside):
            if pages.page:
                pages.page.show_all()

    def close_threads(self) -> None:
        """End the threads that compute."""
        for page in self._pages:
            page.close_threads()

    @property
    def _pages(self) -> list[Page]:
        return [*self.does.made, *self.inside.made]
