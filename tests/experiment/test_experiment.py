"""The frozen description of what is run."""

import dataclasses

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.experiment.experiment import Experiment, default_experiment
from gdviewer.experiment.plan import RunPlan

ADAM = optimizers.get("adam")


def test_that_the_default_experiment_is_ready_to_run_from_one_start():
    experiment = default_experiment()
    assert experiment.problem.name == "himmelblau"
    assert [plan.optimizer.name for plan in experiment.runs] == ["gradient_descent", "adam"]
    for plan in experiment.runs:
        run = experiment.build(plan)
        run.advance(1000)
        assert run.trace.x[0].tolist() == list(experiment.start)
        assert run.stop.reason.converged


def test_that_a_plan_knows_all_its_hyperparameters_and_checks_them():
    assert RunPlan(ADAM, {"beta1": 0.5}).hyperparameters == ADAM.check({"beta1": 0.5})
    with pytest.raises(ValueError, match="adam has no parameter 'beta'; did you mean"):
        RunPlan(ADAM, {"beta": 0.5})
    with pytest.raises(ValueError, match=r"beta1 must be in \[0, 1\); got 1"):
        default_experiment().with_run(0, optimizer=ADAM, hyperparameters={"beta1": 1})


def test_that_an_edit_makes_a_new_experiment():
    before = default_experiment()
    after = before.with_run(1, start=(1.0, 2.0), visible=False)
    assert before.runs[1].start is None
    assert after.start_of(after.runs[1]) == (1.0, 2.0)
    assert after.start_of(after.runs[0]) == before.start
    assert after.build(after.runs[1]).start.tolist() == [1, 2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.seed = 3


def test_that_another_problem_brings_its_start_and_other_parameters_do_not():
    before = default_experiment().with_run(0, start=(1.0, 1.0))
    curve = before.with_problem(problems.get("forrester"))
    assert curve.start == (0.35,)
    assert curve.runs[0].start is None
    assert curve.build(curve.runs[0]).start.shape == (1,)
    rosenbrock = before.with_problem(problems.get("rosenbrock"))
    moved = dataclasses.replace(rosenbrock, start=(0.0, 0.5)).with_problem(problems.get("rosenbrock", b=5))
    assert moved.start == (0.0, 0.5)
    assert moved.problem.values["b"] == 5


def test_that_a_start_of_wrong_dimension_is_refused_that_of_a_run_when_it_is_built():
    with pytest.raises(ValueError, match=r"the start must have shape \(2,\) for sphere; got \(1,\)"):
        Experiment(problems.get("sphere"), (RunPlan(ADAM),), (1.0,))
    with pytest.raises(ValueError, match="start must be 2 finite numbers"):
        Experiment(problems.get("sphere")).build(RunPlan(ADAM, start=(1.0,)))


def test_that_the_seed_of_an_experiment_reaches_its_runs():
    experiment = dataclasses.replace(default_experiment(), seed=7)
    assert all(experiment.build(plan).seed == 7 for plan in experiment.runs)
    assert np.isfinite(experiment.start).all()
