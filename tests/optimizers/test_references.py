"""The optimizers against PyTorch's, optax's and authors' own, from values stored by the scripts in tests/references."""

import json
from pathlib import Path

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.parameter import Switch
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits

FOLDER = Path(__file__).parents[1] / "references"
FILES = [json.loads((FOLDER / name).read_text()) for name in ("pytorch.json", "optax.json")]
CASES = [(file, case) for file in FILES for case in file["cases"]]
LIBRARIES = ("torch.optim.", "optax.", "qhoptim.")


def named(value):
    return "-".join([next(iter(value["versions"]))] if "versions" in value else [value["optimizer"], value["problem"]])


def descend(file, case, start):
    steps = file["steps"]
    limits = Limits(tolerance=None, max_steps=steps[-1])
    rule = optimizers.get(case["optimizer"])
    run = Run(problems.get(case["problem"]), rule, start, case["hyperparameters"], limits)
    run.advance(file["rate_halved_after"])
    run.change("learning_rate", run.hyperparameters["learning_rate"] / 2)
    run.advance(steps[-1])
    assert run.step == steps[-1]
    return {"x": run.trace.x[steps]} | {name: column[steps] for name, column in run.trace.state.items()}


@pytest.mark.parametrize(("file", "case"), CASES, ids=named)
def test_that_each_step_is_where_the_reference_is(file, case):
    start = np.array(case["start"])
    ours = descend(file, case, start)
    # Rounding is not the same there; it may differ by what a last bit of the start, moved either way, grows to.
    moved = [descend(file, case, np.nextafter(start, side)) for side in (np.inf, -np.inf)]
    for name, theirs in case["after"].items():
        grown = max(np.abs(other[name] - ours[name]).max() for other in moved)
        assert np.abs(ours[name] - theirs).max() <= max(1e-12, 4 * grown)
        assert grown < 1e-10, "the case is chaotic and proves nothing"


@pytest.mark.parametrize("name", optimizers.names())
def test_that_what_a_library_has_is_compared_with_it_at_other_values_than_the_defaults(name):
    optimizer = optimizers.get(name)
    compared = [case for _, case in CASES if case["optimizer"] == name]
    if "learning_rate" in optimizer.hyperparameters and any(library in optimizer.source for library in LIBRARIES):
        assert len({case["problem"] for case in compared}) >= 4
    for key, declared in optimizer.hyperparameters.items() if compared else ():
        values = {case["hyperparameters"].get(key, declared) for case in compared}
        assert values - {declared}, f"{key} is compared at its default only"
        assert not isinstance(declared, Switch) or values == {True, False}, f"{key} is compared one way only"
