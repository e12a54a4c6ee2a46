"""What makes a textbook function an optimizer: everything is read off its signature and its declaration."""

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
    """A rule that turns a point into the next one, with what its signature declares.

    The function is called as ``function(x, f, [t,] *state, **hyperparameters)`` and returns the next point, or a tuple
    of the next point and the next state. ``x`` is a float64 array of shape ``(n,)``; ``f`` is the oracle
    (:class:`gdviewer.engine.rules.oracle.Oracle`); ``t`` is the number of the step, from 1, handed over only where the
    function asks for it; the state's initial values are the defaults of the positional arguments; the hyperparameters
    are the keyword-only ones. Point, gradient and state go into the record as they are and are handed over read-only:
    ``x = x - …``, not ``x -= …``.

    Two are equal if their functions are: as the same function, or by the source of the user's own.

    Attributes:
        broadcasts: whether it steps many points, shape ``(…, n)``, as it steps each of them.
        source_function: the function by its source text, for a rule of the user's that was read from one.
        needs: what it asks the oracle for that not every problem has: names out of ``NEEDS``. A run on a problem
            without it is refused before it begins; one whose rule does not declare what it needs ends where it asks.
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
        """Pickle a rule of the catalogue by where it is declared, and one of the user's by its source."""
        if self.built_in:
            return declared_in, (self.function.__module__, self.function.__name__)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        with suppress(ValueError):
            values["function"] = self.source_function or source_of(self.function)
        return Optimizer, tuple(values.values())

    @property
    def built_in(self) -> bool:
        """Whether it is of the catalogue, and not the user's."""
        module: str = getattr(self.function, "__globals__", {}).get(
            "__name__", ""
        )  # which functools.wraps does not copy
        return module.startswith("gdviewer.")

    def check(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return all hyperparameters, checked, with defaults for those not given; raises ValueError."""
        return check_values(self.hyperparameters, values, self.name)

    def lacks(self, problem: Minimisable) -> str:
        """What this optimizer needs and the problem lacks: ``needs the Hessian, …``; empty where it has all."""
        has = {"hessian": problem.has_hessian, "lowest": problem.lowest is not None}
        missing = [need for need in self.needs if not has[need]]
        return lacks_text(missing) if missing else ""

    def bind(self, hyperparameters: Mapping[str, Any]) -> Rule:
        """Return the rule with its hyperparameters fixed."""
        return partial(self.function, **hyperparameters)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the textbook function itself."""
        return self.function(*args, **kwargs)


def declared_in(module: str, name: str) -> Any:
    """Return what is declared under a name in a module."""
    return getattr(import_module(module), name)


def read_only(initial: Any) -> Any:
    """A state that a rule can't change for all runs to come: a copy of an array, or what it is."""
    if isinstance(initial, np.ndarray):
        initial = initial.copy()
        initial.setflags(write=False)
    return initial


def optimizer(
    title: str, summary: str = "", *, source: str = "", broadcasts: bool = True, needs: Sequence[str] = ()
) -> Callable[[Rule], Optimizer]:
    """Declare a function as an optimizer; see :class:`Optimizer` for the signature's form.

    Args:
        summary: a sentence on what it does; the first line of the function's docstring where it is empty.
        broadcasts: False for a rule that is not elementwise: it steps one point of shape (n,).
        needs: ``"hessian"``, ``"lowest"``, or both, for a rule that asks for them on every problem.

    Raises:
        TypeError: the signature is not of that form, or there is no such need; the text says what is wrong.
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
    """A function of the textbook form without ``@optimizer`` as an optimizer: its title is its name in words.

    It is taken for one that steps one point at a time.

    Raises:
        TypeError: the signature is not of that form; the text says what is wrong.
    """
    name = getattr(function, "__name__", "rule")
    return optimizer(name.replace("_", " ").strip().capitalize() or name, broadcasts=False)(function)
