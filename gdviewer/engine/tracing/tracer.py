"""Inspection of a step: it is executed again under a line tracer, which records each line with its values.

This works for any rule and costs the descent nothing: :meth:`Run.replay` executes one step again, and Python reports
each line to the tracer. Functions that a rule calls are followed if they are mathematics: helpers of the rules, parts
of problems and user code. The oracle and NumPy are passed through. Modules declare this, see
``engine/rules/step_filters.py``.
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
from gdviewer.engine.tracing.snapshot import Snapshot

MAX_LINES = 20_000  # recorded lines; a longer step is executed to its end without a trace
MAX_CALLS = 100  # followed calls in one line, such as the evaluations of central differences
SECONDS = 5.0  # time limit of a step


@dataclass
class Executed:
    """An executed line.

    Attributes:
        line: the line.
        reads: the values of the names that it uses, before it was executed; arrays are copies.
        writes: the values of the names that it set or changed, after it was executed.
        taken: for the head of a block, True if its block was entered; None for other lines.
        returns: True if it returned; result: the returned value.
        error: the exception raised in it or in a function that it called.
        calls: the followed calls.
        skipped_calls: the number of calls that were not followed.
        asked: the evaluations of the oracle, in order.
    """

    line: RuleLine
    reads: dict[str, Any] = field(default_factory=dict)
    writes: dict[str, Any] = field(default_factory=dict)
    taken: bool | None = None
    returns: bool = False
    result: Any = None
    error: BaseException | None = None
    calls: list[Frame] = field(default_factory=list)
    skipped_calls: int = 0
    asked: list[Asked] = field(default_factory=list)


@dataclass
class Frame:
    """A call of a function.

    Attributes:
        name: the name of the function; file: the file of its source; lines: all its lines.
        names: the mathematical notation of its names.
        arguments: the arguments by name.
        executed: the executed lines, in order.
        result: the returned value.
    """

    name: str
    file: str
    lines: Sequence[RuleLine]
    names: Mapping[str, str]
    arguments: dict[str, Any]
    executed: list[Executed] = field(default_factory=list)
    result: Any = None

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Frame, Executed]]:
        """Yield each executed line, also of followed calls, with the depth of calls and the call."""
        for executed in self.executed:
            yield depth, self, executed
            for call in executed.calls:
                yield from call.walk(depth + 1)


@dataclass(frozen=True)
class Inspection:
    """The inspection of a step.

    Attributes:
        step: the number of the step.
        frame: the call of the rule; None if its source is not available.
        x: the point after the step; state: the state after it; None if it failed.
        error: the exception of the step.
        complete: True if all lines are recorded; False beyond ``MAX_LINES``.
    """

    step: int
    frame: Frame | None
    x: Array | None
    state: Mapping[str, Any] | None
    error: BaseException | None
    complete: bool


class StepTimeout(BaseException):
    """A step took too long; not an ``Exception``, so that a rule usually does not catch it."""

    def __str__(self) -> str:
        return f"the step has not ended within {SECONDS:g} seconds"


def inspect_step(run: Run, step: int, deep: bool = True) -> Inspection:
    """Execute step ``step`` of a run again, line by line, in any thread and without effect on the run.

    Args:
        run: the run.
        step: the step; see :meth:`Run.replay`.
        deep: True to follow the functions that the rule calls.

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
    """Return local names of the rule at the end of step ``step``, at a small part of the cost of an inspection.

    Names that the step did not set are missing; if the step fails, all are.
    """
    found: dict[str, Any] = {}
    snapshot = Snapshot()

    def around(rule: Rule) -> Rule:
        code = _code_of(rule)

        def on_call(frame: FrameType, _event: str, _argument: Any) -> Any:
            if frame.f_code is not code:
                return None
            frame.f_trace_lines = False
            return on_return

        def on_return(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "return":
                values = frame.f_locals
                found.update({name: snapshot(values[name]) for name in names if name in values})
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
    """A call that is executed now, its current line, and the largest bytecode offset of that line."""

    frame: FrameType
    record: Frame
    by_number: Mapping[int, RuleLine]
    current: Executed | None = None
    reached: int = -1


class _Tracer:
    """Traces one call of a rule."""

    def __init__(self, deep: bool) -> None:
        self.frame: Frame | None = None
        self.complete = True
        self._deep = deep
        self._code: CodeType | None = None
        self._stack: list[_Open] = []
        self._count = 0
        self._end = 0.0
        self._snapshot = Snapshot()

    def around(self, rule: Rule) -> Rule:
        """Return the rule, traced when it is called."""
        self._code = _code_of(rule)
        self._end = perf_counter() + SECONDS

        def called(x: Array, f: Any, *rest: Any) -> Any:
            f.report_to(self._record_evaluation)
            return _traced(rule, self._on_call, x, f, *rest)

        return called

    def _record_evaluation(self, asked: Asked) -> None:
        if self._stack and (line := self._stack[-1].current):
            line.asked.append(Asked(asked.what, self._snapshot(asked.at), self._snapshot(asked.answer)))

    def _on_call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        self._watch()
        code = frame.f_code
        if not (self._stack or code is self._code):
            return None
        if code is not self._code and not _is_mathematics(code, frame.f_globals.get("__name__", "")):
            return None
        if self._stack and not self._deep:
            return None
        known_lines = _lines_of(code)
        if not known_lines or not self.complete:
            return self._watch
        if self._stack:
            caller = self._stack[-1].current
            if caller is None:
                return None
            if len(caller.calls) >= MAX_CALLS:
                caller.skipped_calls += 1
                return self._watch
        values = frame.f_locals
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        arguments = {name: self._snapshot(values[name]) for name in names if name in values}
        record = Frame(code.co_name, code.co_filename, known_lines, names_of(code), arguments)
        if self._stack and self._stack[-1].current:
            self._stack[-1].current.calls.append(record)
        else:
            self.frame = record
        self._stack.append(_Open(frame, record, _by_number(code)))
        return self._on_event

    def _watch(self, *_: Any) -> Any:
        """Check the time limit, also in code that is not recorded."""
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
                call.current.returns, call.current.result = True, self._snapshot(argument)
            call.record.result = self._snapshot(argument)
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
            call.reached = frame.f_lasti  # another line of the same statement
            return
        self._finish(call, line)
        self._count += 1
        if self._count > MAX_LINES:
            self.complete = False
            return
        values = frame.f_locals
        call.current = Executed(
            line, {name: self._snapshot(values[name]) for name in _names_in(line)[0] if name in values}
        )
        call.record.executed.append(call.current)
        call.reached = frame.f_lasti

    def _finish(self, call: _Open, following: RuleLine | None) -> None:
        """Record the values that the current line has set, and whether its block was entered."""
        done = call.current
        if done is None or done.error:
            return
        values = call.frame.f_locals
        node = done.line.node
        if isinstance(node, ast.If | ast.While | ast.For):
            first, last = node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
            done.taken = following is not None and first <= following.number <= last
            if isinstance(node, ast.For) and not done.taken:
                return
        done.writes = {name: self._snapshot(values[name]) for name in _names_in(done.line)[1] if name in values}


@cache
def _lines_of(code: CodeType) -> tuple[RuleLine, ...]:
    return tuple(lines(code))


@cache
def _by_number(code: CodeType) -> Mapping[int, RuleLine]:
    """Return the line of each row of the file."""
    return {row: line for line in _lines_of(code) for row in range(line.number, line.last + 1)}


@cache
def _is_mathematics(code: CodeType, module: str) -> bool:
    """Return True for a function of a module that is followed."""
    file = code.co_filename
    if code.co_name.startswith("<"):  # a lambda or comprehension is part of its line
        return False
    if file.startswith("<"):
        return file in linecache.cache and not file.startswith("<frozen")
    declared = is_followed(module)
    if declared is None:
        return not is_of_a_library(file)
    return declared and not code.co_flags & CO_GENERATOR  # a generator is part of its loop


@cache
def _names_in(line: RuleLine) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that a line reads, and those that it sets or changes; for a block those of its head."""
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
    """Return True for a statement with an inner loop, such as a comprehension."""
    return node is not None and any(isinstance(inner, ast.comprehension) for inner in ast.walk(node))
