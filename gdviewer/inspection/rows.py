"""Rows of a step report: each executed line with its numbers and its value, as a tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from weakref import ref

import numpy as np

from gdviewer.engine.notation.notation import RuleLine, name_text
from gdviewer.engine.notation.values import DIGITS, FEW, is_few, value_text, with_numbers
from gdviewer.engine.tracing.tracer import Executed, Frame, Inspection
from gdviewer.inspection.changes import most_changed
from gdviewer.inspection.points import PointSet
from gdviewer.text import tr

FEW_LINES = 16  # in a loop with more lines, all passes but the last are folded
EXACT = 12  # digits of an exact value


def _no_row() -> ReportRow | None:
    """Return the parent of a row at the top: None."""
    return None


@dataclass(eq=False)
class ReportRow:
    """An executed line, the head of a call, or a remark.

    Attributes:
        key: a key that is the same in other steps.
        code: the source of the line; text: the mathematical notation.
        value: the value as text; named: True if the text includes names, such as ``α = 1, x = …``.
        name: the local name with the value ``amount``; empty for none; symbol: its mathematical notation.
        amount: the value, if it is a number or an array.
        vector: the value, if it has shape (n,); leads: the vector of its arrow.
        color: index into the colours of the lines.
        summary: the evaluations of a pass of a loop.
        change: a text on the change since the step before, for the line that changed most.
        error: the exception raised in the line.
        remark: True if it is not a line; heading: True if it is the title of a part.
        asked: texts on the losses that it evaluated away from the start of the step.
        of_rule: True for a line of the rule itself.
        unfolded: True if the rows below it are shown at first.
        children: the rows below it.
        index: its index among the children of its parent.
    """

    key: str
    code: str
    text: str
    value: str = ""
    named: bool = False
    name: str = ""
    symbol: str = ""
    amount: Any = None
    vector: np.ndarray | None = None
    leads: np.ndarray | None = None
    color: int = 0
    summary: str = ""
    change: str = ""
    error: str = ""
    remark: bool = False
    heading: bool = False
    asked: list[str] = field(default_factory=list)
    of_rule: bool = False
    unfolded: bool = True
    children: list[ReportRow] = field(default_factory=list)
    executed: Executed | None = field(default=None, repr=False)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    above: Callable[[], ReportRow | None] = field(default=_no_row, repr=False)  # weak: it keeps no step alive
    index: int = 0

    @property
    def parent(self) -> ReportRow | None:
        """The parent row; None for a row at the top."""
        return self.above()

    @cached_property
    def numbers(self) -> str:
        """The line with numbers instead of names; computed on first use."""
        return with_numbers(self.executed.line, self.executed.reads, self.names) if self.executed else ""

    @property
    def is_large(self) -> bool:
        """True if the text of the value does not show all its numbers."""
        return isinstance(self.amount, np.ndarray) and self.amount.dtype.kind in "fiub" and not is_few(self.amount)

    @property
    def depth(self) -> int:
        """The number of its ancestors."""
        return self.parent.depth + 1 if self.parent else 0

    @property
    def is_point(self) -> bool:
        """True if the vector is a point, at which its arrow ends."""
        return self.leads is not self.vector

    @property
    def can_be_pinned(self) -> bool:
        """True for a number or a vector of the rule itself."""
        number = isinstance(self.amount, int | float | np.number) and not isinstance(self.amount, bool)
        return self.of_rule and bool(self.name) and (self.vector is not None or number)

    @property
    def points_asked(self) -> set[bytes]:
        """The bytes of the points at which f was evaluated in the line or in its calls."""
        lines = [row.executed for row in self.walk() if row.executed]
        return {asked.at.tobytes() for executed in lines for asked in executed.asked}

    def walk(self) -> Iterator[ReportRow]:
        """Yield this row and all rows below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class TrialRow:
    """A trial point: f was evaluated there, away from the start of the step.

    Attributes:
        point: the point, shape (n,).
        value: the loss; None if only the gradient was evaluated.
        alpha: the step length; None if the rule has none.
        taken: True if the step ended there.
    """

    point: np.ndarray
    value: float | None
    alpha: float | None
    taken: bool

    @property
    def text(self) -> str:
        """The label."""
        parts = [] if self.alpha is None else [f"α = {value_text(self.alpha, 3)}"]
        parts += ["∇f"] if self.value is None else [f"f = {value_text(self.value, 3)}"]
        return ", ".join(parts)


def rows_of(
    inspection: Inspection,
    start: np.ndarray,
    before: Inspection | None = None,
    skipped: Callable[[Frame], bool] = lambda _: False,
) -> list[ReportRow]:
    """Return the rows of a step.

    Args:
        inspection: the inspection of the step.
        start: the point at its start, shape (n,).
        before: the inspection of the step before; the line that changed most is marked.
        skipped: returns True for calls that get no row.
    """
    if inspection.frame is None:
        return []
    points = PointSet(inspection, start)
    rows = RowMaker(points, start, skipped).frame(inspection.frame, "", of_rule=True)
    adopt(rows, None)
    if before and (found := most_changed(inspection, before)):
        for row in (row for top in rows for row in top.walk()):
            if row.executed is found[0]:
                row.change = found[1]
    return rows


def trials_of(inspection: Inspection, start: np.ndarray) -> list[TrialRow]:
    """Return the points other than ``start`` at which f was evaluated, in order."""
    trials: dict[bytes, TrialRow] = {}
    first, end = start.tobytes(), inspection.x
    for _, frame, executed in inspection.frame.walk() if inspection.frame else ():
        for asked in executed.asked:
            key = asked.at.tobytes()
            if key == first or asked.at.shape != start.shape or asked.what == "hessian":
                continue
            known = trials.get(key)
            value = float(asked.answer) if asked.what == "value" else known.value if known else None
            alpha = known.alpha if known else _alpha_by(frame, executed)
            trials[key] = TrialRow(asked.at, value, alpha, end is not None and np.array_equal(asked.at, end))
    return list(trials.values())


def _alpha_by(frame: Frame, executed: Executed) -> float | None:
    """Return the step length at a line: the number with the symbol α in its function; None if there is none."""
    name = next((name for name, symbol in frame.names.items() if symbol == "α"), "")
    value = frame.arguments.get(name)
    for other in frame.executed:
        value = other.writes.get(name, value)
        if other is executed:
            break
    return float(value) if isinstance(value, int | float | np.number) else None


class RowMaker:
    """Makes the rows of a step.

    Args:
        points: the known points; start: the point at the start of the step, shape (n,).
        skipped: returns True for calls that get no row.
        few: the maximum size of an array of which all numbers are shown.
    """

    def __init__(
        self, points: PointSet, start: np.ndarray, skipped: Callable[[Frame], bool] = lambda _: False, few: int = FEW
    ) -> None:
        self._points, self._start, self._skipped, self._few = points, start, skipped, few

    def frame(self, frame: Frame, key: str, of_rule: bool = False) -> list[ReportRow]:
        """Return the rows of the lines of a call; the lines of a block are below its head."""
        colors, top = _colors_of(tuple(frame.lines)), ReportRow(key, "", "")
        heads = [(-1, top, 0)]  # the open blocks: indentation, row and line number of their heads
        counts: dict[str, int] = {}
        for executed in frame.executed:
            line = executed.line
            while heads[-1][0] >= line.indent:
                heads.pop()
            indent, head, begin = heads[-1]
            if lone := _lone_head(frame.lines, indent, begin, line.number):
                heads.pop()
                otherwise = ReportRow(f"{head.key}/{lone.number}", lone.code, lone.text)
                heads[-1][1].children.append(otherwise)
                heads.append((indent, otherwise, lone.number))
            parent = heads[-1][1]
            number = f"{parent.key}/{line.number}"
            counts[number] = counts.get(number, 0) + 1
            row = self._row(executed, frame, colors, f"{number}.{counts[number]}", counts[number])
            row.of_rule = of_rule
            parent.children.append(row)
            if hasattr(line.node, "body"):
                heads.append((line.indent, row, line.number))
        return top.children

    def _row(self, executed: Executed, frame: Frame, colors: Mapping[str, int], key: str, count: int) -> ReportRow:
        line = executed.line
        row = ReportRow(key, line.code, line.text, executed=executed, names=frame.names)
        self._set_value(row, executed, colors, count)
        row.asked = self._asked(frame, executed)
        if executed.error is not None:
            row.error = f"{type(executed.error).__name__}: {executed.error}"
        followed = [call for call in executed.calls if not self._skipped(call)]
        digits = _distinguishing_digits(followed)
        calls = [self._call(call, f"{key}>{i}", digits) for i, call in enumerate(followed)]
        if len(calls) == 1 and not hasattr(line.node, "body"):
            row.children = [
                ReportRow(f"{calls[0].key}()", calls[0].code, calls[0].text, remark=True),
                *calls[0].children,
            ]
            row.unfolded = bool(followed[0].executed) and any(child.error for child in calls[0].children)
        else:
            row.children = [*calls]
            row.unfolded = hasattr(line.node, "body") or any(call.unfolded for call in calls)
        if executed.skipped_calls:
            text = tr("{n} more calls are not shown", n=f"{executed.skipped_calls:,}")
            row.children.append(ReportRow(f"{key}…", text, text, remark=True))
        return row

    def _asked(self, frame: Frame, executed: Executed) -> list[str]:
        """Return texts on the losses that a line evaluated away from the start, with their step lengths."""
        asked = [asked for asked in executed.asked if asked.what == "value"]
        away = [each for each in asked if each.at.shape == self._start.shape and (each.at != self._start).any()]
        return [TrialRow(each.at, float(each.answer), _alpha_by(frame, executed), False).text for each in away]

    def _call(self, call: Frame, key: str, digits: int) -> ReportRow:
        """Return the row of a call with its arguments; its lines are below it."""
        children = self.frame(call, key)
        given = [(name, _short_text(value, digits)) for name, value in call.arguments.items() if _is_value(value)]
        code = ", ".join(f"{name} = {value}" for name, value in given)
        text = ", ".join(f"{call.names.get(name) or name_text(name)} = {value}" for name, value in given)
        failed = any(child.error for child in children)
        head = ReportRow(
            key, f"{call.name}({code})", f"{call.name}({text})", children=children, remark=True, unfolded=failed
        )
        head.value = value_text(call.result, digits, self._few) if call.result is not None else ""
        return head

    def _set_value(self, row: ReportRow, executed: Executed, colors: Mapping[str, int], count: int) -> None:
        names, writes, node = row.names, executed.writes, executed.line.node
        texts = {name: value_text(value, few=self._few) for name, value in writes.items()}
        written = ", ".join(f"{names.get(name) or name_text(name)} = {text}" for name, text in texts.items())
        row.named = executed.taken is not None or (len(writes) > 1 and not executed.returns)
        if isinstance(node, ast.For):
            row.value = tr("pass {n}: {values}", n=count, values=written) if executed.taken else tr("ends")
            return
        if executed.taken is not None:
            row.value = tr("true") if executed.taken else tr("false")
            if isinstance(node, ast.While) and executed.taken:
                row.value = tr("pass {n}", n=count)
            return
        if executed.returns:
            returned = getattr(getattr(node, "value", None), "id", "")  # the name, if it is a single one
            row.value, values = value_text(executed.result, few=self._few), {returned: executed.result}
            if isinstance(executed.result, tuple):
                row.value = ""  # the parts have their own rows
        else:
            values = writes
            row.value = next(iter(texts.values())) if len(writes) == 1 else written
        vectors = {name: self._points.vector(value) for name, value in values.items()}
        name = next((name for name, vector in vectors.items() if vector is not None), next(iter(values), ""))
        vector, amount = vectors.get(name), values.get(name)
        if isinstance(amount, np.ndarray | int | float | np.number):
            row.name, row.amount = name, amount
            row.symbol = (names.get(name) or name_text(name)) if name else ""
        if vector is not None:
            row.vector, row.color = vector, colors.get(name, len(colors))
            row.leads = vector - self._start if self._points.holds(vector) else vector


def _lone_head(lines: Sequence[RuleLine], indent: int, begin: int, number: int) -> RuleLine | None:
    """Return the ``else`` or ``finally`` of a line in a statement that begins at line ``begin``, or None.

    Python does not report these heads as executed lines.
    """
    if indent < 0:
        return None
    heads = (line for line in reversed(lines) if line.node is None and line.indent == indent)
    return next((line for line in heads if begin < line.number < number), None)


def _fold_passes(rows: list[ReportRow]) -> None:
    """Fold the passes of a loop with many lines, except the last one."""
    loops: dict[int, list[ReportRow]] = {}
    for row in rows:
        if row.executed and isinstance(row.executed.line.node, ast.For | ast.While) and row.executed.taken:
            loops.setdefault(row.executed.line.number, []).append(row)
    for row in (row for passes in loops.values() for row in passes):
        row.summary = ";  ".join(dict.fromkeys(text for child in row.walk() for text in child.asked))
    for passes in loops.values():
        if sum(len(row.children) for row in passes) > FEW_LINES:
            for row in passes[:-1]:
                row.unfolded = any(child.error for child in row.walk())


def adopt(rows: list[ReportRow], parent: ReportRow | None) -> None:
    """Set parent and index of each row."""
    _fold_passes(rows)
    for index, row in enumerate(rows):
        row.index = index
        if parent is not None:
            row.above = ref(parent)
        if row.children:
            adopt(row.children, row)


def _distinguishing_digits(calls: Sequence[Frame]) -> int:
    """Return the number of digits with which the arguments of calls differ, such as those of central differences."""
    for digits in (DIGITS, 2 * DIGITS):
        texts = {tuple(_short_text(value, digits) for value in call.arguments.values()) for call in calls}
        if len(texts) == len(calls):
            return digits
    return EXACT if len(calls) > 1 else DIGITS


def _short_text(value: Any, digits: int) -> str:
    """Return the text of an argument: its value, or the shape of a large array."""
    text = value_text(value, digits)
    return text.partition(":")[0] if isinstance(value, np.ndarray) else text


def _is_value(value: Any) -> bool:
    """Return True for a value; functions and oracles are not."""
    return isinstance(value, np.ndarray | int | float | np.number | str | tuple | list | None)


@cache
def _colors_of(lines: tuple[RuleLine, ...]) -> dict[str, int]:
    """Return a colour index for each name of a function, in the order of its first assignment."""
    names: dict[str, int] = {}
    for line in lines:
        for node in ast.walk(line.node) if line.node and not hasattr(line.node, "body") else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.setdefault(node.id, len(names))
    return names
