"""User rules: the source that a user types or keeps in a file is executed, and its functions become optimizers."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import linecache
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NoReturn

from gdviewer import optimizers
from gdviewer.engine.rules import optimizer as optimizer_module
from gdviewer.engine.rules import parameter
from gdviewer.engine.rules.captured_output import CapturedOutput
from gdviewer.engine.rules.optimizer import Optimizer, undeclared
from gdviewer.engine.rules.source_location import location_of_error
from gdviewer.experiment.rule_text import RuleText, as_yours, known_names

FORM = "rule(x, f, [t,] state=…, *, hyperparameter=…)"
TEMPLATE = '''\
# One step of your optimizer, as in a textbook.
# Ctrl+Enter applies it: it is added to the runs, and the
# arguments after the * become its controls.
#
#   x  the point, a read-only array: write x = x - ...,
#      not x -= ...
#   f  the function to minimise: f.value(x), f.gradient(x),
#      f.hessian(x); f.rng gives random numbers
#   v  a state that is kept from step to step, with its
#      initial value; you may have any number of states
#
# To use the number of the step, from 1, add the argument t
# before the states: my_momentum(x, f, t, v=0.0, ...).
import numpy as np

from gdviewer.engine.rules.parameter import decay, rate


def my_momentum(
    x, f, v=0.0, *, learning_rate=rate(0.005), beta=decay(0.9)
):
    """Gradient descent with momentum."""
    g = f.gradient(x)
    v = beta * v + g
    x = x - learning_rate * v
    return x, v
'''
_versions = itertools.count(1)
# Rule files for earlier versions import from these modules, which have moved.
sys.modules |= {"gdviewer.engine.parameter": parameter, "gdviewer.engine.optimizer": optimizer_module}


class RuleError(ValueError):
    """Source that defines no valid rule; the message says why.

    Attributes:
        line: the number of the line with the error, from 1; None if it is not known.
    """

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Version:
    """A source that was executed, with its optimizers.

    Attributes:
        origin: the name of its file, or a title for a source that was typed.
        file: the file name in tracebacks. It is unique to each version, so that a step of an old version still shows
            the old lines.
        text: the source.
        rules: its optimizers, in the order of the source.
        output: the destination of the text that the rules print; None for the terminal.
    """

    origin: str
    file: str
    text: str
    rules: tuple[Optimizer, ...]
    output: CapturedOutput | None = None


def read_rules(text: str, origin: str, path: Path | None = None, output: CapturedOutput | None = None) -> Version:
    """Execute a source and return it with its rules.

    A rule is a function that is declared with ``@optimizer``, or that has the form
    ``rule(x, f, [t,] state=…, *, hyperparameter=…)`` and a name without a leading underscore. The names that declare
    hyperparameters, ``np`` and ``optimizer`` can be used without an import.

    Args:
        text: the source.
        origin: the name of the source in messages.
        path: the file of the source; its folder is searched for imports.
        output: the destination of the text that the rules print. If it is given, ``input`` raises an exception.

    Raises:
        RuleError: the source can't be parsed, it raises an exception, or it has no rule.
    """
    file = f"<{origin}, {next(_versions)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = _namespace(output) | {"__name__": path.stem if path else "yours", "__file__": str(path or file)}
    if path and str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        # optimize=0 keeps the docstrings, which are the summaries of rules, also under -OO.
        code = compile(text, file, "exec", dont_inherit=True, optimize=0)
        exec(code, namespace)  # noqa: S102 - the user typed or opened it to run it
    except SyntaxError as error:
        inside = error.filename == file
        line = error.lineno if inside else _line(error, file)
        raise RuleError(f"{type(error).__name__}: {error.msg}", line) from error
    except Exception as error:
        raise RuleError(f"{type(error).__name__}: {error}", _line(error, file)) from error
    except SystemExit as error:
        raise RuleError("SystemExit: the source ends the program; remove exit()", _line(error, file)) from error
    found = _rules(namespace.values(), file)
    return Version(origin, file, text, tuple(_of_text(rule, text) for rule in found), output)


def _of_text(rule: Optimizer, text: str) -> Optimizer:
    source = RuleText(text, rule.function.__name__)
    return as_yours(replace(rule, broadcasts=False, source_function=source))


def read_file(path: str | Path, output: CapturedOutput | None = None) -> Version:
    """Read a file, execute it and return it with its rules; see :func:`read_rules`.

    Raises:
        RuleError: the file can't be read, or it defines no valid rule.
    """
    path = Path(path).absolute()
    return read_rules(source_of(path), path.name, path, output)


def read_named(file: str, output: CapturedOutput | None = None) -> Version:
    """Read a file as :func:`read_file` does, with the file and the line in error messages.

    Raises:
        RuleError: the file can't be read, or it defines no valid rule.
    """
    try:
        return read_file(file, output)
    except RuleError as error:
        location = f"{file}, line {error.line}" if error.line else file
        raise RuleError(f"{location}: {error}", error.line) from error


def rule_of(text: str) -> Optimizer:
    """Return the optimizer that ``FILE`` or ``FILE:NAME`` names.

    Raises:
        RuleError: the file defines no valid rule or no rule of that name, or it has several rules and none is named.
    """
    file, _, name = (text, "", "") if Path(text).exists() else text.rpartition(":")
    rules = {rule.name: rule for rule in read_named(file or text).rules}
    if not name and len(rules) > 1:
        raise RuleError(f"{text} has {len(rules)} optimizers; name one, as in {text}:{next(iter(rules))}")
    if name and name not in rules:
        raise RuleError(f"{file} has no optimizer {name!r}{parameter.nearest(name, rules)}")
    return rules[name] if name else next(iter(rules.values()))


def source_of(path: Path) -> str:
    """Return the source of a Python file, in the encoding that it declares.

    Raises:
        RuleError: the file can't be read.
    """
    try:
        return importlib.util.decode_source(path.read_bytes())
    except OSError as error:
        raise RuleError(f"it can't be read: {error.strerror}") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise RuleError(f"it can't be read: {error}") from None


def as_optimizer(given: str | Optimizer | Callable[..., Any]) -> Optimizer:
    """Return an optimizer from an optimizer, a name or a function.

    Raises:
        ValueError: no optimizer has that name.
        TypeError: the signature of the function does not have the textbook form.
    """
    if isinstance(given, str):
        return optimizers.get(given)
    return given if isinstance(given, Optimizer) else as_yours(undeclared(given))


def _namespace(output: CapturedOutput | None) -> dict[str, Any]:
    return known_names() | ({"print": output.print, "input": _no_input} if output else {})


def _no_input(*_: object) -> NoReturn:
    raise RuntimeError("input() would block the window; use a hyperparameter instead")


def _line(error: BaseException, file: str) -> int | None:
    location = location_of_error(error)
    return location.line if location and location.file == file else None


def _defined_in(file: str, entry: object) -> bool:
    return isinstance(entry, FunctionType) and entry.__code__.co_filename == file


def _rules(entries: Iterable[Any], file: str) -> list[Optimizer]:
    """Return the rules among the objects of a module, in the order of its lines.

    Raises:
        RuleError: none of them is a rule.
    """
    found: dict[Any, Optimizer] = {}
    refused: list[tuple[bool, FunctionType, str]] = []
    for entry in entries:
        if isinstance(entry, Optimizer) and _defined_in(file, entry.function):
            found[entry.function] = entry
        elif _defined_in(file, entry) and entry.__name__.isidentifier() and entry.__name__[0] != "_":
            try:
                found.setdefault(entry, undeclared(entry))
            except TypeError as error:
                refused.append((entry.__code__.co_varnames[:2] == ("x", "f"), entry, str(error)))
    if found:
        return sorted(found.values(), key=lambda rule: rule.function.__code__.co_firstlineno)
    if refused:  # report the function that is most likely meant as a rule
        _, function, text = max(refused, key=lambda item: item[0])
        raise RuleError(text, function.__code__.co_firstlineno)
    raise RuleError(f"the source has no function of the form {FORM}")


def duplicate(rule: Optimizer, number: int = 2) -> str:
    """Return the source of a rule of the catalogue under another name, such as ``adam_2``, with its imports."""
    function = rule.function
    source = textwrap.dedent(inspect.getsource(function)).replace("  # fmt: skip", "")
    definition: Any = ast.parse(source).body[0]
    before = [*definition.decorator_list, definition.args]
    local = {*function.__code__.co_varnames, *function.__code__.co_cellvars}
    used = _names(*before) | (_names(*definition.body) - local)
    modules: dict[str, list[str]] = {}
    lines: list[str] = []
    for name in sorted(used & function.__globals__.keys()):
        value = function.__globals__[name]
        if isinstance(value, ModuleType):
            lines.append(f"import {value.__name__} as {name}" if value.__name__ != name else f"import {name}")
        else:
            home = getattr(value, "__module__", None) or function.__module__
            modules.setdefault(home, []).append(name)
    lines += ["", *(f"from {home} import {', '.join(names)}" for home, names in sorted(modules.items()))]
    source = source.replace(f'"{rule.title}"', f'"{rule.title} {number}"', 1)
    source = re.sub(rf"^def {rule.name}\b", f"def {rule.name}_{number}", source, count=1, flags=re.MULTILINE)
    return "\n".join(lines).strip() + "\n\n\n" + source


def _names(*nodes: ast.AST) -> set[str]:
    return {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
