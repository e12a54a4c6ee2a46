"""The curvature methods against SciPy's, from values stored by tests/references/make_scipy.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from gdviewer.problems import Problem

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "scipy.json").read_text())
# What is the same method there, or the nearest to it; SciPy's c₂ for conjugate gradients is 0.4.
OURS = {
    "CG": ("cg_polak_ribiere", {"c2": 0.4}),
    "BFGS": ("bfgs", {}),
    "L-BFGS-B": ("l_bfgs", {}),
    "Newton-CG": ("newton_safeguarded", {}),
    "trust-exact": ("trust_region", {}),
}


class Rosenbrock10(Problem):
    """SciPy's ``rosen`` in ten dimensions."""

    def __init__(self):
        super().__init__("rosenbrock_10", "Rosenbrock", domain=[(-2, 2)] * 10, start=[0.0] * 10)

    def value(self, x):
        x = np.asarray(x, float)
        return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(axis=-1)

    def gradient(self, x):
        off = x[1:] - x[:-1] ** 2
        g = np.zeros(10)
        g[:-1] = -400 * x[:-1] * off - 2 * (1 - x[:-1])
        g[1:] += 200 * off
        return g

    def hessian(self, x):
        diagonal = np.zeros(10)
        diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        diagonal[1:] += 200
        return np.diag(diagonal) + np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)


def name_of(case):
    return f"{case['method']}-{case['problem']}-{case['start'][0]}"


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=name_of)
def test_that_the_minimum_is_scipys_and_the_evaluations_are_at_most_twice_as_many(case, descend):
    problem = Rosenbrock10() if case["problem"] == "rosenbrock_10" else case["problem"]
    optimizer, hyperparameters = OURS[case["method"]]
    run = descend(
        optimizer, problem, case["start"], 1000, hyperparameters, gradient_tolerance=REFERENCE["gradient_tolerance"]
    )
    assert run.stop.reason.value == "gradient tolerance"
    assert np.abs(run.trace.x[-1] - case["x"]).max() < 1e-3
    ours, theirs = sum(run.evaluations), sum(case["counts"])
    assert ours <= 2 * theirs
    if case["method"] in ("BFGS", "L-BFGS-B", "trust-exact"):  # the others are often quicker than that
        assert theirs <= 2 * ours


@pytest.mark.parametrize("case", [c for c in REFERENCE["cases"] if c["method"] == "trust-exact"], ids=name_of)
def test_that_the_trust_region_asks_for_what_scipys_does(case, descend):
    problem = Rosenbrock10() if case["problem"] == "rosenbrock_10" else case["problem"]
    run = descend("trust_region", problem, case["start"], gradient_tolerance=REFERENCE["gradient_tolerance"])
    # SciPy stops by the Euclidean norm, so up to one step earlier or later.
    assert np.abs(np.subtract(run.evaluations[:2], case["counts"][:2])).max() <= 1
