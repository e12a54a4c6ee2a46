"""Detection of runs whose function or rule does not return."""

from __future__ import annotations

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Stop, failure
from gdviewer.engine.worker.worker import Worker

BLOCKED_SECONDS = 5.0  # a step in user code that takes longer is abandoned
SLOW_SECONDS = 0.25  # a block that takes longer ends after the current step
CHASE_SECONDS = 3.0  # an abandoned thread that runs longer is assumed never to end


class Watchdog:
    """Checks a worker repeatedly, and abandons a run that blocks it in user code.

    The time of one step counts: a slow rule continues, in shorter blocks.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._seen: object = None  # the current step at the last check …
        self._since = 0.0  # … and the time since when it has been current
        self._abandoned: tuple[Run, Stop, float] | None = None

    @property
    def chasing(self) -> bool:
        """True while an abandoned thread has not ended."""
        return self._abandoned is not None

    def look(self, now: float) -> None:
        """Check the worker at the time ``now`` (``perf_counter``)."""
        if self._abandoned:
            self._chase(now, *self._abandoned)
        run = self._worker.run
        if run is None or (run.problem.broadcasts and (run.optimizer.built_in or not run.begun)):
            return  # it has no user code
        busy_since = run.busy_since
        if busy_since is not None and now - busy_since > SLOW_SECONDS:
            run.cut()
        if (run, busy_since, run.step_under_way) != self._seen:
            self._seen, self._since = (run, busy_since, run.step_under_way), now
        patience = SLOW_SECONDS if run.stop else BLOCKED_SECONDS  # a replaced run is not waited for
        if now - self._since > patience:
            location = self._worker.location
            text = f"TimeoutError: it has not returned for {patience:g} seconds" + (
                f" ({location.text})" if location else ""
            )
            stop = failure(text, location)
            run.halt(stop)
            self._worker.abandon()
            self._abandoned = run, stop, now

    def _chase(self, now: float, run: Run, stop: Stop, since: float) -> None:
        """Ask an abandoned thread again to end; after some time report that it does not."""
        if not self._worker.chase():
            self._abandoned = None
        elif now - since > CHASE_SECONDS:
            text = f"{stop.message}. It waits, or catches every exception; its thread continues in the background"
            run.halt(failure(text, stop.location))
            self._abandoned = None
