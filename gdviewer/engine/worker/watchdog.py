"""Giving up a run whose function or rule does not come back."""

from __future__ import annotations

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Stop, failure
from gdviewer.engine.worker.worker import Worker

BLOCKED_SECONDS = 5.0  # a step in the user's code that takes longer is given up
SLOW_SECONDS = 0.25  # a block that takes longer ends with the step under way
CHASE_SECONDS = 3.0  # a thread that has not ended so long after it was given up is taken never to


class Watchdog:
    """Looks at a worker now and then, and lets go of a run that holds it up in the user's code.

    What counts is the time of one step: a rule that is merely slow goes on, in blocks that are cut short.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._seen: object = None  # the step that was under way when it was last looked at …
        self._since = 0.0  # … and since when it has been
        self._given_up: tuple[Run, Stop, float] | None = None

    @property
    def chasing(self) -> bool:
        """Whether a thread that was given up has not ended yet, and is still told to."""
        return self._given_up is not None

    def look(self, now: float) -> None:
        """Do what is to be done at the time ``now`` (``perf_counter``)."""
        if self._given_up:
            self._chase(now, *self._given_up)
        run = self._worker.run
        if run is None or (run.problem.broadcasts and (run.optimizer.built_in or not run.begun)):
            return  # none of the user's code is in it
        busy_since = run.busy_since
        if busy_since is not None and now - busy_since > SLOW_SECONDS:
            run.cut()
        if (run, busy_since, run.step_under_way) != self._seen:
            self._seen, self._since = (run, busy_since, run.step_under_way), now
        patience = SLOW_SECONDS if run.stop else BLOCKED_SECONDS  # nobody waits for one that was replaced or reset
        if now - self._since > patience:
            location = self._worker.location
            text = f"TimeoutError: it has not returned for {patience:g} seconds" + (
                f" ({location.text})" if location else ""
            )
            stop = failure(text, location)
            run.halt(stop)
            self._worker.abandon()
            self._given_up = run, stop, now

    def _chase(self, now: float, run: Run, stop: Stop, since: float) -> None:
        """Tell a thread that was given up to end, once more; after a while, tell that it does not."""
        if not self._worker.chase():
            self._given_up = None
        elif now - since > CHASE_SECONDS:
            text = f"{stop.message}. It waits, or catches every exception: its thread goes on beside the others"
            run.halt(failure(text, stop.location))
            self._given_up = None
