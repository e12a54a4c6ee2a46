"""Optimizers: functions of the textbook form, described by their signature and their declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, partial
from importlib import import_module
from typing import Any

import numpy as np

from gdviewer.engine.rules.function_source import SourceFunction, content_of, source_of
from gdviewer.engine.rules.oracle import NEEDS, Minimisable, lacks_text
from gdviewer.engine.rules.parameter import Declared, check_values
from gdviewer.engine.rules.signature import read_signature

Rule = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Optimizer:
    """A rule that computes the next point, with the declarations of its signature.

    The function is called as ``function(x, f, [t,] *state, **hyperparameters)`` and returns the next point, or a tuple
    of the next point and the next state. ``x`` is a float64 array of shape ``(n,)``. ``f`` is the oracle
    (:class:`gdviewer.engine.rules.oracle.Oracle`). ``t`` is the number of the step, from 1, passed only if the function
    has this argument. The defaults of the positional arguments are the initial state, and the keyword-only arguments
    are the hyperparameters. Point, gradient and state are recorded as they are, so they are read-only: write
    ``x = x - …``, not ``x -= …``.

    Two optimizers are equal if their functions are the same, or for user rules if their sources are equal.

    Attributes:
        name: the name; title: the name on the screen; source: the reference; summary: a sentence.
        function: the rule.
        counts_steps: True if the function has the argument ``t``.
        broadcasts: True if it can step many points, shape ``(…, n)``, in one call.
        needs: names in ``NEEDS`` of properties that not every problem has. A run on a problem without them is refused.
            A rule that does not declare its needs stops when it uses them.
        state: the initial state by name; hyperparameters: the declarations by name.
        source_function: the function by its source, for a user rule that was read from one.
    """

    name: str
    title: str
    source: str
    summary: str
    function: Rule
    counts_steps: bool
    broadcasts: bool
    needs: tuple[str, ...]
    state: Mapping[str, Any]
    hyperparameters: Mapping[str, Declared]
    source_function: SourceFunction | None = None

    @cached_property
    def _content(self) -> tuple[object, ...]:
        function = self.function if self.built_in else self.source_function or content_of(self.function)
        return self.name, self.title, self.broadcasts, self.needs, function

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Optimizer):
            return NotImplemented
        return self is other or self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a rule of the catalogue by its module and name, a user rule by its source."""
        if self.built_in:
            return declared_in, (self.function.__module__, self.function.__name__)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        with suppress(ValueError):
            values["function"] = self.source_function or source_of(self.function)
        return Optimizer, tuple(values.values())

    @property
    def built_in(self) -> bool:
        """True for an optimizer of the catalogue."""
        # functools.wraps does not copy __globals__
        module: str = getattr(self.function, "__globals__", {}).get("__name__", "")
        return module.startswith("gdviewer.")

    def check(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return all hyperparameters, checked, with defaults for those not given.

        Raises:
            ValueError: a name is unknown or a value is out of range.
        """
        return check_values(self.hyperparameters, values, self.name)

    def lacks(self, problem: Minimisable) -> str:
        """Return a text on needs that the problem does not meet, ``needs the Hessian, …``; empty if it meets all."""
        has = {"hessian": problem.has_hessian, "lowest": problem.lowest is not None}
        missing = [need for need in self.needs if not has[need]]
        return lacks_text(missing) if missing else ""

    def bind(self, hyperparameters: Mapping[str, Any]) -> Rule:
        """Return the rule with bound hyperparameters."""
        return partial(self.function, **hyperparameters)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)


def declared_in(module: str, name: str) -> Any:
    """Return the object with a name in a module."""
    return getattr(import_module(module), name)


def read_only(initial: Any) -> Any:
    """Return a read-only copy of an array, so that a rule can't change the initial state of later runs."""
    if isinstance(initial, np.ndarray):
        initial = initial.copy()
        initial.setflags(write=False)
    return initial


def optimizer(
    title: str, summary: str = "", *, source: str = "", broadcasts: bool = True, needs: Sequence[str] = ()
) -> Callable[[Rule], Optimizer]:
    """Declare a function as an optimizer; see :class:`Optimizer` for the form of the signature.

    Args:
        title: the name on the screen.
        summary: a sentence; by default the first line of the docstring of the function.
        source: the reference.
        broadcasts: False for a rule that is not elementwise: it steps one point of shape (n,).
        needs: ``"hessian"``, ``"lowest"``, or both, for a rule that always needs them.

    Raises:
        TypeError: the signature does not have this form, or a need is unknown.
    """
    for need in needs:
        if need not in NEEDS:
            raise TypeError(f"needs must be among {', '.join(NEEDS)}; got {need!r}")

    def declare(function: Rule) -> Optimizer:
        signature = read_signature(function, ("x", "f"), "t", "hyperparameter")
        return Optimizer(
            name=signature.name,
            title=title,
            source=source,
            summary=summary or signature.summary,
            function=function,
            counts_steps=bool(signature.asks),
            broadcasts=broadcasts,
            needs=tuple(needs),
            state=signature.state,
            hyperparameters=signature.parameters,
        )

    return declare


def undeclared(function: Rule) -> Optimizer:
    """Return an optimizer for a function of the textbook form without ``@optimizer``; its title is its name in words.

    The function steps one point at a time.

    Raises:
        TypeError: the signature does not have the textbook form.
    """
    name = getattr(function, "__name__", "rule")
    return optimizer(name.replace("_", " ").strip().capitalize() or name, broadcasts=False)(function)
