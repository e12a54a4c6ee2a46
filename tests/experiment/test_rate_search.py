import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.rate_search import RATES, STEPS, find_rate, quick_rate
from gdviewer.problems.function import FunctionProblem


def experiment_on(problem, **plan):
    return Experiment(problem, (RunPlan(**plan),), tuple(problem.start.tolist()))


def loss_after(experiment, rate):
    (plan,) = experiment.runs
    hyperparameters = plan.hyperparameters | {"learning_rate": rate}
    limits = Limits(tolerance=None, max_steps=STEPS, divergence=1e300)
    run = Run(experiment.problem, plan.optimizer, experiment.start, hyperparameters, limits, options=plan.options)
    run.advance(STEPS)
    leaps = run.step < STEPS or run.trace.loss.max() > run.trace.loss[0]
    return np.inf if leaps else run.trace.loss[-1]


@pytest.mark.parametrize("options", [{}, {"l2": 1.0, "clip_norm": 5.0}], ids=["plain", "options"])
@pytest.mark.parametrize("name", ["gradient_descent", "nesterov", "adam"])
def test_that_the_rate_found_leads_lower_than_every_other_tried_that_does_not_leap(name, options):
    experiment = experiment_on(problems.get("rosenbrock"), optimizer=optimizers.get(name), options=Options(**options))
    found = find_rate(experiment, experiment.runs[0])
    lowest = loss_after(experiment, found)
    others = [loss_after(experiment, float(f"{rate:.2g}")) for rate in np.geomspace(1e-5, 10, RATES)]
    assert lowest == min(others)


@pytest.mark.parametrize("name", optimizers.names())
def test_that_every_optimizer_that_steps_many_points_gets_a_rate_no_worse_than_its_default(name):
    rule = optimizers.get(name)
    experiment = experiment_on(problems.get("himmelblau"), optimizer=rule)
    found = find_rate(experiment, experiment.runs[0])
    if not rule.broadcasts or "learning_rate" not in rule.hyperparameters:
        assert found is None
    else:
        assert loss_after(experiment, found) <= loss_after(experiment, float(rule.hyperparameters["learning_rate"]))


def test_that_there_is_no_rate_to_find_for_a_function_of_ones_own_or_at_a_minimum():
    experiment = experiment_on(FunctionProblem(lambda x: x @ x, [1.0, 2.0]), optimizer=optimizers.get("adam"))
    assert find_rate(experiment, experiment.runs[0]) is None
    sphere = problems.get("sphere")
    there = Experiment(sphere, (RunPlan(optimizers.get("adam")),), (0.0, 0.0))
    assert find_rate(there, there.runs[0]) is None


def test_that_a_rate_is_found_for_batches_too():
    problem = problems.get("logistic_regression", data="two_classes", batch_size=8)
    experiment = experiment_on(problem, optimizer=optimizers.get("adam"))
    found = find_rate(experiment, experiment.runs[0])
    assert found is not None
    run = experiment.build(RunPlan(optimizers.get("adam"), {"learning_rate": found}))
    run.advance(STEPS)
    assert run.trace.loss[-1] < 0.5 * run.trace.loss[0]


def test_that_the_rate_found_for_a_network_lowers_the_loss_on_all_rows():
    problem = problems.get("xor_network")
    experiment = experiment_on(problem, optimizer=optimizers.get("adam"))
    assert quick_rate(experiment, experiment.runs[0]) is None
    found = find_rate(experiment, experiment.runs[0], 30.0)
    losses = {}
    for rate in (found, 1e-5, 1e-3):
        run = experiment.build(RunPlan(optimizers.get("adam"), {"learning_rate": rate}))
        run.advance(STEPS)
        losses[rate] = float(problem.value(run.point(run.step)))
    assert losses[found] == min(losses.values()) < 0.5 * problem.value(problem.start)


def test_that_no_rate_is_searched_with_copies_of_a_huge_point():
    problem = problems.get("sphere_nd").replace(n=1000)
    experiment = experiment_on(problem, optimizer=optimizers.get("adam"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gdviewer.experiment.rate_search._NUMBERS", 30_000)
        assert find_rate(experiment, experiment.runs[0]) is None
    assert find_rate(experiment, experiment.runs[0]) is not None
