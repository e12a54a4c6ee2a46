"""Problems whose record holds the loss and gradient of the batch that the next step sees."""

import numpy as np
import pytest

from gdviewer import optimizers
from gdviewer.engine.analysis.line import line_of_step
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import Origin, Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.experiment.diagnosis import curvature_at
from gdviewer.problems.problem import Problem
from gdviewer.schedules import get as schedule

FOREVER = Limits(tolerance=None, max_steps=40)


class Parts(Problem):
    """The mean of (x − c)² over rows c, of which a step sees a few."""

    batchwise = stochastic = True

    def __init__(self, n=3):
        super().__init__("parts", "Parts", domain=[(-3, 3)] * n, start=np.linspace(2.0, -1.0, n))
        self.rows = np.random.default_rng(7).normal(size=(12, n))
        self.step, self.asked = 0, []

    def batch(self, t, seed):
        part = object.__new__(type(self))
        vars(part).update(vars(self))
        part.rows = self.rows[np.random.default_rng([seed, t]).permutation(12)[:4]]
        part.step = t
        return part

    def _note(self, what):
        if self.step:
            self.asked.append((self.step, what))

    def value(self, x):
        self._note("value")
        return 3 * ((np.asarray(x)[..., None, :] - self.rows) ** 2).sum(axis=-1).mean(axis=-1) / 3  # other bits

    def gradient(self, x):
        self._note("gradient")
        return self._slope(x)

    def _slope(self, x):
        return 2 * (np.asarray(x)[..., None, :] - self.rows).mean(axis=-2)

    def value_and_gradient(self, x):
        self._note("both")
        return float(((x - self.rows) ** 2).sum(axis=-1).mean()), self._slope(x)


class Whole(Parts):
    """The same, with the loss and gradient of all rows in its record."""

    batchwise = False


def run_of(name="gradient_descent", problem=None, limits=FOREVER, options=None, seed=3, **hyperparameters):
    problem = problem or Parts()
    rule = optimizers.get(name) if isinstance(name, str) else name
    return Run(problem, rule, problem.start, hyperparameters, limits, seed, options)


@optimizer("Halves until it is lower", broadcasts=False)
def halving(x, f, *, learning_rate=rate(2.0)):
    g, loss, step = f.gradient(x), f.value(x), learning_rate
    while f.value(x - step * g) > loss:
        step = step / 2
    trial = x - step * g
    f.gradient(trial)
    return trial


RULES = ["gradient_descent", "adam", "momentum", "bfgs", "cg_polak_ribiere", halving]


def test_that_row_t_of_the_record_is_of_the_batch_that_step_t_plus_1_sees():
    run = run_of(learning_rate=0.1)
    run.advance(40)
    trace = run.trace
    for t in range(41):
        value, gradient = run.problem.batch(t + 1, 3).value_and_gradient(trace.x[t])
        assert (trace.loss[t], trace.gradient[t].tolist()) == (value, gradient.tolist())
    assert np.array_equal(trace.x[1:], trace.x[:-1] - 0.1 * trace.gradient[:-1])


@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_that_a_step_costs_one_evaluation_of_loss_and_gradient_together(name):
    run = run_of(name)
    run.advance(40)
    assert run.problem.asked == [(t, "both") for t in range(1, 42)]
    assert run.evaluations == (41, 41, 0)


def test_that_all_that_is_asked_within_a_step_is_of_its_own_batch():
    run = run_of(halving)
    run.advance(40)
    steps = [t for t, _ in run.problem.asked]
    assert steps == sorted(steps)
    assert {what for _, what in run.problem.asked} == {"value", "both"}
    assert sum(what == "both" for t, what in run.problem.asked if t == 20) == 2  # at its start, and at the trial taken


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: getattr(rule, "name", rule))
@pytest.mark.parametrize(
    "options",
    [Options(), Options(l2=0.3), Options(noise=0.2, clip_norm=1.0)],
    ids=["plain", "l2", "noise and clipping"],
)
def test_that_every_step_is_the_same_when_it_is_executed_again(rule, options):
    run = run_of(rule, options=options)
    run.advance(40)
    assert run.step == 40
    for step in range(1, 41):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])


def test_that_a_schedule_follows_the_recorded_losses_and_is_the_same_again():
    run = run_of(options=Options(schedule=schedule("reduce_on_plateau", patience=2)))
    run.advance(40)
    assert len(set(run.trace.rate.tolist())) > 2
    for step in range(1, 41):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])


def test_that_blocks_of_any_size_come_to_the_same_record():
    whole, odd = run_of("adam"), run_of("adam")
    whole.advance(40)
    for size in (1, 7, 2, 30):
        odd.advance(size)
    assert np.array_equal(whole.trace.x, odd.trace.x)
    assert np.array_equal(whole.trace.loss, odd.trace.loss)
    assert whole.evaluations == odd.evaluations


def test_that_decay_is_in_the_recorded_loss_and_gradient_but_not_noise_and_clipping():
    run = run_of(options=Options(l2=0.5, noise=1.0, clip_value=0.01))
    run.advance(40)
    x = run.trace.x[20]
    value, gradient = run.problem.batch(21, 3).value_and_gradient(x)
    assert run.trace.loss[20] == pytest.approx(value + 0.25 * x @ x, rel=1e-14)
    assert run.trace.gradient[20] == pytest.approx(gradient + 0.5 * x, rel=1e-14)
    assert np.abs(np.diff(run.trace.x, axis=0)).max() <= 0.011 * run.hyperparameters["learning_rate"]


def test_that_a_stop_on_the_way_and_a_branch_go_on_with_the_same_batches():
    whole, stopped = run_of("adam"), run_of("adam", limits=Limits(tolerance=None, max_steps=17))
    whole.advance(40)
    stopped.advance(40)
    branch = Run(stopped.problem, stopped.optimizer, stopped.start, {}, FOREVER, 3, origin=Origin(stopped, 9))
    stopped.resume(FOREVER)
    for run in (stopped, branch):
        run.advance(40)
        assert np.array_equal(run.trace.x, whole.trace.x)
        assert np.array_equal(run.trace.loss, whole.trace.loss)


def test_that_a_branch_with_decay_has_it_in_the_row_where_it_leaves():
    run = run_of("adam")
    run.advance(40)
    branch = Run(run.problem, run.optimizer, run.start, {}, FOREVER, 3, Options(l2=0.5), origin=Origin(run, 9))
    branch.advance(3)
    x = run.trace.x[9]
    assert branch.trace.loss[9] == pytest.approx(run.trace.loss[9] + 0.25 * x @ x, rel=1e-14)
    assert branch.trace.gradient[9] == pytest.approx(run.trace.gradient[9] + 0.5 * x, rel=1e-14)


def test_that_a_rule_that_stands_still_waits_for_another_batch():
    @optimizer("Waits", broadcasts=False)
    def waiting(x, f, *, learning_rate=rate(0.05)):
        g = f.gradient(x)
        return x - learning_rate * g if g[0] > 2 else x

    run = run_of(waiting, limits=Limits(max_steps=40))
    run.advance(40)
    moved = (run.trace.x[1:] != run.trace.x[:-1]).any(axis=1)
    assert run.stop.reason is Reason.STEP_LIMIT
    assert 0 < moved.sum() < 40
    assert (np.diff(run.trace.loss) != 0).sum() > 35


def test_that_a_function_of_the_users_is_asked_as_little():
    problem = Parts()
    problem.broadcasts = False
    run, whole = run_of("adam", problem), run_of("adam")
    run.advance(40)
    whole.advance(40)
    assert problem.asked == whole.problem.asked
    assert np.array_equal(run.trace.x, whole.trace.x)


def test_that_what_is_reported_of_a_point_is_of_the_whole():
    run = run_of(learning_rate=0.1)
    run.advance(40)
    here = curvature_at(run, 7)
    x = run.trace.x[7]
    assert here.loss == run.objective.value(x)
    assert np.array_equal(here.gradient, run.objective.gradient(x))
    assert here.eigenvalues == pytest.approx([2, 2, 2], rel=1e-4)
    line = line_of_step(run, 7)
    assert line.loss_at_start == run.objective.value(run.trace.x[6])
    assert line.loss_at_end == pytest.approx(float(run.objective.value(x)), rel=1e-14)
    assert line.slope == pytest.approx(run.objective.gradient(run.trace.x[6]) @ line.direction)


def test_that_tolerances_are_of_the_record():
    run = run_of(limits=Limits(tolerance=None, gradient_tolerance=0.9, max_steps=400), learning_rate=0.1)
    run.advance(400)
    largest = np.abs(run.trace.gradient).max(axis=1)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE
    assert largest[-1] <= 0.9 < largest[:-1].min()


def test_that_a_problem_that_asks_for_all_rows_sees_the_same_batches():
    batchwise, whole = run_of("momentum"), run_of("momentum", Whole())
    batchwise.advance(40)
    whole.advance(40)
    assert np.array_equal(batchwise.trace.x, whole.trace.x)
    assert not np.array_equal(batchwise.trace.loss, whole.trace.loss)
