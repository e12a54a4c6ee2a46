"""A user's rule read from the syntax tree of its text, which is not executed before the rule is called."""

from __future__ import annotations

import ast
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gdviewer import optimizers
from gdviewer.engine.rules import parameter
from gdviewer.engine.rules.function_source import SourceFunction
from gdviewer.engine.rules.optimizer import Optimizer, optimizer, undeclared
from gdviewer.engine.rules.parameter import Declared

_CATALOGUE = optimizers.__name__ + "."
_DECLARATIONS = ("Parameter", "Switch", "Choice", "Numbers", "rate", "decay", "tiny", "small", "count")
_ARRAYS: Mapping[str, Callable[..., Any]] = {"array": np.array, "zeros": np.zeros, "ones": np.ones, "full": np.full}
_CONSTANTS = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e}
_MODULES = ("np", "numpy", "math")
_MOST_NUMBERS = 10_000  # of an array that a rule begins with
_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: float(a) ** b,
}  # fmt: skip


class RuleText(SourceFunction):
    """A rule by its text, in which the names that declare hyperparameters are known without an import."""

    def namespace(self) -> dict[str, Any]:
        return known_names()


def known_names() -> dict[str, Any]:
    """Return the names that a user's text may use without an import."""
    return {"np": np, "optimizer": optimizer} | {name: getattr(parameter, name) for name in _DECLARATIONS}


def read_rule(text: str, name: str) -> Optimizer:
    """Return a rule of a text without executing anything of it.

    Its signature is read from the syntax tree. Initial values and hyperparameters may be numbers, texts, lists, simple
    arithmetic, constants that stand in the text before, arrays such as ``np.zeros(3)``, and declarations such as
    ``rate(0.1)``.

    Raises:
        ValueError: the text is not Python, has no such function, or an argument's value is not of this kind.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the text of {name} is not Python: {error}") from None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        raise ValueError(f"the text defines no function {name}")
    node = found[-1]
    known = _constants(tree, before=node)
    function: Any = RuleText(text, name)
    function.__signature__ = _signature(node, known)
    function.__doc__ = ast.get_docstring(node)
    try:
        declare = _declaration(node, known) or undeclared
        rule = declare(function)
    except TypeError as error:
        raise ValueError(str(error)) from None
    return as_yours(replace(rule, broadcasts=False, source_function=function))


def as_yours(rule: Optimizer) -> Optimizer:
    """A rule of the user's whose title tells so where the catalogue has one of that name or title."""
    known = optimizers.catalogue()
    taken = rule.name in known or any(rule.title == other.title for other in known.values())
    return replace(rule, title=f"{rule.title} (yours)") if taken else rule


def _declaration(node: ast.FunctionDef, known: Mapping[str, Any]) -> Callable[[Any], Optimizer] | None:
    """Return what ``@optimizer(…)`` makes of a function; None where it is not declared so."""
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="optimizer"), args=args, keywords=keywords):
                options = {str(k.arg): _value(k.value, known, "optimizer") for k in keywords}
                return optimizer(*(_value(arg, known, "optimizer") for arg in args), **options)
        raise ValueError(f"{node.name} has a decorator other than @optimizer(…)")
    return None


def _signature(node: ast.FunctionDef, known: Mapping[str, Any]) -> inspect.Signature:
    given, kinds = node.args, inspect.Parameter
    positional = [*given.posonlyargs, *given.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults))
    arguments: list[tuple[ast.arg, ast.expr | None, Any]] = [
        (argument, default, kinds.POSITIONAL_ONLY if argument in given.posonlyargs else kinds.POSITIONAL_OR_KEYWORD)
        for argument, default in zip(positional, [*missing, *given.defaults], strict=True)
    ]
    arguments += [(given.vararg, None, kinds.VAR_POSITIONAL)] if given.vararg else []
    arguments += [(a, d, kinds.KEYWORD_ONLY) for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    arguments += [(given.kwarg, None, kinds.VAR_KEYWORD)] if given.kwarg else []
    return inspect.Signature(
        [
            kinds(argument.arg, kind, default=kinds.empty if d is None else _value(d, known, argument.arg))
            for argument, d, kind in arguments
        ]
    )


def _constants(tree: ast.Module, before: ast.stmt) -> dict[str, Any]:
    """Return the names that are set to plain values above a function, and those that declare hyperparameters."""
    known: dict[str, Any] = {name: getattr(parameter, name) for name in _DECLARATIONS}
    for node in tree.body:
        if node is before:
            break
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.startswith(_CATALOGUE):
                optimizers.catalogue()  # loads the modules
                for alias in names:
                    known[alias.asname or alias.name] = getattr(sys.modules.get(module), alias.name, None)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                try:
                    known[name] = _value(value, known, name)
                except ValueError:
                    known.pop(name, None)
    return known


def _value(node: ast.expr, known: Mapping[str, Any], owner: str) -> Any:
    """Return the value of an expression of plain values and declarations.

    Raises:
        ValueError: it is made of something else; the text begins with ``owner``.
    """
    try:
        return _plain(node, known)
    except (TypeError, ValueError, ArithmeticError, RecursionError, AttributeError) as error:
        reason = f": {error}" if str(error) else ""
        raise ValueError(f"{owner}: {ast.unparse(node)[:80]} can't be read without executing it{reason}") from None


def _plain(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=name) if name in known and not callable(known[name]):
            return known[name]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES and name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_number(left, known), _number(right, known))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_plain(part, known) for part in parts)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if callable(known.get(name)):
            made = known[name](*_all(args, known), **_named(keywords, known))
            if isinstance(made, Declared):
                return made
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args) if name in _ARRAYS:
            return _array(name, _all(args, known))
    raise ValueError


def _number(node: ast.expr, known: Mapping[str, Any]) -> float:
    value = _plain(node, known)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e300:
        raise ValueError
    return value


def _all(args: list[ast.expr], known: Mapping[str, Any]) -> list[Any]:
    return [_plain(arg, known) for arg in args]


def _named(keywords: list[ast.keyword], known: Mapping[str, Any]) -> dict[str, Any]:
    if any(keyword.arg is None for keyword in keywords):
        raise ValueError
    return {str(keyword.arg): _plain(keyword.value, known) for keyword in keywords}


def _array(name: str, args: list[Any]) -> Any:
    if name != "array" and args and np.prod(args[0], dtype=float) > _MOST_NUMBERS:
        raise ValueError(f"an array of at most {_MOST_NUMBERS:,} numbers can be read")
    return _ARRAYS[name](*args)
