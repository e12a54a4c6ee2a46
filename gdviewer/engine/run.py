"""One optimizer on one problem from one start."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gdviewer.engine.form import FormError, as_point, point_error, state_error, told_at_return
from gdviewer.engine.optimizer import Optimizer
from gdviewer.engine.options import Options
from gdviewer.engine.oracle import Array, Minimisable, Oracle
from gdviewer.engine.printed import again
from gdviewer.engine.stop import Limits, Reason, Stop, stop_for
from gdviewer.engine.trace import Change, Trace

_RATE = "learning_rate"
RECORD_BYTES = 2**30  # a run whose trace takes more ends
_BLOCK_BYTES = 2**26  # what the states in a block may take, which all are held until it is judged
LARGEST_BLOCK = 256  # steps judged at once: so many make the judging cheap, and few are executed in vain past a stop
_FEW = 16  # steps that cost less to execute in vain than to judge one by one
_FLOAT64 = np.dtype(np.float64)


class Run:
    """A descent that is executed in blocks of steps and recorded whole.

    Steps are executed first and judged afterwards, a block at a time: for a problem that broadcasts, the losses of a
    block are one call and so are the stop rules; steps past a stop are thrown away and leave nothing behind. For a
    function of the user's, which may have effects or count its calls, a block is one step, and no point is asked for
    that a stop rule has already refused.

    One thread calls :meth:`advance`; any thread may read ``trace``, ``stop`` and ``step``, and call the others.

    An optimizer that needs what the problem does not have makes a run that has stopped before it began.

    Raises:
        ValueError: a start, hyperparameter or seed of wrong form, or a schedule for an optimizer without a learning
            rate.

    Attributes:
        objective: what is minimised: the problem, with the term of the option ``l2`` where it is on.
        trace: the record; its row 0, and the trace itself, exist once :meth:`begin` or :meth:`advance` was called.
        stop: why the run ended, or None.
        seed: what everything random is drawn from, with the step's number.
        busy_since: the time (``perf_counter``) at which a burst began to execute it, None while none does.
        pace: seconds a step took in the last burst; infinite before.
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
        self.options = options or Options()
        self.objective = self.options.objective(problem)
        if lacks := optimizer.lacks(self.objective):
            self.stop = Stop(Reason.UNFIT, values={"lacks": f"{optimizer.title} {lacks}"})
        schedule = self.options.schedule
        if schedule and _RATE not in self.hyperparameters:
            raise ValueError(f"{optimizer.name} has no learning_rate, so there is nothing for a schedule to set")
        self._trace: Trace | None = None
        self._oracle = self.options.oracle(self.objective, seed)
        self._schedule_state: tuple[Any, ...] = tuple(schedule.state.values()) if schedule else ()
        self._x: Array = self.start
        self._value: Any = None  # the loss at _x, where it was asked of the oracle
        self._state: tuple[Any, ...] = ()
        self._changed: deque[tuple[str, float]] = deque()
        self._cut = False
        self._initial = dict(self.hyperparameters)

    @property
    def trace(self) -> Trace:
        """The record of the run; raises RuntimeError before it has begun."""
        if self._trace is None:
            raise RuntimeError("the run has not begun")
        return self._trace

    @property
    def begun(self) -> bool:
        """Whether the start has been evaluated, so that there is a trace."""
        return self._trace is not None

    @property
    def evaluations(self) -> tuple[int, int, int]:
        """How often value, gradient and Hessian were evaluated, recording included.

        Where a problem broadcasts, those of the steps that count; of a function of the user's, all.
        """
        return self._oracle.counts

    @property
    def step(self) -> int:
        """The number of steps done."""
        return len(self._trace) - 1 if self._trace else 0

    @property
    def step_under_way(self) -> int:
        """The number of the step that is being executed, or was last; one past ``step`` and further within a block."""
        return self._oracle.t

    def change(self, name: str, value: float) -> None:
        """Move a hyperparameter; it holds from the next step executed and is recorded in the trace.

        Raises:
            ValueError: an unknown name or a value out of range.
        """
        self._changed.append((name, self.optimizer.check({name: value})[name]))

    def hyperparameters_at(self, step: int) -> dict[str, float]:
        """The hyperparameters that step number ``step`` was executed with."""
        changes = self._trace.changes if self._trace else []
        return self._initial | {c.name: c.value for c in changes if c.step <= step}

    def resume(self, limits: Limits | None = None) -> None:
        """Let a stopped run go on, under other limits where given; a rule that still holds stops it again."""
        self.limits = limits or self.limits
        self.stop = None

    def halt(self, stop: Stop) -> None:
        """End the run from outside; a block under way is thrown away."""
        self.stop = stop
        self.cut()

    def cut(self) -> None:
        """Let :meth:`advance`, where it is under way, return after the step under way."""
        self._cut = True

    def begin(self) -> None:
        """Evaluate the start, which makes row 0 of the trace; an error there ends the run."""
        if self._trace or self.stop:
            return
        x, oracle = self.start, self._oracle
        oracle.t = 1
        try:
            with np.errstate(all="ignore"):
                self._value = oracle.exact_value(x)
                loss, gradient = float(self._value), oracle.exact_gradient(x)
        except (Exception, SystemExit) as error:
            self._end(stop_for(error))
            return
        if self.stop:  # ended from outside meanwhile
            return
        x.setflags(write=False)
        self._x, self._state = x, tuple(map(_read_only, self.optimizer.state.values()))
        self._trace = Trace(x, loss, gradient, self.optimizer.state)
        if not np.isfinite(loss):
            self._end(Stop(Reason.LEFT_DOMAIN, "start"))

    def advance(self, steps: int = 1) -> None:
        """Execute up to ``steps`` steps, fewer where a stop or a :meth:`cut` comes first."""
        self._cut = False
        self.begin()
        end = min(self.step + steps, self.limits.max_steps)
        follows_loss = self.options.schedule is not None and self.options.schedule.follows_loss
        size = LARGEST_BLOCK if self.problem.broadcasts and not follows_loss else 1
        while not self.stop:
            before = self._oracle.counts
            try:
                self._block(max(0, min(size, self._room(), end - self.step)))
            except (Exception, SystemExit) as error:
                if size == 1:
                    self._end(stop_for(error))
                else:  # again, a step at a time, so that the steps before the error are kept
                    size, self._oracle.counts = 1, before
                    self._oracle.forget()
            if self.step >= end or self._cut:
                break

    def replay(self, step: int) -> tuple[Array, dict[str, Any]]:
        """Execute step number ``step`` again from the recorded row before it: the same bits, at no effect.

        Args:
            step: from 1 to one past the last step done, which shows the move that a stop rule left unapplied.

        Returns:
            the point after it, shape (n,), and the optimizer's state after it.
        """
        rows = self.trace
        if not 1 <= step <= len(rows):
            raise IndexError(f"step must be in 1 … {len(rows)}; got {step}")
        oracle = self.options.oracle(self.objective, self.seed)
        kept, state = rows.state_by(step - 1)
        if kept == 0:
            state = tuple(map(_read_only, self.optimizer.state.values()))  # as it began: m=0.0, and not an array
        for t in range(kept + 1, step + 1):
            oracle.t = t
            hyperparameters = self.hyperparameters_at(t)
            if _RATE in hyperparameters:
                hyperparameters[_RATE] = float(rows.rate[t]) if t < len(rows) else self._rate_of(t)[0]
            with np.errstate(all="ignore"), again():
                x, state = self._execute(self.optimizer.bind(hyperparameters), oracle, t, rows.x[t - 1].copy(), state)
        return x, dict(zip(self.optimizer.state, state, strict=True))

    def _rate_of(self, t: int) -> tuple[float, tuple[Any, ...]]:
        """The learning rate of step number ``t``, the next to be executed or one in its block, and the schedule's state
        after it."""
        rate, schedule = self.hyperparameters.get(_RATE, np.nan), self.options.schedule
        if schedule is None:
            return rate, ()
        return schedule.at(t - 1, rate, float(self.trace.loss[-1]), self._schedule_state)

    def _execute(
        self, rule: Any, oracle: Oracle, t: int, x: Array, state: tuple[Any, ...]
    ) -> tuple[Array, tuple[Any, ...]]:
        """One step: the next point and state, with their form checked."""
        result = rule(x, oracle, t, *state) if self.optimizer.counts_steps else rule(x, oracle, *state)
        new: Any
        if type(result) is tuple:
            new, carried = result[:1] and result[0], result[1:]
        else:
            new, carried = result, ()
        if type(new) is not np.ndarray or new.dtype is not _FLOAT64 or new.shape != x.shape:
            new = as_point(new, x.shape)
        if new is None or len(carried) != len(state):
            raise told_at_return(
                point_error(self.optimizer, result, x.shape), self.optimizer, rule, oracle, t, x, state
            )
        new.setflags(False)  # write=False; by name it takes thrice as long
        for part in carried:
            if type(part) is np.ndarray:
                part.setflags(False)  # type: ignore[call-arg] # NumPy takes it by position too
        return new, carried

    def _block(self, size: int) -> None:
        """Execute ``size`` steps, judge them, and append those that count."""
        self._take_changes()
        trace, oracle, free, first = self.trace, self._oracle, self.problem.broadcasts, self.step
        with np.errstate(all="ignore"):
            block = self._execute_block(size)
            size = len(block.points) - 1
            x, gradient = np.array(block.points), np.array(block.gradients)
            loss = np.full(size + 1, trace.loss[-1])
            missing = np.flatnonzero([known is None for known in block.losses[1:]]) + 1
            if len(missing) < size:
                loss[1:] = block.losses[1:]
            if len(missing):
                loss[missing] = self.objective.value(x[missing] if len(missing) < size else x[1:])
            pauses = (x[1:] == x[:-1]).all(axis=1)
            for i in np.flatnonzero(pauses).tolist():
                pauses[i] = self._is_pause(block, i + 1)
            accepted, stop = self.limits.judge(first, x, loss, gradient, pauses, block.stretch[:size])
        if self.stop:  # ended from outside while the block was under way
            accepted = 0
        if accepted:
            rows = slice(1, accepted + 1)
            try:
                columns = [np.array(column, dtype=float) for column in zip(*block.states[rows], strict=True)]
                trace.append(x[rows], loss[rows], gradient[rows], block.rates[:accepted], columns)
            except (TypeError, ValueError):
                raise self._state_misfit(block) from None
            self._x, self._state, self._value = block.points[accepted], block.states[accepted], block.losses[accepted]
            self._schedule_state = block.schedule_state
        executed = accepted if free else size
        value, slope, curvature = block.counts[executed]
        oracle.counts = (value + int((missing <= executed).sum()), slope, curvature)
        if executed < size:
            oracle.forget()
        if stop:
            self._end(stop)
        elif trace.nbytes > RECORD_BYTES:
            self._end(Stop(Reason.FULL, values={"step": self.step, "megabytes": trace.nbytes / 1e6}))

    def _state_misfit(self, block: _Block) -> FormError:
        """What is wrong with the state after the last step of a block."""
        x, state, t = block.points[-2], block.states[-2], self.step + len(block.points) - 1
        error = state_error(self.optimizer, state, block.states[-1]) or FormError("the state can't be recorded")
        rate = {_RATE: block.rates[-1]} if self.options.schedule else {}
        rule = self.optimizer.bind({**self.hyperparameters, **rate})
        return told_at_return(error, self.optimizer, rule, self._oracle, t, x, state)

    def _execute_block(self, size: int) -> _Block:
        """Execute up to ``size`` steps from the last row of the trace, fewer where the optimizer has stalled."""
        oracle, limits, free, scheduled = self._oracle, self.limits, self.problem.broadcasts, self.options.schedule
        full = self.hyperparameters.get(_RATE, np.nan)
        rule = bound = self.optimizer.bind(self.hyperparameters)
        x, state, gradient, loss, first = self._x, self._state, self.trace.gradient[-1], self._value, self.step
        gradient.setflags(write=False)
        block = _Block([x], [state], [gradient], [loss], [oracle.counts], np.full(size, full), np.ones(size))
        add_point, add_state, add_gradient = block.points.append, block.states.append, block.gradients.append
        add_loss, add_counts, execute = block.losses.append, block.counts.append, self._execute
        start, gradient_at, value_at = oracle.start, oracle.exact_gradient, oracle.exact_value
        for t in range(first + 1, first + 1 + size):
            if scheduled:
                rate, block.schedule_state = self._rate_of(t)
                block.rates[t - first - 1], block.stretch[t - first - 1] = rate, full / rate if rate else 1.0
                rule = partial(bound, learning_rate=rate)
            start(t, x, gradient, loss)
            before = x
            x, state = execute(rule, oracle, t, x, state)
            add_point(x)
            add_state(state)
            stays = x is before  # then there is nothing new to ask
            pause = (stays or not free) and self._is_pause(block, -1)
            if not stays:
                if free or not limits.end_before(gradient, before, x, pause, block.stretch[t - first - 1]):
                    gradient = gradient_at(x)
                    # A rule that asks for values asks for this one too; else the losses of a block are one call.
                    loss = value_at(x) if oracle.asked else None
                else:
                    loss = np.nan
            add_loss(loss)
            add_gradient(gradient)
            add_counts(oracle.counts)
            if self._cut:
                break
            if stays and not pause:
                break  # the run has most likely stalled, and a search that finds nothing is the longest there is
        return block

    def _is_pause(self, block: _Block, i: int) -> bool:
        """Whether step ``i`` of a block has left the point where it was, but the next step may not: it finds another
        state of the optimizer, or another function."""
        if not np.array_equal(block.points[i], block.points[i - 1]):
            return False
        varies = self.objective.stochastic or self.options.noise
        same = (np.array_equal(a, b) for a, b in zip(block.states[i], block.states[i - 1], strict=True))
        return bool(varies) or not all(same)

    def _room(self) -> int:
        """How many steps a block may have: about as many as are done, so that few are executed in vain past a stop, and
        no more than there is room for what the optimizer carries; one at first, to see how much that is."""
        if self._state and not self.step:
            return 1
        carried = sum(np.asarray(part).nbytes for part in self._state)
        return max(1, min(max(_FEW, self.step), _BLOCK_BYTES // max(1, carried)))

    def _end(self, stop: Stop) -> None:
        if not self.stop:
            self.stop = stop

    def _take_changes(self) -> None:
        changed: dict[str, float] = {}
        while self._changed:
            name, value = self._changed.popleft()
            changed[name] = value
        self.hyperparameters = self.hyperparameters | changed
        if self.step == 0:
            self._initial = self.hyperparameters
        else:
            self.trace.changes += [Change(self.step + 1, name, value) for name, value in changed.items()]


@dataclass
class _Block:
    """Steps that were executed and are yet to be judged: where they began, and what each came to.

    ``counts`` are those of the oracle after each; a loss that is None is yet to be evaluated. ``stretch`` is the full
    learning rate by the scheduled one.
    """

    points: list[Array]
    states: list[tuple[Any, ...]]
    gradients: list[Array]
    losses: list[Any]
    counts: list[tuple[int, int, int]]
    rates: Array
    stretch: Array
    schedule_state: tuple[Any, ...] = ()


def _read_only(initial: Any) -> Any:
    """An initial state that a rule can't change for all runs to come."""
    if isinstance(initial, np.ndarray):
        initial = initial.copy()
        initial.setflags(write=False)
    return initial
