"""Breakpoints: what makes a run pause at a step, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.breakpoints.condition import condition
from gdviewer.engine.breakpoints.kinds import EXPRESSION, KINDS, Judgement
from gdviewer.engine.breakpoints.steps import Steps
from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.engine.rules.parameter import Parameter, Switch, nearest


@dataclass(frozen=True)
class Breakpoint:
    """Where a run is to pause.

    Attributes:
        kind: its name in ``KINDS``.
        value: its parameter, the default where it is None, or the text of an expression
            (:func:`gdviewer.engine.breakpoints.condition.condition`).
        enabled: whether it is heeded.

    Raises:
        ValueError: an unknown kind, a value out of its range, or a condition that can't be read (FormulaError).
    """

    kind: str
    value: Any = None
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no breakpoint {self.kind!r}{nearest(self.kind, KINDS)}")
        parameter = KINDS[self.kind].parameter
        if self.kind == EXPRESSION:
            object.__setattr__(self, "value", condition(self.value or "").text)
        elif parameter is not None:
            value = parameter if self.value is None else self.value
            object.__setattr__(self, "value", parameter.check(self.kind, value))
        elif self.value is not None:
            raise ValueError(f"the breakpoint {self.kind!r} has no parameter; got {self.value!r}")

    def judge(self, steps: Steps) -> Judgement:
        """Whether it holds in each of ``k`` steps, (k,), and a function that gives what is told of one of them.

        Raises:
            KeyError, ValueError, IndexError: an expression asks for what these steps do not know.
        """
        judge = KINDS[self.kind].judge
        return judge(steps) if self.value is None else judge(steps, self.value)


def names_of(rule: Optimizer) -> tuple[str, ...]:
    """What an expression may ask of a run of this optimizer besides what every step knows."""
    numbers = [name for name, p in rule.hyperparameters.items() if isinstance(p, (Parameter, Switch))]
    return (*rule.state, *numbers)


def conditions(texts: Iterable[str], rule: Optimizer) -> tuple[Breakpoint, ...]:
    """Breakpoints on conditions of one's own, for runs of one optimizer.

    Raises:
        FormulaError: one that can't be read, or asks for what such a run does not have; the nearest is suggested.
    """
    breakpoints = tuple(Breakpoint(EXPRESSION, text) for text in texts)
    for watched in breakpoints:
        condition(watched.value).check(names_of(rule))
    return breakpoints


class Watch:
    """Judges a run's steps, block after block, and remembers which conditions held at the last of them.

    Attributes:
        unwatched: the breakpoints that ask for what the run does not have, and what that is.
    """

    def __init__(self) -> None:
        self.unwatched: dict[Breakpoint, str] = {}
        self._held: dict[Breakpoint, bool] = {}

    def judge(self, breakpoints: Iterable[Breakpoint], steps: Steps, applied: int) -> tuple[int, list[Hit]]:
        """Find the first step that hits.

        Args:
            applied: how many of the steps count; one more was executed and not applied if ``steps`` has it.

        Returns:
            how many steps count now, and what hits at the last of them, or in the one that was not applied.
        """
        if not len(steps.rates):
            return applied, []
        found: dict[Breakpoint, tuple[Any, Any, Callable[[int], Mapping[str, Any]]]] = {}
        unwatched = {}
        at = len(steps.rates)
        for watched in (each for each in breakpoints if each.enabled):
            try:
                holds, tell = watched.judge(steps)
            except (KeyError, ValueError, IndexError) as error:
                missing = isinstance(error, KeyError)
                unwatched[watched] = f"there is no {error.args[0]} in this run" if missing else str(error)
                continue
            if not holds.any():
                continue
            hits = self._hits(watched, holds, applied)
            found[watched] = holds, hits, tell
            if hits.any():
                at = min(at, int(hits.argmax()))
        last = min(applied, at + 1)
        if last:
            self._held = {watched: bool(holds[last - 1]) for watched, (holds, _, _) in found.items()}
        self.unwatched = unwatched
        step = steps.first + at + 1
        told = []
        for watched, (_, hits, tell) in found.items():
            if at < len(hits) and hits[at]:
                values = {"step": step, "limit": watched.value, **tell(at)}
                told.append(Hit(step, watched, Message(KINDS[watched.kind].sentence, values)))
        return last if told else applied, told

    def _hits(self, watched: Breakpoint, holds: NDArray[np.bool_], applied: int) -> NDArray[np.bool_]:
        """Return the steps in which a breakpoint hits, of those in which it holds."""
        kind = KINDS[watched.kind]
        hits = holds if kind.unapplied else holds[:applied]
        if kind.lasts and len(hits):
            hits = hits & ~np.concatenate(([self._held.get(watched, False)], hits[:-1]))
        return hits


def noting(breakpoints: Iterable[Breakpoint], oracle: Oracle, noted: dict[int, str]) -> AbstractContextManager[object]:
    """While steps are executed, note those in which an operation of NumPy's is not finite, if a breakpoint asks."""
    if not any(watched.kind == "non_finite" and watched.enabled for watched in breakpoints):
        return nullcontext()
    return np.errstate(
        over="call", divide="call", invalid="call", call=lambda what, _flag: noted.setdefault(oracle.t, what)
    )
