"""A step of training in six parts: initialise, forward, cost, backpropagate, update, repeat.

The lines and arrays are those of the step executed again. A part that was executed several times, such as the forward
pass in a line search, is shown for each time.
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
from gdviewer.inspection.points import PointSet
from gdviewer.inspection.rows import ReportRow, RowMaker, adopt
from gdviewer.problems.networks import training
from gdviewer.problems.networks.architecture import Stage
from gdviewer.problems.networks.layer import rows_of, shape_text
from gdviewer.problems.networks.network import Network
from gdviewer.text import number_text, tr

_FOLDER = Path(training.__file__).parent
_FEW_OF_EXAMPLE = 12  # numbers that are all shown for one example, which has fewer than a batch


def is_of_network(frame: Frame) -> bool:
    """Return True for a call of code of networks."""
    return _FOLDER in Path(frame.file).parents


@dataclass(eq=False)
class Pass:
    """A forward pass through the network, with the cost and the backward pass.

    Attributes:
        line: the line of the rule that evaluated it.
        forward, cost, backward: the calls; None if they were not executed.
    """

    line: Executed
    forward: Frame
    cost: Frame | None = None
    backward: Frame | None = None

    @property
    def loss(self) -> float | None:
        """The cost; None if it was not computed."""
        result = self.cost.result if self.cost else None
        value = result[0] if isinstance(result, tuple) else result
        return None if value is None else float(value)


def passes_of(inspection: Inspection) -> list[Pass]:
    """Return all passes through the network in a step, in order."""
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
    """Return the title of a stage: ``dense 1``, or ``dense 1: tanh`` for its activation."""
    return f"{stage.name}: {stage.layer}" if stage.activation else stage.name


@dataclass(eq=False)
class SixSteps:
    """The six parts of a step of training.

    Args:
        network: the network; run: the run; step: the number of the step.
        inspection: the inspection of the step; update: the rows of the rule.
        index: the index of the followed example in the batch, from 0; None for all examples.

    Attributes:
        passes: the passes through the network.
    """

    network: Network
    run: Run
    step: int
    inspection: Inspection
    update: list[ReportRow]
    index: int | None = None
    passes: list[Pass] = field(init=False)

    def __post_init__(self) -> None:
        self.passes = passes_of(self.inspection)

    @property
    def rows(self) -> list[ReportRow]:
        """The six parts."""
        titles = tr("Initialise"), tr("Forward"), tr("Cost"), tr("Backpropagate"), tr("Update"), tr("Repeat")
        makers = self._initialise, self._forward, self._cost, self._backpropagate, self._update, self._repeat
        parts = []
        for number, (title, make) in enumerate(zip(titles, makers, strict=True), 1):
            text = f"{number}  {title}"
            part = ReportRow(f"six/{number}", text, text, heading=True, unfolded=number == 5, named=True)
            part.value, part.children = make()
            parts.append(part)
        adopt(parts, None)
        return parts

    @property
    def batch(self) -> int:
        """The number of examples of the step; 0 if it has no pass."""
        return min((len(each.forward.arguments["inputs"]) for each in self.passes), default=0)

    @property
    def followed(self) -> int | None:
        """The row of the training data that is followed, counted from 0; None if there is none."""
        if self.index is None or self.index >= self.batch:
            return None
        batches = self.network.batches
        return int(batches.at(self.step, self.run.seed)[self.index]) if batches.count > 1 else self.index

    @property
    def example_text(self) -> str:
        """A text on the followed example; empty if there is none."""
        if self.index is None or not self.batch:
            return ""
        if self.followed is None:
            return tr("This batch has {n} examples: all of them are shown.", n=self.batch)
        network, row = self.network, self.followed
        target, classes = network.train.targets[row], network.train.classes
        name = classes[target] if classes and not target.ndim else value_text(target)
        return tr(
            "Followed here and in the pages: row {row} of the training data, target {target}. "
            "Cost and ∂f/∂W are those of all {n} examples.",
            row=f"{row + 1:,}", target=name, n=self.batch,
        )  # fmt: skip

    # The parts: the value of each and its rows

    def _initialise(self) -> tuple[str, list[ReportRow]]:
        network, start = self.network, self.run.start
        kind, seed = network.values["init"], network.values["init_seed"]
        drawn = tr("{kind}, seed {seed}", kind=kind, seed=seed)
        origin = drawn if np.array_equal(start, network.start) else tr("own start, not {drawn}", drawn=drawn)
        rows = [
            _array(f"six/1/{layer}/{name}", f"{layer} {name}", part)
            for layer, parts in network.parameters(start).items()
            for name, part in parts.items()
        ]
        return tr("{n} weights: {how}", n=f"{network.dimension:,}", how=origin), rows

    def _forward(self) -> tuple[str, list[ReportRow]]:
        def rows_of(number: int, each: Pass) -> list[ReportRow]:
            calls = list(_calls(each.forward, "forward"))
            inputs = self._of(each, each.forward.arguments.get("inputs"))
            rows = [_array(f"six/2/{number}/in", tr("input"), inputs, self._few)]
            for index, (stage, call) in enumerate(self._staged(calls)):
                output = call.result[0] if isinstance(call.result, tuple) else call.result
                row = _array(f"six/2/{number}/{index}", stage, self._of(each, output), self._few)
                row.children, row.unfolded = self._lines(each, call, row.key), False
                rows.append(row)
            return rows

        text = tr("{passes} passes", passes=len(self.passes)) if len(self.passes) > 1 else ""
        if len(self.passes) == 1:
            rows = len(self.passes[0].forward.arguments["inputs"])
            shapes = (self.network.architecture.shape, self.network.architecture.stages[-1].output)
            text = tr("{n} examples", n=f"{rows:,}") + ": " + " → ".join(map(shape_text, shapes))
        return text, self._for_each("six/2", self.passes, rows_of)

    def _cost(self) -> tuple[str, list[ReportRow]]:
        def rows_of(number: int, each: Pass) -> list[ReportRow]:
            return self._lines(each, each.cost, f"six/3/{number}") if each.cost else []

        losses = [each.loss for each in self.passes if each.loss is not None]
        text = ", ".join(map(value_text, losses[:FEW])) + ", …" * (len(losses) > FEW)
        name = self.network.loss_name.replace("_", " ")
        return f"{name} {text}".rstrip(), self._for_each("six/3", [each for each in self.passes if each.cost], rows_of)

    def _backpropagate(self) -> tuple[str, list[ReportRow]]:
        passes = [each for each in self.passes if each.backward]

        def rows_of(number: int, each: Pass) -> list[ReportRow]:
            rows: list[ReportRow] = []
            if each.backward is None:
                return rows
            parts = _parts(self.network, each.backward.result)
            stages = reversed(self.network.architecture.stages)
            for stage, call in zip(stages, _calls(each.backward, "backward"), strict=False):
                key = f"six/4/{number}/{stage_title(stage)}"
                row = _array(key, f"{stage_title(stage)}: δ", self._of(each, call.arguments.get("delta")), self._few)
                row.children, row.unfolded = self._lines(each, call, key), False
                rows.append(row)
                for name, part in parts.get(stage.name, {}).items() if stage.weights else ():
                    rows.append(_array(f"{key}/{name}", f"{stage.name}: ∂f/∂{name}", part))
            return rows

        norms = [value_text(float(np.linalg.norm(each.backward.result))) for each in passes[:FEW]]  # type: ignore[union-attr]
        norm = f"‖∇f‖ = {', '.join(norms)}" if norms else tr("no gradient was evaluated")
        return norm, self._for_each("six/4", passes, rows_of)

    def _update(self) -> tuple[str, list[ReportRow]]:
        owner = self.run.owner(self.step)
        rate = owner.trace.rate[self.step] if self.step < len(owner.trace) else np.nan
        text = f"η = {number_text(float(rate))}" if np.isfinite(rate) else ""
        return ", ".join(filter(None, [owner.optimizer.title, text])), self.update

    def _repeat(self) -> tuple[str, list[ReportRow]]:
        batches, step = self.network.batches, self.step
        rows = []
        for key, title, t in (("now", tr("this batch: rows"), step), ("next", tr("the next batch: rows"), step + 1)):
            if batches.count > 1:
                seen = np.asarray(batches.at(t, self.run.seed)) + 1  # counted from 1 on the screen
                row = _array(f"six/6/{key}", title, seen)
                row.value = ", ".join(f"{i:,}" for i in seen[:_FEW_OF_EXAMPLE]) + ", …" * (len(seen) > _FEW_OF_EXAMPLE)
                rows.append(row)
        text = self.network.batch_text
        rows.append(ReportRow("six/6/text", text, text, remark=True))
        index = (step - 1) % batches.count + 1
        return tr(
            "epoch {epoch}, batch {batch} of {count}", epoch=f"{batches.epoch(step) + 1:,}", batch=f"{index:,}",
            count=f"{batches.count:,}",
        ), rows  # fmt: skip

    # Common parts

    @property
    def _few(self) -> int:
        return FEW if self.index is None else _FEW_OF_EXAMPLE

    def _for_each(
        self, key: str, passes: Sequence[Pass], rows_of: Callable[[int, Pass], list[ReportRow]]
    ) -> list[ReportRow]:
        """Return the rows of each pass, below a head for each if there are several."""
        if len(passes) == 1:
            return rows_of(1, passes[0])
        heads = []
        for each in passes:
            number = self.passes.index(each) + 1
            line = each.line.line
            head = ReportRow(
                f"{key}/{number}", f"pass {number}: {line.code}", f"pass {number}: {line.text}", remark=True
            )
            head.value = "" if each.loss is None else f"f = {value_text(each.loss)}"
            head.named, head.unfolded, head.children = True, False, rows_of(number, each)
            heads.append(head)
        return heads

    def _staged(self, calls: Sequence[Frame]) -> Iterable[tuple[str, Frame]]:
        return zip(map(stage_title, self.network.architecture.stages), calls, strict=False)

    def _example(self, each: Pass) -> Example | None:
        rows = len(each.forward.arguments["inputs"])
        if self.index is None or self.index >= rows:
            return None
        return Example(self.index, rows, self.network.architecture.stages)

    def _of(self, each: Pass, value: Any) -> Any:
        example = self._example(each)
        return example.of(value) if example else value

    def _lines(self, each: Pass, call: Frame, key: str) -> list[ReportRow]:
        """Return the lines of a call, with the values of the followed example."""
        example, start = self._example(each), np.empty(0)  # no array of the network is a point
        points = PointSet(Inspection(self.step, None, None, None, None, True), start)
        shown = replace(call, executed=[line for line in call.executed if not _is_allocation(line)])
        maker = RowMaker(points, start, skipped=_is_aside, few=self._few)
        return maker.frame(example.in_call(shown) if example else shown, key)


def _calls(frame: Frame, name: str) -> Iterator[Frame]:
    """Return the direct calls of a function within a call, in order."""
    return (call for executed in frame.executed for call in executed.calls if call.name == name)


def _is_allocation(line: Executed) -> bool:
    """Return True for a line that only allocates the gradient."""
    match line.line.node:
        case ast.Assign(value=ast.Name(id="gradient")):
            return True
    return False


def _is_aside(frame: Frame) -> bool:
    """Return True for a call that computes with shapes or only rearranges numbers."""
    return frame.name == rows_of.__name__ or not any(isinstance(a, np.ndarray) for a in frame.arguments.values())


def _parts(network: Network, gradient: Any) -> dict[str, dict[str, np.ndarray]]:
    """Return the gradient by layer and weight."""
    return network.parameters(gradient) if isinstance(gradient, np.ndarray) else {}


def _array(key: str, title: str, value: Any, few: int = FEW) -> ReportRow:
    """Return a row for an array."""
    row = ReportRow(key, title, title, value="" if value is None else value_text(value, few=few))
    row.name = row.symbol = title
    row.amount = value
    return row
