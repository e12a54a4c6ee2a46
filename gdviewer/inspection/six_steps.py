"""A step of a network's training in the six parts that it is taught in, each with its lines and arrays as they ran.

Initialise, forward, cost, backpropagate, update, repeat. The lines are those of the step executed again; a part that
ran more than once, as the forward pass does in a line search, is told once for each time.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gdviewer.engine.notation.values import FEW, value_text
from gdviewer.engine.run.run import Run
from gdviewer.engine.tracing.tracer import Executed, Frame, Inspection
from gdviewer.inspection.example import Example
from gdviewer.inspection.points import Places
from gdviewer.inspection.rows import ReportRow, RowMaker, adopt
from gdviewer.problems.networks import training
from gdviewer.problems.networks.architecture import Stage
from gdviewer.problems.networks.layer import rows_of, shape_text
from gdviewer.problems.networks.network import Network
from gdviewer.text import number_text, tr

_ROOM = Path(training.__file__).parent
_FEW_OF_ONE = 12  # numbers told one by one of one example, which has fewer of them than a batch


def is_of_network(frame: Frame) -> bool:
    """Whether a call is one of a network's parts."""
    return _ROOM in Path(frame.file).parents


@dataclass(eq=False)
class Pass:
    """Once forward through the network, with what followed from it.

    Attributes:
        line: the line of the rule that asked for it.
        forward, cost, backward: the calls; None for what was not asked for.
    """

    line: Executed
    forward: Frame
    cost: Frame | None = None
    backward: Frame | None = None

    @property
    def loss(self) -> float | None:
        """The cost it came to."""
        result = self.cost.result if self.cost else None
        value = result[0] if isinstance(result, tuple) else result
        return None if value is None else float(value)


def passes_of(inspection: Inspection) -> list[Pass]:
    """All passes through the network in a step, in the order in which they ran."""
    found: list[Pass] = []
    for _, frame, executed in inspection.frame.walk() if inspection.frame else ():
        if is_of_network(frame):
            continue
        for call in filter(is_of_network, executed.calls):
            if call.name == training.feed_forward.__name__:
                found.append(Pass(executed, call))
            elif found and call.name == training.backpropagate.__name__:
                found[-1].backward = call
            elif found and found[-1].cost is None:
                found[-1].cost = call
    return found


def stage_title(stage: Stage) -> str:
    """What a stage is called: ``dense 1``, and ``dense 1: tanh`` for the activation after it."""
    return f"{stage.name}: {stage.layer}" if stage.activation else stage.name


@dataclass(eq=False)
class SixSteps:
    """Tells a step of a network's training.

    Args:
        network: the network; step: the number of the step; run: the run it is of.
        inspection: the step, executed again; update: the rows of its rule.
        place: the example of the batch to follow, from 0; None for all of them.
    """

    network: Network
    run: Run
    step: int
    inspection: Inspection
    update: list[ReportRow]
    place: int | None = None
    passes: list[Pass] = field(init=False)

    def __post_init__(self) -> None:
        self.passes = passes_of(self.inspection)

    @property
    def rows(self) -> list[ReportRow]:
        """The six parts."""
        titles = tr("Initialise"), tr("Forward"), tr("Cost"), tr("Backpropagate"), tr("Update"), tr("Repeat")
        tellers = self._initialise, self._forward, self._cost, self._backpropagate, self._update, self._repeat
        parts = []
        for number, (title, tell) in enumerate(zip(titles, tellers, strict=True), 1):
            told = f"{number}  {title}"
            part = ReportRow(f"six/{number}", told, told, heading=True, unfolded=number == 5, named=True)
            part.value, part.children = tell()
            parts.append(part)
        adopt(parts, None)
        return parts

    @property
    def batch(self) -> int:
        """How many examples the step saw; 0 where it did not come so far."""
        return min((len(one.forward.arguments["inputs"]) for one in self.passes), default=0)

    @property
    def followed(self) -> int | None:
        """The row of the training data that is followed, from 0; None for none."""
        if self.place is None or self.place >= self.batch:
            return None
        batches = self.network.batches
        return int(batches.at(self.step, self.run.seed)[self.place]) if batches.count > 1 else self.place

    @property
    def example_text(self) -> str:
        """Which example is followed; empty for none."""
        if self.place is None or not self.batch:
            return ""
        if self.followed is None:
            return tr("This batch has {n} examples: all of them are shown.", n=self.batch)
        network, row = self.network, self.followed
        target, classes = network.train.targets[row], network.train.classes
        what = classes[target] if classes and not target.ndim else value_text(target)
        return tr(
            "Followed, here and in the pages: row {row} of the training data, target {target}. "
            "Cost and ∂f/∂W are of all {n}.",
            row=f"{row + 1:,}", target=what, n=self.batch,
        )  # fmt: skip

    # The parts: what is to be said of each, and its rows

    def _initialise(self) -> tuple[str, list[ReportRow]]:
        network, start = self.network, self.run.start
        kind, seed = network.values["init"], network.values["init_seed"]
        drawn = tr("{kind}, seed {seed}", kind=kind, seed=seed)
        told = drawn if np.array_equal(start, network.start) else tr("a start of its own, not {drawn}", drawn=drawn)
        rows = [
            _array(f"six/1/{layer}/{name}", f"{layer} {name}", part)
            for layer, parts in network.parameters(start).items()
            for name, part in parts.items()
        ]
        return tr("{n} weights: {how}", n=f"{network.dimension:,}", how=told), rows

    def _forward(self) -> tuple[str, list[ReportRow]]:
        def rows_of(number: int, one: Pass) -> list[ReportRow]:
            calls = list(_calls(one.forward, "forward"))
            inputs = self._of(one, one.forward.arguments.get("inputs"))
            rows = [_array(f"six/2/{number}/in", tr("input"), inputs, self._few)]
            for place, (stage, call) in enumerate(self._staged(calls)):
                output = call.result[0] if isinstance(call.result, tuple) else call.result
                row = _array(f"six/2/{number}/{place}", stage, self._of(one, output), self._few)
                row.children, row.unfolded = self._lines(one, call, row.key), False
                rows.append(row)
            return rows

        told = tr("{passes} passes", passes=len(self.passes)) if len(self.passes) > 1 else ""
        if len(self.passes) == 1:
            rows = len(self.passes[0].forward.arguments["inputs"])
            shapes = (self.network.architecture.shape, self.network.architecture.stages[-1].output)
            told = tr("{n} examples", n=f"{rows:,}") + ": " + " → ".join(map(shape_text, shapes))
        return told, self._for_each("six/2", self.passes, rows_of)

    def _cost(self) -> tuple[str, list[ReportRow]]:
        def rows_of(number: int, one: Pass) -> list[ReportRow]:
            return self._lines(one, one.cost, f"six/3/{number}") if one.cost else []

        losses = [one.loss for one in self.passes if one.loss is not None]
        told = ", ".join(map(value_text, losses[:FEW])) + ", …" * (len(losses) > FEW)
        name = self.network.loss_name.replace("_", " ")
        return f"{name} {told}".rstrip(), self._for_each("six/3", [one for one in self.passes if one.cost], rows_of)

    def _backpropagate(self) -> tuple[str, list[ReportRow]]:
        told = [one for one in self.passes if one.backward]

        def rows_of(number: int, one: Pass) -> list[ReportRow]:
            rows: list[ReportRow] = []
            if one.backward is None:
                return rows
            parts = _parts(self.network, one.backward.result)
            stages = reversed(self.network.architecture.stages)
            for stage, call in zip(stages, _calls(one.backward, "backward"), strict=False):
                key = f"six/4/{number}/{stage_title(stage)}"
                row = _array(key, f"{stage_title(stage)}: δ", self._of(one, call.arguments.get("delta")), self._few)
                row.children, row.unfolded = self._lines(one, call, key), False
                rows.append(row)
                for name, part in parts.get(stage.name, {}).items() if stage.weights else ():
                    rows.append(_array(f"{key}/{name}", f"{stage.name}: ∂f/∂{name}", part))
            return rows

        norms = [value_text(float(np.linalg.norm(one.backward.result))) for one in told[:FEW]]  # type: ignore[union-attr]
        norm = f"‖∇f‖ = {', '.join(norms)}" if norms else tr("no gradient was asked for")
        return norm, self._for_each("six/4", told, rows_of)

    def _update(self) -> tuple[str, list[ReportRow]]:
        owner = self.run.owner(self.step)
        rate = owner.trace.rate[self.step] if self.step < len(owner.trace) else np.nan
        told = f"η = {number_text(float(rate))}" if np.isfinite(rate) else ""
        return ", ".join(filter(None, [owner.optimizer.title, told])), self.update

    def _repeat(self) -> tuple[str, list[ReportRow]]:
        batches, step = self.network.batches, self.step
        rows = []
        for key, title, t in (("now", tr("this batch: rows"), step), ("next", tr("the next batch: rows"), step + 1)):
            if batches.count > 1:
                seen = np.asarray(batches.at(t, self.run.seed)) + 1  # as a person counts them
                row = _array(f"six/6/{key}", title, seen)
                row.value = ", ".join(f"{i:,}" for i in seen[:_FEW_OF_ONE]) + ", …" * (len(seen) > _FEW_OF_ONE)
                rows.append(row)
        text = self.network.batch_text
        rows.append(ReportRow("six/6/text", text, text, remark=True))
        place = (step - 1) % batches.count + 1
        return tr(
            "epoch {epoch}, batch {batch} of {count}", epoch=f"{batches.epoch(step) + 1:,}", batch=f"{place:,}",
            count=f"{batches.count:,}",
        ), rows  # fmt: skip

    # What they have in common

    @property
    def _few(self) -> int:
        return FEW if self.place is None else _FEW_OF_ONE

    def _for_each(
        self, key: str, passes: Sequence[Pass], rows_of: Callable[[int, Pass], list[ReportRow]]
    ) -> list[ReportRow]:
        """The rows of each pass, under a head of its own where there are several."""
        if len(passes) == 1:
            return rows_of(1, passes[0])
        heads = []
        for one in passes:
            number = self.passes.index(one) + 1
            line = one.line.line
            head = ReportRow(
                f"{key}/{number}", f"pass {number}: {line.code}", f"pass {number}: {line.text}", remark=True
            )
            head.value = "" if one.loss is None else f"f = {value_text(one.loss)}"
            head.named, head.unfolded, head.children = True, False, rows_of(number, one)
            heads.append(head)
        return heads

    def _staged(self, calls: Sequence[Frame]) -> Iterable[tuple[str, Frame]]:
        return zip(map(stage_title, self.network.architecture.stages), calls, strict=False)

    def _example(self, one: Pass) -> Example | None:
        rows = len(one.forward.arguments["inputs"])
        if self.place is None or self.place >= rows:
            return None
        return Example(self.place, rows, self.network.architecture.stages)

    def _of(self, one: Pass, value: Any) -> Any:
        example = self._example(one)
        return example.of(value) if example else value

    def _lines(self, one: Pass, call: Frame, key: str) -> list[ReportRow]:
        """The lines of a call, of the example that is followed."""
        example, start = self._example(one), np.empty(0)  # no array of the network's is a point
        places = Places(Inspection(self.step, None, None, None, None, True), start)
        told = replace(call, executed=[line for line in call.executed if not _is_room(line)])
        maker = RowMaker(places, start, skipped=_is_aside, few=self._few)
        return maker.frame(example.in_call(told) if example else told, key)


def _calls(frame: Frame, name: str) -> Iterator[Frame]:
    """The calls of a function that a call made itself, in order."""
    return (call for executed in frame.executed for call in executed.calls if call.name == name)


def _is_room(line: Executed) -> bool:
    """Whether a line only names the room that a gradient is yet to be written into."""
    match line.line.node:
        case ast.Assign(value=ast.Name(id="gradient")):
            return True
    return False


def _is_aside(frame: Frame) -> bool:
    """Whether a call is about shapes, not numbers, or only lays the numbers out in another way."""
    return frame.name == rows_of.__name__ or not any(isinstance(a, np.ndarray) for a in frame.arguments.values())


def _parts(network: Network, gradient: Any) -> dict[str, dict[str, np.ndarray]]:
    """The gradient by the names of layer and weight."""
    return network.parameters(gradient) if isinstance(gradient, np.ndarray) else {}


def _array(key: str, title: str, value: Any, few: int = FEW) -> ReportRow:
    """A row for an array."""
    row = ReportRow(key, title, title, value="" if value is None else value_text(value, few=few))
    row.name = row.symbol = title
    row.amount = value
    return row
