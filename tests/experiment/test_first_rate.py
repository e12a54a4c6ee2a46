"""The learning rate an added run begins with."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.optimizer import optimizer
from gdviewer.engine.parameter import rate
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits
from gdviewer.experiment.first_rate import SHARE, first_rate
from gdviewer.problems.function import FunctionProblem


@pytest.mark.parametrize("problem", ["himmelblau", "rosenbrock", "forrester", "booth"])
@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "adam", "adagrad"])
def test_that_the_first_steps_can_be_seen_but_stay_near(name, problem):
    p, o = problems.get(problem), optimizers.get(name)
    chosen = first_rate(p, o, tuple(p.start))
    run = Run(p, o, p.start, {"learning_rate": chosen}, Limits(tolerance=None))
    run.advance(3)
    longest = np.linalg.norm(np.diff(run.trace.x, axis=0), axis=1).max()
    assert SHARE / 3 < longest / np.linalg.norm(np.diff(p.domain, axis=1)) < SHARE * 3


@pytest.mark.parametrize("name", optimizers.names())
def test_that_the_rate_is_in_the_range_of_every_optimizer(name):
    o = optimizers.get(name)
    p = problems.get("rotated_quadratic")
    chosen = first_rate(p, o, tuple(p.start))
    if chosen is not None:
        assert o.check({"learning_rate": chosen})["learning_rate"] == chosen
        assert f"{chosen:e}"[0] in "125"


def test_that_a_default_of_one_is_kept():
    @optimizer("Newton")
    def newton(x, f, *, learning_rate=rate(1.0)):
        return x - learning_rate * f.gradient(x)

    assert first_rate(problems.get("booth"), newton, (-7.0, 5.0)) is None


def test_that_a_function_is_not_called_for_it():
    def never(x):
        raise AssertionError

    assert first_rate(FunctionProblem(never, [1.0]), optimizers.get("adam"), (1.0,)) is None


def test_that_a_start_without_a_slope_keeps_the_default():
    assert first_rate(problems.get("sphere"), optimizers.get("adam"), (0.0, 0.0)) is None
