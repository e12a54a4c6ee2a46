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

RECORD_BYTES = 2**30  # a run stops when the columns with a value for every step exceed this
LARGEST_BLOCK = 256  # maximum steps between two checks of the stop rules: checks are cheap, few steps are discarded


@dataclass(frozen=True)
class Origin:
    """The step of another run at which a run begins.

    Attributes:
        run: the run that is continued. Its rows up to ``step`` never change, so it may continue at the same time.
        step: the step of the branch.
        changes: the changes of hyperparameters up to that step, used if ``run`` must be executed first.
    """

    run: Run
    step: int
    changes: tuple[Change, ...] = ()

    @property
    def past(self) -> Run:
        """The run whose rule executed the step: ``run``, or one that it continues."""
        return self.run if self.step >= self.run.branch_step else self.run.owner(self.step)

    def reached(self) -> bool:
        """Return True if the run has reached the step or stopped before; otherwise execute some of its steps."""
        if not self._has_reached():
            self.run.retrace(self.changes, self.step)
        return self._has_reached()

    def _has_reached(self) -> bool:
        return self.run.stop is not None or (self.run.begun and self.run.step >= self.step)


class Run:
    """A descent that is executed in blocks of steps and recorded.

    The steps of a block are executed first; then the stop rules are checked for all of them. For a problem that
    broadcasts, one call computes the losses of a block. Steps after a stop are discarded without effect. For a user's
    function, which may have side effects, a block is one step, and no point is evaluated after a stop.

    One thread calls :meth:`advance`. Any thread may read ``trace``, ``stop`` and ``step``, and call the other methods.

    A run whose optimizer needs something that the problem does not have is stopped from the beginning.

    A run with an ``origin`` continues another run. Its record begins with the rows of the other run, so step numbers,
    the schedule and random numbers continue. The same rule continues with its state, with identical results; another
    rule begins with its initial state and its own count of steps.

    Raises:
        ValueError: the start, a hyperparameter or the seed is invalid, or an optimizer without a learning rate has a
            schedule.

    Attributes:
        problem, optimizer, hyperparameters, limits, options: the arguments; hyperparameters are those of the last step.
        objective: the function that is minimised: the problem, plus the term of the option ``l2``.
        trace: the record; it exists after :meth:`begin` or :meth:`advance`.
        stop: the reason why the run stopped, or None.
        seed: the seed from which, with the number of the step, all random numbers are drawn.
        origin: the branch of another run; None for a run from the start.
        branch_step: the step at which its own rule begins; 0 without an origin.
        upcoming: the hyperparameters of the next step.
        busy_since: the time (``perf_counter``) at which a burst began to execute it; None otherwise.
        pace: seconds per step in the last burst; infinite before.
        domain: the domain of the problem, shape (n, 2).
        breakpoints: the breakpoints; new ones apply from the next block.
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
        self._due: tuple[Stop, Limits] | None = None  # at a breakpoint: a stop at the same step, and its limits
        self._changed: deque[tuple[str, float]] = deque()
        self._initial = self.upcoming = dict(self.hyperparameters)
        self.origin = origin
        self.branch_step = origin.step if origin else 0

    @property
    def trace(self) -> Trace:
        """The record of the run.

        Raises:
            RuntimeError: the run has not begun.
        """
        if self._trace is None:
            raise RuntimeError("the run has not begun")
        return self._trace

    @property
    def rule_start_step(self) -> int:
        """The step at which its rule began; the rule counts its steps from there."""
        return self._stepper.rule_start_step

    @property
    def begun(self) -> bool:
        """True if the start has been evaluated, so that the trace exists."""
        return self._trace is not None

    @property
    def evaluations(self) -> tuple[int, int, int]:
        """The numbers of evaluations of value, gradient and Hessian, including those for the record.

        For a problem that broadcasts, evaluations of discarded steps are not counted.
        """
        return self._stepper.oracle.counts

    @property
    def at_breakpoint(self) -> bool:
        """True if a breakpoint has stopped the run; :meth:`resume` continues it."""
        return self.stop is not None and self.stop.reason is Reason.BREAKPOINT

    @property
    def unwatched(self) -> Mapping[Breakpoint, str]:
        """The breakpoints that can't be evaluated in this run, with the reason."""
        return self._watch.unwatched

    @property
    def step(self) -> int:
        """The number of executed steps."""
        return len(self._trace) - 1 if self._trace else 0

    @property
    def step_under_way(self) -> int:
        """The number of the step that is executed now, or was last; within a block it is larger than ``step`` + 1."""
        return self._stepper.oracle.t

    def change(self, name: str, value: float) -> None:
        """Change a hyperparameter from the next step; the change is recorded in the trace.

        Raises:
            ValueError: the name is unknown or the value is out of range.
        """
        value = self.optimizer.check({name: value})[name]
        self.upcoming = self.upcoming | {name: value}
        self._changed.append((name, value))

    def hyperparameters_at(self, step: int) -> dict[str, float]:
        """Return the hyperparameters of step ``step``."""
        if self.origin and step <= self.branch_step:
            return self.origin.run.hyperparameters_at(step)
        initial, changes = self.hyperparameters_since(step)
        return initial | {change.name: change.value for change in changes}

    def hyperparameters_since(self, step: int) -> tuple[dict[str, float], tuple[Change, ...]]:
        """Return the initial hyperparameters of its own rule, and their changes up to step ``step``."""
        changes = self._trace.changes if self._trace else []
        return self._initial, tuple(change for change in changes if self.branch_step < change.step <= step)

    def owner(self, step: int) -> Run:
        """Return the run whose rule executed step ``step``: this one, or one that it continues."""
        return self.origin.run.owner(step) if self.origin and step <= self.branch_step else self

    def state_at(self, step: int) -> tuple[Any, ...]:
        """Return the state of its own rule after step ``step``; steps are executed again if it is not kept."""
        return self._replayer.after(step)[1]

    def point(self, step: int) -> Array:
        """Return the point after step ``step``, shape (n,), read-only.

        If the record does not keep it, the steps from the last stored one are executed again, with identical results.

        Raises:
            IndexError: the run has not reached the step.
        """
        return self._replayer.point(step)

    def nearest_point(self, step: int, seconds: float = 2e-3) -> tuple[int, Array]:
        """Return a step and its point: ``step``, or the last stored step before it if ``step`` takes longer."""
        return self._replayer.nearest_point(step, seconds)

    def recorded_gradient(self, step: int) -> Array:
        """Return the gradient in row ``step`` of the record, shape (n,), read-only; evaluated again if it is not kept.

        For a batchwise problem it is that of the batch of the next step. The gradient of the whole problem is
        ``objective.gradient(point(step))``.
        """
        return self._replayer.gradient(step)

    def resume(self, limits: Limits | None = None) -> None:
        """Let a stopped run continue, with other limits if given; a stop rule that still applies stops it again.

        A run at a breakpoint continues as it would without the breakpoint.
        """
        self.limits = limits or self.limits
        due, self._due = self._due, None
        self.stop = due[0] if due and due[1] == self.limits and not self._changed else None

    def halt(self, stop: Stop) -> None:
        """Stop the run; the block that is executed now is discarded."""
        self.stop = stop
        self.cut()

    def cut(self) -> None:
        """Let a running :meth:`advance` return after the current step."""
        self._stepper.cut = True

    def begin(self) -> None:
        """Evaluate the start and create the trace; an error stops the run.

        A run that continues another copies its rows; if they do not exist yet, each call executes some of them.
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
        if self.stop:  # halted by another thread
            return
        x.setflags(write=False)
        stepper.state = tuple(map(read_only, self.optimizer.state.values()))
        self._trace = Trace(x, loss, gradient, dict(zip(self.optimizer.state, stepper.state, strict=True)))
        if not np.isfinite(loss):
            self._end(START_UNDEFINED)

    def advance(self, steps: int = 1) -> None:
        """Execute up to ``steps`` steps, until the run stops or :meth:`cut` is called."""
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
                else:  # repeat step by step, to keep the steps before the error
                    size, oracle.counts = 1, before
                    oracle.forget()
            if self.step >= end or self._stepper.cut:
                break

    def retrace(self, changes: Iterable[Change], step: int, max_steps: int = LARGEST_BLOCK) -> None:
        """Execute up to ``max_steps`` steps towards ``step``, with these changes of hyperparameters."""
        self.begin()
        done = self.step
        end = min(step, done + max_steps)
        if not self.begun or self.stop or end <= done:
            return
        for change in changes:
            if change.step == done + 1:
                self.change(change.name, change.value)
            elif done + 1 < change.step <= end:
                end = change.step - 1
        self.advance(end - done)

    def replay(self, step: int, through: Callable[[Rule], Rule] | None = None) -> tuple[Array, dict[str, Any]]:
        """Execute step ``step`` again from the row before it, with identical results and without effect on the run.

        Args:
            step: from 1 to one past the last step, whose move a stop rule did not apply.
            through: takes the rule, with bound hyperparameters, and returns the function to call instead.

        Returns:
            The point after the step, shape (n,), and the state of the optimizer after it.

        Raises:
            IndexError: there is no such step.
        """
        if not 1 <= step <= len(self.trace):
            raise IndexError(f"step must be in 1 … {len(self.trace)}; got {step}")
        x, state = self.owner(step)._replayer.execute(step, through)
        return x, dict(zip(self.owner(step).optimizer.state, state, strict=True))

    def _continue(self, origin: Origin) -> None:
        """Copy rows and state of the continued run when it has reached the step, or its stop if it stops before."""
        try:
            with np.errstate(all="ignore"):
                reached, past = origin.reached(), origin.past
                if reached and past.begun:
                    self._branch_off(past, min(origin.step, past.step))
        except (Exception, SystemExit) as error:
            self._end(stop_for(error))
            return
        if past.stop and past.step < origin.step:
            self._end(past.stop)

    def _branch_off(self, past: Run, step: int) -> None:
        """Copy the rows and the state of another run after a step of its own rule.

        If the objective differs, its loss and gradient are evaluated.
        """
        stepper, objective, same_rule = self._stepper, self.objective, past.optimizer == self.optimizer
        state = past.state_at(step) if same_rule else tuple(map(read_only, self.optimizer.state.values()))
        x = past.point(step)
        loss, gradient = past.trace.loss[step], past.recorded_gradient(step)
        if self.options.l2 != past.options.l2:
            oracle, whole = stepper.oracle, not objective.batchwise
            loss, gradient = (oracle.exact_value(x), oracle.exact_gradient(x)) if whole else oracle.ahead(step + 1, x)
        newest = Moment(step, x, gradient, state, past.point(step - 1) if step else None)
        trace = past.trace.continued(newest, self.optimizer.state, float(loss))
        if same_rule and step:
            before, now = past.hyperparameters_at(step), self._initial
            trace.changes += [Change(step + 1, name, value) for name, value in now.items() if value != before[name]]
        schedule_state = self._schedule_state_after(past, step)
        if self.stop:  # halted by another thread
            return
        stepper.x, stepper.state, stepper.schedule_state = x, state, schedule_state
        stepper.value, stepper.rule_start_step = trace.loss[-1], past.rule_start_step if same_rule else step
        self.branch_step, self._trace = step, trace

    def _schedule_state_after(self, past: Run, step: int) -> tuple[Any, ...]:
        """Return the state of the schedule after the losses of another run up to this step."""
        schedule = self.options.schedule
        if schedule is None:
            return ()
        state = tuple(schedule.state.values())
        if schedule.follows_loss:
            initial = self._initial["learning_rate"]
            for t in range(1, step + 1):
                rate = past.hyperparameters_at(t).get("learning_rate", initial)
                _, state = schedule.at(t - 1, rate, float(past.trace.loss[t - 1]), state)
        return state

    def _block(self, size: int) -> None:
        """Execute ``size`` steps, apply stop rules and breakpoints, and append the steps that count."""
        self._apply_changes()
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
            accepted, stop = self._apply_stop_rules(block, x, loss, gradient)
            shown = accepted + bool(watched and stop and stop.refuses)
            try:
                columns = [together(column) for column in zip(*block.states[1 : shown + 1], strict=True)]
            except (TypeError, ValueError):
                raise stepper.result_error(block, first, self.hyperparameters) from None
            if watched:
                known = slice(shown + 1)
                steps = Steps(
                    self, first, x[known], loss[known], gradient[known], block.rates[:shown], block.states[0], columns,
                    noted,
                )  # fmt: skip
                counted, hits = self._watch.first_hit(watched, steps, accepted)
                if hits:  # a stop at the same step applies when the run continues
                    self._due = (stop, self.limits) if stop and counted == accepted else None
                    accepted, stop = counted, stop_at(hits[0])
        if self.stop:  # halted by another thread during the block
            accepted, hits = 0, []
        if accepted:
            rows = slice(1, accepted + 1)
            columns = [column[:accepted] for column in columns]
            try:
                trace.append(x[rows], loss[rows], gradient[rows], block.rates[:accepted], columns)
            except (TypeError, ValueError):
                raise stepper.result_error(block, first, self.hyperparameters) from None
            stepper.accept(block, accepted)
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

    def _apply_stop_rules(self, block: StepBlock, x: Rows, loss: Array, gradient: Rows) -> tuple[int, Stop | None]:
        """Return the number of steps of a block that count, and the stop after them."""
        limits, size = self.limits, len(block.points) - 1
        long = not isinstance(x, np.ndarray)
        if long and limits.surely_continue(self.step, block.points, loss, block.gradients, block.rate_ratio[:size]):
            return size, None
        x, gradient = np.asarray(x), np.asarray(gradient)
        pauses = (x[1:] == x[:-1]).all(axis=1)
        for i in np.flatnonzero(pauses).tolist():
            pauses[i] = block.is_pause(i + 1, self._stepper.varies)
        return limits.first_stop(self.step, x, loss, gradient, pauses, block.rate_ratio[:size])

    def _end(self, stop: Stop) -> None:
        if not self.stop:
            self.stop = stop

    def _apply_changes(self) -> None:
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


def shares_past(run: Run, other: Run) -> bool:
    """Return True if the steps of ``run`` before its branch are also those of ``other``."""
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
