"""Options of any optimizer: decay in the loss, clipping, noise."""

import numpy as np
import pytest

from gdviewer import minimize, optimizers, problems, schedules
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits

START = np.array([-1.2, 1.0])


def descend(steps=60, optimizer="adam", problem="rosenbrock", seed=0, rate=0.01, **options):
    run = Run(
        problems.get(problem), optimizers.get(optimizer), START, {"learning_rate": rate},
        Limits(tolerance=None, max_steps=steps), seed, Options(**options),
    )  # fmt: skip
    run.advance(steps)
    return run


def by_hand(change, steps=60, rate=0.01):
    """Gradient descent with a changed gradient."""
    x, gradient = START, problems.get("rosenbrock").gradient
    points = [x]
    for t in range(1, steps + 1):
        x = x - rate * change(gradient(x), x, t)
        points.append(x)
    return np.array(points)


def test_that_l2_is_in_the_loss_the_gradient_and_the_path():
    run, problem = descend(optimizer="gradient_descent", rate=1e-3, l2=0.7), problems.get("rosenbrock")
    x = run.trace.x
    assert x == pytest.approx(by_hand(lambda g, x, t: g + 0.7 * x, rate=1e-3), rel=1e-12)
    assert run.trace.loss == pytest.approx(problem.value(x) + 0.35 * (x**2).sum(axis=1), rel=1e-12)
    assert run.trace.gradient == pytest.approx(problem.gradient(x) + 0.7 * x, rel=1e-12)


def test_that_l2_reaches_the_hessian_and_leaves_the_lowest_loss_unknown():
    problem = problems.get("rosenbrock")
    decayed = Options(l2=0.5).objective(problem)
    assert np.array_equal(decayed.hessian(START), problem.hessian(START) + 0.5 * np.eye(2))
    assert decayed.lowest is None
    assert problem.lowest == 0


def test_that_clipping_by_norm_shortens_long_gradients_as_pytorch_does():
    run = descend(optimizer="gradient_descent", clip_norm=2.0)
    expected = by_hand(lambda g, x, t: g * min(1, 2.0 / (np.linalg.norm(g) + 1e-6)))
    assert run.trace.x == pytest.approx(expected, rel=1e-11)
    assert np.linalg.norm(np.diff(run.trace.x, axis=0), axis=1).max() <= 0.02


def test_that_clipping_by_value_cuts_each_component():
    run = descend(optimizer="gradient_descent", clip_value=3.0)
    assert run.trace.x == pytest.approx(by_hand(lambda g, x, t: np.clip(g, -3, 3)), rel=1e-12)


def test_that_noise_has_its_deviation_its_seed_and_a_draw_a_step():
    sigma, steps = 5.0, 2000
    run = descend(steps, "gradient_descent", "sphere", rate=1e-6, noise=sigma)
    reported = -np.diff(run.trace.x, axis=0) / 1e-6
    noise = (reported - problems.get("sphere").gradient(run.trace.x[:-1])) / sigma
    assert abs(noise.mean()) < 4 / np.sqrt(2 * steps)
    assert abs(noise.std() - 1) < 4 / np.sqrt(4 * steps)
    assert abs(np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]) < 4 / np.sqrt(2 * steps)
    again, other = (descend(50, "gradient_descent", "sphere", seed=s, rate=1e-6, noise=sigma) for s in (0, 1))
    assert np.array_equal(again.trace.x, run.trace.x[:51])
    assert not np.array_equal(other.trace.x, again.trace.x)


def test_that_the_trace_records_the_loss_and_gradient_themselves_not_the_disturbed_ones():
    run, problem = descend(noise=3.0, clip_norm=0.1, clip_value=0.05), problems.get("rosenbrock")
    assert np.array_equal(run.trace.loss, problem.value(run.trace.x))
    assert np.array_equal(run.trace.gradient, problem.gradient(run.trace.x))


def test_that_noise_is_not_what_a_rule_draws_for_itself():
    seen = []

    @optimizers.optimizer("drawing")
    def drawing(x, f):
        seen.append((f.gradient(x), f.rng.standard_normal(x.shape)))
        return x - 0.0 * x

    run = Run(problems.get("sphere"), drawing, [0, 0], {}, Limits(tolerance=None), options=Options(noise=1.0))
    run.advance(1)
    (noise, drawn), *_ = seen
    assert not np.allclose(noise, drawn)


ALL = {"l2": 0.1, "noise": 0.5, "clip_norm": 5.0, "clip_value": 3.0}
OPTION_SETS = [{key: value} for key, value in ALL.items()] + [ALL]


@pytest.mark.parametrize("options", OPTION_SETS, ids=lambda o: "-".join(o))
@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam"])
def test_that_runs_with_options_replay_and_do_not_depend_on_blocks(optimizer, options):
    whole = descend(60, optimizer, rate=1e-3, **options)
    single = Run(
        problems.get("rosenbrock"), optimizers.get(optimizer), START, {"learning_rate": 1e-3},
        Limits(tolerance=None, max_steps=60), 0, Options(**options),
    )  # fmt: skip
    while not single.stop:
        single.advance(1)
    for name in ("x", "loss", "gradient"):
        assert np.array_equal(getattr(whole.trace, name), getattr(single.trace, name))
    assert whole.evaluations == single.evaluations == (61, 61, 0)
    for step in range(1, 61):
        assert np.array_equal(whole.replay(step)[0], whole.trace.x[step])


@pytest.mark.parametrize("options", OPTION_SETS, ids=lambda o: "-".join(o))
def test_that_options_work_on_a_function_of_ones_own(options):
    result = minimize(lambda x: float(x @ x), [1.0, 2.0], "gradient_descent", options=options | {"learning_rate": 0.1})
    assert result.nit > 3
    assert np.abs(result.x).max() < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l2": -1}, r"l2 must be in \[0, 1e\+06\]; got -1"),
        ({"clip_norm": 0}, r"clip_norm must be in \(0, "),
        ({"clip_value": "x"}, "clip_value must be a number"),
        ({"noise": -0.1}, "noise must be in"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"schedule": {"name": "step", "step_size": 0}}, r"step_size must be in \[1, "),
        ({"schedule": {"step_size": 3}}, "a schedule must be a name"),
        ({"schedule": 3}, "a schedule must be a name"),
        ({"nois": 3}, "did you mean 'noise'"),
    ],
)
def test_that_a_wrong_option_is_reported(options, message):
    with pytest.raises(ValueError, match=message):
        minimize("sphere", options=options)


@pytest.mark.parametrize(
    "schedule", ["step", {"name": "step", "step_size": 100}, schedules.get("step"), schedules.get("StepLR")]
)
def test_that_a_schedule_is_given_by_name_by_mapping_or_itself(schedule):
    result = minimize("sphere", options={"schedule": schedule, "learning_rate": 0.01, "maxiter": 150}, tol=None)
    assert result.trace.rate[[1, 100, 101]].tolist() == [0.01, 0.01, 0.005]


def test_that_none_switches_an_option_off():
    plain = minimize("sphere", options={"learning_rate": 0.1})
    off = minimize("sphere", options={"learning_rate": 0.1, "l2": None, "noise": None, "schedule": None})
    assert np.array_equal(plain.trace.x, off.trace.x)
