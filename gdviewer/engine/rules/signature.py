"""Signatures of textbook functions, which declare state and parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.rules.parameter import Declared, declared


@dataclass(frozen=True)
class Signature:
    """The declarations of the signature of a textbook function.

    Attributes:
        name: the name of the function; summary: the first line of its docstring.
        asks: the names of the optional leading arguments that it has.
        state: the state by name, with the initial values.
        parameters: the keyword-only arguments.
    """

    name: str
    summary: str
    asks: tuple[str, ...]
    state: Mapping[str, Any]
    parameters: Mapping[str, Declared]


def read_signature(function: Callable[..., Any], given: Sequence[str], optional: str, what: str) -> Signature:
    """Read ``name(given…, [optional,] state=…, *, parameter=…)``.

    Args:
        function: the function.
        given: the names of the leading arguments.
        optional: the name of an optional argument after them.
        what: the name of a parameter in error messages.

    Raises:
        TypeError: the signature does not have this form.
    """
    name = getattr(function, "__name__", "rule")
    arguments = list(inspect.signature(function).parameters.values())
    positional = [a for a in arguments if a.kind is a.POSITIONAL_OR_KEYWORD]
    keywords = [a for a in arguments if a.kind is a.KEYWORD_ONLY]
    if [a.name for a in positional[: len(given)]] != list(given) or len(positional) + len(keywords) != len(arguments):
        raise TypeError(f"{name} must be written as {name}({', '.join(given)}, [{optional},] state=…, *, {what}=…)")
    carried = positional[len(given) :]
    asks = (optional,) if carried and carried[0].name == optional else ()
    carried = carried[len(asks) :]
    for argument in (*carried, *keywords):
        if argument.default is argument.empty:
            raise TypeError(f"{name}: {argument.name} needs an initial value")
    for argument in carried:
        try:
            np.asarray(argument.default, dtype=float)
        except (TypeError, ValueError):
            raise TypeError(
                f"{name}: {argument.name} must begin as a number or an array of numbers; got {argument.default!r}"
            ) from None
    return Signature(
        name=name,
        summary=(inspect.getdoc(function) or "").partition("\n")[0],
        asks=asks,
        state={a.name: a.default for a in carried},
        parameters={a.name: _declared(name, a) for a in keywords},
    )


def _declared(name: str, argument: inspect.Parameter) -> Declared:
    try:
        declaration = declared(argument.default)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"{name}: {argument.name} must be a number, yes or no, or declared by Choice(…) or Numbers(…); "
            f"got {argument.default!r}"
        ) from None
    try:
        declaration.check(argument.name, argument.default)
    except ValueError as error:
        raise TypeError(f"{name}: the default of {error}") from None
    return declaration
