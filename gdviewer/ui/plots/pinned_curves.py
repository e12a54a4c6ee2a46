"""Pinned values of a rule as curves over the steps."""

from __future__ import annotations

from functools import partial

from gdviewer.engine.record.trace import Trace
from gdviewer.engine.run.run import Run
from gdviewer.problems.problem import Problem
from gdviewer.text import component_name
from gdviewer.ui.plots.series import Column, Norms, SomeSteps
from gdviewer.ui.plots.thinning import Array
from gdviewer.ui.session.pins import Pin, Pins, recorded

FEW = 3  # up to this number of components, each has a curve; of more, only the norm has one


def pinned_columns(pins: Pins, run: Run, problem: Problem) -> tuple[list[Column | SomeSteps], list[str]]:
    """Return the sources of the curves of a run's pinned values, and their names.

    Values that the run records as its state come from the record. Other values, and all values of a run that continues
    another, are computed at some steps.
    """
    columns: list[Column | SomeSteps] = []
    names: list[str] = []
    for pin in pins.of(run):
        dense = pin.name in recorded(run.optimizer) and run.origin is None
        components: list[int | None] = [None]
        if pin.vector and problem.dimension <= FEW:
            components = list(range(problem.dimension))
        for component in components:
            if not dense:
                columns.append(SomeSteps(partial(_samples, pins, run, pin, component)))
            elif component is None and pin.vector:
                columns.append(Norms(partial(_vectors, pin.name)))
            else:
                columns.append(partial(_numbers, pin.name, component))
            bars = pin.vector and component is None
            name = f"‖{pin.symbol}‖" if bars else pin.symbol
            names.append(name if component is None else f"{name}[{component_name(problem, component)}]")
    return columns, names


def _samples(pins: Pins, run: Run, pin: Pin, component: int | None) -> tuple[Array, Array]:
    return pins.samples_of(run).curve(pin.name, component)


def _vectors(name: str, trace: Trace) -> tuple[int, Array]:
    stride, states = trace.states
    return stride, states[name].reshape(len(states[name]), -1)


def _numbers(name: str, component: int | None, trace: Trace) -> tuple[int, Array]:
    stride, states = trace.states
    return stride, states[name] if component is None or states[name].ndim == 1 else states[name][:, component]
