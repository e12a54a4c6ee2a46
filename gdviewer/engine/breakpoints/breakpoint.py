"""Breakpoints: conditions at which a run pauses, and their messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.breakpoints.condition import condition
from gdviewer.engine.breakpoints.kinds import EXPRESSION, KINDS, Evaluation
from gdviewer.engine.breakpoints.steps import Steps
from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.engine.rules.parameter import Parameter, Switch, nearest


@dataclass(frozen=True)
class Breakpoint:
    """A condition at which a run pauses.

    Attributes:
        kind: its name in ``KINDS``.
        value: the value of its parameter, None for the default; for an expression its text
            (:func:`gdviewer.engine.breakpoints.condition.condition`).
        enabled: False if it is ignored.

    Raises:
        ValueError: the kind is unknown, the value is out of range, or the condition is not valid (FormulaError).
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

    def evaluate(self, steps: Steps) -> Evaluation:
        """Return for each of ``k`` steps if the condition holds, shape (k,), and a function for the message values.

        The function returns the values of the message at one of the steps by its index.

        Raises:
            KeyError, ValueError, IndexError: an expression uses a quantity that these steps do not have.
        """
        evaluate = KINDS[self.kind].evaluate
        return evaluate(steps) if self.value is None else evaluate(steps, self.value)


def names_of(rule: Optimizer) -> tuple[str, ...]:
    """Return the names that an expression can use for this optimizer, besides those of every step."""
    numbers = [name for name, p in rule.hyperparameters.items() if isinstance(p, (Parameter, Switch))]
    return (*rule.state, *numbers)


def conditions(texts: Iterable[str], rule: Optimizer) -> tuple[Breakpoint, ...]:
    """Return breakpoints on user-defined conditions for runs of an optimizer.

    Raises:
        FormulaError: a condition is not valid, or uses an unknown name; the nearest one is suggested.
    """
    breakpoints = tuple(Breakpoint(EXPRESSION, text) for text in texts)
    for watched in breakpoints:
        condition(watched.value).check(names_of(rule))
    return breakpoints


class Watch:
    """Evaluates breakpoints in blocks of steps, and stores which conditions held at the last step.

    Attributes:
        unwatched: the breakpoints that can't be evaluated in the run, with the reason.
    """

    def __init__(self) -> None:
        self.unwatched: dict[Breakpoint, str] = {}
        self._held: dict[Breakpoint, bool] = {}

    def first_hit(self, breakpoints: Iterable[Breakpoint], steps: Steps, applied: int) -> tuple[int, list[Hit]]:
        """Find the first step with a hit.

        Args:
            breakpoints: the breakpoints.
            steps: the steps.
            applied: the number of steps that count; ``steps`` may have one more, which was not applied.

        Returns:
            The number of steps that count after a hit, and the hits at the last of them or in the step that was not
            applied.
        """
        if not len(steps.rates):
            return applied, []
        found: dict[Breakpoint, tuple[Any, Any, Callable[[int], Mapping[str, Any]]]] = {}
        unwatched = {}
        at = len(steps.rates)
        for watched in (each for each in breakpoints if each.enabled):
            try:
                holds, values_at = watched.evaluate(steps)
            except (KeyError, ValueError, IndexError) as error:
                missing = isinstance(error, KeyError)
                unwatched[watched] = f"there is no {error.args[0]} in this run" if missing else str(error)
                continue
            if not holds.any():
                continue
            hits = self._hits(watched, holds, applied)
            found[watched] = holds, hits, values_at
            if hits.any():
                at = min(at, int(hits.argmax()))
        last = min(applied, at + 1)
        if last:
            self._held = {watched: bool(holds[last - 1]) for watched, (holds, _, _) in found.items()}
        self.unwatched = unwatched
        step = steps.first + at + 1
        hit = []
        for watched, (_, hits, values_at) in found.items():
            if at < len(hits) and hits[at]:
                values = {"step": step, "limit": watched.value, **values_at(at)}
                hit.append(Hit(step, watched, Message(KINDS[watched.kind].sentence, values)))
        return last if hit else applied, hit

    def _hits(self, watched: Breakpoint, holds: NDArray[np.bool_], applied: int) -> NDArray[np.bool_]:
        """Return a mask of the steps with a hit, of those in which the condition holds."""
        kind = KINDS[watched.kind]
        hits = holds if kind.unapplied else holds[:applied]
        if kind.persists and len(hits):
            hits = hits & ~np.concatenate(([self._held.get(watched, False)], hits[:-1]))
        return hits


def noting(breakpoints: Iterable[Breakpoint], oracle: Oracle, noted: dict[int, str]) -> AbstractContextManager[object]:
    """Return a context that notes the steps with non-finite operations of NumPy, if a breakpoint needs them."""
    if not any(watched.kind == "non_finite" and watched.enabled for watched in breakpoints):
        return nullcontext()
    return np.errstate(
        over="call", divide="call", invalid="call", call=lambda what, _flag: noted.setdefault(oracle.t, what)
    )
