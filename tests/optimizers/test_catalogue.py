"""What holds for every optimizer on every problem."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits

PAIRS = [(o, p) for o in optimizers.names() for p in problems.names()]
each_pair = pytest.mark.parametrize(("optimizer", "problem"), PAIRS, ids=lambda name: name)
each_optimizer = pytest.mark.parametrize("optimizer", optimizers.names())


def new_run(optimizer, problem, max_steps=50, **hyperparameters):
    chosen = problems.get(problem)
    limits = Limits(tolerance=None, max_steps=max_steps)
    return Run(chosen, optimizers.get(optimizer), chosen.start, hyperparameters, limits)


def same(a, b):
    return (
        np.array_equal(a.x, b.x)
        and np.array_equal(a.loss, b.loss)
        and np.array_equal(a.gradient, b.gradient)
        and a.state.keys() == b.state.keys()
        and all(np.array_equal(a.state[name], b.state[name]) for name in a.state)
    )


@each_pair
def test_that_every_step_replays_to_the_very_bits_of_the_record(optimizer, problem):
    run = new_run(optimizer, problem)
    run.advance(50)
    assert run.step >= 1
    for step in range(1, run.step + 1):
        x, state = run.replay(step)
        assert np.array_equal(x, run.trace.x[step])
        assert all(np.array_equal(state[name], run.trace.state[name][step]) for name in run.optimizer.state)


@each_pair
def test_that_blocks_of_any_size_give_the_same_trace(optimizer, problem):
    whole, single, odd = (new_run(optimizer, problem) for _ in range(3))
    whole.advance(50)
    while not single.stop:
        single.advance(1)
    for size in (1, 7, 2, 29, 50):
        odd.advance(size)
    for other in (single, odd):
        assert same(other.trace, whole.trace)
        assert other.stop == whole.stop
        assert other.evaluations == whole.evaluations


@each_pair
def test_that_value_and_gradient_are_evaluated_once_a_point(optimizer, problem):
    run = new_run(optimizer, problem)
    run.advance(50)
    assert run.evaluations == (run.step + 1, run.step + 1, 0)


@each_optimizer
def test_that_a_run_resumed_after_its_step_limit_goes_on_as_if_it_had_never_stopped(optimizer):
    whole, resumed = new_run(optimizer, "himmelblau", 80), new_run(optimizer, "himmelblau", 33)
    whole.advance(80)
    resumed.advance(1000)
    assert resumed.step == 33
    resumed.resume(Limits(tolerance=None, max_steps=80))
    resumed.advance(1000)
    assert same(resumed.trace, whole.trace)
    assert resumed.evaluations == whole.evaluations


@each_optimizer
def test_that_a_hyperparameter_moved_mid_run_is_recorded_and_replayed(optimizer):
    run = new_run(optimizer, "himmelblau")
    run.advance(20)
    run.change("learning_rate", 0.002)
    run.advance(20)
    (change,) = run.trace.changes
    assert (change.step, change.name, change.value) == (21, "learning_rate", 0.002)
    assert run.hyperparameters_at(20)["learning_rate"] == float(run.optimizer.hyperparameters["learning_rate"])
    assert run.hyperparameters_at(21)["learning_rate"] == 0.002
    for step in range(1, 41):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])
    unchanged = new_run(optimizer, "himmelblau")
    unchanged.advance(40)
    assert np.array_equal(run.trace.x[:21], unchanged.trace.x[:21])
    assert not np.array_equal(run.trace.x[21], unchanged.trace.x[21])


@each_optimizer
def test_that_each_update_is_the_textbook_function_called_by_hand(optimizer):
    rule, problem = optimizers.get(optimizer), problems.get("rosenbrock")
    run = new_run(optimizer, "rosenbrock", 5)
    run.advance(5)
    x, state = problem.start, tuple(rule.state.values())
    for t in range(1, 6):
        result = rule(x, problem, *((t,) if rule.counts_steps else ()), *state)
        x, state = (result[0], result[1:]) if isinstance(result, tuple) else (result, ())
        assert np.array_equal(x, run.trace.x[t])


@each_optimizer
def test_that_the_elementwise_rules_step_many_points_as_they_step_one(optimizer):
    rule, problem = optimizers.get(optimizer), problems.get("himmelblau")
    points = np.random.default_rng(1).uniform(-4, 4, (6, 2))

    def after(x, steps=3):
        state = tuple(rule.state.values())
        for t in range(1, steps + 1):
            result = rule(x, problem, *((t,) if rule.counts_steps else ()), *state)
            x, state = (result[0], result[1:]) if isinstance(result, tuple) else (result, ())
        return x

    assert np.array_equal(after(points), [after(point) for point in points])


@each_optimizer
def test_that_every_hyperparameter_has_a_default_in_its_range_a_meaning_and_a_finite_slider(optimizer):
    for name, parameter in optimizers.get(optimizer).hyperparameters.items():
        assert parameter.check(name, float(parameter)) == parameter
        assert parameter.meaning
        assert np.isfinite(parameter.slider).all()
        assert parameter.slider[0] <= parameter <= parameter.slider[1]


@each_optimizer
def test_that_every_optimizer_tells_its_source_and_summary(optimizer):
    entry = optimizers.get(optimizer)
    assert entry.title
    assert entry.source
    assert entry.summary.endswith((".", "g."))


def test_that_a_name_mistyped_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="there is no optimizer 'adan'; did you mean 'adam'"):
        optimizers.get("adan")
