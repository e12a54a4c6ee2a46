"""What executes steps, a block of them at a time."""

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
from gdviewer.engine.rules.rule_result import RuleResultError, executed, misfit
from gdviewer.engine.run.stop import Limits

_RATE = "learning_rate"
_BYTES = 2**22  # what the points, gradients and states of a block may take: so much stays in a processor's cache
_FEW = 16  # steps that cost less to execute in vain than to judge one by one


@dataclass
class StepBlock:
    """Steps that were executed and are yet to be judged: where they began, and what each came to.

    ``counts`` are those of the oracle after each; a loss that is None is yet to be evaluated. ``rate_ratio`` is the
    full learning rate divided by the scheduled one.
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
        """The loss in each row, and the rows in which it was not known and is evaluated here, all in one call.

        Args:
            first: the loss in row 0; x: the points.
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
        """Whether step ``i`` has left the point where it was, but the next step may not: it finds another state of the
        optimizer, or another function where that ``varies`` from step to step."""
        if not np.array_equal(self.points[i], self.points[i - 1]):
            return False
        same = (np.array_equal(a, b) for a, b in zip(self.states[i], self.states[i - 1], strict=True))
        return varies or not all(same)


class Stepper:
    """A rule with all that stands around it, and where it is.

    Attributes:
        objective: what is minimised; oracle: what the rule sees of it.
        x, state: the point, shape (n,), and what the rule carries; value: the loss there, None where it was not asked.
        schedule_state: what the schedule carries.
        born: the step after which the rule began; it counts its own steps from there.
        varies: whether what the rule sees is another function from step to step.
        cut: set from any thread, it lets the block under way end with the step under way.
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
        """The learning rate of step number ``t``, the next to be executed or one in its block, and the schedule's state
        after it."""
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
        """Execute up to ``size`` steps after step ``first``, fewer where the optimizer has stalled.

        Args:
            recorded, gradient: the loss and the gradient where it is now, shape (n,).
            limits: where a function of the user's need not be asked any more.
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
            stays = x is before  # then there is nothing new to ask
            pause = (stays or not free) and block.is_pause(-1, self.varies)
            if batchwise or not stays:
                if not free and limits.end_before(gradient, before, x, pause, block.rate_ratio[t - first - 1]):
                    loss = np.nan
                elif batchwise:
                    loss, gradient = oracle.ahead(t + 1, x)
                else:
                    gradient = gradient_at(x)
                    # A rule that asks for values asks for this one too; else the losses of a block are one call.
                    loss = value_at(x) if oracle.asked else None
            add_loss(loss)
            add_gradient(gradient)
            add_counts(oracle.counts)
            if self.cut:
                break
            if stays and not pause:
                break  # the run has most likely stalled, and a search that finds nothing is the longest there is
        return block

    def take(self, block: StepBlock, steps: int) -> None:
        """Go to where a block was after so many of its steps."""
        self.x, self.state, self.value = block.points[steps], block.states[steps], block.losses[steps]
        self.schedule_state = block.schedule_state

    def room(self, done: int) -> int:
        """How many steps a block may have: about as many as are done, so that few are executed in vain past a stop, and
        no more than there is room for; one at first, to see how much the optimizer carries."""
        if self.state and not done:
            return 1
        step = 2 * self.x.nbytes + sum(np.asarray(part).nbytes for part in self.state)
        return max(1, min(max(_FEW, done), _BYTES // step))

    def misfit(self, block: StepBlock, first: int, hyperparameters: Mapping[str, Any]) -> RuleResultError:
        """What is wrong with the state after the last step of a block, which can't be recorded."""
        rate = {_RATE: block.rates[-1]} if self.scheduled else {}
        rule = self.optimizer.bind({**hyperparameters, **rate})
        t = first + len(block.points) - 1 - self.rule_start_step
        return misfit(self.optimizer, rule, self.oracle, t, block.points[-2], *block.states[-2:])
