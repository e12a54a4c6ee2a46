"""A step as rows to be read: each line that ran, with what it worked on and what it came to, folded into a tree."""

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
from gdviewer.inspection.points import Places
from gdviewer.text import tr

FEW_LINES = 16  # a loop of more lines shows its passes folded, but for the last
EXACT = 12  # digits of a value that is looked at closely


def _no_row() -> ReportRow | None:
    """Return the parent of a row at the top: None."""
    return None


@dataclass(eq=False)
class ReportRow:
    """A line that ran, the head of a call, or a remark.

    Attributes:
        key: what it is known by from step to step.
        code, text: the line as it is written, and as mathematics.
        value: what it came to; empty for nothing; named: whether that says itself what it is, as ``α = 1, x = …`` does.
        name: the local name that holds ``amount``; empty for none.
        symbol: the name as mathematics.
        amount: the value itself, where it is a number or an array.
        vector: the same, where it is a vector of the problem's space; leads: where its arrow leads, from the point.
        color: which of the lines' colours is its own.
        summary: what a pass of a loop tried.
        remark: whether it is no line; heading: whether it is the title of a part.
        change: how it changed since the step before, for the line that changed most.
        error: what was raised in it.
        asked: the losses it asked for itself, away from where the step starts.
        of_rule: whether it is a line of the rule itself.
        unfolded: whether the rows below it are shown at first.
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
    place: int = 0  # among its parent's children

    @property
    def parent(self) -> ReportRow | None:
        """The row it stands under."""
        return self.above()

    @cached_property
    def numbers(self) -> str:
        """The line with numbers in the place of names; worked out when it is first seen."""
        return with_numbers(self.executed.line, self.executed.reads, self.names) if self.executed else ""

    @property
    def is_large(self) -> bool:
        """Whether there is more to its value than is told."""
        return isinstance(self.amount, np.ndarray) and self.amount.dtype.kind in "fiub" and not is_few(self.amount)

    @property
    def depth(self) -> int:
        """How many rows it stands under."""
        return self.parent.depth + 1 if self.parent else 0

    @property
    def is_place(self) -> bool:
        """Whether its vector is a point, to which its arrow leads."""
        return self.leads is not self.vector

    @property
    def can_be_pinned(self) -> bool:
        """Whether it is a value of the rule's that has an arrow, or is a number."""
        number = isinstance(self.amount, int | float | np.number) and not isinstance(self.amount, bool)
        return self.of_rule and bool(self.name) and (self.vector is not None or number)

    @property
    def points_asked(self) -> set[bytes]:
        """The bits of the points that f was asked at in it, or in what it called."""
        lines = [row.executed for row in self.walk() if row.executed]
        return {asked.at.tobytes() for executed in lines for asked in executed.asked}

    def walk(self) -> Iterator[ReportRow]:
        """This row and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class TrialRow:
    """A point that the rule asked f about, away from where the step starts.

    Attributes:
        value: the loss it was told; None where it asked for the gradient only.
        alpha: the step length, where the rule has one.
        taken: whether the step ended there.
    """

    point: np.ndarray
    value: float | None
    alpha: float | None
    taken: bool

    @property
    def text(self) -> str:
        """What stands beside it."""
        parts = [] if self.alpha is None else [f"α = {value_text(self.alpha, 3)}"]
        parts += ["∇f"] if self.value is None else [f"f = {value_text(self.value, 3)}"]
        return ", ".join(parts)


def rows_of(
    inspection: Inspection,
    start: np.ndarray,
    before: Inspection | None = None,
    skipped: Callable[[Frame], bool] = lambda _: False,
) -> list[ReportRow]:
    """The rows of a step that starts at ``start``, (n,); with ``before``, what changed most since then is marked.

    Calls that are ``skipped`` are not told.
    """
    if inspection.frame is None:
        return []
    places = Places(inspection, start)
    rows = RowMaker(places, start, skipped).frame(inspection.frame, "", of_rule=True)
    adopt(rows, None)
    if before and (found := most_changed(inspection, before)):
        for row in (row for top in rows for row in top.walk()):
            if row.executed is found[0]:
                row.change = found[1]
    return rows


def trials_of(inspection: Inspection, start: np.ndarray) -> list[TrialRow]:
    """The points other than ``start`` that f was asked about, in order."""
    trials: dict[bytes, TrialRow] = {}
    here, end = start.tobytes(), inspection.x
    for _, frame, executed in inspection.frame.walk() if inspection.frame else ():
        for asked in executed.asked:
            key = asked.at.tobytes()
            if key == here or asked.at.shape != start.shape or asked.what == "hessian":
                continue
            known = trials.get(key)
            value = float(asked.answer) if asked.what == "value" else known.value if known else None
            alpha = known.alpha if known else _alpha_by(frame, executed)
            trials[key] = TrialRow(asked.at, value, alpha, end is not None and np.array_equal(asked.at, end))
    return list(trials.values())


def _alpha_by(frame: Frame, executed: Executed) -> float | None:
    """The step length in force where a line ran: the number that the function writes α."""
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
        places: which vectors are points; start: where the step starts, (n,).
        skipped: calls that are not told, as they are told elsewhere.
        few: so many numbers are told one by one.
    """

    def __init__(
        self, places: Places, start: np.ndarray, skipped: Callable[[Frame], bool] = lambda _: False, few: int = FEW
    ) -> None:
        self._places, self._start, self._skipped, self._few = places, start, skipped, few

    def frame(self, frame: Frame, key: str, of_rule: bool = False) -> list[ReportRow]:
        """The rows of the lines of a call: what ran in a block stands under its head."""
        colors, top = _colors_of(tuple(frame.lines)), ReportRow(key, "", "")
        heads = [(-1, top, 0)]  # the blocks under way: how far their heads are indented, their rows and line numbers
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
        self._tell_value(row, executed, colors, count)
        row.asked = self._asked(frame, executed)
        if executed.error is not None:
            row.error = f"{type(executed.error).__name__}: {executed.error}"
        followed = [call for call in executed.calls if not self._skipped(call)]
        digits = _telling_digits(followed)
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
            told = tr("{n} more calls are not shown", n=f"{executed.skipped_calls:,}")
            row.children.append(ReportRow(f"{key}…", told, told, remark=True))
        return row

    def _asked(self, frame: Frame, executed: Executed) -> list[str]:
        """The losses that a line asked for away from the start, each with its step length."""
        asked = [asked for asked in executed.asked if asked.what == "value"]
        away = [one for one in asked if one.at.shape == self._start.shape and (one.at != self._start).any()]
        return [TrialRow(one.at, float(one.answer), _alpha_by(frame, executed), False).text for one in away]

    def _call(self, call: Frame, key: str, digits: int) -> ReportRow:
        """The head of a call, with what it was called with, and its lines."""
        children = self.frame(call, key)
        given = [(name, _short_text(value, digits)) for name, value in call.arguments.items() if _is_told(value)]
        code = ", ".join(f"{name} = {value}" for name, value in given)
        text = ", ".join(f"{call.names.get(name) or name_text(name)} = {value}" for name, value in given)
        failed = any(child.error for child in children)
        head = ReportRow(
            key, f"{call.name}({code})", f"{call.name}({text})", children=children, remark=True, unfolded=failed
        )
        head.value = value_text(call.result, digits, self._few) if call.result is not None else ""
        return head

    def _tell_value(self, row: ReportRow, executed: Executed, colors: Mapping[str, int], count: int) -> None:
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
            returned = getattr(getattr(node, "value", None), "id", "")  # the name, where it is but one
            row.value, values = value_text(executed.result, few=self._few), {returned: executed.result}
            if isinstance(executed.result, tuple):
                row.value = ""  # they were told where they were made
        else:
            values = writes
            row.value = next(iter(texts.values())) if len(writes) == 1 else written
        vectors = {name: self._places.vector(value) for name, value in values.items()}
        name = next((name for name, vector in vectors.items() if vector is not None), next(iter(values), ""))
        vector, amount = vectors.get(name), values.get(name)
        if isinstance(amount, np.ndarray | int | float | np.number):
            row.name, row.amount = name, amount
            row.symbol = (names.get(name) or name_text(name)) if name else ""
        if vector is not None:
            row.vector, row.color = vector, colors.get(name, len(colors))
            row.leads = vector - self._start if self._places.holds(vector) else vector


def _lone_head(lines: Sequence[RuleLine], indent: int, begin: int, number: int) -> RuleLine | None:
    """The ``else`` or ``finally`` that a line stands under, of a statement that begins at line ``begin``.

    These heads are not executed themselves, so that no event tells of them.
    """
    if indent < 0:
        return None
    lone = (one for one in reversed(lines) if one.node is None and one.indent == indent)
    return next((one for one in lone if begin < one.number < number), None)


def _fold_passes(rows: list[ReportRow]) -> None:
    """Fold the passes of a loop of many lines, but for the last one that ran."""
    loops: dict[int, list[ReportRow]] = {}
    for row in rows:
        if row.executed and isinstance(row.executed.line.node, ast.For | ast.While) and row.executed.taken:
            loops.setdefault(row.executed.line.number, []).append(row)
    for row in (row for passes in loops.values() for row in passes):
        row.summary = ";  ".join(dict.fromkeys(told for child in row.walk() for told in child.asked))
    for passes in loops.values():
        if sum(len(row.children) for row in passes) > FEW_LINES:
            for row in passes[:-1]:
                row.unfolded = any(child.error for child in row.walk())


def adopt(rows: list[ReportRow], parent: ReportRow | None) -> None:
    """Let each row know what it stands under."""
    _fold_passes(rows)
    for place, row in enumerate(rows):
        row.place = place
        if parent is not None:
            row.above = ref(parent)
        if row.children:
            adopt(row.children, row)


def _telling_digits(calls: Sequence[Frame]) -> int:
    """So many digits that calls of a function nearby, as those for central differences are, look different."""
    for digits in (DIGITS, 2 * DIGITS):
        told = {tuple(_short_text(value, digits) for value in call.arguments.values()) for call in calls}
        if len(told) == len(calls):
            return digits
    return EXACT if len(calls) > 1 else DIGITS


def _short_text(value: Any, digits: int) -> str:
    """An argument: its value, or of an array that is large its shape."""
    text = value_text(value, digits)
    return text.partition(":")[0] if isinstance(value, np.ndarray) else text


def _is_told(value: Any) -> bool:
    """Whether an argument is a value and no function or oracle."""
    return isinstance(value, np.ndarray | int | float | np.number | str | tuple | list | None)


@cache
def _colors_of(lines: tuple[RuleLine, ...]) -> dict[str, int]:
    """A colour for each name of a function, in the order in which its lines first set them."""
    names: dict[str, int] = {}
    for line in lines:
        for node in ast.walk(line.node) if line.node and not hasattr(line.node, "body") else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.setdefault(node.id, len(names))
    return names
