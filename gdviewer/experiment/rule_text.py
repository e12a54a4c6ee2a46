"""Reading of a user's rule from the syntax tree of its source, which is executed only when the rule is called."""

from __future__ import annotations

import ast
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from gdviewer import optimizers
from gdviewer.engine.rules import optimizer as optimizer_module
from gdviewer.engine.rules import parameter
from gdviewer.engine.rules.function_source import SourceFunction
from gdviewer.engine.rules.optimizer import Optimizer, optimizer, undeclared
from gdviewer.engine.rules.parameter import Declared

_CATALOGUE = optimizers.__name__ + "."
_DECLARATIONS = ("Parameter", "Switch", "Choice", "Numbers", "rate", "decay", "tiny", "small", "count")
_ARRAYS: Mapping[str, tuple[Callable[..., Any], int]] = {  # with the number of arguments
    "array": (np.array, 1), "zeros": (np.zeros, 1), "ones": (np.ones, 1), "full": (np.full, 2),
}  # fmt: skip
_CONSTANTS = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e}
_MAX_NUMBERS = 10_000  # in an array that is an initial value
_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b, ast.Pow: lambda a, b: (a if isinstance(b, int) and 0 <= b <= 64 else float(a)) ** b,
}  # fmt: skip


class RuleText(SourceFunction):
    """The source of a rule, which may use the names that declare hyperparameters without an import."""

    def namespace(self) -> dict[str, Any]:
        return known_names()


def known_names() -> dict[str, Any]:
    """Return the names that a user's source may use without an import, with their values."""
    return {"np": np, "optimizer": optimizer} | {name: getattr(parameter, name) for name in _DECLARATIONS}


def read_rule(text: str, name: str) -> Optimizer:
    """Return the rule that a source defines, without executing the source.

    The signature is read from the syntax tree. Initial values and hyperparameters may be numbers, strings, lists,
    simple arithmetic, constants defined above the function, arrays such as ``np.zeros(3)``, and declarations such as
    ``rate(0.1)``.

    Raises:
        ValueError: the source is not Python, it does not define the function, or the value of an argument is of
            another kind.
    """
    tree = _tree(text, name)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        raise ValueError(f"the source defines no function {name}")
    node = found[-1]
    known = _constants(tree, before=node)
    function: Any = RuleText(text, name)
    function.__signature__ = _signature(node, known)
    function.__doc__ = ast.get_docstring(node)
    try:
        declare = _declaration(node, known) or undeclared
        rule = declare(function)
        if not all(isinstance(words, str) for words in (rule.title, rule.summary, rule.source)):
            raise TypeError(f"{name}: title, summary and source must be strings")
    except TypeError as error:
        raise ValueError(str(error)) from None
    return as_yours(replace(rule, broadcasts=False, source_function=function))


def read_function(text: str, name: str) -> SourceFunction:
    """Return the function that a source defines, without executing the source.

    Raises:
        ValueError: the source is not Python, or it does not define the name.
    """
    if name not in {bound for node in _tree(text, name).body for bound in _bound_names(node)}:
        raise ValueError(f"the source defines no function {name}")
    return SourceFunction(text, name)


def _tree(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"the source of {name} is not valid Python: {error}") from None


def as_yours(rule: Optimizer) -> Optimizer:
    """Return a rule whose title ends with "(yours)" if the catalogue has a rule of that name or title."""
    known = optimizers.catalogue()
    taken = rule.name in known or any(rule.title == other.title for other in known.values())
    return replace(rule, title=f"{rule.title} (yours)") if taken else rule


def _declaration(node: ast.FunctionDef, known: Mapping[str, Any]) -> Callable[[Any], Optimizer] | None:
    """Return the decorator ``@optimizer(…)`` of a function; None if it has no decorator."""
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if known.get(name) is optimizer:
                options = {str(k.arg): _value(k.value, known, "optimizer") for k in keywords}
                declare: Callable[[Any], Optimizer] = optimizer(
                    *(_value(arg, known, "optimizer") for arg in args), **options
                )
                return declare
        raise ValueError(f"{node.name} has a decorator other than @optimizer(…); remove it")
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
    """Return the names above a function that are bound to plain values or to declarations of hyperparameters.

    A name that is bound in another way is left out or None, as its value is not known.
    """
    known = known_names()
    for node in tree.body:
        if node is before:
            break
        match node:
            case ast.Import(names=names) if all(alias.name in ("numpy", "math") for alias in names):
                known |= {alias.asname or alias.name: sys.modules[alias.name] for alias in names}
            case ast.ImportFrom(module=str(name), names=names, level=0):
                optimizers.catalogue()  # imports the modules of the catalogue
                module = sys.modules.get(name) if _is_known(name) else None
                for alias in names:
                    value = getattr(module, alias.name, None)
                    known[alias.asname or alias.name] = value if _is_read(value) else None
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                try:
                    known[name] = _value(value, known, name)
                except ValueError:
                    known.pop(name, None)
            case _:
                for name in _bound_names(node):
                    known.pop(name, None)
    return known


def _is_known(module: str) -> bool:
    """Return True if a module declares names for rules; old sources may use its old name."""
    return module.startswith(_CATALOGUE) or _is_module(
        sys.modules.get(module), np, math, optimizers, parameter, optimizer_module
    )


def _is_read(value: object) -> bool:
    """Return True if an imported object is a constant or declares a hyperparameter or a rule."""
    if isinstance(value, (int, float, str)) or value is optimizer:
        return True
    try:
        return next(iter(inspect.signature(value).parameters), "") == "default"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    """Yield all names that a statement may bind or delete; there may be others among them."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]


def _value(node: ast.expr, known: Mapping[str, Any], owner: str) -> Any:
    """Return the value of an expression that consists of plain values and declarations.

    Raises:
        ValueError: the expression has other parts; the message begins with ``owner``.
    """
    try:
        return _plain(node, known)
    except (TypeError, ValueError, ArithmeticError, RecursionError, AttributeError, LookupError) as error:
        reason = f": {error}" if str(error) else ""
    try:
        written = ast.unparse(node)[:80]
    except RecursionError:
        written = "a long expression"
    raise ValueError(f"{owner}: {written} can't be read without executing it{reason}")


def _plain(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.Name(id=name) if isinstance(known.get(name), (int, float, str, tuple, list, np.ndarray)):
            return known[name]
        case ast.Tuple(elts=parts):
            return tuple(_all(parts, known))
        case ast.List(elts=parts):
            return _all(parts, known)
        case ast.UnaryOp() | ast.BinOp():
            return _result(node, known)
        case ast.Attribute(value=ast.Name(id=name), attr=constant) if _is_module(known.get(name), np, math):
            if constant in _CONSTANTS:
                return _CONSTANTS[constant]
        case ast.Call():
            return _made(node, known)
    raise ValueError


def _result(node: ast.expr, known: Mapping[str, Any]) -> float:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, known)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand, known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_number(left, known), _number(right, known))
    raise ValueError


def _made(node: ast.Call, known: Mapping[str, Any]) -> Any:
    """Return the declaration or the array that a call creates."""
    match node.func:
        case ast.Name(id=name) if callable(known.get(name)):
            made = known[name](*_all(node.args, known), **_named(node.keywords, known))
            if isinstance(made, Declared):
                return made
        case ast.Attribute(value=ast.Name(id=name), attr=make) if _is_module(known.get(name), np) and make in _ARRAYS:
            return _array(make, _all(node.args, known), *map(ast.unparse, node.keywords))
    raise ValueError


def _is_module(value: object, *modules: ModuleType) -> bool:
    return any(value is module for module in modules)


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


def _array(name: str, args: list[Any], *options: str) -> Any:
    make, count = _ARRAYS[name]
    if len(args) != count or options not in ((), ("dtype=float",)):
        raise ValueError
    if name != "array" and np.prod(args[0], dtype=float) > _MAX_NUMBERS:
        raise ValueError(f"an array of at most {_MAX_NUMBERS:,} numbers can be read")
    return make(*args, dtype=float) if options else make(*args)
