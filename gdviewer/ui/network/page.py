"""A page on a network at the step that is looked at: computed in the background, shown when it is done."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.network import Network
from gdviewer.problems.problem import Problem
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.theme import look

_LONGEST = 3.0  # seconds that a page rests at most


class Page(QWidget):
    """A picture of the selected run's network at the step looked at.

    A page says which networks it suits, computes what it shows in any thread, and shows it. It does so when another
    step, run or problem is looked at, and while it is seen.

    Signals:
        hovered: what is under the mouse, as a line of text.
        turned_to: show the page of this title, on the same side.
    """

    hovered = Signal(str)
    turned_to = Signal(str)
    title = ""
    pause = 0.15  # seconds between two pictures while the runs are played: to compute one takes time from training …
    rest = 4.0  # … and at least so many times as long as the last one took

    @staticmethod
    def suits(network: Network) -> bool:  # noqa: ARG004 - most suit all
        """Whether there is something to show of a network."""
        return True

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__()
        self.session, self.example = session, example
        self._shown: tuple[Any, ...] = ()  # what is shown, or under way
        self._busy = False
        self._due = self._begun = 0.0  # when the next picture may be computed; when the last one was asked for
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._latest.failed.connect(self._fail)
        self._work: Callable[[], Any] | None = None
        self._results: list[Any] = []  # one that is yet to be shown
        self._painted = QTimer(self, interval=0, singleShot=True)
        self._painted.timeout.connect(self._begin)
        session.frame.connect(self.renew)
        session.cursor.moved.connect(self.renew)
        session.selection_changed.connect(self.renew)
        session.runs_changed.connect(self.renew)
        example.changed.connect(self.renew)
        look().changed.connect(self.restyle)

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        """What is to be computed, as a function that is called in another thread; it must not touch widgets."""
        raise NotImplementedError

    def show_result(self, result: Any) -> None:
        """Show what was computed."""
        raise NotImplementedError

    def key(self) -> tuple[Any, ...]:
        """What else the picture depends on, such as ``self.example.chosen``."""
        return ()

    def restyle(self) -> None:
        """Take the theme's colours."""
        self.again()

    def show_all(self) -> None:
        """Show the whole of what there is to see."""

    @property
    def network(self) -> Network | None:
        """The network, where the problem is one that the page suits."""
        problem: Problem = self.session.experiment.problem
        return problem if isinstance(problem, Network) and self.suits(problem) else None

    @property
    def run(self) -> Run | None:
        """The selected run, where it has begun."""
        runs, selected = self.session.runs, self.session.selected
        return runs[selected] if 0 <= selected < len(runs) and runs[selected].begun else None

    @property
    def computing(self) -> bool:
        """Whether its picture is still to come."""
        return self._busy

    @property
    def current(self) -> bool:
        """Whether it shows what is looked at now."""
        return not self._busy and bool(self._shown) and self._shown == self._wanted()

    def _wanted(self) -> tuple[Any, ...]:
        """What is looked at now, and all else that the picture depends on; empty where there is nothing to show."""
        network, run = self.network, self.run
        if network is None or run is None or run.problem is not network:
            return ()
        return network, run, self.session.cursor.position(run), *self.key()

    def again(self) -> None:
        """Compute and show it anew, though nothing else is looked at."""
        self._shown = ()
        self.renew()

    def renew(self) -> None:
        """Show what was computed, and compute the picture of what is looked at now, unless it is shown.

        While the runs are played a picture is shown in a frame, so that it is painted before the next burst, and begun
        when that is painted: threads that run at once mostly wait for each other.
        """
        self._show_results()
        if self._busy or self.current:
            return
        wanted = self._wanted()
        if not self.isVisible() or not wanted:
            return
        network, run, step = wanted[:3]
        if self.session.player.playing and perf_counter() < self._due:  # the next frames ask again
            return
        self._shown, self._busy = wanted, True
        self._work = self.computation(network, run, step)
        self._painted.start()

    def close_threads(self) -> None:
        """End the thread that computes."""
        self._painted.stop()
        self._latest.close()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.renew()

    def _begin(self) -> None:
        if self._work:
            self._begun = perf_counter()
            self._latest.request(self._work)
            self._work = None

    def _take(self, result: Any) -> None:
        now = perf_counter()
        self._due = now + min(max(self.pause, self.rest * (now - self._begun)), _LONGEST)
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
