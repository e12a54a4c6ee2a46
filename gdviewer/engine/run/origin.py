"""Where a run begins that continues another from one of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gdviewer.engine.record.trace import Change, Moment, Trace
from gdviewer.engine.rules.optimizer import read_only
from gdviewer.engine.rules.oracle import Array, Oracle

if TYPE_CHECKING:
    from gdviewer.engine.run.run import Run

_AT_ONCE = 256  # steps executed again in one go, after which other runs have their turn


@dataclass(frozen=True)
class Origin:
    """The state a run begins with: that of another after so many steps.

    Attributes:
        run: the run that is continued. Its rows up to ``step`` are never rewritten, so it may go on meanwhile.
        step: the step after which it is left.
        changes: the hyperparameters to be moved on the way, where ``run`` has yet to be executed so far.
    """

    run: Run
    step: int
    changes: tuple[Change, ...] = ()

    @property
    def past(self) -> Run:
        """The run whose rule executed the step: ``run``, or one that it continues itself."""
        return self.run if self.step >= self.run.left else self.run.owner(self.step)

    def reached(self) -> bool:
        """Whether the run has got to the step, or has stopped before; brings it some way there where it has not."""
        if not self._is_there():
            retrace(self.run, self.changes, self.step)
        return self._is_there()

    def _is_there(self) -> bool:
        return self.run.stop is not None or (self.run.begun and self.run.step >= self.step)


def retrace(run: Run, changes: Iterable[Change], step: int, most: int = _AT_ONCE) -> None:
    """Execute up to ``most`` steps towards ``step``, and move hyperparameters at the steps where ``changes`` say so."""
    run.begin()
    done = run.step
    end = min(step, done + most)
    if not run.begun or run.stop or end <= done:
        return
    for change in changes:
        if change.step == done + 1:
            run.change(change.name, change.value)
        elif done + 1 < change.step <= end:
            end = change.step - 1
    run.advance(end - done)


@dataclass(frozen=True)
class Taken:
    """What a run begins with that continues another: the rows so far, and all that the next step needs.

    ``step`` is the last of the other's steps, and ``born`` the one after which the rule began to count.
    """

    step: int
    born: int
    x: Array
    state: tuple[Any, ...]
    schedule_state: tuple[Any, ...]
    trace: Trace


def take_over(run: Run, origin: Origin, oracle: Oracle) -> Taken | None:
    """What ``run`` takes from its origin, which was reached; None where that ended at its very start.

    Where another function is minimised from here on, its loss and gradient are asked of ``oracle``.
    """
    past = origin.past
    if not past.begun:
        return None
    step = min(origin.step, past.step)
    goes_on = past.optimizer is run.optimizer
    state = past.state_at(step) if goes_on else tuple(map(read_only, run.optimizer.state.values()))
    x = past.point(step)
    loss, gradient = past.trace.loss[step], past.recorded_gradient(step)
    if run.options.l2 != past.options.l2:
        whole = not run.objective.batchwise
        loss, gradient = (oracle.exact_value(x), oracle.exact_gradient(x)) if whole else oracle.ahead(step + 1, x)
    newest = Moment(step, x, gradient, state, past.point(step - 1) if step else None)
    trace = past.trace.continued(newest, run.optimizer.state, float(loss))
    if goes_on and step:
        before, now = past.hyperparameters_at(step), run.hyperparameters_since(step)[0]
        trace.changes += [Change(step + 1, name, value) for name, value in now.items() if value != before[name]]
    return Taken(step, past.born if goes_on else step, x, state, _schedule_state(run, past, step), trace)


def _schedule_state(run: Run, past: Run, step: int) -> tuple[Any, ...]:
    """The state of a run's schedule after it has followed the losses of another for so many steps."""
    schedule = run.options.schedule
    if schedule is None:
        return ()
    state = tuple(schedule.state.values())
    if schedule.follows_loss:
        own = run.hyperparameters_since(step)[0]["learning_rate"]
        for t in range(1, step + 1):
            rate = past.hyperparameters_at(t).get("learning_rate", own)
            _, state = schedule.at(t - 1, rate, float(past.trace.loss[t - 1]), state)
    return state


def leaves(run: Run, other: Run) -> bool:
    """Whether the steps before ``run`` left the one it continues are also those of ``other``."""
    if run.origin is None or not other.begun or other.step < run.left:
        return False
    past = run.origin.past
    return past is other or (
        run is not other and past.problem is other.problem and past.seed == other.seed
        and bool((past.start == other.start).all()) and past.optimizer is other.optimizer
        and past.options == other.options and _origin_of(past) == _origin_of(other)
        and past.hyperparameters_since(run.left) == other.hyperparameters_since(run.left)
    )  # fmt: skip


def _origin_of(run: Run) -> tuple[int, int] | None:
    return (id(run.origin.past), run.origin.step) if run.origin else None
