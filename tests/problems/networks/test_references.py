"""Networks against PyTorch's, from values stored by tests/references/make_networks.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits

CASES = json.loads((Path(__file__).parents[2] / "references" / "networks.json").read_text())["cases"]
UNLIMITED = Limits(tolerance=None, max_steps=10**6)


def named(case):
    return case["name"].replace(" ", "-")


def made(case):
    return problems.network(
        case["layers"], case["inputs"], case["targets"], case["loss"],
        batch_size=None, scaling="none", batches=case["batches"],
    )  # fmt: skip


def distance(ours, theirs):
    """The largest difference by the largest number, or by 1 where all are smaller."""
    return np.abs(ours - theirs).max() / max(1, np.abs(theirs).max())


@pytest.mark.parametrize("case", CASES, ids=named)
def test_that_loss_outputs_and_gradient_are_those_of_pytorch(case):
    network, reported = made(case), case["at the start"]
    x = network.pack(case["weights"])
    assert distance(network.value(x), reported["loss"]) <= 1e-13
    outputs = network.outputs(x, case["inputs"])
    assert outputs.shape == np.shape(reported["outputs"])
    assert distance(outputs, np.array(reported["outputs"])) <= 1e-13
    gradient = network.parameters(network.gradient(x))
    assert gradient.keys() == reported["gradient"].keys()
    for layer, parts in reported["gradient"].items():
        assert gradient[layer].keys() == parts.keys()
        for name, theirs in parts.items():
            assert gradient[layer][name].shape == np.shape(theirs)
            assert distance(gradient[layer][name], np.array(theirs)) <= 1e-13


@pytest.mark.parametrize("after", range(3), ids=lambda i: CASES[0]["after"][i]["optimizer"])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_that_a_hundred_steps_lead_where_they_lead_in_pytorch(case, after):
    network, reported = made(case), case["after"][after]
    rule = optimizers.get(reported["optimizer"])
    run = Run(network, rule, network.pack(case["weights"]), reported["hyperparameters"], UNLIMITED)
    steps = len(reported["losses"])
    run.advance(steps)
    assert run.step == steps
    seen = [network.batch(t, run.seed).value(run.trace.x[t - 1]) for t in range(1, steps + 1)]
    assert distance(np.array(seen), np.array(reported["losses"])) <= 1e-12
    end = run.trace.x[-1]
    assert distance(network.value(end), reported["loss"]) <= 1e-12
    for layer, parts in network.parameters(end).items():
        for name, ours in parts.items():
            assert distance(ours, np.array(reported["weights"][layer][name])) <= 1e-12
