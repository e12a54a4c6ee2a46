"""Properties that every declared optimizer has."""

import math
import re

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.engine.rules.parameter import Choice, Numbers, Parameter, Switch, symbol_of
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from tests.kinds import representatives

# A curve, a kink, a quadratic, a curved valley, several minima, and waves with a kink at the bottom.
DISTINCT = ["log_cosh", "absolute", "rotated_quadratic", "rosenbrock", "himmelblau", "ackley"]
PAIRS = [(o, p) for o in optimizers.names() for p in DISTINCT if not optimizers.get(o).lacks(problems.get(p))]
each_pair = pytest.mark.parametrize(
    ("optimizer", "problem"), representatives(PAIRS, lambda optimizer, _: optimizer, lambda _, problem: problem)
)
each_optimizer = pytest.mark.parametrize("optimizer", optimizers.names())
each_hyperparameter = pytest.mark.parametrize(
    ("optimizer", "name"), [(o, name) for o in optimizers.names() for name in optimizers.get(o).hyperparameters]
)
ALL_SWITCHED = {
    o: {name: not s for name, s in optimizers.get(o).hyperparameters.items() if isinstance(s, Switch)}
    for o in optimizers.names()
}
each_way = pytest.mark.parametrize(
    ("optimizer", "switched"), [(o, {}) for o in ALL_SWITCHED] + [(o, s) for o, s in ALL_SWITCHED.items() if s], ids=str
)


class Bowl:
    """A bowl in many dimensions, so that sums over the components have an order in which they are taken."""

    dimension, broadcasts, has_hessian, quadratic, lowest = 37, True, True, False, 0.0
    stochastic = batchwise = False
    curvature = np.linspace(0.5, 2, 37)

    def value(self, x):
        return (self.curvature * np.ascontiguousarray(x) ** 2 / 2 + x**4 / 4).sum(axis=-1)

    def gradient(self, x):
        return self.curvature * x + x**3

    def hessian(self, x):
        return (self.curvature + 3 * x**2)[..., None] * np.eye(37)


class Asked:
    """A problem that notes what it is asked, and where."""

    def __init__(self, problem):
        self.problem, self.calls = problem, []

    def __getattr__(self, name):
        answer = getattr(self.problem, name)
        if name not in ("value", "gradient", "hessian"):
            return answer

        def noted(x):
            self.calls.append((name, x.tolist()))
            return answer(x)

        return noted


def new_run(optimizer, problem="himmelblau", max_steps=50, **hyperparameters):
    chosen = problems.get(problem)
    limits = Limits(tolerance=None, max_steps=max_steps)
    return Run(chosen, optimizers.get(optimizer), chosen.start, hyperparameters, limits)


def step_by_hand(optimizer, problem, t, x, state, **hyperparameters):
    """The point and the state after step number t, by a plain call of the function."""
    rule, f = optimizers.get(optimizer), Oracle(problem)
    f.t = t
    with np.errstate(all="ignore"):
        result = rule(x, f, *((t,) if rule.counts_steps else ()), *state, **hyperparameters)
    return (result[0], result[1:]) if isinstance(result, tuple) else (result, ())


def steps_by_hand(optimizer, problem, x, steps, **hyperparameters):
    state = tuple(optimizers.get(optimizer).state.values())
    for t in range(1, steps + 1):
        x, state = step_by_hand(optimizer, problem, t, x, state, **hyperparameters)
    return x, state


def same(a, b):
    return (
        np.array_equal(a.x, b.x)
        and np.array_equal(a.loss, b.loss)
        and np.array_equal(a.gradient, b.gradient)
        and a.state.keys() == b.state.keys()
        and all(np.array_equal(a.state[name], b.state[name], equal_nan=True) for name in a.state)
    )


# --- runs


@each_pair
def test_that_every_step_replays_to_the_very_bits_of_the_record(optimizer, problem):
    run = new_run(optimizer, problem)
    run.advance(50)
    assert run.step >= 1 or run.stop.reason is Reason.DIVERGED  # Newton far out on log cosh, at once
    for step in range(1, run.step + 1):
        x, state = run.replay(step)
        assert np.array_equal(x, run.trace.x[step])
        assert all(
            np.array_equal(state[name], run.trace.state[name][step], equal_nan=True) for name in run.optimizer.state
        )


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
    asked = Asked(problems.get(problem))
    steps_by_hand(optimizer, asked, asked.start, 3)
    run = new_run(optimizer, problem)
    run.advance(50)
    # Some ask for no more than the slope where they are.
    if asked.calls == [("gradient", x) for x in run.trace.x[:3].tolist()]:
        assert run.evaluations == (run.step + 1, run.step + 1, 0)
    else:
        assert min(run.evaluations[:2]) >= len(np.unique(run.trace.x, axis=0))


@each_optimizer
def test_that_a_run_resumed_after_its_step_limit_goes_on_as_if_it_had_never_stopped(optimizer):
    whole, resumed = new_run(optimizer, max_steps=80), new_run(optimizer, max_steps=33)
    whole.advance(80)
    resumed.advance(1000)
    assert resumed.step == min(33, whole.step)
    if resumed.stop.reason is Reason.STEP_LIMIT:  # one that diverges on the way ends both
        resumed.resume(Limits(tolerance=None, max_steps=80))
        resumed.advance(1000)
    assert same(resumed.trace, whole.trace)
    assert resumed.evaluations == whole.evaluations


@pytest.mark.parametrize(
    "optimizer", [o for o in optimizers.names() if "learning_rate" in optimizers.get(o).hyperparameters]
)
def test_that_a_learning_rate_moved_mid_run_holds_from_the_next_step_and_is_replayed(optimizer):
    run, unchanged = new_run(optimizer), new_run(optimizer)
    run.advance(20)
    run.change("learning_rate", 0.0021)
    run.advance(20)
    unchanged.advance(40)
    (change,) = run.trace.changes
    assert (change.step, change.name, change.value) == (21, "learning_rate", 0.0021)
    assert run.hyperparameters_at(20)["learning_rate"] == float(run.optimizer.hyperparameters["learning_rate"])
    assert run.hyperparameters_at(21)["learning_rate"] == 0.0021
    assert np.array_equal(run.trace.x[:21], unchanged.trace.x[:21])
    for step in range(1, 41):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])
    state = tuple(column[20] for column in run.trace.state.values())
    x, _ = step_by_hand(optimizer, run.problem, 21, run.trace.x[20], state, learning_rate=0.0021)
    assert np.array_equal(run.trace.x[21], x)


# --- the functions


@each_pair
def test_that_each_update_is_the_textbook_function_called_by_hand(optimizer, problem):
    run = new_run(optimizer, problem, 5)
    run.advance(5)
    x, state = run.problem.start, tuple(run.optimizer.state.values())
    for t in range(1, run.step + 1):
        x, state = step_by_hand(optimizer, run.problem, t, x, state)
        assert np.array_equal(x, run.trace.x[t])


@each_way
def test_that_a_step_leaves_what_it_is_given_as_it_was(optimizer, switched):
    problem = problems.get("himmelblau")
    x, state = steps_by_hand(optimizer, problem, problem.start, 3, **switched)
    given = [np.array(part) for part in (x, *state)]
    before = [part.copy() for part in given]
    for part in given:
        part.setflags(write=False)
    first = step_by_hand(optimizer, problem, 4, given[0], given[1:], **switched)
    assert all(np.array_equal(part, kept) for part, kept in zip(given, before, strict=True))
    second = step_by_hand(optimizer, problem, 4, given[0], given[1:], **switched)
    assert all(np.array_equal(a, b) for a, b in zip((first[0], *first[1]), (second[0], *second[1]), strict=True))


@each_way
def test_that_points_and_state_are_of_float64_and_keep_their_shapes(optimizer, switched):
    problem = problems.get("himmelblau")
    x, state = steps_by_hand(optimizer, problem, problem.start, 1, **switched)
    for t in range(2, 6):
        after, carried = step_by_hand(optimizer, problem, t, x, state, **switched)
        assert (type(after), after.dtype, after.shape) == (np.ndarray, np.float64, (2,))
        for name, was, now in zip(optimizers.get(optimizer).state, state, carried, strict=True):
            assert np.shape(now) == np.shape(was), name
            assert not isinstance(now, np.ndarray) or now.dtype == np.float64, name
        x, state = after, carried


@each_way
@pytest.mark.parametrize("problem", [problems.get("himmelblau"), problems.get("log_cosh"), Bowl()], ids=type)
def test_that_many_points_are_stepped_to_the_very_bits_of_each_alone(optimizer, switched, problem):
    if not optimizers.get(optimizer).broadcasts:
        pytest.skip("declared for one point at a time")
    points = np.random.default_rng(1).uniform(-4, 4, (2, 3, problem.dimension))
    block, _ = steps_by_hand(optimizer, problem, points, 12, **switched)
    rows, _ = steps_by_hand(optimizer, problem, points[1], 12, **switched)
    assert np.array_equal(rows, block[1], equal_nan=True)
    for i, point in enumerate(points[1]):
        alone, _ = steps_by_hand(optimizer, problem, point, 12, **switched)
        assert np.array_equal(alone, rows[i], equal_nan=True)
    assert not np.array_equal(block, points)


# --- the declarations


def wrong_values(declared):
    """Values that a declaration must refuse, and whether the text is to name the range."""
    if isinstance(declared, Parameter):
        beyond = [v for v in (declared.low - 1, declared.high + 1, declared.low - 1e-3) if math.isfinite(v)]
        open_ends = [
            v for v, is_open in ((declared.low, declared.open_low), (declared.high, declared.open_high)) if is_open
        ]
        yield from ((value, True) for value in (*beyond, *open_ends, math.nan, math.inf, -math.inf))
        yield from ((value, False) for value in ("many", "", None, *([declared.low + 0.5] if declared.whole else [])))
    elif isinstance(declared, Switch):
        yield from ((value, False) for value in (2, "perhaps", None))
    elif isinstance(declared, Choice):
        yield from ((value, False) for value in ("none of them", 1, None))
    elif isinstance(declared, Numbers):
        yield from ((value, True) for value in ((), (2, 1), (0,), (1.5,), "one"))


@each_hyperparameter
def test_that_a_hyperparameter_out_of_its_range_is_refused_with_its_name_and_range(optimizer, name):
    declared = optimizers.get(optimizer).hyperparameters[name]
    for value, names_range in wrong_values(declared):
        reported = f"{name} must be in {declared.range_text}; got" if names_range else f"{name} must be "
        with pytest.raises(ValueError, match="^" + re.escape(reported)):
            new_run(optimizer, **{name: value})
    with pytest.raises(ValueError, match="did you mean"):
        new_run(optimizer, **{name + "_": float(0)})


@each_hyperparameter
def test_that_a_hyperparameter_has_a_default_in_its_range_a_meaning_and_a_slider_with_the_default(optimizer, name):
    declared = optimizers.get(optimizer).hyperparameters[name]
    assert declared.check(name, declared) == declared
    assert declared.meaning
    if isinstance(declared, Parameter):
        low, high = declared.slider
        assert np.isfinite([low, high]).all()
        for end in (low, high):
            assert declared.check(name, end) == end
        # A logarithmic slider has no place for zero; what is at its end may be typed.
        assert low <= declared <= high or (declared == 0 and declared.scale == "log")


@each_optimizer
def test_that_every_optimizer_has_its_source_and_summary(optimizer):
    entry = optimizers.get(optimizer)
    assert entry.title
    assert entry.source
    assert entry.summary.endswith(".")


@each_optimizer
def test_that_the_symbols_of_an_optimizer_are_distinguished(optimizer):
    symbols = [symbol_of(name) for name in optimizers.get(optimizer).hyperparameters]
    assert len(set(symbols)) == len(symbols)


def test_that_titles_are_distinguished():
    titles = [entry.title for entry in optimizers.catalogue().values()]
    assert len(set(titles)) == len(titles)


def test_that_a_name_mistyped_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="there is no optimizer 'adagrat'; did you mean 'adagrad'"):
        optimizers.get("adagrat")
