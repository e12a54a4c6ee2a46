"""Python functions by their source, so that they are compared, stored and pickled by content."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import itertools
import linecache
import math
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

_DECLARATIONS = __name__.rpartition(".")[0]  # the package with the declarations of rules
_MODULES = "numpy", "math"
_LAMBDA = "function"  # the name of a lambda in its text
_FUTURE = 0xFF << 17  # the flags of `from __future__ import …` in compiled code
_numbers = itertools.count(1)
# The source of each function, with the code, the defaults and the values of its module that it was read from.
_known: WeakKeyDictionary[FunctionType, tuple[list[Any], SourceFunction | str]] = WeakKeyDictionary()


class SourceFunction:
    """A function defined by a text, which is executed when the function is first called.

    Two are equal if their texts and names are equal.

    Args:
        text: a module that defines the function, with its imports.
        name: the name of the function in it.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.__name__ = "<lambda>" if name == _LAMBDA else name
        self.__module__ = "source"

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function; exceptions of the text are raised here."""
        file = f"<{self.name}, source {next(_numbers)}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(keepends=True), file)
        namespace = self.namespace() | {"__name__": "source", "__file__": file}
        exec(compile(self.text, file, "exec", dont_inherit=True, optimize=0), namespace)  # noqa: S102 - user code
        if self.name not in namespace:
            raise NameError(f"the text defines no {self.name}")
        found = namespace[self.name]
        function: Callable[..., Any] = getattr(found, "function", found)  # a declared rule contains its function
        return function

    def namespace(self) -> dict[str, Any]:
        """Return names that the text can use without an import."""
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

    It must be a ``def`` or ``lambda`` whose source :mod:`inspect` finds. It can only use NumPy, :mod:`math`, built-in
    functions, numbers and texts of its module, and declarations of rules.

    Raises:
        ValueError: the function is not of this kind; the message has its name and the reason.
    """
    if isinstance(function, SourceFunction):
        return function
    if not isinstance(function, FunctionType):
        name = getattr(function, "__name__", type(function).__name__)
        raise ValueError(f"{name} is not a function written in Python, so it has no source to store")
    dependencies = _dependencies(function)
    before, found = _known.get(function, ([], ""))
    if len(before) != len(dependencies) or any(
        one is not other for one, other in zip(before, dependencies, strict=True)
    ):
        try:
            found = _read(function)
        except ValueError as error:
            found = str(error)
        _known[function] = dependencies, found
    if isinstance(found, str):
        raise ValueError(found)
    return found


def content_of(function: Any) -> Any:
    """Return the object by which a function is compared: its source if possible, otherwise the function itself."""
    if function is None or isinstance(function, bool):
        return function
    try:
        return source_of(function)
    except ValueError:
        return function


def _dependencies(function: FunctionType) -> list[Any]:
    """Return the objects from which the source of a function is read, to detect changes."""
    names = (name for code in _codes(function.__code__) for name in code.co_names)
    named = [function.__globals__.get(name) for name in names]
    named = [None if value is function else value for value in named]  # a reference to itself would keep it alive
    return [function.__code__, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *named]


def _read(function: FunctionType) -> SourceFunction:
    name = function.__name__
    if free := function.__code__.co_freevars:
        raise ValueError(f"{name} uses {', '.join(free)} of the function it is defined in")
    try:
        lines, _ = inspect.findsource(function)
        tree = ast.parse("".join(lines))
        node = _definition(tree, function)
    except (OSError, TypeError, SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"the source of {name} can't be found") from None
    head = list(dict.fromkeys(_imports(node, function)))
    if isinstance(node, ast.Lambda):
        body = f"{_LAMBDA} = ({ast.get_source_segment(''.join(lines), node)})"
    else:
        rows = "".join(lines[_first_line(node) - 1 : node.end_lineno])
        body = inspect.cleandoc("\n" + rows) if node.col_offset else rows.rstrip()
    parts = ["from __future__ import annotations"] if isinstance(node, ast.FunctionDef) and _annotated(node) else []
    before = "\n".join([*parts, *head])
    _check_text(body, node, name)
    _check_defaults(before, node, function)
    defined = _LAMBDA if isinstance(node, ast.Lambda) else node.name
    return SourceFunction(f"{before}\n\n\n{body}\n" if before else f"{body}\n", defined)


def _check_text(body: str, node: ast.FunctionDef | ast.Lambda, name: str) -> None:
    """Raise ValueError if the lines of a definition have another meaning by themselves."""
    try:
        (alone,) = ast.parse(body).body
    except (SyntaxError, ValueError):
        alone = ast.Pass()
    if ast.dump(alone.value if isinstance(alone, ast.Assign) else alone) != ast.dump(node):
        raise ValueError(f"the source of {name} can't be separated from the code around it")


def _check_defaults(head: str, node: ast.FunctionDef | ast.Lambda, function: FunctionType) -> None:
    """Raise ValueError if the text of a default now gives another value, such as ``k=k`` in a loop."""
    given = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    texts = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    namespace: dict[str, Any] = {}
    try:
        exec(head, namespace)  # noqa: S102 - imports and constants, written above
        found = [eval(compile(ast.Expression(part), "<default>", "eval"), namespace) for part in texts]  # noqa: S307
    except Exception:
        found = []
    if len(found) != len(given) or not all(map(_alike, found, given)):
        raise ValueError(f"{function.__name__} has defaults that its source does not give")


def _alike(one: Any, other: Any) -> bool:
    """Return True if two values have the same type and content, including the declarations."""
    if type(one) is not type(other) or getattr(one, "__dict__", None) != getattr(other, "__dict__", None):
        return False
    if isinstance(one, np.ndarray):
        form = one.dtype, one.shape, one.tobytes()
        return form == (other.dtype, other.shape, other.tobytes())
    return repr(one) == repr(other)


def _first_line(node: ast.FunctionDef | ast.Lambda) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _definition(tree: ast.Module, function: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """Return the node that defines a function.

    Raises:
        ValueError: it is not found, such as after a change of the file, or is ambiguous.
    """
    code = function.__code__
    flags = code.co_flags & _FUTURE | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    modules = (compile(tree, code.co_filename, "exec", flags, dont_inherit=True, optimize=level) for level in (-1, 0))
    if not any(code in set(_codes(module)) for module in modules):
        raise ValueError
    wanted = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda | ast.FunctionDef)
        and isinstance(node, wanted)
        and _first_line(node) == code.co_firstlineno
    ]
    if wanted is ast.Lambda and len(found) > 1:  # the bytecode has the columns of the expression
        positions = set(code.co_positions())
        found = [node for node in found if _position(node) in positions]
    (node,) = found
    return node


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield compiled code and the code inside it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _codes(part)


def _position(node: ast.FunctionDef | ast.Lambda) -> tuple[int | None, ...]:
    body: Any = node.body
    return body.lineno, body.end_lineno, body.col_offset, body.end_col_offset


def _annotated(node: ast.FunctionDef) -> bool:
    return any(getattr(part, "annotation", None) or getattr(part, "returns", None) for part in ast.walk(node))


def _imports(node: ast.FunctionDef | ast.Lambda, function: FunctionType) -> Iterator[str]:
    """Yield the lines that define the names of its module that a function uses."""
    name, known = function.__name__, function.__globals__
    around: list[ast.expr] = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    around += node.decorator_list if isinstance(node, ast.FunctionDef) else []
    used = {part.id for outer in around for part in ast.walk(outer) if isinstance(part, ast.Name)}
    used |= set(_names_of_module(function.__code__, name))
    if name in used:
        raise ValueError(f"{name} calls itself")
    for each in sorted(used):
        if each in known:
            yield _import(each, known[each], name)
        elif not hasattr(builtins, each):
            raise ValueError(f"{name} uses {each}, which is not defined")


def _names_of_module(code: CodeType, owner: str) -> Iterator[str]:
    """Yield the global names that compiled code reads, including functions inside it."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
        elif step.opname == "STORE_GLOBAL":
            raise ValueError(f"{owner} sets {step.argval} of its module")
        elif step.opname == "IMPORT_NAME" and step.argval.partition(".")[0] not in _MODULES:
            raise ValueError(f"{owner} imports {step.argval}, which is not NumPy or math")
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names_of_module(part, owner)


def _import(name: str, value: Any, owner: str) -> str:
    if isinstance(value, ModuleType) and value.__name__.partition(".")[0] in _MODULES:
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    if type(value) is float and not math.isfinite(value):
        return f"{name} = float({str(value)!r})"
    if type(value) in (int, float, bool, str):
        return f"{name} = {value!r}"
    origin, home = getattr(value, "__name__", ""), getattr(value, "__module__", None) or ""
    alias = f" as {name}" if origin != name else ""
    modules = ["numpy", "math", *([home] if home.startswith(("numpy.", _DECLARATIONS + ".")) else [])]
    for module in modules:
        # Not getattr, which warns about removed names.
        if module in sys.modules and vars(sys.modules[module]).get(origin) is value:
            return f"from {module} import {origin}{alias}"
    raise ValueError(f"{owner} uses {name}, which is not part of NumPy or math")
