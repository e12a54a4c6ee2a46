"""Execution of steps in blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.record.columns import Rows
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import Array, Minimisable
from gdviewer.engine.rules.rule_result import RuleResultError, executed, result_error
from gdviewer.engine.run.stop import Limits

_RATE = "learning_rate"
_BYTES = 2**22  # maximum bytes of the points, gradients and states of a block, to fit in the cache of a processor
_MIN_STEPS = 16  # of a block; discarding them costs less than checking stop rules more often


@dataclass
class StepBlock:
    """Executed steps to which stop rules are not applied yet; entry 0 is the state before them.

    Attributes:
        points, states, gradients: the values after each step.
        losses: the loss after each step; None if it is not evaluated yet.
        counts: the evaluation counts of the oracle after each step.
        rates: the learning rates; rate_ratio: full learning rate divided by the scheduled one.
        schedule_state: the state of the schedule after the block.
    """

    points: list[Array]
    states: list[tuple[Any, ...]]
    gradients: list[Array]
    losses: list[Any]
    counts: list[tuple[int, int, int]]
    rates: Array
    rate_ratio: Array
    schedule_state: tuple[Any, ...] = ()

    def all_losses(self, objective: Minimisable, first: float, x: Rows) -> tuple[Array, NDArray[np.intp]]:
        """Return all losses, and the rows whose losses are evaluated here in one call.

        Args:
            objective: the function.
            first: the loss in row 0.
            x: the points.
        """
        size = len(self.points) - 1
        loss = np.full(size + 1, first)
        missing = np.array([i for i, known in enumerate(self.losses) if known is None and i], dtype=np.intp)
        if len(missing) < size:
            loss[1:] = self.losses[1:]
        if len(missing):
            points = x[1:] if len(missing) == size else [self.points[i] for i in missing.tolist()]
            loss[missing] = objective.value(np.asarray(points))
        return loss, missing

    def is_pause(self, i: int, varies: bool) -> bool:
        """Return True if step ``i`` did not move but the next one may.

        The state of the optimizer has changed, or the function ``varies`` from step to step.
        """
        if not np.array_equal(self.points[i], self.points[i - 1]):
            return False
        same = (np.array_equal(a, b) for a, b in zip(self.states[i], self.states[i - 1], strict=True))
        return varies or not all(same)


class Stepper:
    """A rule with its oracle, schedule and current state.

    Attributes:
        objective: the function that is minimised; oracle: the view of it for the rule.
        optimizer: the rule; scheduled: the schedule, or None.
        x, state: the point, shape (n,), and the state of the rule; value: the loss, None if it was not evaluated.
        schedule_state: the state of the schedule.
        rule_start_step: the step at which the rule began; it counts its steps from there.
        varies: True if the rule sees another function at each step.
        cut: set by any thread to end the block after the current step.
    """

    def __init__(self, objective: Minimisable, optimizer: Optimizer, options: Options, x: Array, seed: int) -> None:
        self.objective, self.optimizer, self.scheduled = objective, optimizer, options.schedule
        self.oracle = options.oracle(objective, seed)
        self.x = x
        self.value: Any = None
        self.state: tuple[Any, ...] = ()
        self.schedule_state: tuple[Any, ...] = tuple(self.scheduled.state.values()) if self.scheduled else ()
        self.rule_start_step = 0
        self.varies = bool(objective.stochastic or options.noise)
        self.cut = False

    def rate(self, t: int, hyperparameters: Mapping[str, Any], loss: float) -> tuple[float, tuple[Any, ...]]:
        """Return the learning rate of step ``t``, which is not recorded yet, and the state of the schedule after it."""
        full = hyperparameters.get(_RATE, np.nan)
        return (full, ()) if self.scheduled is None else self.scheduled.at(t - 1, full, loss, self.schedule_state)

    def block(
        self,
        size: int,
        first: int,
        hyperparameters: Mapping[str, Any],
        recorded: float,
        gradient: Array,
        limits: Limits,
    ) -> StepBlock:
        """Execute up to ``size`` steps after step ``first``, fewer if the optimizer stalls.

        Args:
            size: the maximum number of steps.
            first: the number of executed steps.
            hyperparameters: the hyperparameters.
            recorded: the loss at the current point.
            gradient: the gradient there, shape (n,).
            limits: stop rules that save evaluations of a user's function.
        """
        oracle, optimizer, free, scheduled = self.oracle, self.optimizer, self.objective.broadcasts, self.scheduled
        batchwise = self.objective.batchwise
        full = hyperparameters.get(_RATE, np.nan)
        rule = bound = optimizer.bind(hyperparameters)
        x, state, loss = self.x, self.state, self.value
        gradient.setflags(write=False)
        block = StepBlock([x], [state], [gradient], [loss], [oracle.counts], np.full(size, full), np.ones(size))
        add_point, add_state, add_gradient = block.points.append, block.states.append, block.gradients.append
        add_loss, add_counts, rule_start_step = block.losses.append, block.counts.append, self.rule_start_step
        start, gradient_at, value_at = oracle.start, oracle.exact_gradient, oracle.exact_value
        for t in range(first + 1, first + 1 + size):
            if scheduled:
                rate, block.schedule_state = self.rate(t, hyperparameters, recorded)
                block.rates[t - first - 1], block.rate_ratio[t - first - 1] = rate, full / rate if rate else 1.0
                rule = partial(bound, learning_rate=rate)
            start(t, x, gradient, loss)
            before = x
            x, state = executed(optimizer, rule, oracle, t - rule_start_step, x, state)
            add_point(x)
            add_state(state)
            stays = x is before  # no new evaluation is needed
            pause = (stays or not free) and block.is_pause(-1, self.varies)
            if batchwise or not stays:
                if not free and limits.end_before(gradient, before, x, pause, block.rate_ratio[t - first - 1]):
                    loss = np.nan
                elif batchwise:
                    loss, gradient = oracle.ahead(t + 1, x)
                else:
                    gradient = gradient_at(x)
                    # A rule that evaluates losses needs this one too; else one call computes the losses of the block.
                    loss = value_at(x) if oracle.asked else None
            add_loss(loss)
            add_gradient(gradient)
            add_counts(oracle.counts)
            if self.cut:
                break
            if stays and not pause:
                break  # the run has probably stalled, and a failed line search takes long
        return block

    def accept(self, block: StepBlock, steps: int) -> None:
        """Set the state to that after a number of steps of a block."""
        self.x, self.state, self.value = block.points[steps], block.states[steps], block.losses[steps]
        self.schedule_state = block.schedule_state

    def room(self, done: int) -> int:
        """Return the maximum number of steps of the next block, limited by memory.

        It is about the number of executed steps, so that few steps are discarded after a stop; one at first, to measure
        the state of the optimizer.
        """
        if self.state and not done:
            return 1
        step = 2 * self.x.nbytes + sum(np.asarray(part).nbytes for part in self.state)
        return max(1, min(max(_MIN_STEPS, done), _BYTES // step))

    def result_error(self, block: StepBlock, first: int, hyperparameters: Mapping[str, Any]) -> RuleResultError:
        """Return the error of the state after the last step of a block, which can't be recorded."""
        rate = {_RATE: block.rates[-1]} if self.scheduled else {}
        rule = self.optimizer.bind({**hyperparameters, **rate})
        t = first + len(block.points) - 1 - self.rule_start_step
        return result_error(self.optimizer, rule, self.oracle, t, block.points[-2], *block.states[-2:])
