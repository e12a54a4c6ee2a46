"""The step executed again under a line tracer: every line that ran, what it read, and what it came to.

It works for any rule, and costs the descent nothing: :meth:`Run.replay` executes one step again, and Python tells the
tracer of each line. The functions a rule calls are followed where they are mathematics: the rules' own helpers, what a
problem is made of, and the user's code; what lies between, the oracle and NumPy, is passed through. Code says itself
which of the two it is: see ``engine/rules/inspected.py``.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from inspect import CO_GENERATOR
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

from gdviewer.engine.notation.mathematics import written_into
from gdviewer.engine.notation.notation import RuleLine, lines, names_of
from gdviewer.engine.rules.optimizer import Rule
from gdviewer.engine.rules.oracle import Array, Asked
from gdviewer.engine.rules.source_location import is_of_a_library
from gdviewer.engine.rules.step_filters import is_followed
from gdviewer.engine.run.run import Run
from gdviewer.engine.tracing.snapshot import Keeper

MOST_LINES = 20_000  # executed lines that are kept; a step that goes on is executed to its end, but not traced
MOST_CALLS = 100  # calls in one line that are followed, such as the trials of central differences
SECONDS = 5.0  # a step that takes longer is given up


@dataclass
class Executed:
    """A line that was executed.

    Attributes:
        line: the line.
        reads: the values of the names it uses, before it ran; arrays are copies.
        writes: the values of the names it set or changed, after it ran.
        taken: for the head of a block, whether its block was entered; None for other lines.
        result: what it returned, where ``returns``.
        error: the exception raised in it, or in what it called.
        calls: the functions it called that are followed.
        untold: how many further calls in it were not followed.
        asked: what it asked the oracle itself, in order.
    """

    line: RuleLine
    reads: dict[str, Any] = field(default_factory=dict)
    writes: dict[str, Any] = field(default_factory=dict)
    taken: bool | None = None
    returns: bool = False
    result: Any = None
    error: BaseException | None = None
    calls: list[Frame] = field(default_factory=list)
    untold: int = 0
    asked: list[Asked] = field(default_factory=list)


@dataclass
class Frame:
    """A call of a function.

    Attributes:
        name: the function's name; lines: all its lines.
        file: where its source is.
        names: how its names are written in mathematics.
        arguments: what it was called with, by name.
        executed: the lines in the order in which they ran.
        result: what it returned.
    """

    name: str
    file: str
    lines: Sequence[RuleLine]
    names: Mapping[str, str]
    arguments: dict[str, Any]
    executed: list[Executed] = field(default_factory=list)
    result: Any = None

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Frame, Executed]]:
        """Every line executed in it and in what it called, each before those it called, with the depth of calls."""
        for executed in self.executed:
            yield depth, self, executed
            for call in executed.calls:
                yield from call.walk(depth + 1)


@dataclass(frozen=True)
class Inspection:
    """A step, from inside.

    Attributes:
        step: its number.
        frame: the call of the rule; None where it has no source to be had.
        x: the point after it; state: the optimizer's state after it; None where it failed.
        error: the exception that ended it.
        complete: whether all lines are told; False past ``MOST_LINES``.
    """

    step: int
    frame: Frame | None
    x: Array | None
    state: Mapping[str, Any] | None
    error: BaseException | None
    complete: bool


class StepTimeout(BaseException):
    """A step took too long to be traced; not an Exception, so that a rule does not catch it by chance."""

    def __str__(self) -> str:
        return f"the step has not come to its end within {SECONDS:g} seconds"


def inspect_step(run: Run, step: int, deep: bool = True) -> Inspection:
    """Execute step number ``step`` of a run again, line by line; in any thread, with no effect on the run.

    Args:
        step: as for :meth:`Run.replay`.
        deep: whether the functions that the rule calls are followed.

    Raises:
        IndexError: there is no such step.
    """
    if not 1 <= step <= len(run.trace):
        raise IndexError(f"step must be in 1 … {len(run.trace)}; got {step}")
    tracer = _Tracer(deep)
    try:
        x, state = run.replay(step, tracer.around)
    except (Exception, StepTimeout, SystemExit) as error:
        return Inspection(step, tracer.frame, None, None, error, tracer.complete)
    return Inspection(step, tracer.frame, x, state, None, tracer.complete)


def local_values(run: Run, step: int, names: Sequence[str]) -> dict[str, Any]:
    """What the local names of the rule are at the end of step number ``step``, at a small part of an inspection's cost.

    Names that the step did not set are left out, and so are all where it fails.
    """
    found: dict[str, Any] = {}
    keep = Keeper()

    def around(rule: Rule) -> Rule:
        code = _code_of(rule)

        def on_call(frame: FrameType, _event: str, _argument: Any) -> Any:
            if frame.f_code is not code:
                return None
            frame.f_trace_lines = False
            return on_return

        def on_return(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "return":
                here = frame.f_locals
                found.update({name: keep(here[name]) for name in names if name in here})
            return on_return

        return partial(_traced, rule, on_call)

    try:
        run.replay(step, around)
    except Exception:
        found.clear()
    return found


def _traced(rule: Rule, on_call: Any, *arguments: Any) -> Any:
    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        return rule(*arguments)
    finally:
        sys.settrace(before)


def _code_of(rule: Rule) -> CodeType | None:
    while isinstance(rule, partial):
        rule = rule.func
    return getattr(rule, "__code__", None)


@dataclass
class _Open:
    """A call under way: the line it is in, and how far in its bytecode that line was seen."""

    frame: FrameType
    record: Frame
    by_number: Mapping[int, RuleLine]
    current: Executed | None = None
    reached: int = -1


class _Tracer:
    """Listens to one call of a rule."""

    def __init__(self, deep: bool) -> None:
        self.frame: Frame | None = None
        self.complete = True
        self._deep = deep
        self._code: CodeType | None = None
        self._stack: list[_Open] = []
        self._count = 0
        self._end = 0.0
        self._keep = Keeper()

    def around(self, rule: Rule) -> Rule:
        """The rule, traced when it is called."""
        self._code = _code_of(rule)
        self._end = perf_counter() + SECONDS

        def called(x: Array, f: Any, *rest: Any) -> Any:
            f.tell(self._hear)
            return _traced(rule, self._on_call, x, f, *rest)

        return called

    def _hear(self, asked: Asked) -> None:
        if self._stack and (line := self._stack[-1].current):
            line.asked.append(Asked(asked.what, self._keep(asked.at), self._keep(asked.answer)))

    def _on_call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        self._watch()
        code = frame.f_code
        if not (self._stack or code is self._code):
            return None
        if code is not self._code and not _is_mathematics(code, frame.f_globals.get("__name__", "")):
            return None
        if self._stack and not self._deep:
            return None
        told = _lines_of(code)
        if not told or not self.complete:
            return self._watch
        if self._stack:
            caller = self._stack[-1].current
            if caller is None:
                return None
            if len(caller.calls) >= MOST_CALLS:
                caller.untold += 1
                return self._watch
        here = frame.f_locals
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        arguments = {name: self._keep(here[name]) for name in names if name in here}
        record = Frame(code.co_name, code.co_filename, told, names_of(code), arguments)
        if self._stack and self._stack[-1].current:
            self._stack[-1].current.calls.append(record)
        else:
            self.frame = record
        self._stack.append(_Open(frame, record, _by_number(code)))
        return self._on_event

    def _watch(self, *_: Any) -> Any:
        """Also where nothing is told any more, the time goes on."""
        if perf_counter() > self._end:
            raise StepTimeout
        return self._watch

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not self._stack or self._stack[-1].frame is not frame:
            return None
        call = self._stack[-1]
        if event == "line":
            self._on_line(call)
        elif event == "exception" and call.current:
            call.current.error = argument[1]
        elif event == "return":
            self._finish(call, None)
            if call.current and not call.current.error and isinstance(call.current.line.node, ast.Return):
                call.current.returns, call.current.result = True, self._keep(argument)
            call.record.result = self._keep(argument)
            self._stack.pop()
        return self._on_event

    def _on_line(self, call: _Open) -> None:
        self._watch()
        if not self.complete:
            return
        frame = call.frame
        line = call.by_number.get(frame.f_lineno)
        if line is None:
            return
        now = call.current
        if now is not None and now.line is line and (frame.f_lasti > call.reached or _loops_inside(line.node)):
            call.reached = frame.f_lasti  # the same statement, on another of its lines
            return
        self._finish(call, line)
        self._count += 1
        if self._count > MOST_LINES:
            self.complete = False
            return
        here = frame.f_locals
        call.current = Executed(line, {name: self._keep(here[name]) for name in _names_in(line)[0] if name in here})
        call.record.executed.append(call.current)
        call.reached = frame.f_lasti

    def _finish(self, call: _Open, following: RuleLine | None) -> None:
        """The line under way has run: see what it set, and whether it led into its block."""
        done = call.current
        if done is None or done.error:
            return
        here = call.frame.f_locals
        node = done.line.node
        if isinstance(node, ast.If | ast.While | ast.For):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            done.taken = following is not None and first <= following.number <= last
            if isinstance(node, ast.For) and not done.taken:
                return
        done.writes = {name: self._keep(here[name]) for name in _names_in(done.line)[1] if name in here}


@cache
def _lines_of(code: CodeType) -> tuple[RuleLine, ...]:
    return tuple(lines(code))


@cache
def _by_number(code: CodeType) -> Mapping[int, RuleLine]:
    """The line that each row of the file belongs to."""
    return {row: line for line in _lines_of(code) for row in range(line.number, line.last + 1)}


@cache
def _is_mathematics(code: CodeType, module: str) -> bool:
    """Whether a function of a module is one to step into."""
    file = code.co_filename
    if code.co_name.startswith("<"):  # a lambda or comprehension is told with the line it stands in
        return False
    if file.startswith("<"):
        return file in linecache.cache and not file.startswith("<frozen")
    declared = is_followed(module)
    if declared is None:
        return not is_of_a_library(file)
    return declared and not code.co_flags & CO_GENERATOR  # a generator is told with the loop that goes through it


@cache
def _names_in(line: RuleLine) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names a line reads, and those it sets or changes; of a block its head only."""
    node = line.node
    if node is None:
        return (), ()
    heads = [getattr(node, part, None) for part in ("test", "iter", "target", "items", "type")]
    parts = [part for part in heads if part is not None] if hasattr(node, "body") else [node]
    flat = [p for part in parts for p in (part if isinstance(part, list) else [part])]
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    for inner in (inner for part in flat for inner in ast.walk(part)):
        match inner:
            case ast.Expr(value=ast.Call() as call) if target := written_into(call):
                while isinstance(target, ast.Call | ast.Attribute | ast.Subscript):
                    target = target.func if isinstance(target, ast.Call) else target.value
                if isinstance(target, ast.Name):
                    writes[target.id] = None
            case ast.Name(id=name, ctx=ast.Store()):
                writes[name] = None
            case ast.Name(id=name):
                reads[name] = None
            case (
                ast.Subscript(value=ast.Name(id=name), ctx=ast.Store())
                | ast.Attribute(value=ast.Name(id=name), ctx=ast.Store())
                | ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name))))
            ):  # changed in place
                writes[name] = None
            case ast.AugAssign(target=ast.Name(id=name)):
                reads[name] = None
    return tuple(reads), tuple(writes)


@cache
def _loops_inside(node: ast.AST | None) -> bool:
    """Whether a statement is gone through more than once while it is executed once, as a comprehension is."""
    return node is not None and any(isinstance(inner, ast.comprehension) for inner in ast.walk(node))
