"""What makes a textbook function a learning-rate schedule: everything is read off its signature."""

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
    """A rule that tells the learning rate of each step, with what its signature declares.

    The function is called as ``function(t, learning_rate, **parameters)`` with t = 0, 1, 2, … (step number t + 1) and
    the optimizer's own learning rate, and returns the rate of that step. One that follows the loss is called as
    ``function(t, learning_rate, loss, *state, **parameters)`` with the loss after t steps, and returns the rate and the
    next state.

    Attributes:
        values: the values of the parameters.
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
        """Pickle it by where it is declared, and its values."""
        return _declared_in, (self.function.__module__, self.function.__name__, self.values)

    def replace(self, /, **values: Any) -> Schedule:
        """The same schedule with other parameter values; raises ValueError for an unknown name or one out of range."""
        return replace(self, values=check_values(self.parameters, {**self.values, **values}, self.name))

    def at(self, t: int, learning_rate: float, loss: float, state: tuple[Any, ...]) -> tuple[float, tuple[Any, ...]]:
        """The rate of step number ``t + 1``, and the state after it.

        Args:
            loss: the loss after ``t`` steps.
            state: the state after the rate before; ``tuple(self.state.values())`` at t = 0.
        """
        if not self.follows_loss:
            return float(self.function(t, learning_rate, **self.values)), ()
        rate, *after = self.function(t, learning_rate, loss, *state, **self.values)
        return float(rate), tuple(after)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the textbook function itself."""
        return self.function(*args, **kwargs)


def _declared_in(module: str, name: str, values: Mapping[str, Any]) -> Schedule:
    declared: Schedule = declared_in(module, name)
    return declared.replace(**values)


def schedule(title: str, summary: str = "", *, source: str = "") -> Callable[[Rule], Schedule]:
    """Declare a function as a schedule; see :class:`Schedule` for the signature's form.

    Args:
        summary: a sentence on what it does; the first line of the function's docstring where it is empty.

    Raises:
        TypeError: the signature is not of that form; the text says what is wrong.
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
