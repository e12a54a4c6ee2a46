"""Base class of the pages on a network, which compute their content in the background."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.theme import look

_MAX_REST = 3.0  # maximum of seconds between two pictures


class Page(QWidget):
    """A page that shows the selected run's network at the current step.

    A subclass states which networks it suits, computes its content in any thread, and shows it. A visible page is
    updated when the step, the selected run or the problem changes.

    Signals:
        hovered: a line of text about the item under the mouse.
        turned_to: request to show the page with this title, on the same side.
    """

    hovered = Signal(str)
    turned_to = Signal(str)
    title = ""
    pause = 0.15  # minimum of seconds between two pictures while the runs are played, as they slow down the training
    rest = 4.0  # minimum time between two pictures, as a multiple of the time that the last one took

    @staticmethod
    def suits(network: Network) -> bool:  # noqa: ARG004 - most suit all
        """Return True if the page can show a network."""
        return True

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__()
        self.session, self.example = session, example
        self._shown: tuple[Any, ...] = ()  # the state that is shown or being computed
        self._busy = False
        self._due = self._begun = 0.0  # the earliest time of the next picture; the time of the last request
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._latest.failed.connect(self._fail)
        self._work: Callable[[], Any] | None = None
        self._results: list[Any] = []  # results that are not shown yet
        self._painted = QTimer(self, interval=0, singleShot=True)
        self._painted.timeout.connect(self._begin)
        session.frame.connect(self.renew)
        session.cursor.moved.connect(self.renew)
        session.selection_changed.connect(self.renew)
        session.runs_changed.connect(self.renew)
        example.changed.connect(self.renew)
        look().changed.connect(self.restyle)

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        """Return a function that computes the content; another thread calls it, so it must not use widgets."""
        raise NotImplementedError

    def show_result(self, result: Any) -> None:
        """Show a result of the computation."""
        raise NotImplementedError

    def key(self) -> tuple[Any, ...]:
        """Return what else the content depends on, such as ``self.example.chosen``."""
        return ()

    def restyle(self) -> None:
        """Apply the colours of the theme."""
        self.again()

    def show_all(self) -> None:
        """Zoom to all of the content."""

    @property
    def network(self) -> Network | None:
        """The network; None if the problem is not a network that the page suits."""
        problem: Problem = self.session.experiment.problem
        return problem if isinstance(problem, Network) and self.suits(problem) else None

    @property
    def run(self) -> Run | None:
        """The selected run; None if it has not begun."""
        runs, selected = self.session.runs, self.session.selected
        return runs[selected] if 0 <= selected < len(runs) and runs[selected].begun else None

    @property
    def computing(self) -> bool:
        """True while the content is being computed."""
        return self._busy

    @property
    def current(self) -> bool:
        """True if the page shows the current state."""
        return not self._busy and bool(self._shown) and self._shown == self._wanted()

    def _wanted(self) -> tuple[Any, ...]:
        """Return the current state on which the content depends; empty if there is nothing to show."""
        network, run = self.network, self.run
        if network is None or run is None or run.problem is not network:
            return ()
        return network, run, self.session.cursor.position(run), *self.key()

    def again(self) -> None:
        """Compute and show the content again, although the state has not changed."""
        self._shown = ()
        self.renew()

    def renew(self) -> None:
        """Show the results, and request the content for the current state, unless it is shown.

        While the runs are played, a result is shown in a frame, so that it is painted before the next burst, and the
        next computation begins after painting, because two Python threads at once mostly wait for each other.
        """
        self._show_results()
        if self._busy or self.current:
            return
        wanted = self._wanted()
        if not self.isVisible() or not wanted:
            return
        network, run, step = wanted[:3]
        if self.session.player.playing and perf_counter() < self._due:  # a later frame calls this again
            return
        self._shown, self._busy = wanted, True
        self._work = self.computation(network, run, step)
        self._painted.start()

    def close_threads(self) -> None:
        """Stop the thread that computes the content."""
        self._painted.stop()
        self._latest.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.renew()

    def _begin(self) -> None:
        if self._work:
            self._begun = perf_counter()
            self._latest.request(self._work)
            self._work = None

    def _take(self, result: Any) -> None:
        now = perf_counter()
        self._due = now + min(max(self.pause, self.rest * (now - self._begun)), _MAX_REST)
        self._results.append(result)
        if not self.session.player.playing:
            self.renew()

    def _show_results(self) -> None:
        results, self._results = self._results, []
        for result in results:
            self._busy = False
            if self.network is not None and self._shown and self._shown[0] is self.network:
                self.show_result(result)

    def _fail(self, error: BaseException) -> None:
        self._busy = False
        raise error
