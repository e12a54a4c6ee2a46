"""A step of a network's training in six parts."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.inspection.six_steps import stage_title
from gdviewer.inspection.step_report import Reporter

NETWORKS = {
    "dense": ("network", {}),
    "conv": ("convolutional_network", {"layers": "conv 4 3x3, maxpool 2, flatten, dropout 0.2", "batch_size": 16}),
    "rnn": ("recurrent_network", {}),
    "rnn_last": ("network", {"data": "parity", "layers": "rnn 8"}),
}
STEP = 7
RNG = np.random.default_rng(0)


def trained(kind, optimizer="adam", steps=12, **values):
    name, defaults = NETWORKS[kind]
    problem = problems.get(name, **(defaults | values))
    run = Run(problem, optimizers.get(optimizer), problem.start, {}, Limits(tolerance=None, max_steps=steps), seed=3)
    run.advance(steps)
    return problem, run


def reported(run, step=STEP, example=None):
    report = Reporter().report(run, step, example)
    assert not report.faults
    return report


def found(rows, title):
    """The row of a title that is found first."""
    return next(row for top in rows for row in top.walk() if row.text == title)


@pytest.mark.parametrize("kind", NETWORKS)
def test_that_the_six_parts_hold_the_arrays_of_the_step(kind):
    problem, run = trained(kind)
    seen = problem.batch(STEP, run.seed)
    x = run.trace.x[STEP - 1]
    report = reported(run)
    titles = [row.text for row in report.rows]
    assert titles == [f"{i}  {t}" for i, t in enumerate(
        ("Initialise", "Forward", "Cost", "Backpropagate", "Update", "Repeat"), 1
    )]  # fmt: skip
    initial, forward, cost, backward, update, repeat = report.rows
    for layer, parts in problem.parameters(run.start).items():
        for name, part in parts.items():
            assert np.array_equal(found([initial], f"{layer} {name}").amount, part)
    outputs = seen.inputs
    assert np.array_equal(found([forward], "input").amount, outputs)
    for stage, layer, w in zip(problem.architecture.stages, seen.layers, problem.architecture.views(x), strict=True):
        outputs = layer.forward(outputs, w)[0]
        assert np.array_equal(found([forward], stage_title(stage)).amount, outputs)
    value, gradient = seen.value_and_gradient(x)
    assert float(cost.value.rpartition(" ")[2]) == pytest.approx(value, rel=1e-3)
    for layer, parts in problem.parameters(gradient).items():
        for name, part in parts.items():
            assert np.array_equal(found([backward], f"{layer}: ∂f/∂{name}").amount, part)
    assert np.array_equal(found([backward], f"{stage_title(problem.architecture.stages[-1])}: δ").amount.shape,
                          outputs.shape)  # fmt: skip
    assert any(np.array_equal(row.vector, run.trace.x[STEP]) for row in update.walk() if row.vector is not None)
    assert np.array_equal(found([repeat], "this batch: rows").amount, problem.batches.at(STEP, run.seed) + 1)


def test_that_the_activations_reported_are_those_of_the_network_where_nothing_is_dropped():
    problem, run = trained("dense", batch_size=0)
    known = problem.activations(run.trace.x[STEP - 1], problem.train.inputs)
    forward = reported(run).rows[1]
    for stage, activation in zip(problem.architecture.stages, known, strict=True):
        assert np.allclose(found([forward], stage_title(stage)).amount, activation, rtol=1e-13)


@pytest.mark.parametrize("kind", NETWORKS)
def test_that_one_example_is_followed_through_every_array_that_holds_the_batch(kind):
    problem, run = trained(kind)
    position = 5
    whole, one = reported(run), reported(run, example=position)
    for part in (1, 3):
        for all_of_it, part_of_it in zip(whole.rows[part].children, one.rows[part].children, strict=True):
            if "∂f" in part_of_it.text:
                assert np.array_equal(part_of_it.amount, all_of_it.amount)  # a weight has the gradient of all examples
            else:
                assert np.array_equal(part_of_it.amount, all_of_it.amount[position])
    row = int(problem.batches.at(STEP, run.seed)[position])
    assert np.array_equal(one.rows[1].children[0].amount, problem.inputs[row])
    assert any(f"row {row + 1:,} of" in note for note in one.notes)


def test_that_a_last_batch_too_small_for_the_example_is_reported_whole():
    problem, run = trained("dense", batch_size=300)  # of 320 rows, so that the second batch has 20
    assert problem.batches.count == 2
    first, last = reported(run, 1, example=250), reported(run, 2, example=250)
    assert first.batch == last.batch == 300
    assert found(first.rows, "input").amount.shape == (2,)
    assert found(last.rows, "input").amount.shape == (20, 2)
    assert any("20 examples" in note for note in last.notes)


def test_that_weights_as_many_as_the_batch_has_examples_stay_whole():
    _, run = trained("dense", layers="32, 32", batch_size=32)
    forward = reported(run, example=3).rows[1]
    weights = [row.executed.writes["W"] for row in forward.walk() if row.executed and "W" in row.executed.writes]
    assert [w.shape for w in weights] == [(2, 32), (32, 32), (32, 1)]


def test_that_each_pass_of_a_line_search_is_reported_with_its_cost():
    _, run = trained("dense", "bfgs")
    report = reported(run)
    forward, cost, backward = report.rows[1:4]
    assert len(forward.children) > 1
    assert all(row.text.startswith("pass ") for part in (forward, cost, backward) for row in part.children)
    assert len(backward.children) < len(forward.children)  # values are asked for more often than gradients
    asked = [trial.value for trial in report.trials if trial.value is not None]
    reported_costs = [float(row.value.removeprefix("f = ")) for row in cost.children]
    assert all(min(abs(value - known) for known in reported_costs) < 1e-3 * abs(value) for value in asked)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "l_bfgs", "cg_polak_ribiere", "armijo", "adamw"])
def test_that_the_outline_holds_with_other_optimizers(name):
    _, run = trained("dense", name)
    report = reported(run)
    assert len(report.rows) == 6
    assert report.rows[3].children
    assert any(row.of_rule for row in report.rows[4].walk())


def test_that_the_plumbing_between_rule_and_layers_is_not_reported():
    _, run = trained("rnn")
    reported_calls = {row.text.partition("(")[0] for top in reported(run).rows for row in top.walk()}
    assert not reported_calls & {"batch", "views", "take", "count", "value_and_gradient", "parts"}


def test_that_lines_of_layers_read_as_mathematics():
    _, run = trained("dense")
    texts = {row.text for top in reported(run).rows for row in top.walk()}
    assert {"z ← a·W", "∇W ← aᵀ·δ", "∇b ← ∑δ"} <= texts
