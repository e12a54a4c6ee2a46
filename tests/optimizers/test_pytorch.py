"""The optimizers against PyTorch's, from values stored by tests/references/make_pytorch.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "pytorch.json").read_text())
STEPS = REFERENCE["steps"]


def descend(case, start):
    run = Run(
        problems.get(case["problem"]),
        optimizers.get(case["optimizer"]),
        start,
        case["hyperparameters"],
        Limits(tolerance=None, max_steps=STEPS[-1]),
    )
    run.advance(STEPS[-1])
    return run.trace.x[STEPS]


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['problem']}-{c['optimizer']}-{c['start']}")
def test_that_each_step_is_where_pytorch_is(case):
    start = np.array(case["start"])
    ours = descend(case, start)
    # Rounding is not the same there; it may differ by what a last bit of the start, moved either way, grows to.
    moved = [descend(case, np.nextafter(start, side)) for side in (np.inf, -np.inf)]
    grown = max(np.abs(other - ours).max() for other in moved)
    assert np.abs(ours - case["points"]).max() <= max(1e-12, 4 * grown)
    assert grown < 1e-6, "the case is chaotic and proves nothing"


def test_that_every_optimizer_is_compared_with_hyperparameters_of_its_own():
    compared = {case["optimizer"] for case in REFERENCE["cases"]}
    assert compared == set(optimizers.names())
    for case in REFERENCE["cases"]:
        declared = optimizers.get(case["optimizer"]).hyperparameters
        assert set(case["hyperparameters"]) == set(declared)
        assert all(case["hyperparameters"][name] != float(declared[name]) for name in declared if name != "eps")
