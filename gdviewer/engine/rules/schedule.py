"""Learning-rate schedules: functions of the textbook form, described by their signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gdviewer.engine.rules.optimizer import declared_in
from gdviewer.engine.rules.parameter import Declared, check_values
from gdviewer.engine.rules.signature import read_signature

Rule = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Schedule:
    """A rule that returns the learning rate of each step, with the declarations of its signature.

    The function is called as ``function(t, learning_rate, **parameters)`` with t = 0, 1, 2, … for step t + 1 and the
    learning rate of the optimizer, and returns the rate of that step. A schedule that follows the loss is called as
    ``function(t, learning_rate, loss, *state, **parameters)`` with the loss after t steps, and returns the rate and the
    next state.

    Attributes:
        name: the name; title: the name on the screen; source: the reference; summary: a sentence.
        function: the rule; follows_loss: True if it has the argument ``loss``.
        state: the initial state by name; parameters: the declarations by name; values: their values.
    """

    name: str
    title: str
    source: str
    summary: str
    function: Rule
    follows_loss: bool
    state: Mapping[str, Any]
    parameters: Mapping[str, Declared]
    values: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schedule):
            return NotImplemented
        return self.function is other.function and self.values == other.values

    def __hash__(self) -> int:
        return hash((self.function, tuple(self.values.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a schedule by its module, its name and its values."""
        return _declared_in, (self.function.__module__, self.function.__name__, self.values)

    def replace(self, /, **values: Any) -> Schedule:
        """Return a copy with other parameter values.

        Raises:
            ValueError: a name is unknown or a value is out of range.
        """
        return replace(self, values=check_values(self.parameters, {**self.values, **values}, self.name))

    def at(self, t: int, learning_rate: float, loss: float, state: tuple[Any, ...]) -> tuple[float, tuple[Any, ...]]:
        """Return the rate of step ``t + 1``, and the state after it.

        Args:
            t: the number of executed steps.
            learning_rate: the learning rate of the optimizer.
            loss: the loss after ``t`` steps.
            state: the state after the previous rate; ``tuple(self.state.values())`` at t = 0.
        """
        if not self.follows_loss:
            return float(self.function(t, learning_rate, **self.values)), ()
        rate, *after = self.function(t, learning_rate, loss, *state, **self.values)
        return float(rate), tuple(after)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)


def _declared_in(module: str, name: str, values: Mapping[str, Any]) -> Schedule:
    declared: Schedule = declared_in(module, name)
    return declared.replace(**values)


def schedule(title: str, summary: str = "", *, source: str = "") -> Callable[[Rule], Schedule]:
    """Declare a function as a schedule; see :class:`Schedule` for the form of the signature.

    Args:
        title: the name on the screen.
        summary: a sentence; by default the first line of the docstring of the function.
        source: the reference.

    Raises:
        TypeError: the signature does not have this form.
    """

    def declare(function: Rule) -> Schedule:
        signature = read_signature(function, ("t", "learning_rate"), "loss", "parameter")
        return Schedule(
            name=signature.name,
            title=title,
            source=source,
            summary=summary or signature.summary,
            function=function,
            follows_loss=bool(signature.asks),
            state=signature.state,
            parameters=signature.parameters,
            values=check_values(signature.parameters, {}, signature.name),
        )

    return declare
