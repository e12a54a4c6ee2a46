"""One optimizer on one problem from one start."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.breakpoints.breakpoint import Breakpoint, Watch, noting
from gdviewer.engine.breakpoints.steps import Steps
from gdviewer.engine.record.columns import Rows, together
from gdviewer.engine.record.events import Change, Hit
from gdviewer.engine.record.trace import Moment, Trace
from gdviewer.engine.rules.optimizer import Optimizer, Rule, read_only
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import Array, Minimisable
from gdviewer.engine.run.replay import Replayer
from gdviewer.engine.run.stepper import StepBlock, Stepper
from gdviewer.engine.run.stop import START_UNDEFINED, Limits, Reason, Stop, record_full, stop_at, stop_for, unfit

RECORD_BYTES = 2**30  # a run ends whose trace takes more for what it keeps of every step
LARGEST_BLOCK = 256  # steps judged at once: so many make the judging cheap, and few are executed in vain past a stop


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
        return self.run if self.step >= self.run.branch_step else self.run.owner(self.step)

    def reached(self) -> bool:
        """Whether the run has got to the step, or has stopped before; brings it some way there where it has not."""
        if not self._is_there():
            self.run.retrace(self.changes, self.step)
        return self._is_there()

    def _is_there(self) -> bool:
        return self.run.stop is not None or (self.run.begun and self.run.step >= self.step)


class Run:
    """A descent that is executed in blocks of steps and recorded whole.

    Steps are executed first and judged afterwards, a block at a time: for a problem that broadcasts, the losses of a
    block are one call and so are the stop rules; steps past a stop are thrown away and leave nothing behind. For a
    function of the user's, which may have effects or count its calls, a block is one step, and no point is asked for
    that a stop rule has already refused.

    One thread calls :meth:`advance`; any thread may read ``trace``, ``stop`` and ``step``, and call the others.

    An optimizer that needs what the problem does not have makes a run that has stopped before it began.

    A run with an ``origin`` continues another: its record begins with the other's rows, so step numbers, and with them
    the schedule and all that is random, go on. The same rule goes on with its state, to the same bits; another begins
    its state, and its count of steps, afresh.

    Raises:
        ValueError: a start, hyperparameter or seed of wrong form, or a schedule for an optimizer without a learning
            rate.

    Attributes:
        objective: what is minimised: the problem, with the term of the option ``l2`` where it is on.
        trace: the record; its row 0, and the trace itself, exist once :meth:`begin` or :meth:`advance` was called.
        stop: why the run ended, or None.
        seed: what everything random is drawn from, with the step's number.
        origin: where it begins; None for the start.
        branch_step: the step after which its own rule takes over; 0 unless there is an origin.
        upcoming: the hyperparameters that the next step executed will use.
        busy_since: the time (``perf_counter``) at which a burst began to execute it, None while none does.
        pace: seconds a step took in the last burst; infinite before.
        domain: the region the problem is usually looked at, (n, 2).
        breakpoints: where it is to pause; others may be set at any time and hold from the next block on.
    """

    def __init__(
        self,
        problem: Minimisable,
        optimizer: Optimizer,
        start: Any,
        hyperparameters: Mapping[str, object] | None = None,
        limits: Limits | None = None,
        seed: int = 0,
        options: Options | None = None,
        origin: Origin | None = None,
        breakpoints: Sequence[Breakpoint] = (),
    ) -> None:
        self.problem = problem
        self.optimizer = optimizer
        self.start: Array = np.array(start, dtype=float, ndmin=1)
        if self.start.shape != (problem.dimension,) or not np.isfinite(self.start).all():
            raise ValueError(f"start must be {problem.dimension} finite numbers, one for each dimension; got {start!r}")
        if seed < 0:
            raise ValueError(f"seed must not be negative; got {seed}")
        self.hyperparameters = optimizer.check(hyperparameters or {})
        self.limits = limits or Limits()
        self.seed = seed
        self.stop: Stop | None = None
        self.busy_since: float | None = None
        self.pace = math.inf
        self.breakpoints = tuple(breakpoints)
        self.options = options or Options()
        self.objective = self.options.objective(problem)
        if lacks := optimizer.lacks(self.objective):
            self.stop = unfit(f"{optimizer.title} {lacks}")
        schedule = self.options.schedule
        if schedule and "learning_rate" not in self.hyperparameters:
            raise ValueError(f"{optimizer.name} has no learning_rate, so there is nothing for a schedule to set")
        self._trace: Trace | None = None
        self._stepper = Stepper(self.objective, optimizer, self.options, self.start, seed)
        self._watch = Watch()
        self._replayer = Replayer(self, self._stepper.rate)
        self.domain: Array = getattr(problem, "domain", np.broadcast_to((-np.inf, np.inf), (problem.dimension, 2)))
        self._due: tuple[Stop, Limits] | None = None  # at a breakpoint: the stop at the same step, and its limits
        self._changed: deque[tuple[str, float]] = deque()
        self._initial = self.upcoming = dict(self.hyperparameters)
        self.origin = origin
        self.branch_step = origin.step if origin else 0

    @property
    def trace(self) -> Trace:
        """The record of the run; raises RuntimeError before it has begun."""
        if self._trace is None:
            raise RuntimeError("the run has not begun")
        return self._trace

    @property
    def rule_start_step(self) -> int:
        """The step after which its rule began: it counts its own steps from there."""
        return self._stepper.rule_start_step

    @property
    def begun(self) -> bool:
        """Whether the start has been evaluated, so that there is a trace."""
        return self._trace is not None

    @property
    def evaluations(self) -> tuple[int, int, int]:
        """How often value, gradient and Hessian were evaluated, recording included.

        Where a problem broadcasts, those of the steps that count; of a function of the user's, all.
        """
        return self._stepper.oracle.counts

    @property
    def at_breakpoint(self) -> bool:
        """Whether a breakpoint has stopped it, so that it goes on with :meth:`resume`."""
        return self.stop is not None and self.stop.reason is Reason.BREAKPOINT

    @property
    def unwatched(self) -> Mapping[Breakpoint, str]:
        """The breakpoints that ask for what this run does not have, and what that is."""
        return self._watch.unwatched

    @property
    def step(self) -> int:
        """The number of steps done."""
        return len(self._trace) - 1 if self._trace else 0

    @property
    def step_under_way(self) -> int:
        """The number of the step that is being executed, or was last; one past ``step`` and further within a block."""
        return self._stepper.oracle.t

    def change(self, name: str, value: float) -> None:
        """Move a hyperparameter; it holds from the next step executed and is recorded in the trace.

        Raises:
            ValueError: an unknown name or a value out of range.
        """
        value = self.optimizer.check({name: value})[name]
        self.upcoming = self.upcoming | {name: value}
        self._changed.append((name, value))

    def hyperparameters_at(self, step: int) -> dict[str, float]:
        """The hyperparameters that step number ``step`` was executed with."""
        if self.origin and step <= self.branch_step:
            return self.origin.run.hyperparameters_at(step)
        initial, changes = self.hyperparameters_since(step)
        return initial | {change.name: change.value for change in changes}

    def hyperparameters_since(self, step: int) -> tuple[dict[str, float], tuple[Change, ...]]:
        """Those that its own rule began with, and how they were moved up to step number ``step``."""
        changes = self._trace.changes if self._trace else []
        return self._initial, tuple(change for change in changes if self.branch_step < change.step <= step)

    def owner(self, step: int) -> Run:
        """The run whose rule executed step number ``step``: this one, or the one it continues."""
        return self.origin.run.owner(step) if self.origin and step <= self.branch_step else self

    def state_at(self, step: int) -> tuple[Any, ...]:
        """What its own rule carried after step number ``step``; executed again where that is not kept."""
        return self._replayer.after(step)[1]

    def point(self, step: int) -> Array:
        """The point after step number ``step``, shape (n,), read-only.

        Where the record does not keep it, it is executed again from the last one kept before, to the same bits, which
        may take as long as those steps took.

        Raises:
            IndexError: the run has not got so far.
        """
        return self._replayer.point(step)

    def nearest_point(self, step: int, seconds: float = 2e-3) -> tuple[int, Array]:
        """The point after step number ``step``, or, where to execute that again would take longer, after the last one
        before it that is kept; with the number of its step."""
        return self._replayer.nearest_point(step, seconds)

    def recorded_gradient(self, step: int) -> Array:
        """The gradient in row ``step`` of the record, shape (n,), read-only; evaluated again where it is not kept.

        Of a problem that is batchwise it is that of the batch which the next step sees; the gradient of the whole is
        ``objective.gradient(point(step))``.
        """
        return self._replayer.gradient(step)

    def resume(self, limits: Limits | None = None) -> None:
        """Let a stopped run go on, under other limits where given; a rule that still holds stops it again.

        A run that a breakpoint has stopped goes on as if it had not been there.
        """
        self.limits = limits or self.limits
        due, self._due = self._due, None
        self.stop = due[0] if due and due[1] == self.limits and not self._changed else None

    def halt(self, stop: Stop) -> None:
        """End the run from outside; a block under way is thrown away."""
        self.stop = stop
        self.cut()

    def cut(self) -> None:
        """Let :meth:`advance`, where it is under way, return after the step under way."""
        self._stepper.cut = True

    def begin(self) -> None:
        """Evaluate the start, which makes row 0 of the trace; an error there ends the run.

        One that continues another takes its rows. Where they have yet to be executed, a call executes some of them.
        """
        if self._trace or self.stop:
            return
        if self.origin:
            self._continue(self.origin)
            return
        x, stepper = self.start, self._stepper
        oracle = stepper.oracle
        oracle.t = 1
        try:
            with np.errstate(all="ignore"):
                if self.objective.batchwise:
                    stepper.value, gradient = oracle.ahead(1, x)
                else:
                    stepper.value, gradient = oracle.exact_value(x), oracle.exact_gradient(x)
                loss = float(stepper.value)
        except (Exception, SystemExit) as error:
            self._end(stop_for(error))
            return
        if self.stop:  # ended from outside meanwhile
            return
        x.setflags(write=False)
        stepper.state = tuple(map(read_only, self.optimizer.state.values()))
        self._trace = Trace(x, loss, gradient, dict(zip(self.optimizer.state, stepper.state, strict=True)))
        if not np.isfinite(loss):
            self._end(START_UNDEFINED)

    def advance(self, steps: int = 1) -> None:
        """Execute up to ``steps`` steps, fewer where a stop or a :meth:`cut` comes first."""
        self._stepper.cut = False
        self.begin()
        while not (self.begun or self.stop):
            self.begin()
        end = min(self.step + steps, self.limits.max_steps)
        follows_loss = self.options.schedule is not None and self.options.schedule.follows_loss
        size = LARGEST_BLOCK if self.problem.broadcasts and not follows_loss else 1
        oracle = self._stepper.oracle
        while not self.stop:
            before = oracle.counts
            try:
                self._block(max(0, min(size, self._stepper.room(self.step - self.branch_step), end - self.step)))
            except (Exception, SystemExit) as error:
                if size == 1:
                    self._end(stop_for(error))
                else:  # again, a step at a time, so that the steps before the error are kept
                    size, oracle.counts = 1, before
                    oracle.forget()
            if self.step >= end or self._stepper.cut:
                break

    def retrace(self, changes: Iterable[Change], step: int, most: int = LARGEST_BLOCK) -> None:
        """Execute up to ``most`` steps towards ``step``, and move hyperparameters at the steps where ``changes`` say
        so."""
        self.begin()
        done = self.step
        end = min(step, done + most)
        if not self.begun or self.stop or end <= done:
            return
        for change in changes:
            if change.step == done + 1:
                self.change(change.name, change.value)
            elif done + 1 < change.step <= end:
                end = change.step - 1
        self.advance(end - done)

    def replay(self, step: int, through: Callable[[Rule], Rule] | None = None) -> tuple[Array, dict[str, Any]]:
        """Execute step number ``step`` again from the recorded row before it: the same bits, at no effect.

        Args:
            step: from 1 to one past the last step done, which shows the move that a stop rule left unapplied.
            through: gets the rule, its hyperparameters bound, and returns what is called for that step in its place.

        Returns:
            the point after it, shape (n,), and the optimizer's state after it.
        """
        if not 1 <= step <= len(self.trace):
            raise IndexError(f"step must be in 1 … {len(self.trace)}; got {step}")
        x, state = self.owner(step)._replayer.execute(step, through)
        return x, dict(zip(self.owner(step).optimizer.state, state, strict=True))

    def _continue(self, origin: Origin) -> None:
        """Take the rows and the state of the run this one continues, once that has got so far; or its end, if it ends
        before."""
        try:
            with np.errstate(all="ignore"):
                reached, past = origin.reached(), origin.past
                if reached and past.begun:
                    self._take_over(past, min(origin.step, past.step))
        except (Exception, SystemExit) as error:
            self._end(stop_for(error))
            return
        if past.stop and past.step < origin.step:
            self._end(past.stop)

    def _take_over(self, past: Run, step: int) -> None:
        """Take the rows and the state of another run after a step of its own rule.

        Where another function is minimised from here on, its loss and gradient are asked.
        """
        stepper, objective, goes_on = self._stepper, self.objective, past.optimizer == self.optimizer
        state = past.state_at(step) if goes_on else tuple(map(read_only, self.optimizer.state.values()))
        x = past.point(step)
        loss, gradient = past.trace.loss[step], past.recorded_gradient(step)
        if self.options.l2 != past.options.l2:
            oracle, whole = stepper.oracle, not objective.batchwise
            loss, gradient = (oracle.exact_value(x), oracle.exact_gradient(x)) if whole else oracle.ahead(step + 1, x)
        newest = Moment(step, x, gradient, state, past.point(step - 1) if step else None)
        trace = past.trace.continued(newest, self.optimizer.state, float(loss))
        if goes_on and step:
            before, now = past.hyperparameters_at(step), self._initial
            trace.changes += [Change(step + 1, name, value) for name, value in now.items() if value != before[name]]
        schedule_state = self._schedule_state_after(past, step)
        if self.stop:  # ended from outside meanwhile
            return
        stepper.x, stepper.state, stepper.schedule_state = x, state, schedule_state
        stepper.value, stepper.rule_start_step = trace.loss[-1], past.rule_start_step if goes_on else step
        self.branch_step, self._trace = step, trace

    def _schedule_state_after(self, past: Run, step: int) -> tuple[Any, ...]:
        """The state of the schedule after it has followed the losses of another run for so many steps."""
        schedule = self.options.schedule
        if schedule is None:
            return ()
        state = tuple(schedule.state.values())
        if schedule.follows_loss:
            own = self._initial["learning_rate"]
            for t in range(1, step + 1):
                rate = past.hyperparameters_at(t).get("learning_rate", own)
                _, state = schedule.at(t - 1, rate, float(past.trace.loss[t - 1]), state)
        return state

    def _block(self, size: int) -> None:
        """Execute ``size`` steps, judge them, and append those that count."""
        self._take_changes()
        trace, stepper, free, first = self.trace, self._stepper, self.problem.broadcasts, self.step
        oracle = stepper.oracle
        watched, noted, hits = self.breakpoints, dict[int, str](), list[Hit]()
        with np.errstate(all="ignore"):
            with noting(watched, oracle, noted):
                block = stepper.block(
                    size, first, self.hyperparameters, trace.loss[-1], trace.newest.gradient, self.limits
                )
            size = len(block.points) - 1
            x, gradient = together(block.points), together(block.gradients)
            loss, missing = block.all_losses(self.objective, trace.loss[-1], x)
            accepted, stop = self._judge(block, x, loss, gradient)
            shown = accepted + bool(watched and stop and stop.refuses)
            try:
                columns = [together(column) for column in zip(*block.states[1 : shown + 1], strict=True)]
            except (TypeError, ValueError):
                raise stepper.misfit(block, first, self.hyperparameters) from None
            if watched:
                known = slice(shown + 1)
                steps = Steps(
                    self, first, x[known], loss[known], gradient[known], block.rates[:shown], block.states[0], columns,
                    noted,
                )  # fmt: skip
                counted, hits = self._watch.first_hit(watched, steps, accepted)
                if hits:  # a stop at the same step is due when the run goes on
                    self._due = (stop, self.limits) if stop and counted == accepted else None
                    accepted, stop = counted, stop_at(hits[0])
        if self.stop:  # ended from outside while the block was under way
            accepted, hits = 0, []
        if accepted:
            rows = slice(1, accepted + 1)
            columns = [column[:accepted] for column in columns]
            try:
                trace.append(x[rows], loss[rows], gradient[rows], block.rates[:accepted], columns)
            except (TypeError, ValueError):
                raise stepper.misfit(block, first, self.hyperparameters) from None
            stepper.take(block, accepted)
        trace.hits += hits
        executed = accepted if free else size
        value, slope, curvature = block.counts[executed]
        oracle.counts = (value + int((missing <= executed).sum()), slope, curvature)
        if executed < size:
            oracle.forget()
        if stop:
            self._end(stop)
        elif trace.scalar_bytes > RECORD_BYTES:
            self._end(record_full(self.step, trace.scalar_bytes))

    def _judge(self, block: StepBlock, x: Rows, loss: Array, gradient: Rows) -> tuple[int, Stop | None]:
        """How many steps of a block count, and the stop that ends the run there."""
        limits, size = self.limits, len(block.points) - 1
        long = not isinstance(x, np.ndarray)
        if long and limits.go_on(self.step, block.points, loss, block.gradients, block.rate_ratio[:size]):
            return size, None
        x, gradient = np.asarray(x), np.asarray(gradient)
        pauses = (x[1:] == x[:-1]).all(axis=1)
        for i in np.flatnonzero(pauses).tolist():
            pauses[i] = block.is_pause(i + 1, self._stepper.varies)
        return limits.judge(self.step, x, loss, gradient, pauses, block.rate_ratio[:size])

    def _end(self, stop: Stop) -> None:
        if not self.stop:
            self.stop = stop

    def _take_changes(self) -> None:
        changed: dict[str, float] = {}
        while self._changed:
            name, value = self._changed.popleft()
            changed[name] = value
        changed = {name: value for name, value in changed.items() if value != self.hyperparameters[name]}
        self.hyperparameters = self.hyperparameters | changed
        if self.step == 0:
            self._initial = self.hyperparameters
        else:
            self.trace.changes += [Change(self.step + 1, name, value) for name, value in changed.items()]


def leaves(run: Run, other: Run) -> bool:
    """Whether the steps before ``run`` left the one it continues are also those of ``other``."""
    if run.origin is None or not other.begun or other.step < run.branch_step:
        return False
    past = run.origin.past
    return past is other or (
        run is not other and past.problem == other.problem and past.seed == other.seed
        and bool((past.start == other.start).all()) and past.optimizer == other.optimizer
        and past.options == other.options and _origin_of(past) == _origin_of(other)
        and past.hyperparameters_since(run.branch_step) == other.hyperparameters_since(run.branch_step)
    )  # fmt: skip


def _origin_of(run: Run) -> tuple[int, int] | None:
    return (id(run.origin.past), run.origin.step) if run.origin else None
