"""What makes a textbook function an optimizer: everything is read off its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gdviewer.engine.parameter import Parameter, check_values

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Optimizer:
    """A rule that turns a point into the next one, with what its signature declares.

    The function is called as ``function(x, f, [t,] *state, **hyperparameters)`` and returns the next point, or a tuple
    of the next point and the next state. ``x`` is a float64 array of shape ``(n,)``; ``f`` is the oracle
    (:class:`gdviewer.engine.oracle.Oracle`); ``t`` is the number of the step, from 1, handed over only where the
    function asks for it; the state's initial values are the defaults of the positional arguments; the hyperparameters
    are the keyword-only ones. Point, gradient and state go into the record as they are and are handed over read-only:
    ``x = x - …``, not ``x -= …``.
    """

    name: str
    title: str
    source: str
    summary: str
    function: Rule
    counts_steps: bool
    state: Mapping[str, Any]
    hyperparameters: Mapping[str, Parameter]

    def check(self, values: Mapping[str, object]) -> dict[str, float]:
        """Return all hyperparameters, checked, with defaults for those not given; raises ValueError."""
        return check_values(self.hyperparameters, values, self.name)

    def bind(self, hyperparameters: Mapping[str, float]) -> Rule:
        """Return the rule with its hyperparameters fixed."""
        return partial(self.function, **hyperparameters)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the textbook function itself."""
        return self.function(*args, **kwargs)


def optimizer(title: str, *, source: str = "") -> Callable[[Rule], Optimizer]:
    """Declare a function as an optimizer; see :class:`Optimizer` for the signature's form.

    Raises:
        TypeError: the signature is not of that form; the text says what is wrong.
    """

    def declare(function: Rule) -> Optimizer:
        name = getattr(function, "__name__", "rule")
        arguments = list(inspect.signature(function).parameters.values())
        positional = [a for a in arguments if a.kind is a.POSITIONAL_OR_KEYWORD]
        keywords = [a for a in arguments if a.kind is a.KEYWORD_ONLY]
        if [a.name for a in positional[:2]] != ["x", "f"] or len(positional) + len(keywords) != len(arguments):
            raise TypeError(f"{name} must be written as {name}(x, f, [t,] state=…, *, hyperparameter=…)")
        counts_steps = len(positional) > 2 and positional[2].name == "t"
        carried = positional[3 if counts_steps else 2 :]
        for argument in (*carried, *keywords):
            if argument.default is argument.empty:
                raise TypeError(f"{name}: {argument.name} needs an initial value")
        return Optimizer(
            name=name,
            title=title,
            source=source,
            summary=(inspect.getdoc(function) or "").partition("\n")[0],
            function=function,
            counts_steps=counts_steps,
            state={a.name: a.default for a in carried},
            hyperparameters={
                a.name: a.default if isinstance(a.default, Parameter) else Parameter(a.default) for a in keywords
            },
        )

    return declare
