"""Runs that continue others: the same bits where nothing is changed, and what holds from the branch on where it is."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import shares_past
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.engine.worker.worker import burst
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.function import FunctionProblem
from tests.kinds import family, representatives

ENDLESS = Limits(tolerance=None, max_steps=60)
NOISY = Options(noise=0.3, clip_norm=20.0)


def experiment_of(rule="adam", problem="himmelblau", options=None, limits=ENDLESS, **hyperparameters):
    problem = problems.get(problem) if isinstance(problem, str) else problem
    rule = optimizers.get(rule) if isinstance(rule, str) else rule
    plan = RunPlan(rule, hyperparameters, options=options or Options())
    return Experiment(problem, (plan,), tuple(problem.start), limits)


def finished(experiment, plan=None, left=None):
    """The run of a plan at its end; ``left`` is the run it continues, which else is executed again."""
    records, plan = Records(), plan or experiment.runs[0]
    if left:
        records.add(plan.branch, left)
    run = experiment.build(plan, records)
    run.advance(run.limits.max_steps)
    return run


def assert_same(run, other):
    """Both have the same rows, the same end, and replay to the same bits."""
    assert run.step == other.step
    for column in ("x", "loss", "gradient", "rate"):
        assert np.array_equal(getattr(run.trace, column), getattr(other.trace, column), equal_nan=True), column
    assert (run.stop and run.stop.reason) == (other.stop and other.stop.reason)
    for step in {1, run.branch_step, run.branch_step + 1, run.step} & set(range(1, run.step + 1)):
        ours, theirs = run.replay(step), other.replay(step)
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[0], run.trace.x[step])
        for name, value in theirs[1].items():
            assert np.array_equal(ours[1][name], value), name


@pytest.mark.parametrize(
    ("name", "options"),
    representatives(
        itertools.product(optimizers.names(), [Options(), NOISY]),
        lambda name, _: name,
        lambda name, options: (family(name), str(options)),
    ),
    ids=str,
)
def test_that_an_unchanged_branch_is_the_original_bit_for_bit(name, options):
    problem = "himmelblau" if not optimizers.get(name).lacks(problems.get("himmelblau")) else "rosenbrock"
    experiment = experiment_of(name, problem, options)
    original = finished(experiment)
    assert original.step > 1
    for step in (1, original.step // 2, original.step - 1):
        plan = experiment.runs[0].continued(original, step)
        assert_same(finished(experiment, plan, original), original)
        assert_same(finished(experiment, plan), original)


@pytest.mark.parametrize("name", schedules.names())
def test_that_a_schedule_goes_on_where_a_branch_leaves(name):
    experiment = experiment_of("momentum", options=Options(schedule=schedules.get(name)), learning_rate=0.002)
    original = finished(experiment)
    plan = experiment.runs[0].continued(original, 37)
    assert_same(finished(experiment, plan, original), original)
    assert_same(finished(experiment, plan), original)


def test_that_a_plateau_is_remembered_across_a_branch():
    impatient = schedules.get("reduce_on_plateau", patience=3)
    experiment = experiment_of(options=Options(schedule=impatient), learning_rate=0.5)
    original = finished(experiment)
    assert len(set(original.trace.rate.tolist())) > 2
    for step in range(0, original.step - 1, 5):
        assert_same(finished(experiment, experiment.runs[0].continued(original, step), original), original)


def test_that_batches_go_on_where_a_branch_leaves():
    problem = problems.get("linear_regression").replace(batch_size=7)
    experiment = experiment_of("adam", problem, options=Options(l2=0.1), learning_rate=0.05)
    original = finished(experiment)
    assert problem.stochastic
    assert_same(finished(experiment, experiment.runs[0].continued(original, 23)), original)


def test_that_a_branch_continues_between_the_steps_whose_state_is_kept(monkeypatch):
    monkeypatch.setattr("gdviewer.engine.record.trace.STATE_BYTES", 400)
    experiment = experiment_of("bfgs", "rosenbrock", limits=Limits(tolerance=None, max_steps=25))
    original = finished(experiment)
    stride = original.trace.stride
    assert stride > 1
    for step in (stride, stride + 1, 2 * stride - 1):
        branch = finished(experiment, experiment.runs[0].continued(original, step), original)
        assert_same(branch, original)
        for later in range(1, branch.step + 1):
            assert np.array_equal(branch.replay(later)[0], original.trace.x[later])


def test_that_another_hyperparameter_holds_from_the_next_step_on():
    experiment = experiment_of(learning_rate=0.1)
    original = finished(experiment)
    plan = experiment.runs[0].continued(original, 20)
    branch = finished(experiment, replace(plan, hyperparameters={**plan.hyperparameters, "learning_rate": 0.3}))
    moved = experiment.build(experiment.runs[0])
    moved.advance(20)
    moved.change("learning_rate", 0.3)
    moved.advance(40)
    assert_same(branch, moved)
    assert branch.trace.changes == moved.trace.changes
    assert [(c.step, c.name, c.value) for c in branch.trace.changes] == [(21, "learning_rate", 0.3)]
    assert [branch.hyperparameters_at(t)["learning_rate"] for t in (20, 21)] == [0.1, 0.3]


def test_that_changes_made_under_way_are_part_of_what_a_branch_describes():
    experiment = experiment_of(learning_rate=0.1)
    original = experiment.build(experiment.runs[0])
    for rate_, steps in ((0.2, 10), (0.05, 10), (0.4, 40)):
        original.advance(steps)
        original.change("learning_rate", rate_)
    plan = experiment.runs[0].continued(original, 15)
    assert plan.hyperparameters["learning_rate"] == 0.2
    branch = finished(experiment, plan, original)
    assert_same(branch, finished(experiment, plan))
    assert np.array_equal(branch.trace.x[:21], original.trace.x[:21])
    assert not np.array_equal(branch.trace.x[21], original.trace.x[21])  # the later move was the original's
    last = experiment.runs[0].continued(original, 20)
    assert last.hyperparameters["learning_rate"] == 0.05  # that of step 21, as the original went on
    assert np.array_equal(finished(experiment, last).trace.x, original.trace.x[:61])


def test_that_another_optimizer_takes_the_point_and_begins_its_state_and_its_count_afresh():
    experiment = experiment_of("momentum", learning_rate=0.01)
    original = finished(experiment)
    plan = experiment.runs[0].continued(original, 20)
    plan = replace(plan.with_optimizer(optimizers.get("adam")), hyperparameters={"learning_rate": 0.1})
    branch = finished(experiment, plan, original)
    fresh = replace(experiment, start=tuple(original.trace.x[20]), limits=Limits(tolerance=None, max_steps=40))
    alone = finished(fresh, RunPlan(optimizers.get("adam"), {"learning_rate": 0.1}))
    assert np.array_equal(branch.trace.x[20:], alone.trace.x)
    assert np.array_equal(branch.trace.x[:21], original.trace.x[:21])
    assert_same(branch, finished(experiment, plan))
    assert set(branch.replay(20)[1]) == set(optimizers.get("momentum").state)  # a step of the rule it left
    assert set(branch.replay(21)[1]) == set(optimizers.get("adam").state)
    assert [branch.owner(t) is branch for t in (1, 20, 21)] == [False, False, True]
    for step in range(1, branch.step + 1):
        assert np.array_equal(branch.replay(step)[0], branch.trace.x[step])


def test_that_noise_and_schedules_of_another_optimizer_keep_the_steps_numbers():
    options = Options(noise=0.2, schedule=schedules.get("step", step_size=10, gamma=0.5))
    experiment = experiment_of("gradient_descent", options=options, learning_rate=0.01)
    original = finished(experiment)
    plan = experiment.runs[0].continued(original, 25).with_optimizer(optimizers.get("signum"))
    branch = finished(experiment, plan)
    assert branch.trace.rate[26:].tolist() == original.trace.rate[26:].tolist()

    @optimizer("draws")
    def draws(x, f, t, *, learning_rate=rate(0.1)):
        return x + np.concatenate([f.rng.standard_normal(1), [float(t)]])

    branch = finished(experiment, replace(plan, optimizer=draws, hyperparameters={}))
    moves = np.diff(branch.trace.x[25:], axis=0)
    assert moves[:, 1] == pytest.approx(np.arange(1, 36), abs=1e-9)  # its own count
    assert moves[0, 0] == pytest.approx(np.random.default_rng([0, 26]).standard_normal())


def test_that_a_branch_of_a_branch_reaches_through_both():
    experiment = experiment_of(learning_rate=0.1)
    first = finished(experiment)
    plan = experiment.runs[0].continued(first, 30).with_optimizer(optimizers.get("rmsprop"))
    second = finished(experiment, plan)
    later = plan.continued(second, 45)
    assert_same(finished(experiment, later, second), second)
    assert_same(finished(experiment, later), second)
    earlier = plan.continued(second, 10)  # that step is of the first run
    assert earlier.optimizer is optimizers.get("adam")
    assert_same(finished(experiment, earlier, second), first)
    third = finished(experiment, later.with_optimizer(optimizers.get("momentum")))
    for step in range(1, third.step + 1):
        assert np.array_equal(third.replay(step)[0], third.trace.x[step])
        assert third.owner(step).optimizer.name == ("adam" if step <= 30 else "rmsprop" if step <= 45 else "momentum")


def test_that_other_options_hold_from_the_branch_on():
    experiment = experiment_of("gradient_descent", learning_rate=0.005)
    original = finished(experiment)
    plan = replace(experiment.runs[0].continued(original, 10), options=Options(l2=1.0))
    branch = finished(experiment, plan)
    assert np.array_equal(branch.trace.loss[:10], original.trace.loss[:10])
    objective = branch.objective
    assert np.array_equal(branch.trace.loss[10:], objective.value(branch.trace.x[10:]))
    for step in (9, 10, 11, 12):
        assert np.array_equal(branch.replay(step)[0], branch.trace.x[step])


def test_that_a_branch_from_the_start_is_the_run_again():
    experiment = experiment_of("adam", learning_rate=0.1)
    original = finished(experiment)
    assert_same(finished(experiment, experiment.runs[0].continued(original, 0), original), original)


def test_that_the_original_may_go_on_and_be_changed_while_its_branch_runs():
    experiment = experiment_of(learning_rate=0.1)
    original = experiment.build(experiment.runs[0])
    original.advance(20)
    plan = experiment.runs[0].continued(original, 20)
    original.change("learning_rate", 1.0)
    original.advance(20)
    assert_same(finished(experiment, plan, original), finished(experiment))


def test_that_the_branch_of_a_run_that_ended_ends_as_it_did():
    experiment = experiment_of("momentum", limits=Limits(), learning_rate=0.01)
    original = finished(experiment)
    assert original.stop.reason is Reason.TOLERANCE
    branch = finished(experiment, experiment.runs[0].continued(original, original.step), original)
    assert (branch.step, branch.stop) == (original.step, original.stop)


def test_that_a_branch_on_a_changed_problem_is_executed_again_or_ends_where_it_can_not_be():
    rosenbrock = problems.get("rosenbrock")
    experiment = experiment_of("gradient_descent", rosenbrock, learning_rate=1e-3)
    plan = experiment.runs[0].continued(finished(experiment), 30)
    milder = replace(experiment, problem=rosenbrock.replace(b=20))
    assert_same(finished(milder, plan), finished(milder))
    steep = replace(experiment, problem=rosenbrock.replace(b=10_000))
    branch = finished(steep, plan)
    assert branch.stop.reason in (Reason.DIVERGED, Reason.LEFT_DOMAIN)
    assert branch.step == branch.branch_step < 30


def test_that_an_error_before_the_branch_ends_it():
    def fragile(x):
        if x[0] < 0.7:
            raise RuntimeError("broke")
        return float(x @ x)

    problem = FunctionProblem(fragile, (1.0, 1.0))
    experiment = experiment_of("gradient_descent", problem, learning_rate=0.01)
    original = finished(experiment)
    assert original.stop.reason is Reason.ERROR
    plan = experiment.runs[0].continued(original, original.step)
    bad = replace(plan, branch=replace(plan.branch, step=original.step + 5))
    assert finished(experiment, bad).stop.reason is Reason.ERROR
    assert_same(finished(experiment, plan), original)


def test_that_a_burst_waits_for_a_long_past_and_then_goes_on():
    experiment = experiment_of("gradient_descent", limits=Limits(tolerance=None, max_steps=10**6), learning_rate=1e-4)
    original = experiment.build(experiment.runs[0])
    original.advance(3000)
    branch = experiment.build(experiment.runs[0].continued(original, 3000))
    bursts = 0
    while branch.step < 3010:
        burst([branch], 1e-3, 1)
        bursts += 1
        assert branch.begun or not branch.step
    assert bursts > 12
    original.advance(10)
    assert np.array_equal(branch.trace.x[:3011], original.trace.x)


def test_that_what_a_run_left_is_known_by_what_it_is():
    experiment = experiment_of("adam", learning_rate=0.1)
    original, other = finished(experiment), finished(experiment)
    branch = finished(experiment, experiment.runs[0].continued(original, 20), original)
    moved = finished(replace(experiment, runs=()), replace(experiment.runs[0], hyperparameters={"learning_rate": 0.2}))
    assert [shares_past(branch, run) for run in (original, other, moved, branch)] == [True, True, False, False]
    assert not shares_past(original, branch)
    assert not shares_past(branch, experiment.build(experiment.runs[0]))  # it has not got so far yet


def test_that_another_problem_drops_branches():
    experiment = experiment_of()
    plan = experiment.runs[0].continued(finished(experiment), 5)
    other = replace(experiment, runs=(plan,)).with_problem(problems.get("booth"))
    assert other.runs[0].branch is None
    assert replace(experiment, runs=(plan,)).with_problem(experiment.problem).runs == (plan,)
