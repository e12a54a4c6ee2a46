"""The main view of a network: its results on the left, its inside on the right."""

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
from gdviewer.ui.network.pages import INSIDE, RESULTS
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title
from gdviewer.ui.widgets.theme import look

_CLOSER = 22  # maximum of pixels by which a tab is made narrower


class _Tabs(QTabBar):
    """Tabs that are narrower if there is not enough space for all, as with the projector theme."""

    def __init__(self, pages: QTabWidget) -> None:
        super().__init__(pages)
        self._pages = pages

    def tabSizeHint(self, index: int) -> QSize:
        return super().tabSizeHint(index) - QSize(self._closer(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._closer():
            super().paintEvent(event)
            return
        painter, option = QStylePainter(self), QStyleOptionTab()
        for i in self._shown():
            self.initStyleOption(option, i)
            option.text = ""  # Qt would cut the text if its margins do not fit
            painter.drawControl(QStyle.ControlElement.CE_TabBarTab, option)
            painter.drawText(self.tabRect(i), Qt.AlignmentFlag.AlignCenter, self.tabText(i))

    def _shown(self) -> list[int]:
        return [i for i in range(self.count()) if self.isTabVisible(i)]

    def _closer(self) -> int:
        """Return the number of pixels by which each tab is narrower."""
        shown = self._shown()
        corner = self._pages.cornerWidget()
        space = self._pages.width() - (corner.sizeHint().width() if corner and not corner.isHidden() else 0)
        lacking = sum(super(_Tabs, self).tabSizeHint(i).width() for i in shown) - space
        return max(0, min(_CLOSER, math.ceil(lacking / max(1, len(shown)))))


class Pages(QTabWidget):
    """The pages of one side that suit the network; each is made when it is first shown."""

    hovered = Signal(str)

    def __init__(self, session: Session, example: SelectedExample, kinds: Sequence[type[Page]]) -> None:
        super().__init__()
        self._session, self._example, self._kinds = session, example, kinds
        self._opened: dict[type[Page], Page] = {}
        self._layouts: dict[type[Page], QVBoxLayout] = {}
        self.setTabBar(_Tabs(self))
        self.setDocumentMode(True)
        for kind in kinds:
            holder = QWidget()
            layout = self._layouts[kind] = QVBoxLayout(holder)
            layout.setContentsMargins(0, 0, 0, 0)
            self.addTab(holder, kind.title)
        self.currentChanged.connect(self._open_page)
        session.problem_changed.connect(self._match)
        self._match()

    @property
    def opened(self) -> list[Page]:
        """The pages that have been shown."""
        return list(self._opened.values())

    @property
    def page(self) -> Page | None:
        """The page in front."""
        return self._opened.get(self._kinds[self.currentIndex()])

    def turn_to(self, title: str) -> None:
        """Show the page with this title."""
        for i, kind in enumerate(self._kinds):
            if kind.title == title and self.isTabVisible(i):
                self.setCurrentIndex(i)

    def _match(self) -> None:
        problem = self._session.experiment.problem
        if isinstance(problem, Network):
            for i, kind in enumerate(self._kinds):
                self.setTabVisible(i, kind.suits(problem))
            self._open_page()

    def _open_page(self) -> None:
        kind = self._kinds[self.currentIndex()]
        if kind not in self._opened and isinstance(self._session.experiment.problem, Network):
            page = self._opened[kind] = kind(self._session, self._example)
            page.hovered.connect(self.hovered)
            page.turned_to.connect(self.turn_to)
            self._layouts[kind].addWidget(page)


class RunDot(QLabel):
    """A dot in the colour of the run that the pages show, if there are several runs."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setContentsMargins(0, 0, 8, 8)  # beside the texts of the tabs, above the line below them
        session.experiment_changed.connect(self._on_experiment_changed)
        for signal in (session.selection_changed, look().changed):
            signal.connect(self._match)
        self._match()

    def _on_experiment_changed(self, change: ExperimentDiff) -> None:
        if change.rearranged or change.touches(self._session.selected):
            self._match()

    def _match(self) -> None:
        runs, selected = self._session.experiment.runs, self._session.selected
        self.setVisible(len(runs) > 1 and 0 <= selected < len(runs))
        if not self.isHidden():
            plan = runs[selected]
            text = tr("The pages show {run}, the run that is selected under Runs.", run=plan_title(plan))
            self.setText(f'<span style="color: {look().theme.run_color(plan.color).name()}">●</span>')
            self.setToolTip(text)
            self.setAccessibleName(text)


class NetworkView(QWidget):
    """The pages on a network: its results on the left, its inside on the right.

    Attributes:
        example: the selected row of the data, for all pages.
        results: the pages on the left.
        inside: the pages on the right.

    Signals:
        hovered: a line of text about the item under the mouse.
    """

    hovered = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.example = SelectedExample(self)
        self.results, self.inside = (Pages(session, self.example, kinds) for kinds in (RESULTS, INSIDE))
        self.dot = RunDot(session)
        self.results.setCornerWidget(self.dot)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        for pages in (self.results, self.inside):
            pages.hovered.connect(self.hovered)
            self._splitter.addWidget(pages)
        self._splitter.setSizes([1000, 1000])  # equal shares of the width
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)

    @property
    def plot(self) -> NetworkView:
        """The view itself, which has the methods of a plot that the main view calls."""
        return self

    @property
    def computing(self) -> bool:
        """True while the content of a page is being computed."""
        return any(page.computing for page in self._pages)

    def show_all(self) -> None:
        """Zoom to all of the content in the pages in front."""
        for pages in (self.results, self.inside):
            if pages.page:
                pages.page.show_all()

    def close_threads(self) -> None:
        """Stop the threads that compute."""
        for page in self._pages:
            page.close_threads()

    @property
    def _pages(self) -> list[Page]:
        return [*self.results.opened, *self.inside.opened]
