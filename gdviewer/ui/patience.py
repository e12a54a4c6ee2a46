"""How long the user's code is waited for."""

from __future__ import annotations

from dataclasses import replace

from gdviewer.engine.run import Run
from gdviewer.engine.stop import Reason, Stop
from gdviewer.engine.worker import Worker

BLOCKED_SECONDS = 5.0  # user code that has not come back after this long is given up
SLOW_SECONDS = 0.25  # a block that takes longer ends with the step under way
CHASE_SECONDS = 3.0  # a thread that has not ended so long after it was given up never will


class Patience:
    """Gives up a function or rule of the user's that does not come back; one that is merely slow is let go on."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._seen: object = None  # the step that was under way when the worker was last found busy …
        self._seen_at = 0.0  # … and since when it has been
        self._blocked: tuple[Stop, Run, float] | None = None  # what was given up last, until its thread has ended

    @property
    def chasing(self) -> bool:
        """Whether a thread that was given up has yet to end."""
        return self._blocked is not None

    def watch(self, now: float) -> None:
        """Look at what the worker is in, and give it up if it has been there too long."""
        run = self._worker.run
        if run is None or (run.problem.broadcasts and (run.optimizer.built_in or not run.begun)):
            return  # none of the user's code is in it
        if now - (run.busy_since or now) > SLOW_SECONDS:
            run.cut()
        if (run, run.busy_since, run.step_under_way) != self._seen:
            self._seen, self._seen_at = (run, run.busy_since, run.step_under_way), now
        patience = SLOW_SECONDS if run.stop else BLOCKED_SECONDS  # nobody waits for one that was replaced or reset
        if now - self._seen_at > patience:
            text = f"TimeoutError: it has not returned for {patience:g} seconds"
            place = self._worker.place
            if place:
                text += f" ({place.text})"
            self._blocked = Stop(Reason.ERROR, values={"error": text, "place": place}), run, now
            run.halt(self._blocked[0])
            self._worker.abandon()

    def chase(self, now: float) -> None:
        """Go on telling a thread that was given up to end; after a while, tell that it does not."""
        if self._blocked is None:
            return
        stop, run, since = self._blocked
        if not self._worker.chase():
            self._blocked = None
        elif now - since > CHASE_SECONDS:
            text = f"{stop.values['error']}. It waits, or catches every exception: its thread goes on beside the others"
            run.halt(replace(stop, values={**stop.values, "error": text}))
            self._blocked = None
