"""The difference between two experiments: exactly what an edit changed, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.diff import ExperimentDiff, ProblemDiff, RunDiff, diff
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import Branch, RunPlan

NAMES = ("gradient_descent", "rmsprop", "adam")
PLANS = tuple(RunPlan(optimizers.get(name), color=i) for i, name in enumerate(NAMES))
BEFORE = Experiment(problems.get("rosenbrock"), PLANS, (-1.2, 1.0))
SAME = tuple(RunDiff(i, goes_on=True) for i in range(3))
AGAIN = tuple(RunDiff(i) for i in range(3))  # the same plans, whose runs can't go on


def moved(index, **values):
    return BEFORE.with_run(index, hyperparameters={**PLANS[index].hyperparameters, **values})


def with_only(index, run):
    return ExperimentDiff((*SAME[:index], run, *SAME[index + 1 :]))


def run_diff(index, *fields, goes_on=False, continuous=False, **more):
    return with_only(index, RunDiff(index, goes_on, fields=fields, continuous=continuous, **more))


BRANCH = replace(PLANS[2], branch=Branch(PLANS[2], 7), color=3)
ADDED = RunPlan(optimizers.get("adagrad"), color=3)
EDITS = {
    "nothing": (BEFORE, ExperimentDiff(SAME)),
    "an equal plan that is another object": (BEFORE.with_run(1), ExperimentDiff(SAME)),
    "a hyperparameter": (
        moved(2, learning_rate=0.3),
        run_diff(2, "hyperparameters", hyperparameters=("learning_rate",), goes_on=True, continuous=True),
    ),
    "two hyperparameters": (
        moved(2, beta1=0.5, learning_rate=0.3),
        run_diff(2, "hyperparameters", hyperparameters=("learning_rate", "beta1"), goes_on=True, continuous=True),
    ),
    "a switch": (
        moved(1, centered=True),
        run_diff(1, "hyperparameters", hyperparameters=("centered",), goes_on=True),
    ),
    "an option": (
        BEFORE.with_run(0, options=Options(noise=0.1)),
        run_diff(0, "options", options=("noise",), continuous=True),
    ),
    "a schedule": (
        BEFORE.with_run(0, options=Options(schedule=schedules.get("step"))),
        run_diff(0, "options", options=("schedule",), continuous=True),
    ),
    "a start of a run": (BEFORE.with_run(1, start=(0.0, 0.0)), run_diff(1, "start", continuous=True)),
    "a start of a run, where all start": (
        BEFORE.with_run(1, start=BEFORE.start),
        run_diff(1, "start", goes_on=True, continuous=True),
    ),
    "a hidden run": (BEFORE.with_run(1, visible=False), run_diff(1, "visible", goes_on=True)),
    "another optimizer": (
        BEFORE.with_run(0, optimizer=optimizers.get("sign_sgd")),
        run_diff(0, "optimizer"),
    ),
    "an added run": (BEFORE.with_more(ADDED), ExperimentDiff((*SAME, RunDiff(None)))),
    "an added branch": (BEFORE.with_more(BRANCH), ExperimentDiff((*SAME, RunDiff(None, branched=True)))),
    "a removed run": (
        replace(BEFORE, runs=(PLANS[0], PLANS[2])),
        ExperimentDiff((RunDiff(0, goes_on=True), RunDiff(2, goes_on=True)), removed=(1,)),
    ),
    "no run left": (replace(BEFORE, runs=()), ExperimentDiff(removed=(0, 1, 2))),
    "another order": (
        replace(BEFORE, runs=PLANS[::-1]),
        ExperimentDiff(tuple(RunDiff(i, goes_on=True) for i in (2, 1, 0))),
    ),
    "the start": (replace(BEFORE, start=(0.0, 1.0)), ExperimentDiff(AGAIN, start=True)),
    "the seed": (replace(BEFORE, seed=5), ExperimentDiff(AGAIN, seed=True)),
    "limits": (
        replace(BEFORE, limits=Limits(max_steps=7, divergence=1e3)),
        ExperimentDiff(SAME, limits=("max_steps", "divergence")),
    ),
    "breakpoints": (
        replace(BEFORE, breakpoints=(Breakpoint("loss_rises", None, True),)),
        ExperimentDiff(SAME, breakpoints=True),
    ),
    "a parameter of the problem": (
        replace(BEFORE, problem=BEFORE.problem.replace(b=50.0)),
        ExperimentDiff(AGAIN, problem=ProblemDiff("values", ("b",), continuous=True)),
    ),
    "another problem": (
        replace(BEFORE, problem=problems.get("booth")),
        ExperimentDiff(AGAIN, problem=ProblemDiff("another", same_space=False)),
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_that_the_difference_is_what_was_edited(what):
    after, expected = EDITS[what]
    found = diff(BEFORE, after)
    assert found == expected
    assert bool(found) == (after != BEFORE)


def test_that_formulas_differ_in_the_formula_or_in_the_values_of_its_parameters():
    before = Experiment(problems.formula("a*x**2"), PLANS, (1.0,))
    retyped = before.with_problem(problems.formula("a*x**4"))
    slid = before.with_problem(before.problem.replace(a=2.0))
    wider = before.with_problem(problems.formula("a*x**2 + y**2"))
    assert diff(before, retyped).problem == ProblemDiff("formula", continuous=True)
    assert diff(before, slid).problem == ProblemDiff("values", ("a",), continuous=True)
    assert diff(before, wider).problem == ProblemDiff("another", same_space=False)


def test_that_a_layer_of_another_size_is_continuous_and_another_layer_is_not():
    network = problems.get("network")
    before = Experiment(network, PLANS, tuple(network.start.tolist()))
    layers = network.values["layers"]
    for text, continuous in ((layers.replace("8", "12"), True), (f"{layers}, 4", False)):
        found = diff(before, before.with_problem(network.replace(layers=text))).problem
        assert text != layers
        assert (found.kind, found.values, found.continuous) == ("values", ("layers",), continuous)


GESTURES = {
    "a hyperparameter": (("run", 2, "learning_rate"), True),
    "a switch": (("run", 1, "centered"), False),
    "an option": (("run", 0, "noise"), True),
    "a start of a run": (("run", 1, "start"), True),
    "a hidden run": (("run", 1, "visible"), False),
    "another optimizer": (("run", 0, "optimizer"), False),
    "an added run": (("runs",), False),
    "a removed run": (("runs",), False),
    "the start": (("experiment", "start"), True),
    "the seed": (("experiment", "seed"), False),
    "limits": (("experiment", "limits", "max_steps", "divergence"), True),
    "breakpoints": (("experiment", "breakpoints"), False),
    "a parameter of the problem": (("problem", "b"), True),
    "another problem": (("problem",), False),
}


@pytest.mark.parametrize("what", GESTURES)
def test_that_edits_that_a_slider_makes_merge_by_their_subject(what):
    found = diff(BEFORE, EDITS[what][0])
    assert (found.subject, found.merges) == GESTURES[what]


def test_that_it_shows_which_runs_are_touched():
    found = diff(BEFORE, moved(2, learning_rate=0.3))
    assert [found.touches(i) for i in range(3)] == [False, False, True]
    assert found.touches(2, "hyperparameters", "start")
    assert not found.touches(2, "start")
    assert found.recomputed == (2,)
    assert found.moves_only
    removed = diff(BEFORE, EDITS["a removed run"][0])
    assert [removed.touches(i) for i in range(3)] == [False, True, True]
    assert removed.recomputed == ()
    assert not removed.moves_only


@pytest.mark.parametrize("what", [what for what in EDITS if what != "a hyperparameter"])
def test_that_only_a_moved_hyperparameter_leaves_the_records_as_they_are(what):
    found = diff(BEFORE, EDITS[what][0])
    assert found.moves_only == (what in ("nothing", "an equal plan that is another object", "two hyperparameters",
                                         "a switch"))  # fmt: skip


def test_that_a_problem_with_other_parameters_can_be_compared_with_and_recomputes_all_runs():
    found = diff(BEFORE, EDITS["a parameter of the problem"][0])
    assert found.problem.same_space
    assert found.recomputed == (0, 1, 2)
