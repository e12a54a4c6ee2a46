"""Python functions by their source text, so that they compare, are stored and are sent by content."""

from __future__ import annotations

import ast
import dis
import inspect
import itertools
import linecache
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

_DECLARATIONS = __name__.rpartition(".")[0]  # the package that has what a rule is declared with
_MODULES = "numpy", "math"
_LAMBDA = "function"  # the name under which a lambda stands in its text
_numbers = itertools.count(1)
_known: WeakKeyDictionary[Any, SourceFunction | str] = WeakKeyDictionary()


class SourceFunction:
    """A function that is given by a text. The text is executed when the function is first called, and not before.

    Two are equal if their texts and names are.

    Args:
        text: a module that defines the function, with the imports it needs.
        name: the function's name in it.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.__name__ = "<lambda>" if name == _LAMBDA else name
        self.__module__ = "source"

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function itself; what executing the text raises is raised here."""
        file = f"<{self.name}, source {next(_numbers)}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(keepends=True), file)
        namespace = self.namespace() | {"__name__": "source", "__file__": file}
        exec(compile(self.text, file, "exec", dont_inherit=True, optimize=0), namespace)  # noqa: S102 - the user's own
        if self.name not in namespace:
            raise NameError(f"the text defines no {self.name}")
        found = namespace[self.name]
        function: Callable[..., Any] = getattr(found, "function", found)  # a declared rule has its function inside
        return function

    def namespace(self) -> dict[str, Any]:
        """Names that the text may use without an import."""
        return {}

    @property
    def __code__(self) -> CodeType:
        code: CodeType = self.function.__code__
        return code

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SourceFunction):
            return NotImplemented
        return (self.text, self.name) == (other.text, other.name)

    def __hash__(self) -> int:
        return hash((self.text, self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text, self.name)


def source_of(function: Any) -> SourceFunction:
    """Return a function by its source.

    It must be a ``def`` or ``lambda`` whose source :mod:`inspect` finds, and need nothing but NumPy, :mod:`math`,
    Python's built-in functions, numbers and texts of its module, and what a rule is declared with.

    Raises:
        ValueError: it is not of that kind; the text names the function and the reason.
    """
    if isinstance(function, SourceFunction):
        return function
    try:
        found = _known.get(function)
    except TypeError:  # no weak reference to it, or not hashable
        found = None
    if found is None:
        try:
            found = _read(function)
        except ValueError as error:
            found = str(error)
        with suppress(TypeError):
            _known[function] = found
    if isinstance(found, str):
        raise ValueError(found)
    return found


def content_of(function: Any) -> Any:
    """Return what a function is compared by: its source where it has one of its own, else the function itself."""
    if function is None or isinstance(function, bool):
        return function
    try:
        return source_of(function)
    except ValueError:
        return function


def _read(function: Any) -> SourceFunction:
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, FunctionType):
        raise ValueError(f"{name} is not a function written in Python, so it has no source to store")
    if free := function.__code__.co_freevars:
        raise ValueError(f"{name} uses {', '.join(free)} of the function it is defined in")
    try:
        lines, _ = inspect.findsource(function)
        text = "".join(lines)
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError, ValueError):
        raise ValueError(f"the source of {name} is not to be found") from None
    node = _definition(tree, function)
    if node is None:
        raise ValueError(f"the source of {name} is not to be found")
    head = dict.fromkeys(_imports(node, function))
    rows = text.splitlines()[_first_line(node) - 1 : node.end_lineno]
    if isinstance(node, ast.Lambda):
        body = f"{_LAMBDA} = ({ast.get_source_segment(text, node)})"
        name = _LAMBDA
    else:
        body = inspect.cleandoc("\n" + "\n".join(rows)) if node.col_offset else "\n".join(rows)
    parts = ["from __future__ import annotations"] if isinstance(node, ast.FunctionDef) and _annotated(node) else []
    before = "\n".join([*parts, *head])
    return SourceFunction(f"{before}\n\n\n{body}\n" if before else f"{body}\n", name)


def _first_line(node: ast.FunctionDef | ast.Lambda) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _definition(tree: ast.Module, function: FunctionType) -> ast.FunctionDef | ast.Lambda | None:
    """Return the node that defines a function; None where it is not there, or where two may."""
    line, wanted = function.__code__.co_firstlineno, ast.Lambda if function.__name__ == "<lambda>" else ast.FunctionDef
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda | ast.FunctionDef) and isinstance(node, wanted) and _first_line(node) == line
    ]
    if wanted is ast.Lambda and len(found) > 1:  # the bytecode knows the columns of the expression
        places = set(function.__code__.co_positions())
        found = [node for node in found if _place(node) in places]
    return found[0] if len(found) == 1 else None


def _place(node: ast.FunctionDef | ast.Lambda) -> tuple[int | None, ...]:
    body: Any = node.body
    return body.lineno, body.end_lineno, body.col_offset, body.end_col_offset


def _annotated(node: ast.FunctionDef) -> bool:
    return any(getattr(part, "annotation", None) or getattr(part, "returns", None) for part in ast.walk(node))


def _imports(node: ast.FunctionDef | ast.Lambda, function: FunctionType) -> Iterator[str]:
    """Yield the lines that define the names which a function takes from its module."""
    name, known = function.__name__, function.__globals__
    around: list[ast.expr] = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    around += node.decorator_list if isinstance(node, ast.FunctionDef) else []
    used = {part.id for outer in around for part in ast.walk(outer) if isinstance(part, ast.Name)}
    used |= set(_names_of_module(function.__code__, name))
    if name in used:
        raise ValueError(f"{name} calls itself")
    for each in sorted(used & known.keys()):
        yield _import(each, known[each], name)


def _names_of_module(code: CodeType, owner: str) -> Iterator[str]:
    """Yield the global names that compiled code reads, that of functions inside it as well."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
        elif step.opname == "STORE_GLOBAL":
            raise ValueError(f"{owner} sets {step.argval} of its module")
        elif step.opname == "IMPORT_NAME" and step.argval.partition(".")[0] not in _MODULES:
            raise ValueError(f"{owner} imports {step.argval}, which is neither NumPy nor math")
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_of_module(part, owner)


def _import(name: str, value: Any, owner: str) -> str:
    if isinstance(value, ModuleType) and value.__name__.partition(".")[0] in _MODULES:
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    if type(value) in (int, float, bool, str) and not (isinstance(value, float) and not math.isfinite(value)):
        return f"{name} = {value!r}"
    origin = getattr(value, "__name__", "")
    alias = f" as {name}" if origin != name else ""
    for module in (np, math):
        if origin and getattr(module, origin, None) is value:
            return f"from {module.__name__} import {origin}{alias}"
    home = getattr(value, "__module__", None) or ""
    if origin and home.startswith(_DECLARATIONS + "."):
        return f"from {home} import {origin}{alias}"
    raise ValueError(f"{owner} uses {name}, which is neither of NumPy nor of math")
