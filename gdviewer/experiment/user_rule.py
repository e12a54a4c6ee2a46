"""Rules that a user types or keeps in a file: their text, executed, becomes optimizers."""

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
# One step of your own optimizer, as a textbook writes it.
# Ctrl+Enter applies it: it joins the race, and what stands
# after the * becomes its controls.
#
#   x  the point, an array; it is read-only, so write
#      x = x - ..., and not x -= ...
#   f  what is minimised: f.value(x), f.gradient(x),
#      f.hessian(x); and f.rng for random numbers
#   v  carried from step to step, and what it begins with;
#      as many of these as you like, or none
#
# The number of the step, from 1, comes before them where
# you ask for it: my_momentum(x, f, t, v=0.0, ...).
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
# Rule files written for earlier versions import these names from modules that have moved.
sys.modules |= {"gdviewer.engine.parameter": parameter, "gdviewer.engine.optimizer": optimizer_module}


class RuleError(ValueError):
    """Why a text is no rule.

    Attributes:
        line: the line it is about, from 1; None where it is about none.
    """

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Version:
    """A text that was executed, and what it gave.

    Attributes:
        origin: what its file is called, or the text where it was typed.
        file: the name its lines are known by: another for each version, so that a step of an old one still finds its
            own.
        text: the text; rules: its optimizers, in the order of the text.
        printed: takes what they print; None where that goes to the terminal.
    """

    origin: str
    file: str
    text: str
    rules: tuple[Optimizer, ...]
    printed: CapturedOutput | None = None


def read_rules(text: str, origin: str, path: Path | None = None, printed: CapturedOutput | None = None) -> Version:
    """Execute a text and find its rules.

    Every function is one that is declared with ``@optimizer``, or has the form
    ``rule(x, f, [t,] state=…, *, hyperparameter=…)`` and a name that does not begin with an underscore. The names that
    declare hyperparameters, ``np`` and ``optimizer`` are known without an import.

    Args:
        origin: what the text is called in messages.
        path: the file it is from, whose folder its imports are looked for in.
        printed: takes what the rules print; where it is given, ``input`` raises.

    Raises:
        RuleError: it can't be parsed, raises, or has no rule; the text of the error says why, and where.
    """
    file = f"<{origin}, {next(_versions)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = _namespace(printed) | {"__name__": path.stem if path else "yours", "__file__": str(path or file)}
    if path and str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        code = compile(text, file, "exec", dont_inherit=True, optimize=0)  # docstrings are summaries, also under -OO
        exec(code, namespace)  # noqa: S102 - what a user has typed or opened to be run
    except SyntaxError as error:
        inside = error.filename == file
        line = error.lineno if inside else _line(error, file)
        raise RuleError(f"{type(error).__name__}: {error.msg}", line) from error
    except Exception as error:
        raise RuleError(f"{type(error).__name__}: {error}", _line(error, file)) from error
    except SystemExit as error:
        raise RuleError("SystemExit: the text ends the program", _line(error, file)) from error
    found = _rules(namespace.values(), file)
    return Version(origin, file, text, tuple(_of_text(rule, text) for rule in found), printed)


def _of_text(rule: Optimizer, text: str) -> Optimizer:
    source = RuleText(text, rule.function.__name__)
    return as_yours(replace(rule, broadcasts=False, source_function=source))


def read_file(path: str | Path, printed: CapturedOutput | None = None) -> Version:
    """Read a file, execute it and find its rules; see :func:`read_rules`.

    Raises:
        RuleError: it can't be read, or is no rule.
    """
    path = Path(path).absolute()
    return read_rules(source_of(path), path.name, path, printed)


def read_named(file: str, printed: CapturedOutput | None = None) -> Version:
    """Read a file as :func:`read_file` does; the text of an error begins with the file, and the line where there is
    one."""
    try:
        return read_file(file, printed)
    except RuleError as error:
        where = f"{file}, line {error.line}" if error.line else file
        raise RuleError(f"{where}: {error}", error.line) from error


def rule_of(text: str) -> Optimizer:
    """The optimizer that ``FILE``, or ``FILE:NAME``, means.

    Raises:
        RuleError: the file is no rule, has none of that name, or has several and none is named.
    """
    file, _, name = (text, "", "") if Path(text).exists() else text.rpartition(":")
    rules = {rule.name: rule for rule in read_named(file or text).rules}
    if not name and len(rules) > 1:
        raise RuleError(f"{text} has {len(rules)} optimizers; name one, as in {text}:{next(iter(rules))}")
    if name and name not in rules:
        raise RuleError(f"{file} has no optimizer {name!r}{parameter.nearest(name, rules)}")
    return rules[name] if name else next(iter(rules.values()))


def source_of(path: Path) -> str:
    """The text of a Python file, in the encoding it declares.

    Raises:
        RuleError: it can't be read.
    """
    try:
        return importlib.util.decode_source(path.read_bytes())
    except OSError as error:
        raise RuleError(f"it can't be read: {error.strerror}") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise RuleError(f"it can't be read: {error}") from None


def as_optimizer(given: str | Optimizer | Callable[..., Any]) -> Optimizer:
    """The optimizer that ``given`` is, names, or makes.

    Raises:
        ValueError: no optimizer has that name.
        TypeError: a function whose signature is not of the textbook form.
    """
    if isinstance(given, str):
        return optimizers.get(given)
    return given if isinstance(given, Optimizer) else as_yours(undeclared(given))


def _namespace(printed: CapturedOutput | None) -> dict[str, Any]:
    return known_names() | ({"print": printed.print, "input": _no_input} if printed else {})


def _no_input(*_: object) -> NoReturn:
    raise RuntimeError("input() would hold up the window; make what is asked for a hyperparameter")


def _line(error: BaseException, file: str) -> int | None:
    place = location_of_error(error)
    return place.line if place and place.file == file else None


def _defined_in(file: str, entry: object) -> bool:
    return isinstance(entry, FunctionType) and entry.__code__.co_filename == file


def _rules(entries: Iterable[Any], file: str) -> list[Optimizer]:
    """What of a module's names are rules, in the order of its lines.

    Raises:
        RuleError: none is.
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
    if refused:  # the one most likely meant
        _, function, text = max(refused, key=lambda item: item[0])
        raise RuleError(text, function.__code__.co_firstlineno)
    raise RuleError(f"there is no function of the form {FORM}")


def duplicate(rule: Optimizer, number: int = 2) -> str:
    """The source of a rule of the catalogue under another name, with the imports it needs: ``adam`` as ``adam_2``."""
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
