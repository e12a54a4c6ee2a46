"""The schedules against PyTorch's and optax's, from values stored by tests/references/make_schedules.py."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from gdviewer import minimize, optimizers, problems, schedules
from gdviewer.engine.rules.options import OPTIONS, Options
from gdviewer.engine.rules.parameter import Choice, Numbers, Parameter
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import LIMITS, Limits

REFERENCE = json.loads((Path(__file__).parents[1] / "references" / "schedules.json").read_text())
RATE, LOSSES = REFERENCE["learning_rate"], REFERENCE["losses"]
CLOSED = {  # those that no library has in this form, as their sources write them
    "constant": lambda t: RATE,
    "inverse_time": lambda t: RATE / (1 + 0.01 * t),
    "inverse_sqrt": lambda t: RATE * math.sqrt(100 / (100 + t)),
}
each_schedule = pytest.mark.parametrize("name", schedules.names())


def rates(schedule, steps=len(LOSSES)):
    state, found = tuple(schedule.state.values()), []
    for t in range(steps):
        rate, state = schedule.at(t, RATE, LOSSES[t], state)
        found.append(rate)
    return found


@pytest.mark.parametrize(
    "case", REFERENCE["cases"], ids=lambda c: f"{c['name']}-{'-'.join(map(str, c['values'].values()))}"
)
def test_that_each_rate_is_that_of_the_reference(case):
    ours = rates(schedules.get(case["name"], **case["values"]))
    assert ours == pytest.approx(case["rates"], rel=1e-12, abs=1e-15)


def test_that_every_schedule_is_compared_with_every_parameter_moved():
    compared = {case["name"] for case in REFERENCE["cases"]}
    assert compared | set(CLOSED) == set(schedules.names())
    for case in REFERENCE["cases"]:
        assert set(case["values"]) == set(schedules.get(case["name"]).parameters)


@pytest.mark.parametrize("name", CLOSED)
def test_that_the_others_follow_their_formula(name):
    assert rates(schedules.get(name), 200) == pytest.approx([CLOSED[name](t) for t in range(200)], rel=1e-14)


@each_schedule
def test_that_a_schedule_shows_what_it_is_and_has_declared_parameters(name):
    entry = schedules.get(name)
    assert entry.title
    assert entry.source
    assert entry.summary.endswith((".", "."))
    for key, parameter in entry.parameters.items():
        assert parameter.meaning
        assert parameter.check(key, entry.values[key]) == entry.values[key]


@each_schedule
def test_that_a_parameter_out_of_range_is_refused_by_name(name):
    entry = schedules.get(name)
    for key, parameter in entry.parameters.items():
        above = getattr(parameter, "high", 0) * 2 + 1
        wrong = {Parameter: [above, "x"], Choice: ["none such"], Numbers: [[3, 2], [], "a"]}
        for value in wrong[type(parameter)]:
            with pytest.raises(ValueError, match=f"^{key} must be"):
                entry.replace(**{key: value})


@each_schedule
def test_that_rates_stay_finite_and_never_below_zero_whatever_the_parameters(name):
    entry = schedules.get(name)
    for key, parameter in entry.parameters.items():
        if isinstance(parameter, Parameter):
            for end in parameter.slider:
                if end > parameter.low or not parameter.open_low:
                    found = np.array(rates(entry.replace(**{key: round(end) if parameter.whole else end})))
                    assert np.isfinite(found).all()
                    assert (found >= 0).all()


@each_schedule
def test_that_a_scheduled_run_records_its_rates_and_replays_to_the_bit(name):
    problem, entry = problems.get("himmelblau"), schedules.get(name)
    limits, options = Limits(tolerance=None, max_steps=150), Options(schedule=entry)
    whole, parts = (
        Run(problem, optimizers.get("adam"), problem.start, {"learning_rate": 0.1}, limits, options=options)
        for _ in range(2)
    )
    whole.advance(150)
    for size in (1, 40, 3, 106):
        parts.advance(size)
    assert np.array_equal(whole.trace.x, parts.trace.x)
    for step in range(1, 151):
        assert np.array_equal(whole.replay(step)[0], whole.trace.x[step])
    state, expected = tuple(entry.state.values()), []
    for t in range(150):
        rate, state = entry.at(t, 0.1, float(whole.trace.loss[t]), state)
        expected.append(rate)
    assert np.array_equal(whole.trace.rate[1:], expected)
    assert whole.trace.rate[0] == expected[0]


def test_that_the_run_uses_the_rate_it_records():
    problem = problems.get("sphere")
    options = Options(schedule=schedules.get("step", step_size=3, gamma=0.1))
    run = Run(
        problem, optimizers.get("gradient_descent"), [1, 1], {"learning_rate": 0.1}, Limits(tolerance=None), 0, options
    )
    run.advance(5)
    assert run.trace.x[:, 0] == pytest.approx(np.cumprod([1, 0.8, 0.8, 0.8, 0.98, 0.98]))


def test_that_a_rate_moved_during_a_scheduled_run_scales_the_rest():
    problem, options = problems.get("himmelblau"), Options(schedule=schedules.get("cosine"))
    run = Run(
        problem, optimizers.get("adam"), problem.start, {"learning_rate": 0.1}, Limits(tolerance=None), 0, options
    )
    run.advance(10)
    run.change("learning_rate", 0.2)
    run.advance(10)
    expected = [(0.1 if t < 10 else 0.2) * (1 + math.cos(math.pi * t / 1000)) / 2 for t in range(20)]
    assert run.trace.rate[1:] == pytest.approx(expected, rel=1e-14)
    for step in range(1, 22):  # also the one that is yet to come
        run.replay(step)
    assert np.array_equal(run.replay(15)[0], run.trace.x[15])


def test_that_the_next_step_of_a_plateau_is_replayed_with_the_rate_it_will_have():
    problem = problems.get("rosenbrock")
    options = Options(schedule=schedules.get("reduce_on_plateau", patience=1, factor=0.5, threshold=0.3))
    run = Run(
        problem, optimizers.get("adam"), problem.start, {"learning_rate": 0.05}, Limits(tolerance=None), 0, options
    )
    for _ in range(40):
        proposed, _ = run.replay(run.step + 1) if run.begun else (None, None)
        run.advance(1)
        if proposed is not None:
            assert np.array_equal(proposed, run.trace.x[-1])
    assert len(set(run.trace.rate[1:])) > 3


@pytest.mark.parametrize("problem", ["sphere", lambda x: float(x @ x)], ids=["catalogue", "function"])
def test_that_the_trough_before_a_warm_restart_does_not_meet_the_tolerance(problem):
    options = {"learning_rate": 0.01, "schedule": {"name": "cosine_warm_restarts", "T_0": 30}, "maxiter": 100}
    result = minimize(problem, [0.3, 0.2], tol=1e-4, options=options)
    assert np.abs(np.diff(result.trace.x[28:31], axis=0)).min() < 1e-4
    assert result.reason == "step limit"


def test_that_a_rate_scheduled_down_to_zero_ends_the_run():
    options = {"learning_rate": 0.01, "schedule": {"name": "polynomial", "total_iters": 50}}
    result = minimize("sphere", options=options)
    assert (result.nit, result.reason) == (50, "stalled")


def test_that_pytorchs_class_names_are_known_and_wrong_names_answered_with_the_nearest():
    assert schedules.get("CosineAnnealingLR", T_max=7).values["T_max"] == 7
    assert schedules.get("ReduceLROnPlateau").name == "reduce_on_plateau"
    with pytest.raises(ValueError, match="there is no schedule 'cosin'; did you mean 'cosine'"):
        schedules.get("cosin")


def test_that_an_optimizer_without_a_rate_refuses_a_schedule():
    @optimizers.optimizer("rateless")
    def rateless(x, f):
        return x - 0.1 * f.gradient(x)

    with pytest.raises(ValueError, match="rateless has no learning_rate"):
        Run(problems.get("sphere"), rateless, [1, 1], options=Options(schedule=schedules.get("step")))


def test_that_no_two_parts_of_a_command_have_a_flag_of_the_same_name():
    scheduled = {key for entry in schedules.catalogue().values() for key in entry.parameters}
    ruled = {key for entry in optimizers.catalogue().values() for key in entry.hyperparameters}
    posed = {key for entry in problems.catalogue().values() for key in entry.parameters}
    fixed = {*LIMITS, *OPTIONS, "schedule", "seed", "csv", "json", "formula", "start"}
    groups = [scheduled, ruled, posed, fixed]
    for i, one in enumerate(groups):
        for other in groups[i + 1 :]:
            assert not one & other
